import Foundation
import Testing

extension ProgramTests {
    /// A nation made by the program in a folder of its own.
    struct Nation {
        let folder: URL
        var config: String { folder.appendingPathComponent("system.yaml").path }
        let port: UInt16

        func admin(_ words: String..., acting: Bool = false) throws -> ProgramTests.Result {
            let name = acting ? ["--as", "admin"] : []
            return try ProgramTests.run(
                ["admin"] + [words[0], "--config", config] + name + words.dropFirst(), seconds: 60)
        }

        func write(_ text: String, _ name: String) throws -> String {
            let file = folder.appendingPathComponent(name)
            try text.write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }

        /// Another folder with all that the nation has but its store.
        func emptyCopy() throws -> Nation {
            let other = folder.deletingLastPathComponent().appendingPathComponent("copy")
            try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where ["pem", "key"].contains((name as NSString).pathExtension) || name == "system.yaml" {
                try FileManager.default.copyItem(
                    at: folder.appendingPathComponent(name), to: other.appendingPathComponent(name))
            }
            // The configuration wants a file there; an empty one is as good as none.
            try Data().write(to: other.appendingPathComponent("nation.sqlite"))
            return Nation(folder: other, port: port)
        }

        /// When the store was last written to.
        func lastCommit() throws -> Date {
            let log = folder.appendingPathComponent("nation.sqlite-wal").path
            return try #require(FileManager.default.attributesOfItem(atPath: log)[.modificationDate] as? Date)
        }

        /// The file of a device of the user, who logs in with the same password.
        func profile(of user: String, password: String) throws -> String {
            try write(
                """
                initial_configuration: https://127.0.0.1:\(port + 6)/xcap/org.3gpp.mcptt.ue-init-config/users/sip:\(user)@mc.it.example/radio
                sip_identity: sip:\(user)@mc.it.example
                user_name: \(user)@mc.it.example
                password: \(password)
                edge: "127.0.0.1:\(port)"
                authority: authority.pem
                address: 127.0.0.1
                login_name: \(user)
                login_password: \(password)

                """, "\(user).yaml")
        }
    }

    func nation() throws -> Nation {
        let folder = try Self.scratch().appendingPathComponent("it")
        // Below the range from which the kernel takes ports for others, like those of the lab.
        let port = UInt16.random(in: 10_000...18_000)
        let made = try Self.run(
            [
                "admin", "init", "--folder", folder.path, "--name", "Italia", "--country", "IT", "--domain",
                "MC.it.example", "--address", "127.0.0.1", "--access-port", "\(port)", "--partner-port", "\(port + 1)",
                "--media-port", "\(port + 8)", "--partner-media-port", "\(port + 16)", "--web-port", "\(port + 6)",
                "--operations-port", "\(port + 7)",
            ], seconds: 60)
        try #require(made.status == 0, "\(made.output)")
        return Nation(folder: folder, port: port)
    }

    private static let users = """
        id,organisation,profile,password,login_name,login_password
        sip:anna@mc.it.example,national,responder,rain over Genoa,anna,rain over Genoa
        sip:bruno@mc.it.example,national,responder,sun over Rome,bruno,sun over Rome

        """
    private static let groups = """
        id,type,organisation,members
        sip:flood@mc.it.example,prearranged,national,sip:anna@mc.it.example sip:bruno@mc.it.example

        """

