import Foundation
import MCFoundation
import ResponderDriver
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
        #expect(profile.mcpttID == MCPTTID("sip:anna@mc.it.example"))
        #expect(profile.edge.description == "192.0.2.1:5061")
        #expect(profile.priority == 7)
        #expect(profile.codec == .amrWB(octetAlign: true))
        #expect(profile.authorityPEM == "PEM")
        #expect(try Self.read(Self.good + "codec: opus\n").codec == .opus)
        #expect(try Self.read(Self.good + "codec: amr-wb-be\n").codec == .amrWB(octetAlign: false))
    }

    @Test(arguments: [
        ("priority: 7", "priority: 256", ":9: priority: expected 0 to 255, found \"256\""),
        ("priority: 7", "codec: evs", ":9: codec: expected one of amr-wb, amr-wb-be, opus, found \"evs\""),
        ("password: secret\n", "", ": expected password, found nothing"),
        ("edge: \"192.0.2.1:5061\"", "edge: somewhere", ":6: edge: expected an address and a port"),
        ("priority: 7", "prioriti: 7", ":9: expected one of mcptt_id, "),
        ("authority.pem", "nowhere.pem", "nowhere.pem: cannot be read"),
    ])
    func `a mistake in a profile is told with its place`(_ old: String, _ new: String, _ told: String) throws {
        let failure = #expect(throws: DeviceProfileError.self) {
            try Self.read(Self.good.replacingOccurrences(of: old, with: new))
        }
        #expect(failure?.description.contains(told) == true, "\(String(describing: failure))")
    }
}
