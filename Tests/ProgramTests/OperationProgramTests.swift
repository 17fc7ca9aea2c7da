import Foundation
import FoundationNetworking
import Testing

extension ProgramTests {
    private func change(_ nation: Nation, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: nation.config, encoding: .utf8)
        try #require(text.contains(old))
        _ = try nation.write(text.replacingOccurrences(of: old, with: new), "system.yaml")
    }

    @Test func `certificates are issued, listed, checked and renewed by the nation's own authority`() throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        func certificate(_ verb: String, _ words: [String]) throws -> Result {
            try Self.run(["admin", "certificate", verb, "--config", nation.config] + words, seconds: 60)
        }
        func certificate(_ verb: String, _ words: String...) throws -> Result { try certificate(verb, words) }
        let listed = try certificate("list").output
        #expect(listed.contains("names     sip:mc.it.example, mc.it.example, 127.0.0.1"), "\(listed)")
        #expect(listed.contains(", 364 days left"), "\(listed)")
        #expect(listed.contains(", 3649 days left"), "\(listed)")
        #expect(try certificate("check").status == 0)
        let early = try certificate("check", "--within", "400")
        #expect(early.status == 1)
        #expect(early.output.contains("access: "), "\(early.output)")
        let access = nation.folder.appendingPathComponent("access.pem").path
        let before = try String(contentsOfFile: access, encoding: .utf8)
        let unnamed = try certificate("renew", "--days", "800")
        #expect(unnamed.status == 2)
        #expect(unnamed.output.contains("--as: expected an administrator"), "\(unnamed.output)")
        #expect(try certificate("renew", "--as", "nobody").status == 2)
        #expect(try String(contentsOfFile: access, encoding: .utf8) == before)
        let told = try certificate("renew", "--days", "800", "--as", "admin").output
        #expect(told.contains("renewed: interconnection, until "), "\(told)")
        #expect(try String(contentsOfFile: access, encoding: .utf8) != before)
        #expect(try String(contentsOfFile: access + ".previous", encoding: .utf8) == before)
        #expect(try certificate("check", "--within", "700").status == 0)
        let out = nation.folder.appendingPathComponent("radio7").path
        let issue = ["--purpose", "client", "--name", "radio7.it.example", "--out", out]
        let issued = try certificate("issue", issue + ["--as", "admin"])
        #expect(issued.output.hasPrefix("issued: "), "\(issued.output)")
        let twice = try certificate("issue", issue + ["--as", "admin"])
        #expect(twice.status == 2)
        #expect(twice.output.contains("is there already"))
        let log = try Self.run(
            [
                "admin", "audit", "export", "--config", nation.config, "--as", "admin", "--role", "auditor", "--format",
                "jsonl",
            ], seconds: 60
        ).output
        let acts = log.split(separator: "\n").filter { $0.contains("\"certificate.") }
        try #require(acts.count == 2, "\(log)")
        #expect(acts[0].contains("certificate.renewed") && acts[0].contains("access interconnection"))
        #expect(acts[1].contains("certificate.issued") && acts[1].contains("radio7.it.example"))
        #expect(acts.allSatisfy { $0.contains("\"admin\"") }, "\(acts)")
        // The key of another certificate: found by the check.
        try FileManager.default.removeItem(atPath: nation.folder.appendingPathComponent("access.key").path)
        try FileManager.default.copyItem(
            atPath: out + ".key", toPath: nation.folder.appendingPathComponent("access.key").path)
        let wrong = try certificate("check")
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("the key does not belong to the certificate"), "\(wrong.output)")
    }

    @Test func `a system that serves reads its configuration again, as far as it can, and mistakes change nothing`()
        async throws
    {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let metrics = nation.folder.appendingPathComponent("euccs.prom")
        let server = try Told(["serve", "--config", nation.config, "--metrics-file", metrics.path])
        try await server.until("ready: Italia")
        try change(nation, "store: nation.sqlite", "store: nation.sqlite\nlog_level: debug\ntimers: {heartbeat: 7 s}")
        server.signal(SIGHUP)
        try await server.until("configuration reloaded")
        try await server.until("changed=log_level")
        try await server.until("keys=timers.heartbeat")
        try change(nation, "log_level: debug", "log_level: loud")
        server.signal(SIGHUP)
        try await server.until("the configuration is wrong; nothing was changed")
        try change(nation, "log_level: loud", "log_level: debug")
        // Renewed files are noticed without a signal; those that do not fit are refused.
        let first = try Self.serialShown(nation.port + 6)
        let renewed = try Self.run(
            ["admin", "certificate", "renew", "--config", nation.config, "--as", "admin"], seconds: 60)
        #expect(renewed.status == 0)
        try await server.until("certificates renewed: new connections use them")
        let second = try Self.serialShown(nation.port + 6)
        #expect(second != first)
        _ = try nation.write("rubbish", "access.pem")
        try await server.until("certificate refused; what was in use stays")
        #expect(try Self.serialShown(nation.port + 6) == second)
        let numbers = try String(contentsOf: metrics, encoding: .utf8)
        #expect(numbers.contains("\neuccs_certificate_expiry_days{certificate=\"interconnection\"} 36"), "\(numbers)")
        #expect(numbers.contains("\neuccs_store_sequence "), "\(numbers)")
        server.signal(SIGTERM)
        #expect(try await server.ended() == 0)
        let verified = try Self.run(["admin", "audit", "verify", "--config", nation.config], seconds: 60)
        #expect(verified.output.contains(" records, sound"), "\(verified.output)")
        let audit = try Self.run(
            ["admin", "audit", "export", "--config", nation.config, "--as", "admin", "--role", "auditor"], seconds: 60)
        #expect(audit.output.contains("configuration.reloaded"), "\(audit.output)")
    }

    /// What the port for operations says to a probe.
    private static func probe(_ nation: Nation, _ path: String) async throws -> (status: Int, text: String) {
        let url = try #require(URL(string: "http://127.0.0.1:\(nation.port + 7)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }

    /// The numbers of the samples whose name and labels begin so.
    private static func values(_ metrics: String, _ beginning: String) -> [Double] {
        metrics.split(separator: "\n").filter { $0.hasPrefix(beginning) }.compactMap { line in
            line.split(separator: " ").last.flatMap { Double($0) }
        }
    }

    /// The serial number of the certificate that an HTTPS port on loopback shows, as another TLS library reads it.
    private static func serialShown(_ port: UInt16) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null | openssl x509 -noout -serial",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let told = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(told.hasPrefix("serial="), "\(told)")
        return told
    }

    @Test(arguments: [600, 2])
    func `a system that is asked to end waits for its calls, and no longer than it may`(seconds: Int) async throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let users = """
            id,organisation,profile,password,login_name,login_password
            sip:anna@mc.it.example,national,responder,rain over Genoa,anna,rain over Genoa
            sip:bruno@mc.it.example,national,responder,sun over Rome,bruno,sun over Rome

            """
        let groups = """
            id,type,organisation,members
            sip:flood@mc.it.example,prearranged,national,sip:anna@mc.it.example sip:bruno@mc.it.example

            """
        let made = try nation.admin(
            "import", "--users", try nation.write(users, "users.csv"), "--groups",
            try nation.write(groups, "groups.csv"), acting: true)
        try #require(made.status == 0, "\(made.output)")
        let server = try Told(["serve", "--config", nation.config, "--drain", "\(seconds)"])
        try await server.until("ready: Italia")
        func device(_ user: String, _ password: String, _ verb: String) throws -> Told {
            try Told(
                [
                    "responder", verb, "--profile", try nation.profile(of: user, password: password), "--group",
                    "sip:flood@mc.it.example", "--seconds", "50",
                ])
        }
        let bruno = try device("bruno", "sun over Rome", "listen")
        try await bruno.until("listening")
        let anna = try device("anna", "rain over Genoa", "call")
        try await bruno.until("in the call of sip:flood@mc.it.example")
        #expect(try await Self.probe(nation, "/healthz") == (200, "ok\n"))
        #expect(try await Self.probe(nation, "/readyz") == (200, "ready\n"))
        let before = try await Self.probe(nation, "/metrics")
        #expect(before.status == 200)
        #expect(Self.values(before.text, "euccs_draining ") == [0], "\(before.text)")
        #expect(Self.values(before.text, "euccs_calls{function=\"controlling\"}") == [1])
        #expect(Self.values(before.text, "euccs_registrations ") == [2])
        #expect(Self.values(before.text, "euccs_affiliated_clients ") == [2])
        #expect(Self.values(before.text, "euccs_audit_trouble ") == [0])
        #expect(Self.values(before.text, "euccs_media_driver_floor_reply_time_seconds").count == 2)
        #expect(Self.values(before.text, "euccs_cell_refused_services_total").count == 4)
        server.signal(SIGTERM)
        try await server.until("draining: no new calls and registrations")
        #expect(try await Self.probe(nation, "/healthz") == (200, "ok\n"))
        #expect(try await Self.probe(nation, "/readyz") == (503, "draining\n"))
        let during = try await Self.probe(nation, "/metrics")
        #expect(during.status == 200)
        #expect(Self.values(during.text, "euccs_draining ") == [1], "\(during.text)")
        #expect(Self.values(during.text, "euccs_calls{function=\"controlling\"}") == [1])
        let late = try device("anna", "rain over Genoa", "listen")
        try await late.until("503")
        if seconds == 600 {
            anna.end()
            try await server.until("why=no call is left")
        } else {
            try await server.until("why=the time is over")
        }
        #expect(try await server.ended() == 0)
        for process in [bruno, late, anna] { process.end() }
    }

    @Test func `a system without calls ends at once`() async throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let server = try Told(["serve", "--config", nation.config, "--drain", "600"])
        try await server.until("ready: Italia")
        server.signal(SIGTERM)
        try await server.until("why=no call is left")
        #expect(try await server.ended() == 0)
    }

    @Test func `the program is of the newest release of the changelog`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let changelog = try String(contentsOf: root.appendingPathComponent("CHANGELOG.md"), encoding: .utf8)
        let release = changelog.split(separator: "\n").first { $0.hasPrefix("## [") }
        let number = release?.dropFirst(4).prefix { $0 != "]" } ?? "0.0.0"
        #expect(try Self.run(["--version"], seconds: 20).output == "\(number)\n")
    }
}