    @Test(arguments: [["--media-port", "40000", "--partner-media-port", "40006"], ["--media-port", "65530"]])
    func `a nation whose media ports meet or are too few is not made`(ports: [String]) throws {
        let folder = try Self.scratch().appendingPathComponent("it")
        let refused = try Self.run(
            [
                "admin", "init", "--folder", folder.path, "--name", "Italia", "--country", "IT", "--domain",
                "mc.it.example", "--address", "127.0.0.1",
            ] + ports, seconds: 60)
        #expect(refused.status == 64)
        #expect(refused.output.contains("expected 8 ports of either kind, none of them in both"))
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test(arguments: [
        (["--domain", "mc..example"], "--domain: expected a domain name"),
        (["--domain", "mc.it.example", "--organisation", "Vigili del Fuoco"], "--organisation: expected letters"),
        (["--domain", "mc.it.example", "--administrator", "=admin"], "--administrator: expected letters"),
    ])
    func `a nation is not made of names that nothing finds again`(options: [String], told: String) throws {
        let folder = try Self.scratch().appendingPathComponent("it")
        let refused = try Self.run(
            [
                "admin", "init", "--folder", folder.path, "--name", "Italia", "--country", "IT", "--address",
                "127.0.0.1",
            ] + options, seconds: 60)
        #expect(refused.status == 64)
        #expect(refused.output.contains(told), "\(refused.output)")
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func `a nation is made once, filled whole or not at all, and its audit log is sound`() throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let again = try Self.run(
            [
                "admin", "init", "--folder", nation.folder.path, "--name", "X", "--country", "IT", "--domain",
                "mc.it.example", "--address", "127.0.0.1",
            ], seconds: 60)
        #expect(again.status == 2)
        #expect(again.output.contains("is there already"))
        let users = try nation.write(Self.users, "users.csv")
        let bad = try nation.write(Self.users + "sip:carla@mc.fr.example,nowhere,responder,x,,\n", "bad.csv")
        let refused = try nation.admin("import", "--users", bad, acting: true)
        #expect(refused.status == 2)
        #expect(refused.output.contains("\(bad): users line 4"), "\(refused.output)")
        #expect(refused.output.contains("nothing was changed"))
        let dry = try nation.admin("import", "--dry-run", "--users", users, acting: true)
        #expect(dry.output.hasPrefix("2 would be made"), "\(dry.output)")
        #expect(try !nation.admin("export", "users").output.contains("anna"))
        #expect(try nation.admin("import", "--users", users, acting: true).output.hasPrefix("2 were made"))
        let exported = try nation.admin("export", "users").output
        #expect(exported.contains("sip:anna@mc.it.example"))
        #expect(!exported.contains("rain over Genoa"))
        let fleet = try nation.admin("export", "fleet").output
        let yaml = try nation.write(fleet, "fleet.yaml")
        let same = try nation.admin("import", "--fleet", yaml, acting: true)
        #expect(same.output.hasPrefix("0 were made, 0 were changed, 2 are so already"), "\(same.output)")
        #expect(try nation.admin("export", "fleet").output == fleet)
        let worse = try nation.write(fleet + "roles: []\n", "worse.yaml")
        let told = try nation.admin("import", "--fleet", worse, acting: true)
        #expect(told.status == 2 && told.output.contains("\(worse): line"), "\(told.output)")
        #expect(try nation.admin("check").status == 0)
        let verified = try Self.run(["admin", "audit", "verify", "--config", nation.config], seconds: 60)
        #expect(verified.status == 0)
        #expect(verified.output.hasPrefix("4 records, sound"), "\(verified.output)")
        let hash = verified.output.split(separator: "\n").first?.split(separator: " ").last ?? ""
        for (noted, status) in [("4:\(hash)", Int32(0)), ("3:\(hash)", 1), ("5:\(hash)", 1)] {
            let compared = try Self.run(
                ["admin", "audit", "verify", "--config", nation.config, "--sealed", noted], seconds: 60)
            #expect(compared.status == status, "\(noted): \(compared.output)")
        }
        let stranger = try Self.run(
            ["admin", "suspend", "--config", nation.config, "--as", "nobody", "sip:anna@mc.it.example"], seconds: 60)
        #expect(stranger.status == 2)
    }

    @Test func `the log is handed out by role, forgets whom it must, and stays sound`() throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let users = try nation.write(Self.users, "users.csv")
        _ = try nation.admin("import", "--users", users, acting: true)
        func audit(_ words: String...) throws -> ProgramTests.Result {
            try Self.run(["admin", "audit", words[0], "--config", nation.config] + words.dropFirst(), seconds: 60)
        }
        let all = try audit("export", "--as", "admin", "--role", "auditor", "--format", "jsonl")
        #expect(all.output.contains("sip:anna@mc.it.example"), "\(all.output)")
        let numbers = try audit("export", "--as", "admin", "--role", "statistics")
        #expect(numbers.status == 0)
        #expect(!numbers.output.contains("anna"))
        #expect(try audit("export", "--as", "nobody", "--role", "auditor").status == 2)
        #expect(try audit("export", "--as", "admin", "--role", "king").status != 0)
        #expect(try audit("rotate-key").status == 64)
        #expect(try audit("rotate-key", "--as", "nobody").status == 2)
        #expect(try audit("rotate-key", "--as", "admin").status == 0)
        let made = try audit("export", "--as", "admin", "--role", "auditor", "--format", "jsonl")
        let key = made.output.split(separator: "\n").filter { $0.contains("audit.keyAdded") }
        #expect(key.count == 1 && key[0].contains("\"admin\""), "\(made.output)")
        let erased = try audit("erase", "--as", "admin", "--user", "sip:anna@mc.it.example", "--reason", "request 17")
        #expect(erased.output.contains("values were erased"), "\(erased.output)")
        let after = try audit("export", "--as", "admin", "--role", "auditor", "--user", "sip:anna@mc.it.example")
        #expect(!after.output.contains("user.created"), "\(after.output)")
        let verified = try audit("verify")
        #expect(verified.status == 0, "\(verified.output)")
        #expect(verified.output.contains("sound"))
    }

