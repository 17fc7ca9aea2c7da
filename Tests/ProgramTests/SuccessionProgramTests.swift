import Foundation
import Testing

extension ProgramTests {
    /// Who is in which group.
    private static let places = [
        ("anna", "flood"), ("bruno", "flood"), ("carla", "flood"), ("dario", "smoke"), ("emma", "smoke"),
    ]

    static let secret = "rain over the hills"

    /// A nation with these people in these groups.
    func populated() throws -> Nation {
        let nation = try nation()
        var users = "id,organisation,profile,password,login_name,login_password\n"
        var members: [String: [String]] = [:]
        for (name, group) in Self.places {
            users += "sip:\(name)@mc.it.example,national,responder,\(Self.secret),\(name),\(Self.secret)\n"
            members[group, default: []].append("sip:\(name)@mc.it.example")
        }
        var groups = "id,type,organisation,members\n"
        for group in ["flood", "smoke"] {
            groups +=
                "sip:\(group)@mc.it.example,prearranged,national,\(members[group, default: []].joined(separator: " "))\n"
        }
        let made = try nation.admin(
            "import", "--users", try nation.write(users, "users.csv"), "--groups",
            try nation.write(groups, "groups.csv"), acting: true)
        try #require(made.status == 0, "\(made.output)")
        return nation
    }

    private func device(_ nation: Nation, _ user: String, _ verb: String) throws -> Told {
        let group = Self.places.first { $0.0 == user }?.1 ?? ""
        return try Told(
            [
                "responder", verb, "--profile", try nation.profile(of: user, password: Self.secret), "--group",
                "sip:\(group)@mc.it.example", "--seconds", "110",
            ])
    }

    @Test func `another process takes over: calls end where they are, and new ones start there`() async throws {
        let nation = try populated()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let old = try Told(["serve", "--config", nation.config])
        try await old.until("ready: Italia")
        let bruno = try device(nation, "bruno", "listen")
        try await bruno.until("listening")
        let dario = try device(nation, "dario", "listen")
        try await dario.until("listening")
        let anna = try device(nation, "anna", "call")
        try await bruno.until("in the call of sip:flood@mc.it.example")
        let new = try Told(["serve", "--config", nation.config, "--succeed"])
        try await new.until("ready: Italia")
        try await old.until("another process takes over")
        // Log-in, documents and registration are over there; the call is not, and is joined from there.
        let carla = try device(nation, "carla", "listen")
        try await carla.until("in the call of sip:flood@mc.it.example")
        // A new call finds who was in none.
        let emma = try device(nation, "emma", "call")
        try await dario.until("in the call of sip:smoke@mc.it.example")
        #expect(try !bruno.hasSaid("left"))
        for process in [anna, carla] { process.end() }
        bruno.end()
        #expect(try await old.ended() == 0)
        #expect(try !new.hasSaid("succession.refused"))
        // Alone, it is a system like any other.
        let again = try device(nation, "bruno", "listen")
        try await again.until("listening")
        let caller = try device(nation, "anna", "call")
        try await again.until("in the call of sip:flood@mc.it.example")
        for process in [again, caller, emma, dario] { process.end() }
        new.signal(SIGTERM)
        #expect(try await new.ended() == 0)
        let verified = try Self.run(["admin", "audit", "verify", "--config", nation.config], seconds: 60)
        #expect(verified.output.contains(" records, sound"), "\(verified.output)")
    }

    @Test func `nobody is succeeded who does not serve, and a successor that dies leaves everything as it was`()
        async throws
    {
        let nation = try populated()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let nobody = try Told(["serve", "--config", nation.config, "--succeed"])
        #expect(try await nobody.ended() == 1)
        #expect(try nobody.hasSaid("does not make way"))
        let old = try Told(["serve", "--config", nation.config])
        try await old.until("ready: Italia")
        let bruno = try device(nation, "bruno", "listen")
        try await bruno.until("listening")
        let anna = try device(nation, "anna", "call")
        try await bruno.until("in the call of sip:flood@mc.it.example")
        let new = try Told(["serve", "--config", nation.config, "--succeed"])
        try await new.until("ready: Italia")
        new.signal(SIGKILL)
        _ = try await new.ended()
        try await old.until("this one serves on")
        let carla = try device(nation, "carla", "listen")
        try await carla.until("in the call of sip:flood@mc.it.example")
        for process in [anna, bruno, carla] { process.end() }
        old.signal(SIGTERM)
        #expect(try await old.ended() == 0)
    }
}
