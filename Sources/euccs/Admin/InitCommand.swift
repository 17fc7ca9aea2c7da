import Administration
import ArgumentParser
import CallControl
import CertificateAuthority
import Foundation
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage

/// Makes a new national system: authority, certificates, store and configuration in one folder.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a new national system in a folder of its own.")

    @Option(help: "The folder; it must not hold a system yet.")
    var folder: String

    @Option(help: "Name for people, such as \"Italia Emergenza\".")
    var name: String

    @Option(help: "ISO 3166, two capital letters.")
    var country: String

    @Option(help: "The domain of the system, such as mc.it.example.")
    var domain: String

    @Option(help: "The address that clients and partners reach, such as 192.0.2.10.")
    var address: String

    @Option(help: "Name of the first administrator.")
    var administrator = "admin"

    @Option(help: "Name of the first organisation.")
    var organisation = "national"

    @Option(help: "TCP port for clients (TLS).")
    var accessPort: UInt16 = 5061

    @Option(help: "TCP port for partners (mutual TLS).")
    var partnerPort: UInt16 = 5062

    @Option(help: "First UDP port of media for clients; the second is for floor control.")
    var mediaPort: UInt16 = 40_000

    @Option(help: "First UDP port of media for partners.")
    var partnerMediaPort: UInt16 = 41_000

    @Option(help: "Threads that share the groups' media; each has two ports of either kind.")
    var mediaCells = 1

    @Option(help: "Further pairs of media ports of each cell, for devices that use one port for several calls.")
    var sparePorts = 3

    @Option(help: "TCP port for log-in, documents and administration (HTTPS).")
    var webPort: UInt16 = 8443

    @Option(help: "TCP port on loopback for health, readiness and metrics (HTTP).")
    var operationsPort: UInt16 = 9464

    @Option(help: "Days for which the first certificates hold; `admin certificate renew` makes new ones.")
    var days = 365

    @Option(help: "Days for which the authority holds: partners have to pin another one after that.")
    var authorityDays = 3_650

    mutating func validate() throws {
        guard country.count == 2, country.allSatisfy({ $0.isASCII && $0.isUppercase }) else {
            throw ValidationError("--country: expected two capital letters, found \(country)")
        }
        // Names are compared as they are written; a configuration is read in lower case.
        domain = domain.lowercased()
        guard domain.contains("."), FleetIdentity.isDomain(domain[...]) else {
            throw ValidationError("--domain: expected a domain name, found \(domain)")
        }
        for (option, key) in [("--organisation", organisation), ("--administrator", administrator)] {
            guard FleetIdentity.isToken(key) else {
                throw ValidationError("\(option): expected letters, digits and -_.@, found \(key)")
            }
        }
        guard IPAddress(address) != nil else {
            throw ValidationError("--address: expected an IP address, found \(address)")
        }
        guard !name.isEmpty, !name.contains(where: { $0.isNewline || $0 == "\"" || $0 == "\\" }) else {
            throw ValidationError("--name: expected a name without quotation marks and line ends")
        }
        guard (1...64).contains(mediaCells) else {
            throw ValidationError("--media-cells: expected 1 to 64, found \(mediaCells)")
        }
        guard (0...6).contains(sparePorts) else {
            throw ValidationError("--spare-ports: expected 0 to 6, found \(sparePorts)")
        }
        guard (1...36_500).contains(authorityDays) else {
            throw ValidationError("--authority-days: expected 1 to 36500, found \(authorityDays)")
        }
        guard (1...authorityDays).contains(days) else {
            throw ValidationError("--days: expected 1 to \(authorityDays), found \(days)")
        }
        let count = 2 * mediaCells * (1 + sparePorts)
        let firsts = [Int(mediaPort), Int(partnerMediaPort)]
        guard firsts.allSatisfy({ $0 + count - 1 <= Int(UInt16.max) }), abs(firsts[0] - firsts[1]) >= count else {
            throw ValidationError(
                "--media-port, --partner-media-port: expected \(count) ports of either kind, none of them in both")
        }
    }

    func run() async throws {
        try AdminFailure.told {
            let folder = URL(fileURLWithPath: folder)
            let configuration = folder.appendingPathComponent("system.yaml")
            let store = folder.appendingPathComponent("nation.sqlite")
            for file in [configuration, store] where FileManager.default.fileExists(atPath: file.path) {
                throw NationError("\(file.path) is there already")
            }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try writeCertificates(to: folder)
            try found(store)
            // Last: a folder with a configuration is whole.
            try text.write(to: configuration, atomically: true, encoding: .utf8)
            Terminal.show("made: \(configuration.path)")
        }
    }

    private func writeCertificates(to folder: URL) throws {
        let now = Date()
        let authority = try CertificateAuthority(
            name: name, country: country,
            validity: now.addingTimeInterval(-3_600)..<now.addingTimeInterval(Double(authorityDays) * 86_400))
        let validity = authority.validity(days: days, from: now)
        func path(_ file: String) -> String { folder.appendingPathComponent(file).path }
        try PEMFile.write(certificate: authority.certificatePEM, to: path("authority.pem"))
        try PEMFile.write(key: authority.keyPEM, to: path("authority.key"))
        for (file, purpose) in [("access", CertificateRequest.Purpose.server), ("gateway", .gateway)] {
            let issued = try authority.issue(
                CertificateRequest(
                    purpose: purpose, commonName: "\(file).\(domain)",
                    names: CertificateRequest.names(ofDomain: domain, addresses: [address]), validity: validity))
            try PEMFile.write(certificate: issued.certificatePEM, to: path("\(file).pem"))
            try PEMFile.write(key: issued.keyPEM, to: path("\(file).key"))
        }
    }

    private func found(_ file: URL) throws {
        let now = SystemClock.now().utc
        let identity = SystemIdentity(id: MCSystemID(domain), domain: domain)
        let store = try SQLiteStore(path: file.path, system: domain, at: now)
        try NationalAdministration.found(
            NationRecord(name: name, country: country, created: now, identity: identity),
            organisation: OrganisationRecord(id: organisation, name: organisation, country: country),
            administrator: AdministratorRecord(id: administrator, roles: AdministratorRole.allCases),
            profile: .responder, in: store, at: now)
        try store.close()
    }

    /// Ports for a process that takes this one's place, where that many above the first ones there are some.
    private var second: String {
        let cells = (0..<UInt16(mediaCells)).map { cell in
            func ports(_ first: UInt16) -> [MediaPorts] {
                (0...UInt16(sparePorts)).map { pair in
                    let socket = {
                        SocketAddress(.loopback, port: first &+ 2 * (cell + pair * UInt16(mediaCells)) &+ $0)
                    }
                    return MediaPorts(audio: socket(0), floor: socket(1))
                }
            }
            return MediaAddresses(access: ports(mediaPort), interconnection: ports(partnerMediaPort))
        }
        guard MediaPlane(cells)?.shifted(by: Self.secondPorts) != nil else { return "" }
        return "\n  second_ports: \(Self.secondPorts)"
    }

    private static let secondPorts = 500

    private var text: String {
        let host = address.contains(":") ? "[\(address)]" : address
        let family = address.contains(":") ? "v6: \"\(address)\"" : "v4: \(address)"
        return """
            # \(name), made by `euccs admin init`. Every key: docs/example/system.yaml
            system:
              name: "\(name)"
              country: \(country)
              domain: \(domain)
            listeners:
              access:
                tls: ["\(host):\(accessPort)"]
              interconnection:
                tls: ["\(host):\(partnerPort)"]
            certificates:
              access: {certificate: access.pem, key: access.key}
              interconnection: {certificate: gateway.pem, key: gateway.key}
              authority: authority.pem
            media:
              cells: \(mediaCells)
              spare_ports: \(sparePorts)
              access: {\(family), audio_port: \(mediaPort), floor_port: \(mediaPort + 1)}
              interconnection: {\(family), audio_port: \(partnerMediaPort), floor_port: \(partnerMediaPort + 1)}\(second)
            web:
              url: https://\(host):\(webPort)
              https: ["\(host):\(webPort)"]
              operations: "127.0.0.1:\(operationsPort)"
            store: nation.sqlite

            """
    }
}