    @Test func `a backup brings back what was there when it was made`() throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let users = try nation.write(Self.users, "users.csv")
        _ = try nation.admin("import", "--users", users, acting: true)
        let backup = nation.folder.appendingPathComponent("backup.sqlite").path
        #expect(try nation.admin("backup", backup).status == 64)
        #expect(try nation.admin("backup", backup, acting: true).status == 0)
        #expect(try nation.admin("suspend", "sip:anna@mc.it.example", acting: true).status == 0)
        #expect(try nation.admin("export", "users").output.contains("true"))
        #expect(try nation.admin("restore", backup).status == 64)
        let stranger = try Self.run(
            ["admin", "restore", "--config", nation.config, "--as", "nobody", backup], seconds: 60)
        #expect(stranger.status == 2)
        #expect(try nation.admin("export", "users").output.contains("true"))
        #expect(try nation.admin("restore", backup, acting: true).status == 0)
        #expect(try !nation.admin("export", "users").output.contains("true"))
        // The copy tells of itself, and the store that was restored of that.
        let log = try Self.run(
            [
                "admin", "audit", "export", "--config", nation.config, "--as", "admin", "--role", "auditor", "--format",
                "jsonl",
            ], seconds: 60
        ).output
        let acts = log.split(separator: "\n").filter { $0.contains("\"store.") }
        try #require(acts.count == 2, "\(log)")
        #expect(acts[0].contains("store.backedUp") && acts[1].contains("store.restored"))
        #expect(acts.allSatisfy { $0.contains("\"admin\"") && $0.contains(backup.split(separator: "/").last ?? "") })
        let verified = try Self.run(["admin", "audit", "verify", "--config", nation.config], seconds: 60)
        #expect(verified.status == 0, "\(verified.output)")
    }

    @Test func `a user who is suspended leaves the call that runs, without a restart`() async throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let users = try nation.write(Self.users, "users.csv")
        let groups = try nation.write(Self.groups, "groups.csv")
        try #require(try nation.admin("import", "--users", users, "--groups", groups, acting: true).status == 0)
        let server = try Told(["serve", "--config", nation.config])
        try await server.until("ready: Italia")
        func device(_ user: String, _ password: String, _ verb: String) throws -> Told {
            let profile = try nation.profile(of: user, password: password)
            return try Told(
                ["responder", verb, "--profile", profile, "--group", "sip:flood@mc.it.example", "--seconds", "50"])
        }
        let bruno = try device("bruno", "sun over Rome", "listen")
        try await bruno.until("listening")
        let anna = try device("anna", "rain over Genoa", "call")
        try await bruno.until("in the call of sip:flood@mc.it.example")
        // The store is copied while it serves the call, and the copy is a nation.
        let backup = nation.folder.appendingPathComponent("backup.sqlite").path
        #expect(try nation.admin("backup", backup, acting: true).status == 0)
        let copy = try nation.emptyCopy()
        let restored = try copy.admin("restore", backup, acting: true)
        #expect(restored.status == 0, "\(restored.output)")
        #expect(try copy.admin("check").status == 0)
        #expect(try copy.admin("export", "fleet").output == nation.admin("export", "fleet").output)
        let verified = try Self.run(["admin", "audit", "verify", "--config", copy.config], seconds: 60)
        #expect(verified.status == 0, "\(verified.output)")
        #expect(try !bruno.hasSaid("the call ended"))
        #expect(try nation.admin("suspend", "sip:bruno@mc.it.example", acting: true).output.hasPrefix("done"))
        try await bruno.until("the call ended")
        let back = try nation.admin("resume", "sip:bruno@mc.it.example", acting: true)
        #expect(back.output.hasPrefix("done"))
        for process in [bruno, anna, server] { process.end() }
        let told = try Self.run(
            [
                "admin", "audit", "export", "--config", nation.config, "--as", "admin", "--role", "auditor", "--format",
                "jsonl",
            ], seconds: 60
        ).output.split(separator: "\n")
        for action in ["registration.added", "service.bound", "affiliation.changed", "call.started"] {
            // The first: of one who is suspended by then nobody knows the agency any more.
            let line = told.first { $0.contains("\"\(action)\"") }
            #expect(line?.contains("\"agency\":\"national\"") == true, "\(line ?? "none")")
        }
    }

    @Test func `a device learns its documents, is told of a change and obeys it`() async throws {
        let nation = try nation()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        let users = try nation.write(Self.users, "users.csv")
        let groups = try nation.write(Self.groups, "groups.csv")
        try #require(try nation.admin("import", "--users", users, "--groups", groups, acting: true).status == 0)
        let server = try Told(["serve", "--config", nation.config])
        try await server.until("ready: Italia")
        let profile = try nation.profile(of: "anna", password: "rain over Genoa")
        let anna = try Told(["responder", "register", "--profile", profile, "--seconds", "50"])
        try await anna.until("group document read: ")
        try await anna.until("registered")
        let risen = try nation.write(
            "id,organisation,priority\nsip:anna@mc.it.example,national,77\n", "risen.csv")
        try #require(try nation.admin("import", "--users", risen, acting: true).status == 0)
        // From the commit to the device's line, with a process of ours that looks every few milliseconds.
        let commit = try nation.lastCommit()
        try await anna.until(
            "you have priority 77, groups: sip:flood@mc.it.example (2 members", lookingEvery: .milliseconds(5))
        let taken = Date().timeIntervalSince(commit)
        print("a device knows of a change \(Int(taken * 1_000)) ms after its commit")
        #expect(taken < 20)
        let left = try nation.write(
            "id,organisation,members\nsip:flood@mc.it.example,national,sip:bruno@mc.it.example\n", "left.csv")
        try #require(try nation.admin("import", "--groups", left, acting: true).status == 0)
        try await anna.until("you have priority 77, groups: none")
        let refused = try Self.run(
            ["responder", "register", "--profile", try nation.profile(of: "bruno", password: "no")], seconds: 30)
        #expect(refused.status == 1)
        #expect(refused.output.contains("UE initial configuration https://127.0.0.1:"), "\(refused.output)")
        for process in [anna, server] { process.end() }
    }
}

/// A program that runs, and what it said so far.
final class Told: Sendable {
    private let process = Process()
    private let file: URL

    init(_ arguments: [String]) throws {
        file = FileManager.default.temporaryDirectory.appendingPathComponent("euccs-told-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        process.executableURL = try ProgramTests.program()
        process.arguments = arguments
        let handle = try FileHandle(forWritingTo: file)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func hasSaid(_ words: String) throws -> Bool { try String(contentsOf: file, encoding: .utf8).contains(words) }

    /// Another process and the network are waited for, at most thirty seconds.
    func until(_ words: String, lookingEvery pause: Duration = .milliseconds(50)) async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < limit {
            if try hasSaid(words) { return }
            try await Task.sleep(for: pause)
        }
        let said = try String(contentsOf: file, encoding: .utf8)
        throw ToldError(description: "never said \"\(words)\": \(said)")
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits for its end; the status.
    func ended() async throws -> Int32 {
        for _ in 0..<600 {
            guard process.isRunning else { return process.terminationStatus }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ToldError(description: "did not end")
    }

    func end() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: file)
    }
}

private struct ToldError: Error, CustomStringConvertible {
    var description: String
}
