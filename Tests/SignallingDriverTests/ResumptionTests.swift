import CertificateAuthority
import Foundation
import MCFoundation
import SIPUserAgent
import SignallingDriver
import Testing

/// Who comes again with a session that he has, and shows no certificate then.
@Suite(.timeLimit(.minutes(1))) struct ResumptionTests {
    let countries: Countries

    init() throws { countries = try Countries() }

    private func listening(by pinned: CertificateAuthority) throws -> TransportConfiguration {
        let tls = ServerTLS(
            identity: try countries.identity(countries.italy, "mc.it.example"), clientCertificate: .required,
            authorities: [try countries.pinned(pinned)])
        return TransportConfiguration(listeners: [listener(.tls, tls: tls)])
    }

    /// Connects with the `openssl` program until the server has opened or refused a flow; what the program says.
    private func connect(_ server: Side, in folder: URL, _ arguments: [String]) async throws -> String {
        let flows = server.opened.count + server.host.counters.refusedCertificates
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            [
                "s_client", "-connect", "127.0.0.1:\(try server.port("main"))", "-cert", "peer.pem", "-key", "key.pem",
                "-tls1_2",
            ] + arguments
        process.currentDirectoryURL = folder
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try await eventually { server.opened.count + server.host.counters.refusedCertificates > flows }
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }

    @Test func `who resumes a session is known as before`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("euccs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let now = Date()
        let issued = try countries.france.issue(
            CertificateRequest(
                purpose: .gateway, commonName: "mc.fr.example",
                names: CertificateRequest.names(ofDomain: "mc.fr.example", addresses: []),
                validity: now.addingTimeInterval(-60)..<now.addingTimeInterval(3_600)))
        try Data(issued.certificatePEM.utf8).write(to: folder.appendingPathComponent("peer.pem"))
        try Data(issued.keyPEM.text.utf8).write(to: folder.appendingPathComponent("key.pem"))
        let server = try await Side.echo(try listening(by: countries.france))
        let first = try await connect(server, in: folder, ["-sess_out", "session.pem"])
        #expect(first.contains("New, TLSv1.2"))
        let again = try await connect(server, in: folder, ["-sess_in", "session.pem"])
        #expect(again.contains("Reused, TLSv1.2"))
        #expect(server.opened.map(\.certificateNames) == [["mc.fr.example"], ["mc.fr.example"]])
        await server.host.stop()
    }
}
