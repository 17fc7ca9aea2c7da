import CertificateAuthority
import ConfigurationFiles
import Foundation
import Glibc
import Logging
import MCFoundation
import NationalSystem
import Responder
import ResponderDriver
import Synchronization

/// One national system on loopback with users whose devices are tried.
final class DeviceGround {
    let folder: URL
    let system: NationalSystem
    private let edge: SocketAddress
    static let domain = "mc.it.example"
    static let group = "sip:flood@mc.it.example"

    /// - Parameter codec: of the group, in the words of the directory file.
    init(users: [String], codec: String) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("euccs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.writeCertificates(to: folder)
        let members = users.map { "      - {id: \(Self.identity($0))}" }
        let entries = users.map { "  - {id: \(Self.identity($0)), password: pw-\($0)}" }
        try """
        users:
        \(entries.joined(separator: "\n"))
        groups:
          - id: \(Self.group)
            type: prearranged
            codec: \(codec)
            members:
        \(members.joined(separator: "\n"))

        """.write(to: folder.appendingPathComponent("directory.yaml"), atomically: true, encoding: .utf8)
        let ports = try Self.freePorts()
        edge = SocketAddress(IPAddress(v4: 0x7f00_0001), port: ports)
        let text = """
            system: {name: Trial, country: IT, domain: \(Self.domain)}
            listeners:
              access: {tls: ["127.0.0.1:\(ports)"]}
              interconnection: {tls: ["127.0.0.1:\(ports + 1)"]}
            certificates: {access: {certificate: access.pem, key: access.key}}
            media:
              access: {v4: 127.0.0.1, audio_port: \(ports + 2), floor_port: \(ports + 3)}
              interconnection: {v4: 127.0.0.1, audio_port: \(ports + 4), floor_port: \(ports + 5)}
            directory: directory.yaml
            """
        let file = folder.appendingPathComponent("system.yaml").path
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        var logger = Logger(label: "trial", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let configuration = try SystemConfiguration.read(path: file)
        let directory = try DirectoryFile.read(for: configuration).snapshot(for: configuration)
        system = try await NationalSystem.start(configuration, directory: directory, logger: logger)
    }

    static func identity(_ user: String) -> String { "sip:\(user)@\(domain)" }

    static func writeCertificates(to folder: URL) throws {
        let now = Date()
        let validity = now.addingTimeInterval(-3_600)..<now.addingTimeInterval(86_400)
        let authority = try CertificateAuthority(name: "Trial", country: "IT", validity: validity)
        let issued = try authority.issue(
            CertificateRequest(
                purpose: .server, commonName: domain,
                names: CertificateRequest.names(ofDomain: domain, addresses: ["127.0.0.1"]), validity: validity))
        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
        try PEMFile.write(certificate: authority.certificatePEM, to: path("authority.pem"))
        try PEMFile.write(certificate: issued.certificatePEM, to: path("access.pem"))
        try PEMFile.write(key: issued.keyPEM, to: path("access.key"))
    }

    /// The first of six ports beside each other that are free for TCP and UDP.
    static func freePorts() throws -> UInt16 {
        for _ in 0..<500 {
            let first = UInt16.random(in: 20_000...31_000)
            if (first..<first + 6).allSatisfy(isFree) { return first }
        }
        throw DeviceGroundError.noPorts
    }

    private static func isFree(_ port: UInt16) -> Bool {
        for kind in [SOCK_STREAM, SOCK_DGRAM] {
            let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard bound == 0 else { return false }
        }
        return true
    }

    /// Reads the profile as the program does, from a file.
    func profile(of user: String, address: String = "127.0.0.1", more: String = "") throws -> DeviceProfile {
        let file = folder.appendingPathComponent("\(user).yaml")
        try """
        mcptt_id: \(Self.identity(user))
        sip_identity: \(Self.identity(user))
        user_name: \(user)@\(Self.domain)
        password: pw-\(user)
        edge: "127.0.0.1:\(edge.port)"
        authority: authority.pem
        address: \(address)
        \(more)

        """.write(to: file, atomically: true, encoding: .utf8)
        return try DeviceProfile(contentsOf: file)
    }

    func stop() async {
        await system.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}

enum DeviceGroundError: Error { case noPorts, notInTime(String) }

/// A device and everything it told.
final class TriedDevice: Sendable {
    let device: ResponderDevice
    let recorder: SpeechRecorder
    private let notices: Told

    final class Told: Sendable {
        private let list = Mutex<[DeviceNotice]>([])
        func add(_ notice: DeviceNotice) { list.withLock { $0.append(notice) } }
        var all: [DeviceNotice] { list.withLock { $0 } }
    }

    init(_ profile: DeviceProfile, wav: String? = nil) async throws {
        let told = Told()
        notices = told
        recorder = try SpeechRecorder(path: wav)
        device = try await ResponderDevice.start(
            DeviceConfiguration(profile: profile, recorder: recorder),
            logger: Logger(label: "device", factory: { _ in SwiftLogNoOpLogHandler() }), notice: { told.add($0) })
    }

    var responderNotices: [ResponderNotice] {
        notices.all.compactMap { if case .responder(let notice, _) = $0 { notice } else { nil } }
    }

    /// What the documents say, as it was told.
    var configurations: [UserConfiguration] {
        notices.all.compactMap { if case .configured(let configuration, _) = $0 { configuration } else { nil } }
    }

    var documentNotices: [BootstrapNotice] {
        notices.all.compactMap { if case .document(let notice, _) = $0 { notice } else { nil } }
    }

    var talks: [TalkRecord] { notices.all.compactMap { if case .talked(let talk) = $0 { talk } else { nil } } }

    func register(affiliatingTo group: String) async throws {
        device.command(.register)
        try await until("registered") { $0.contains(.registered) }
        device.command(.affiliate([MCPTTGroupID(group)]))
        try await until("affiliated") { $0.contains(.affiliation(MCPTTGroupID(group), .affiliated)) }
    }

    func until(_ what: String, _ holds: ([ResponderNotice]) -> Bool) async throws {
        try await until(what) { holds(responderNotices) }
    }

    /// Real sockets and threads: the outcome is waited for, at most a minute.
    func until(_ what: String, _ holds: () -> Bool) async throws {
        for _ in 0..<2_400 {
            if holds() { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw DeviceGroundError.notInTime(what)
    }
}
