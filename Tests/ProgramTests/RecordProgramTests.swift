import Foundation
import Testing

extension ProgramTests {
    @Test func `single records of every kind are managed from the command line`() throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        func record(_ verb: String, _ words: String..., name: String = "admin") throws -> Result {
            try Self.run(
                ["admin", "record", verb, "--config", nation.config, "--as", name] + words, seconds: 60)
        }
        func put(_ kind: String, _ key: String, _ body: String, name: String = "admin") throws -> Result {
            let file = try nation.write(body, "record.json")
            return try record("put", "--file", file, kind, key, name: name)
        }
        let first = try record("get", "profiles", "responder").output
        #expect(first.contains("allow-emergency-group-call") && !first.contains("emergency-alert"), "\(first)")
        #expect(try Self.run(["admin", "record", "--help"], seconds: 60).output.contains("allow-force-auto-answer"))
        let dry = try record(
            "put", "--dry-run", "--file", try nation.write(#"{"rights":["call-chat-group"]}"#, "record.json"),
            "profiles", "dispatcher")
        #expect(dry.status == 0 && dry.output.contains("\"call-chat-group\""), "\(dry.output)")
        #expect(try record("get", "profiles", "dispatcher").status == 2)
        #expect(try put("profiles", "dispatcher", #"{"rights":["call-chat-group"]}"#).output == "made\n")
        #expect(try put("profiles", "dispatcher", "{}").output == "replaced\n")
        let anna = "sip:anna@mc.it.example"
        #expect(try put("users", anna, #"{"organisation":"national","profile":"dispatcher"}"#).output == "made\n")
        #expect(try put("devices", "urn:uuid:1", #"{"organisation":"national"}"#).output == "made\n")
        #expect(try record("list", "users").output.hasPrefix(#"{"id":"sip:anna@mc.it.example""#))
        #expect(try record("get", "policy").output.contains("auditRetentionDays"))
        let needed = try record("delete", "profiles", "dispatcher")
        #expect(needed.status == 2 && needed.output.hasPrefix("conflict"), "\(needed.output)")
        #expect(try record("delete", "users", anna).output == "deleted\n")
        #expect(try record("delete", "profiles", "dispatcher").output == "deleted\n")
        let wrong = try put("users", anna, #"{"organisation":"national","priority":"high"}"#)
        #expect(wrong.status == 2 && wrong.output.hasPrefix("invalid (priority)"), "\(wrong.output)")
        let stranger = try put("profiles", "mine", "{}", name: "nobody")
        #expect(stranger.status == 2 && stranger.output.hasPrefix("not-allowed"), "\(stranger.output)")
        #expect(try record("get", "ships", "x").status != 0)
        #expect(try record("get", "users").status != 0)
        #expect(try record("delete", "policy").status == 2)
        let audit = try Self.run(
            ["admin", "audit", "export", "--config", nation.config, "--as", "admin", "--role", "auditor"], seconds: 60)
        for action in ["profile.created", "user.created", "user.deleted", "profile.deleted"] {
            #expect(audit.output.contains(action), "\(audit.output)")
        }
    }
}
