import CertificateAuthority
import Foundation
import MCFoundation

/// Ports of one country on loopback.
struct LabPorts {
    var accessTLS: UInt16
    var accessTCP: UInt16
    var interconnection: UInt16
    /// The first of the ports for media towards users, and of those towards partners: audio, floor, and the same again
    /// for each further media cell.
    var media: UInt16
    var borderMedia: UInt16
}

/// Writes what each country's process reads: certificates of its own authority, configuration, users and groups. The
/// files are those an operator would write.
struct LabGround {
    private static let mediaCells = 2

    let folder: URL
    private(set) var ports: [String: LabPorts] = [:]
    private(set) var passwords: [String: String] = [:]

    /// - Parameter folder: what stands there from an earlier run is replaced.
    init(folder: URL) throws {
        self.folder = folder
        // Held until everything is written; no two systems get the same.
        let runs = [1, 1, 1, 2 * Self.mediaCells, 2 * Self.mediaCells]
        let reservation = try PortReservation(runs: LabCountry.all.flatMap { _ in runs })
        for (index, country) in LabCountry.all.enumerated() {
            let mine = Array(reservation.firsts[runs.count * index..<runs.count * (index + 1)])
            ports[country.code] = LabPorts(
                accessTLS: mine[0], accessTCP: mine[1], interconnection: mine[2], media: mine[3], borderMedia: mine[4])
        }
        var random = SystemRandomNumberGenerator()
        for person in LabCast.everybody { passwords[person.mcpttID.value] = random.token(20) }
        try write()
    }

    func folder(of country: LabCountry) -> URL { folder.appendingPathComponent(country.code) }
    func log(of country: LabCountry) -> URL { folder(of: country).appendingPathComponent("system.log") }
    func configurationFile(of country: LabCountry) -> URL { folder(of: country).appendingPathComponent("system.yaml") }
    func authorityPEM(of country: LabCountry) throws -> String {
        try String(contentsOf: folder(of: country).appendingPathComponent("authority.pem"), encoding: .utf8)
    }

    private func write() throws {
        let now = Date()
        let validity = now.addingTimeInterval(-3_600)..<now.addingTimeInterval(30 * 86_400)
        for country in LabCountry.all {
            let home = folder(of: country)
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            let authority = try CertificateAuthority(
                name: "Authority of \(country.name)", country: country.code.uppercased(), validity: validity)
            try PEMFile.write(
                certificate: authority.certificatePEM, to: home.appendingPathComponent("authority.pem").path)
            for (name, purpose) in [("access", CertificateRequest.Purpose.server), ("gateway", .gateway)] {
                let issued = try authority.issue(
                    CertificateRequest(
                        purpose: purpose, commonName: "\(name).\(country.domain)",
                        names: CertificateRequest.names(ofDomain: country.domain, addresses: ["127.0.0.1"]),
                        validity: validity))
                try PEMFile.write(
                    certificate: issued.certificatePEM, to: home.appendingPathComponent("\(name).pem").path)
                try PEMFile.write(key: issued.keyPEM, to: home.appendingPathComponent("\(name).key").path)
            }
        }
        for country in LabCountry.all {
            try configuration(of: country).write(to: configurationFile(of: country), atomically: true, encoding: .utf8)
            let directory = folder(of: country).appendingPathComponent("directory.yaml")
            try self.directory(of: country).write(to: directory, atomically: true, encoding: .utf8)
            for person in LabCast.everybody where person.country.code == country.code {
                try profile(of: person).write(to: profileFile(of: person), atomically: true, encoding: .utf8)
            }
        }
    }

    private func configuration(of country: LabCountry) throws -> String {
        guard let ports = ports[country.code] else { throw LabError("no ports for \(country.name)") }
        let partners = try LabCountry.all.filter { $0.code != country.code }.map { partner in
            guard let theirs = self.ports[partner.code] else { throw LabError("no ports for \(partner.name)") }
            return """
                  - system: \(partner.domain)
                    domains: [\(partner.domain)]
                    gateways: [{address: "127.0.0.1:\(theirs.interconnection)", name: \(partner.domain)}]
                    authority: ../\(partner.code)/authority.pem
                """
        }
        return """
            # \(country.name), written by the lab
            system:
              name: \(country.name)
              country: \(country.code.uppercased())
              domain: \(country.domain)
            listeners:
              access:
                tls: ["127.0.0.1:\(ports.accessTLS)"]
                tcp: ["127.0.0.1:\(ports.accessTCP)"]
              interconnection:
                tls: ["127.0.0.1:\(ports.interconnection)"]
            certificates:
              access: {certificate: access.pem, key: access.key}
              interconnection: {certificate: gateway.pem, key: gateway.key}
            media:
              cells: \(Self.mediaCells)
              access: {v4: 127.0.0.1, audio_port: \(ports.media), floor_port: \(ports.media + 1)}
              interconnection: {v4: 127.0.0.1, audio_port: \(ports.borderMedia), floor_port: \(ports.borderMedia + 1)}
            partners:
            \(partners.joined(separator: "\n"))
            log_level: notice
            directory: directory.yaml

            """
    }

    private func directory(of country: LabCountry) -> String {
        let users = LabCast.everybody.filter { $0.country.code == country.code }.map { person in
            """
              - id: \(person.mcpttID)
                sip_identity: \(person.publicIdentity)
                user_name: \(person.privateIdentity)
                password: \(passwords[person.mcpttID.value] ?? "")
                display_name: "\(person.name)"
                organisation: "\(person.organisation)"
                priority: \(person.priority)
            """
        }
        let groups = LabGroup.allCases.filter { $0.owner.code == country.code }.map { group in
            let members = LabCast.members(of: group).map {
                "      - {id: \($0.mcpttID), priority: \($0.priority)}"
            }
            return """
                  - id: \(group.id)
                    name: "\(group.displayName)"
                    type: prearranged
                    hang_time: 20 s
                    members:
                \(members.joined(separator: "\n"))
                """
        }
        let groupText = groups.isEmpty ? "" : "groups:\n\(groups.joined(separator: "\n"))\n"
        return
            "# Users and groups of \(country.name), written by the lab\nusers:\n\(users.joined(separator: "\n"))\n\(groupText)"
    }

    // MARK: Profiles of devices

    func profileFile(of person: LabPerson) -> URL {
        folder(of: person.country).appendingPathComponent("\(person.user).yaml")
    }

    private func profile(of person: LabPerson) throws -> String {
        guard let ports = ports[person.country.code] else { throw LabError("no ports for \(person.country.name)") }
        return """
            # Device of \(person.name), for `euccs responder --profile`
            mcptt_id: \(person.mcpttID)
            sip_identity: \(person.publicIdentity)
            user_name: \(person.privateIdentity)
            password: \(passwords[person.mcpttID.value] ?? "")
            domain: \(person.country.domain)
            edge: "127.0.0.1:\(ports.accessTLS)"
            authority: authority.pem
            address: 127.0.0.1
            priority: \(person.priority)

            """
    }
}
