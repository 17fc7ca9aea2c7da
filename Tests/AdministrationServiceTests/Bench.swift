import Administration
import AdministrationService
import Audit
import Credentials
import Foundation
import MCFoundation
import NationalAdministration
import Policy
import Storage
import Synchronization
import Testing
import WebServices

/// A nation of two organisations with its administrators, and the service before it.
struct Bench {
    static let identity = SystemIdentity(id: MCSystemID("mc.it.example"), domain: "mc.it.example")
    static let began = UTCTime(microseconds: 1_700_000_000_000_000)
    static let password = "correct horse battery"
    static let source = IPAddress(v4: 0xc000_0201)
    static func id(_ name: String) -> String { "sip:\(name)@mc.it.example" }

    /// Set by hand.
    final class Clock: Sendable {
        private let elapsed = Mutex(Duration.zero)
        func pass(_ time: Duration) { elapsed.withLock { $0 += time } }
        var now: Now {
            let elapsed = elapsed.withLock { $0 }
            return Now(
                instant: Instant.zero + elapsed,
                utc: UTCTime(microseconds: Bench.began.microseconds + elapsed.wholeNanoseconds / 1_000))
        }
    }

    /// What log-in is told, and which keys it has.
    final class Logins: Sendable {
        let told = Mutex<[String]>([])

        var access: LoginAccess {
            LoginAccess(
                tell: { event in self.told.withLock { $0.append("\(event)") } }, signingKeys: { ["k1", "k2"] },
                withdrawKey: { key in self.told.withLock { $0.append(key) } })
        }
    }

    let store: MemoryStore
    let logins = Logins()
    let administration: NationalAdministration
    let service: AdministrationService
    let clock = Clock()

    /// Of the same password for everybody, and cheap: what it costs is tried elsewhere.
    static func administrator(
        _ id: String, of organisation: String? = nil, _ roles: [AdministratorRole]
    ) throws -> AdministratorRecord {
        let cheap = Credentials.PasswordVerifier.Cost(logN: 4, blockSize: 8, parallelism: 1)
        let verifier = try Credentials.PasswordVerifier(password: password, cost: cheap)
        return AdministratorRecord(
            id: id, organisation: organisation, roles: roles,
            passwordVerifier: Administration.PasswordVerifier(verifier.text))
    }

    init(_ limits: AdministrationLimits = AdministrationLimits(), servesLogin: Bool = true) async throws {
        store = MemoryStore()
        try NationalAdministration.found(
            NationRecord(name: "Italia", country: "IT", created: Self.began, identity: Self.identity),
            organisation: OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT"),
            administrator: try Self.administrator("root", AdministratorRole.allCases),
            profile: ProfileRecord(name: "responder", rights: [.callPrearrangedGroup]), in: store, at: Self.began)
        administration = try NationalAdministration(store: store, identity: Self.identity)
        service = AdministrationService(
            administration, logins: servesLogin ? logins.access : nil, clock: { [clock] in clock.now }, limits: limits)
        let hashes = CredentialHashes(
            realm: "mc.it.example", md5: nil, sha256: String(repeating: "a", count: 64))
        func user(_ name: String, _ organisation: String) -> FleetRecord {
            .user(
                UserRecord(
                    id: Self.id(name), credentials: hashes, loginName: name,
                    passwordVerifier: Administration.PasswordVerifier("verifier-of-\(name)"),
                    organisation: organisation, profile: "responder"))
        }
        for record in [
            FleetRecord.organisation(OrganisationRecord(id: "ps", name: "Polizia di Stato", country: "IT")),
            user("anna", "vvf"), user("bruno", "vvf"), user("carla", "ps"),
            .group(
                GroupRecord(
                    id: Self.id("flood"), organisation: "vvf", type: .prearranged,
                    members: [GroupMember(id: Self.id("anna"))])),
            .group(
                GroupRecord(
                    id: Self.id("patrol"), organisation: "ps", type: .chat, members: [GroupMember(id: Self.id("carla"))]
                )),
            .device(DeviceRecord(instance: "urn:uuid:1", organisation: "vvf")),
            .device(DeviceRecord(instance: "urn:uuid:2", organisation: "ps", user: Self.id("carla"))),
            .functionalAlias(FunctionalAliasRecord(id: Self.id("chief"), organisation: "vvf")),
            .functionalAlias(FunctionalAliasRecord(id: Self.id("sheriff"), organisation: "ps")),
            .administrator(try Self.administrator("fire", of: "vvf", [.administrator])),
            .administrator(try Self.administrator("desk", of: "vvf", [.operator])),
            .administrator(try Self.administrator("eyes", of: "vvf", [.reader])),
            .administrator(try Self.administrator("police", of: "ps", [.administrator])),
            .administrator(try Self.administrator("court", [.auditor])),
            .administrator(AdministratorRecord(id: "mute", roles: [.administrator])),
        ] {
            try await administration.perform(.create(record), by: "root", at: Self.began)
        }
    }

    // MARK: Asking

    func ask(
        _ method: String, _ target: String, _ body: String? = nil, token: String? = nil,
        headers: [(String, String)] = [], source: IPAddress? = source
    ) async -> WebResponse {
        await ask(method, target, octets: body.map { Array($0.utf8) }, token: token, headers: headers, source: source)
    }

    func ask(
        _ method: String, _ target: String, octets: [UInt8]?, token: String? = nil,
        headers: [(String, String)] = [], source: IPAddress? = source
    ) async -> WebResponse {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var fields = headers.map { WebHeader($0.0, $0.1) }
        if let token { fields.append(WebHeader("authorization", "Bearer \(token)")) }
        if octets != nil, !fields.contains(where: { $0.name == "content-type" }) {
            fields.append(WebHeader("content-type", "application/json"))
        }
        return await service.respond(
            to: WebRequest(
                method: method, path: "/admin/v1/" + parts[0], query: parts.count > 1 ? String(parts[1]) : "",
                headers: fields, body: octets ?? [], source: source))
    }

    func tryLogIn(_ name: String, _ password: String = password, from source: IPAddress? = source) async -> WebResponse
    {
        await ask("POST", "session", #"{"name":"\#(name)","password":"\#(password)"}"#, source: source)
    }

    func logIn(_ name: String) async throws -> String {
        let answer = await tryLogIn(name)
        try #require(answer.status == 200)
        return try #require(answer.member("token"))
    }

    /// The audit log, oldest first.
    func audit() throws -> [AuditRecord] {
        try store.audit(from: 1, limit: 1_000).rows.map { try AuditRecord(encoding: $0.record) }
    }
}

extension AuditRecord {
    /// Whether a word is the action, the reason of the refusal or a clear value of the record.
    func says(_ word: String) -> Bool {
        action == word || outcome == .refused(word) || fields.contains { $0.content == .clear(word) }
    }
}

extension WebResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: [String: Any]? { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] }
    func member(_ name: String) -> String? { json?[name] as? String }
    var code: String? { member("code") }
    var items: [String] {
        (json?["items"] as? [[String: Any]])?.compactMap { ($0["id"] ?? $0["instance"] ?? $0["name"]) as? String } ?? []
    }
}
