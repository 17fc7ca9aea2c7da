import CallControl
import ConfigurationFiles
import Foundation
import Testing

/// What of a configuration that is read again takes effect while the system runs.
@Suite struct ChangeTests {
    let example: Example

    init() throws { example = try Example() }

    private func change(replacing old: String, by new: String) throws -> ConfigurationChange {
        let text = try Example.text("system.yaml")
        try #require(text.contains(old), "the example has no \(old)")
        return ConfigurationChange(
            from: try example.system(), to: try example.system(text.replacingOccurrences(of: old, with: new)))
    }

    @Test func `a file that says the same changes nothing`() throws {
        let change = ConfigurationChange(from: try example.system(), to: try example.system())
        #expect(change.takesEffect.isEmpty)
        #expect(change.needsRestart.isEmpty)
    }

    @Test(arguments: [
        ("log_level: info", "log_level: debug", "log_level"),
        ("connections: 20000", "connections: 30000", "limits"),
        ("tls_handshake: 8 s", "tls_handshake: 4 s", "timers"),
        ("drain: 0 s", "drain: 90 s", "timers"),
        ("client_certificates: optional", "client_certificates: required", "certificates"),
        ("trunk: true", "trunk: false", "partners"),
        ("groups_used: all", "groups_used: none", "partners"),
    ])
    func `what can change while the system runs takes effect`(old: String, new: String, key: String) throws {
        let change = try change(replacing: old, by: new)
        #expect(change.takesEffect == [key])
        #expect(change.needsRestart.isEmpty)
    }

    @Test(arguments: [
        ("\"192.0.2.10:5061\"", "\"192.0.2.11:5061\"", "listeners.access"),
        ("[\"198.51.100.10:5061\"]", "[\"198.51.100.10:5062\"]", "listeners.interconnection"),
        ("audio_port: 40000", "audio_port: 40002", "media"),
        ("name: Italia Emergenza", "name: Italia", "system.name"),
        ("realm: mc.it.example", "realm: it.example", "system"),
        ("heartbeat: 5 s", "heartbeat: 6 s", "timers.heartbeat"),
        ("body_octets: 262144", "body_octets: 300000", "limits.body_octets"),
        ("end_of_media: 4 s", "end_of_media: 5 s", "floor"),
    ])
    func `what cannot is named, and the old value stays`(old: String, new: String, key: String) throws {
        let change = try change(replacing: old, by: new)
        #expect(change.takesEffect.isEmpty)
        #expect(change.needsRestart == [key])
        let running = try example.system()
        #expect(change.effective.access == running.access)
        #expect(change.effective.interconnection == running.interconnection)
        #expect(change.effective.media == running.media)
        #expect(change.effective.identity == running.identity)
        #expect(change.effective.timers == running.timers)
        #expect(change.effective.limits == running.limits)
        #expect(change.effective.floor == running.floor)
    }

    @Test func `both at once are told apart, and asked again the waiting ones wait still`() throws {
        let text = try Example.text("system.yaml").replacingOccurrences(of: "heartbeat: 5 s", with: "heartbeat: 6 s")
            .replacingOccurrences(of: "message: 15 s", with: "message: 20 s")
        let change = ConfigurationChange(from: try example.system(), to: try example.system(text))
        #expect(change.takesEffect == ["timers"])
        #expect(change.needsRestart == ["timers.heartbeat"])
        #expect(change.effective.timers.message == .seconds(20))
        #expect(change.effective.timers.heartbeat == .seconds(5))
        let again = ConfigurationChange(from: change.effective, to: try example.system(text))
        #expect(again.takesEffect.isEmpty)
        #expect(again.needsRestart == ["timers.heartbeat"])
    }

    @Test func `every certificate file is named with what it is for`() throws {
        let files = try example.system().certificateFiles
        #expect(files.map(\.role) == ["access", "interconnection", "authority", "partner mc.fr.example"])
        #expect(files.map { $0.key != nil } == [true, true, false, false])
    }

    @Test func `files of the web are named too, where they are of its own`() throws {
        for name in ["nation.sqlite", "web.pem", "web.key", "login.pem"] { try example.write("", name) }
        let web = """

            web:
              https: ["127.0.0.1:8443"]
              certificate: {certificate: web.pem, key: web.key}
              provider:
                issuer: https://login.example
                authorization_endpoint: https://login.example/a
                token_endpoint: https://login.example/t
                jwks_uri: https://login.example/k
                client_id: euccs
                authority: login.pem
            """
        let stored = try Example.text("system.yaml").replacingOccurrences(
            of: "directory: directory.yaml", with: "store: nation.sqlite")
        try #require(stored.contains("store: "))
        let files = try example.system(stored + web).certificateFiles
        #expect(
            files.map(\.role) == ["access", "interconnection", "web", "authority", "provider", "partner mc.fr.example"])
        #expect(files.map { $0.key != nil } == [true, true, true, false, false, false])
        #expect(files[2].certificate.hasSuffix("web.pem") && files[4].certificate.hasSuffix("login.pem"))
        let shared = web.replacingOccurrences(of: "  certificate: {certificate: web.pem, key: web.key}\n", with: "")
        #expect(try !example.system(stored + shared).certificateFiles.contains { $0.role == "web" })
    }

    @Test func `the time to drain has its bounds`() throws {
        #expect(try example.mistakes(replacing: "drain: 0 s", by: "drain: 2 h").count == 1)
        let text = try Example.text("system.yaml").replacingOccurrences(of: "drain: 0 s", with: "drain: 90 s")
        #expect(try example.system(text).timers.drain == .seconds(90))
    }
}
