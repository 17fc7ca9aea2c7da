import Cryptography
import Foundation
import Testing

@Suite struct CertificateTests {
    struct Holder {
        var key: P256PrivateKey
        var certificate: Certificate
    }

    let now = Int64(Date().timeIntervalSince1970)
    let root: Holder

    init() throws {
        root = try Self.root("Italia", from: now - 3_600, to: now + 86_400)
    }

    static func root(_ name: String, from begin: Int64, to end: Int64) throws -> Holder {
        let key = try P256PrivateKey()
        let certificate = try CertificateIssuance(
            notBefore: begin, notAfter: end, country: "IT", organisation: name, commonName: "\(name) Root", kind: .root
        ).issue(for: key.publicKey, signedBy: key, issuer: nil)
        return Holder(key: key, certificate: certificate)
    }

    func leaf(
        of issuer: Holder, from begin: Int64? = nil, to end: Int64? = nil,
        names: [Certificate.Name] = [.uri("sip:mc.it.example"), .dns("mc.it.example"), .address([127, 0, 0, 1])]
    ) throws -> Holder {
        let key = try P256PrivateKey()
        let certificate = try CertificateIssuance(
            notBefore: begin ?? now - 60, notAfter: end ?? now + 3_600, commonName: "mc.it.example",
            kind: .leaf(.init(serves: true, dials: false), speaksForSIPDomain: true, names: names)
        ).issue(for: key.publicKey, signedBy: issuer.key, issuer: issuer.certificate)
        return Holder(key: key, certificate: certificate)
    }

    func judge(_ chain: [Certificate], _ roots: [Certificate]) -> ChainVerification {
        ChainVerification.judge(chain: chain.map(\.der), roots: roots)
    }

    @Test func `a certificate says what it was issued with`() throws {
        let leaf = try leaf(of: root)
        let read = try #require(Certificate(der: leaf.certificate.der))
        #expect(read.names == [.uri("sip:mc.it.example"), .dns("mc.it.example"), .address([127, 0, 0, 1])])
        #expect(read.commonName == "mc.it.example")
        #expect(read.subject == "CN=mc.it.example")
        #expect(read.issuer == "CN=Italia Root,O=Italia,C=IT")
        #expect(read.notBefore == now - 60 && read.notAfter == now + 3_600)
        #expect(!read.isAuthority && root.certificate.isAuthority)
        #expect(read.usages == .init(serves: true, dials: false))
        #expect(root.certificate.usages == nil)
        #expect(read.matches(key: leaf.key.pem) == true)
        #expect(read.matches(key: root.key.pem) == false)
        #expect(read.matches(key: "no key") == nil)
    }

    @Test func `serial numbers differ and are positive`() throws {
        let serials = try (0..<20).map { _ in
            try OpenSSL.run(["x509", "-noout", "-serial", "-in", Self.file(try leaf(of: root).certificate.pem)])
        }
        #expect(Set(serials).count == 20)
        #expect(serials.allSatisfy { $0.hasPrefix("serial=") && !$0.contains("-") })
    }

    @Test func `a chain to a pinned root is believed, another is not`() throws {
        let leaf = try leaf(of: root)
        let namesake = try Self.root("Italia", from: now - 3_600, to: now + 86_400)
        let stranger = try Self.root("France", from: now - 3_600, to: now + 86_400)
        #expect(judge([leaf.certificate], [root.certificate]) == .believed)
        #expect(judge([leaf.certificate, root.certificate], [root.certificate]) == .believed)
        #expect(judge([leaf.certificate], [stranger.certificate, root.certificate]) == .believed)
        #expect(judge([leaf.certificate], [namesake.certificate]) == .notPinned)
        #expect(judge([leaf.certificate, root.certificate], [stranger.certificate]) == .notPinned)
        #expect(judge([leaf.certificate], []) == .notPinned)
        #expect(leaf.certificate.isSigned(by: root.certificate))
        #expect(!leaf.certificate.isSigned(by: namesake.certificate))
        #expect(!leaf.certificate.isSigned(by: stranger.certificate))
    }

