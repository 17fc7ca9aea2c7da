import CertificateAuthority
import Cryptography
import Foundation
import Testing

extension CertificateAuthorityTests {
    private var names: [CertificateRequest.Name] {
        CertificateRequest.names(ofDomain: "mc.it.example", hosts: ["gw.it.example"], addresses: ["192.0.2.7", "::1"])
    }

    @Test(arguments: [CertificateRequest.Purpose.server, .gateway, .client])
    func `a renewed certificate says the same, longer and with another key`(purpose: CertificateRequest.Purpose) throws
    {
        let old = try issue(purpose, names)
        let later = authority.validity(days: 30, from: year.lowerBound.addingTimeInterval(300 * 86_400))
        let fresh = try authority.renew(old.certificatePEM, validity: later)
        let (before, after) = try (
            CertificateSummary.read(pem: old.certificatePEM)[0], CertificateSummary.read(pem: fresh.certificatePEM)[0]
        )
        #expect(after.names == before.names)
        #expect(after.names == ["sip:mc.it.example", "mc.it.example", "gw.it.example", "192.0.2.7", "::1"])
        #expect(after.subject == before.subject)
        #expect(after.notAfter == later.upperBound)
        #expect(fresh.certificate.matches(key: fresh.keyPEM.text) == true)
        #expect(old.certificate.matches(key: fresh.keyPEM.text) == false)
        #expect(old.certificate.usages == fresh.certificate.usages)
    }

    @Test func `what another authority issued is not renewed, even under the same name`() throws {
        let other = try CertificateAuthority(name: "Italia Emergenza", country: "IT", validity: year)
        let old = try issue(.gateway, names)
        #expect(throws: CertificateAuthorityError.self) { try other.renew(old.certificatePEM, validity: year) }
        #expect(throws: CertificateFileError.self) { try authority.renew("nothing", validity: year) }
    }

    @Test func `a renewed pair takes the place of the old one, which stays as previous`() throws {
        let (certificate, key) = (directory + "/gateway.pem", directory + "/gateway.key")
        let old = try issue(.gateway, names)
        try PEMFile.write(certificate: old.certificatePEM, to: certificate)
        try PEMFile.write(key: old.keyPEM, to: key)
        for round in 1...2 {
            let before = try String(contentsOfFile: certificate, encoding: .utf8)
            let keyBefore = try PEMFile.readKey(from: key).text
            let fresh = try authority.renew(before, validity: year)
            try PEMFile.replace(fresh, certificate: certificate, key: key)
            #expect(try String(contentsOfFile: certificate, encoding: .utf8) == fresh.certificatePEM, "round \(round)")
            #expect(try String(contentsOfFile: certificate + ".previous", encoding: .utf8) == before)
            #expect(try PEMFile.readKey(from: key + ".previous").text == keyBefore)
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func `a pair is checked for its key and for the time`() throws {
        let (one, other) = (try issue(.gateway, names), try issue(.gateway, names))
        let within = year.lowerBound.addingTimeInterval(86_400)
        let leaf = try CertificateIdentity.check(certificatePEM: one.certificatePEM, key: one.keyPEM, at: within)
        #expect(leaf.names.contains("sip:mc.it.example"))
        func fault(_ key: PrivateKeyPEM, _ now: Date) -> CertificateFileError? {
            do throws(CertificateFileError) {
                try CertificateIdentity.check(certificatePEM: one.certificatePEM, key: key, at: now)
                return nil
            } catch {
                return error
            }
        }
        #expect(fault(other.keyPEM, within) == .keyDoesNotMatchCertificate)
        #expect(fault(PrivateKeyPEM("no key"), within) == .keyUnreadable)
        #expect(fault(one.keyPEM, year.upperBound) == .expired(year.upperBound))
        #expect(fault(one.keyPEM, year.lowerBound.addingTimeInterval(-1)) == .notYetValid(year.lowerBound))
    }

    @Test func `a summary tells an authority from what it issued, and days are counted down`() throws {
        let root = try CertificateSummary.read(path: directory + "/root.pem")[0]
        #expect(root.isAuthority)
        #expect(root.subject == root.issuer)
        #expect(root.daysLeft(at: year.upperBound.addingTimeInterval(-86_400 * 2.5)) == 2)
        #expect(root.daysLeft(at: year.upperBound.addingTimeInterval(1)) == -1)
        let leaf = try CertificateSummary.read(pem: issue(.client, names).certificatePEM)[0]
        #expect(!leaf.isAuthority)
        #expect(leaf.issuer == root.subject)
        #expect(throws: CertificateFileError.self) { try CertificateSummary.read(path: directory + "/nowhere.pem") }
        #expect(throws: CertificateFileError.self) { try CertificateSummary.read(pem: "") }
    }
}
