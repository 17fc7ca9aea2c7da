import Audit
import Testing

@Suite struct PersonalIdentityTests {
    private static let anna = "sip:anna@mc.it.example"

    private static func names(_ value: String, _ identities: String...) -> Bool {
        AuditPersonal(sequence: 1, index: 1, name: "x", salt: [], value: value).names(identities)
    }

    @Test(arguments: [
        anna, "sip:bruno@mc.it.example \(anna)", "\(anna) sip:bruno@mc.it.example",
        "/org.3gpp.mcptt.user-profile/users/\(anna)/mcptt-user-profile-0.xml",
        "/org.openmobilealliance.groups/users/sip%3Aanna%40mc.it.example/x",
        "/org.openmobilealliance.groups/users/sip%3aanna@mc.it.example", "entry[@uri=\"\(anna)\"]",
    ])
    func anIdentityIsFoundWherever(value: String) {
        #expect(Self.names(value, Self.anna))
        #expect(Self.names(value, "sip:nobody@x", Self.anna))
        #expect(!Self.names(value, "sip:nobody@x"))
    }

    @Test(arguments: [
        "sip:anna@mc.it.example.org", "sip:joanna@mc.it.example", "xsip:anna@mc.it.example", "sip:anna@mc.it",
        "sips:anna@mc.it.example", "sip:Anna@mc.it.example", "/users/sip%3Ajoanna%40mc.it.example/", "", "%", "%3",
    ])
    func anotherOneIsNot(value: String) { #expect(!Self.names(value, Self.anna)) }

    @Test func aShortNameIsNotFoundInAnIdentity() {
        #expect(!Self.names(Self.anna, "anna"))
        #expect(Self.names("anna bruno", "anna"))
        #expect(!Self.names("anna\u{301} bruno", "anna"))
        #expect(!Self.names("anna", ""))
    }
}