    @Test func `what is over or has not begun does not hold`() throws {
        let over = try leaf(of: root, from: now - 7_200, to: now - 3_600)
        let later = try leaf(of: root, from: now + 3_600, to: now + 7_200)
        for holder in [over, later] { #expect(judge([holder.certificate], [root.certificate]) == .notValid) }
        let ended = try Self.root("Italia", from: now - 7_200, to: now - 3_600)
        #expect(judge([try leaf(of: ended).certificate], [ended.certificate]) == .notValid)
    }

    @Test func `a leaf signs nobody`() throws {
        let stolen = try leaf(of: root)
        let forged = try leaf(of: stolen)
        #expect(judge([forged.certificate, stolen.certificate], [root.certificate]) == .notValid)
    }

    @Test(arguments: [
        ("basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n", ChainVerification.believed),
        // libcrypto takes it for an authority by its key usage; RFC 5280 4.2.1.9 does not.
        ("keyUsage=critical,keyCertSign\n", .notValid), ("basicConstraints=critical,CA:false\n", .notValid),
    ])
    func `who signs another says of itself that it may`(
        _ extensions: String, _ verdict: ChainVerification
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func file(_ name: String, _ text: String) throws -> String {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            return "\(folder)/\(name)"
        }
        // Ours lets nobody stand between it and a leaf (RFC 5280 4.2.1.9, path length), so that one of another make is taken.
        let rootKey = try file("root-key.pem", try P256PrivateKey().pem)
        let rootPEM = try OpenSSL.run([
            "req", "-x509", "-new", "-key", rootKey, "-subj", "/CN=Top", "-days", "2",
        ])
        let top = try #require(Certificate.read(pem: rootPEM)?.first)
        let key = try P256PrivateKey()
        let request = try file(
            "request.pem",
            try OpenSSL.run(["req", "-new", "-key", try file("key.pem", key.pem), "-subj", "/CN=Middle"]))
        let pem = try OpenSSL.run([
            "x509", "-req", "-in", request, "-CA", try file("root.pem", rootPEM), "-CAkey", rootKey, "-days", "2",
            "-extfile", try file("extensions", extensions),
        ])
        let middle = Holder(key: key, certificate: try #require(Certificate.read(pem: pem)?.first))
        let chain = [try leaf(of: middle).certificate, middle.certificate]
        #expect(judge(chain, [top]) == verdict)
    }

    @Test func `an octet changed anywhere is noticed`() throws {
        let leaf = try leaf(of: root).certificate
        for index in stride(from: 0, to: leaf.der.count, by: 7) {
            var octets = leaf.der
            octets[index] ^= 0x40
            #expect(ChainVerification.judge(chain: [octets], roots: [root.certificate]) != .believed, "octet \(index)")
        }
    }

    @Test func `octets that are no certificate, or more than one, are refused`() throws {
        let der = try leaf(of: root).certificate.der
        #expect(Certificate(der: []) == nil)
        #expect(Certificate(der: Array(der.dropLast())) == nil)
        #expect(Certificate(der: der + [0]) == nil)
        #expect(Certificate(der: [UInt8](repeating: 0x30, count: 70_000)) == nil)
        #expect(ChainVerification.judge(chain: [], roots: [root.certificate]) == .unreadable)
        #expect(ChainVerification.judge(chain: [[1, 2, 3]], roots: [root.certificate]) == .unreadable)
    }

    @Test func `a PEM text holds certificates and nothing else`() throws {
        let (one, other) = (try leaf(of: root), try leaf(of: root))
        let both = try one.certificate.pem + "a remark\n" + other.certificate.pem
        #expect(Certificate.read(pem: both)?.map(\.der) == [one.certificate.der, other.certificate.der])
        #expect(Certificate.read(pem: "") == nil)
        #expect(Certificate.read(pem: "no certificate") == nil)
        #expect(Certificate.read(pem: try one.certificate.pem + one.key.pem) == nil)
        #expect(Certificate.read(pem: String(try one.certificate.pem.dropLast(40))) == nil)
    }

    @Test func `names that are not ASCII are not issued`() {
        #expect(throws: CryptographyError.self) { try leaf(of: root, names: [.dns("mc.itália.example")]) }
        #expect(throws: CryptographyError.self) { try leaf(of: root, names: [.dns("")]) }
    }

    @Test func `an authority with a weak key is not believed`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func make(_ bits: Int) throws -> Certificate {
            let pem = try OpenSSL.run([
                "req", "-x509", "-newkey", "rsa:\(bits)", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=weak",
                "-days",
                "2",
            ])
            return try #require(Certificate.read(pem: pem)?.first)
        }
        let (weak, strong) = (try make(1_024), try make(2_048))
        #expect(judge([weak], [weak]) == .notValid)
        #expect(judge([strong], [strong]) == .believed)
    }

    private static func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
