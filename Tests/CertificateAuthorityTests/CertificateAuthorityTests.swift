import CertificateAuthority
import Cryptography
import Foundation
import Testing

@Suite final class CertificateAuthorityTests {
    let directory: String
    let year: Range<Date>
    let authority: CertificateAuthority

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let start = Date(timeIntervalSince1970: 1_790_000_000)
        year = start..<start.addingTimeInterval(365 * 86_400)
        authority = try CertificateAuthority(name: "Italia Emergenza", country: "IT", validity: year)
        try PEMFile.write(certificate: authority.certificatePEM, to: directory + "/root.pem")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func issue(_ purpose: CertificateRequest.Purpose, _ names: [CertificateRequest.Name]) throws -> IssuedCertificate {
        try authority.issue(
            CertificateRequest(purpose: purpose, commonName: "mc.it.example", names: names, validity: year))
    }

    /// Runs openssl and gives exit status and all that it printed.
    func openssl(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// A moment of the year as openssl's `-attime` wants it, so that no test depends on today's date.
    func moment(_ days: Double) -> String {
        String(Int(year.lowerBound.addingTimeInterval(days * 86_400).timeIntervalSince1970))
    }

    @Test(arguments: [
        (CertificateRequest.Purpose.server, "sslserver"), (.gateway, "sslserver"), (.gateway, "sslclient"),
        (.client, "sslclient"),
    ])
    func `openssl verifies the chain for the purpose it was issued for`(
        purpose: CertificateRequest.Purpose, opensslPurpose: String
    ) throws {
        let leaf = try issue(purpose, CertificateRequest.names(ofDomain: "mc.it.example"))
        let path = directory + "/leaf.pem"
        try PEMFile.write(certificate: leaf.certificatePEM, to: path)
        let result = try openssl(
            "verify", "-x509_strict", "-CAfile", directory + "/root.pem", "-purpose", opensslPurpose, "-attime",
            moment(10), path)
        #expect(result.status == 0, "\(result.output)")
    }

    @Test func `openssl refuses a client certificate as a server's`() throws {
        let leaf = try issue(.client, [.dns("device.it.example")])
        let path = directory + "/leaf.pem"
        try PEMFile.write(certificate: leaf.certificatePEM, to: path)
        let result = try openssl(
            "verify", "-CAfile", directory + "/root.pem", "-purpose", "sslserver", "-attime", moment(10), path)
        #expect(result.status != 0)
        #expect(
            result.output.contains("unsuitable certificate purpose")
                || result.output.contains("unsupported certificate purpose"))
    }

    @Test func `openssl refuses the certificate under another authority`() throws {
        let other = try CertificateAuthority(name: "France Urgence", country: "FR", validity: year)
        try PEMFile.write(certificate: other.certificatePEM, to: directory + "/other.pem")
        let path = directory + "/leaf.pem"
        try PEMFile.write(
            certificate: issue(.server, CertificateRequest.names(ofDomain: "mc.it.example")).certificatePEM, to: path)
        let result = try openssl("verify", "-CAfile", directory + "/other.pem", "-attime", moment(10), path)
        #expect(result.status != 0)
    }

    @Test func `the certificate has expired the day after its validity`() throws {
        let path = directory + "/leaf.pem"
        let short = try authority.issue(
            CertificateRequest(
                purpose: .server, commonName: "mc.it.example", names: [.dns("mc.it.example")],
                validity: year.lowerBound..<year.lowerBound.addingTimeInterval(30 * 86_400)))
        try PEMFile.write(certificate: short.certificatePEM, to: path)
        let root = directory + "/root.pem"
        #expect(try openssl("verify", "-CAfile", root, "-attime", moment(29), path).status == 0)
        let result = try openssl("verify", "-CAfile", root, "-attime", moment(31), path)
        #expect(result.status != 0)
        #expect(result.output.contains("expired"))
    }

    @Test func `the names stand in the certificate as RFC 5922 wants them`() throws {
        let leaf = try issue(
            .gateway,
            CertificateRequest.names(
                ofDomain: "mc.it.example", hosts: ["gw1.mc.it.example"], addresses: ["127.0.0.1", "::1"]))
        let path = directory + "/leaf.pem"
        try PEMFile.write(certificate: leaf.certificatePEM, to: path)
        let text = try openssl(
            "x509", "-in", path, "-noout", "-ext", "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints"
        ).output
        for expected in [
            "URI:sip:mc.it.example", "DNS:mc.it.example", "DNS:gw1.mc.it.example", "IP Address:127.0.0.1",
            "IP Address:0:0:0:0:0:0:0:1", "Digital Signature", "TLS Web Server Authentication",
            "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.20", "CA:FALSE",
        ] {
            #expect(text.contains(expected), "\(expected) is missing in \(text)")
        }
    }

    @Test func `key files are readable by their owner only, also over an older wider file`() throws {
        let path = directory + "/key.pem"
        #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o666]))
        let leaf = try issue(.server, [.dns("mc.it.example")])
        try PEMFile.write(key: leaf.keyPEM, to: path)
        let mode = try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)
        #expect(mode.intValue == 0o600)
        #expect(try openssl("pkey", "-in", path, "-noout", "-check").status == 0)
        #expect(try PEMFile.readKey(from: path).text == leaf.keyPEM.text)
    }

    @Test func `a written authority is taken up again and issues what the root verifies`() throws {
        let again = try CertificateAuthority(certificatePEM: authority.certificatePEM, key: authority.keyPEM)
        let leaf = try again.issue(
            CertificateRequest(purpose: .client, commonName: "d", names: [.dns("d.it.example")], validity: year))
        let path = directory + "/leaf.pem"
        try PEMFile.write(certificate: leaf.certificatePEM, to: path)
        #expect(try openssl("verify", "-CAfile", directory + "/root.pem", "-attime", moment(1), path).status == 0)
    }

    @Test func `the key of another authority is refused`() throws {
        let other = try CertificateAuthority(name: "France Urgence", country: "FR", validity: year)
        #expect(throws: CertificateAuthorityError.keyDoesNotMatchCertificate) {
            try CertificateAuthority(certificatePEM: authority.certificatePEM, key: other.keyPEM)
        }
    }

    @Test func `a certificate without names, with a false address or beyond the root's life is refused`() throws {
        #expect(throws: CertificateAuthorityError.noNames) { try issue(.server, []) }
        #expect(throws: CertificateAuthorityError.invalidAddress("300.1.1.1")) {
            try issue(.server, [.address("300.1.1.1")])
        }
        #expect(throws: CertificateAuthorityError.outlivesAuthority) {
            try authority.issue(
                CertificateRequest(
                    purpose: .server, commonName: "x", names: [.dns("x")],
                    validity: year.lowerBound..<year.upperBound.addingTimeInterval(1)))
        }
    }

    @Test func `a validity with fractions of a second may be that of the root itself`() throws {
        let start = Date(timeIntervalSince1970: 1_790_000_000.75)
        let validity = start..<start.addingTimeInterval(86_400)
        let root = try CertificateAuthority(name: "Italia", country: "IT", validity: validity)
        let again = try CertificateAuthority(certificatePEM: root.certificatePEM, key: root.keyPEM)
        for authority in [root, again] {
            let leaf = try authority.issue(
                CertificateRequest(purpose: .server, commonName: "x", names: [.dns("x")], validity: validity))
            #expect(leaf.certificate.notAfter == authority.certificate.notAfter)
        }
    }

    @Test func `a key never prints`() throws {
        let key = authority.keyPEM
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains("BEGIN"))
        }
    }
}
