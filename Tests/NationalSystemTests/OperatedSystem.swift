import CallControl
import CertificateAuthority
import ConfigurationFiles
import Foundation
import Logging
import MCFoundation
import NationalSystem
import Policy
import Testing

/// A system on this machine with files of its own, on ports that the operating system chooses.
final class OperatedSystem {
    let folder: String
    let authority: CertificateAuthority
    let configuration: SystemConfiguration
    private let now = Date()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try CertificateAuthority(
            name: "Italia", country: "IT",
            validity: now.addingTimeInterval(-86_400 * 400)..<now.addingTimeInterval(86_400 * 400))
        let file = "\(folder)/system.yaml"
        for name in ["access", "gateway"] {
            let issued = try Self.issue(authority, days: 100)
            try PEMFile.write(certificate: issued.certificatePEM, to: "\(folder)/\(name).pem")
            try PEMFile.write(key: issued.keyPEM, to: "\(folder)/\(name).key")
        }
        try PEMFile.write(certificate: authority.certificatePEM, to: "\(folder)/authority.pem")
        try Data().write(to: URL(fileURLWithPath: "\(folder)/directory.yaml"))
        var read = try SystemConfiguration.read(text: Self.text, file: file)
        let any = SocketAddress(.loopback, port: 0)
        read.access.tls = [any]
        read.interconnection.tls = [any]
        let ports = [MediaPorts(audio: any, floor: any)]
        read.media = try #require(MediaPlane([MediaAddresses(access: ports, interconnection: ports)]))
        configuration = read
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static func issue(_ authority: CertificateAuthority, days: Double, since: Double = 1) throws -> IssuedCertificate {
        let now = Date()
        return try authority.issue(
            CertificateRequest(
                purpose: .gateway, commonName: "mc.it.example",
                names: CertificateRequest.names(ofDomain: "mc.it.example"),
                validity: now.addingTimeInterval(-86_400 * since)..<now.addingTimeInterval(86_400 * days)))
    }

    func replace(_ name: String, by issued: IssuedCertificate) throws {
        try PEMFile.replace(issued, certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
    }

    func start() async throws -> NationalSystem {
        try await NationalSystem.start(
            configuration, directory: DirectorySnapshot(system: configuration.identity),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private static let text = """
        system: {name: Italia, country: IT, domain: mc.it.example}
        listeners:
          access: {tls: ["127.0.0.1:1"]}
          interconnection: {tls: ["127.0.0.1:2"]}
        certificates:
          access: {certificate: access.pem, key: access.key}
          interconnection: {certificate: gateway.pem, key: gateway.key}
          authority: authority.pem
        media:
          access: {v4: 127.0.0.1, audio_port: 3, floor_port: 4}
          interconnection: {v4: 127.0.0.1, audio_port: 5, floor_port: 6}
        directory: directory.yaml

        """
}
