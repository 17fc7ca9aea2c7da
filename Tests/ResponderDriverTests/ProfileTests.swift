import Foundation
import MCFoundation
import Responder
import ResponderDriver
import ResponderLogin
import SDP
import Testing

@Suite struct ProfileTests {
    private static let good = """
        mcptt_id: sip:anna@mc.it.example
        sip_identity: sip:anna@mc.it.example
        user_name: anna@mc.it.example
        password: secret
        domain: mc.it.example
        edge: "192.0.2.1:5061"
        authority: authority.pem
        address: 192.0.2.9
        priority: 7

        """

    private static func read(_ text: String) throws -> DeviceProfile {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("euccs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try "PEM".write(to: folder.appendingPathComponent("authority.pem"), atomically: true, encoding: .utf8)
        let file = folder.appendingPathComponent("profile.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return try DeviceProfile(contentsOf: file)
    }

    @Test func `a profile says who, where and in which codec`() throws {
        let profile = try Self.read(Self.good)
        #expect(profile.edge.description == "192.0.2.1:5061")
        #expect(profile.authorityPEM == "PEM")
        let said = try #require(profile.said)
        #expect(said.mcpttID == MCPTTID("sip:anna@mc.it.example"))
        #expect(said.priority == 7)
        #expect(said.codec == .amrWB(octetAlign: true))
        #expect(said.userProfile == 0)
        #expect(try Self.read(Self.good + "user_profile: 3\n").said?.userProfile == 3)
        #expect(try Self.read(Self.good + "codec: opus\n").said?.codec == .opus)
        #expect(try Self.read(Self.good + "codec: amr-wb-be\n").said?.codec == .amrWB(octetAlign: false))
    }

    private static let short = """
        initial_configuration: https://mc.it.example:8443/xcap/org.3gpp.mcptt.ue-init-config/users/sip:r@mc.it.example/7
        sip_identity: sip:anna.radio@mc.it.example
        user_name: anna.radio@mc.it.example
        password: umbrella
        edge: "192.0.2.1:5061"
        authority: authority.pem
        address: 192.0.2.9
        login_name: anna
        login_password: rain

        """

    @Test func `a profile that names the UE initial configuration says nothing else of the system`() throws {
        let profile = try Self.read(Self.short)
        guard case .documents(let bootstrap) = profile.knowledge else {
            return #expect(Bool(false), "it does not learn")
        }
        #expect(bootstrap.deviceID == "7")
        #expect(bootstrap.userName == "anna")
        #expect(bootstrap.password.text == "rain")
        #expect(bootstrap.userProfile == nil)
        if case .documents(let other) = try Self.read(Self.short + "user_profile: 3\n").knowledge {
            #expect(other.userProfile == 3)
        }
        #expect(profile.domain == "mc.it.example")
        #expect(!"\(profile)".contains("rain") && !"\(profile)".contains("umbrella"))
        #expect(try Self.read(Self.short + "domain: sip.it.example\n").domain == "sip.it.example")
    }

    @Test(arguments: [
        ("login_name: anna", "priority: 7", ":8: expected one of sip_identity, "),
        ("https://mc", "http://mc", ":1: initial_configuration: expected an https address"),
        ("login_password: rain\n", "", ": expected login_password, found nothing"),
        (
            "initial_configuration: https://mc.it.example:8443/xcap", "issuer: https://a",
            ":1: issuer: expected initial_"
        ),
        ("sip:anna.radio@mc.it.example", "anna", ":2: sip_identity: expected a SIP URI with a domain"),
    ])
    func `a mistake in a profile that learns is told with its place`(_ old: String, _ new: String, _ told: String) {
        let failure = #expect(throws: DeviceProfileError.self) {
            try Self.read(Self.short.replacingOccurrences(of: old, with: new))
        }
        #expect(failure?.description.contains(told) == true, "\(String(describing: failure))")
    }

    @Test(arguments: [
        ("priority: 7", "priority: 256", ":9: priority: expected 0 to 255, found \"256\""),
        ("priority: 7", "user_profile: one", ":9: user_profile: expected 0 to 255, found \"one\""),
        ("priority: 7", "codec: evs", ":9: codec: expected one of amr-wb, amr-wb-be, opus, found \"evs\""),
        ("password: secret\n", "", ": expected password, found nothing"),
        ("edge: \"192.0.2.1:5061\"", "edge: somewhere", ":6: edge: expected an address and a port"),
        ("priority: 7", "prioriti: 7", ":9: expected one of sip_identity, "),
        ("authority.pem", "nowhere.pem", "nowhere.pem: cannot be read"),
    ])
    func `a mistake in a profile is told with its place`(_ old: String, _ new: String, _ told: String) throws {
        let failure = #expect(throws: DeviceProfileError.self) {
            try Self.read(Self.good.replacingOccurrences(of: old, with: new))
        }
        #expect(failure?.description.contains(told) == true, "\(String(describing: failure))")
    }
}

extension DeviceProfile {
    fileprivate var said: Said? { if case .profile(let said) = knowledge { said } else { nil } }
}
