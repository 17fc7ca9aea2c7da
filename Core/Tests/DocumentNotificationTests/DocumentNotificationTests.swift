import Administration
import CallControl
import ConfigurationDocuments
import DocumentNotification
import MCDocuments
import MCFoundation
import Policy
import SIP
import SIPUserAgent
import Testing

/// The function alone; with everything around it see the tests of `MCSystem`.
@Suite("document notification")
struct DocumentNotificationTests {
    private static let system = SystemIdentity(id: MCSystemID("it"), domain: "it.example")
    private static let now = Now(
        instant: Instant(nanoseconds: 1_000_000_000), utc: UTCTime(microseconds: 1_700_000_000_000_000))

    private func function() throws -> DocumentNotification {
        let user = User(
            mcpttID: MCPTTID("sip:anna@it.example"), publicIdentity: PublicUserIdentity("sip:anna@it.example"),
            privateIdentity: PrivateUserIdentity("anna@it.example"),
            credentials: DigestSecrets(realm: "it.example", md5: nil, sha256: nil), homeSystem: Self.system.id)
        return DocumentNotification(
            system: Self.system, directory: try DirectorySnapshot(system: Self.system, users: [user], groups: []),
            random: SeededGenerator(seed: 7), number: 4)
    }

    private func request(_ method: Method = .subscribe, uris: [String] = ["a/global/"]) -> SIPRequest {
        var request = SIPRequest(method: method, uri: SIPURI(user: "mcptt-documents", host: "it.example"))
        request.headers.append(.via, "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKx")
        request.headers.append(.from, "<sip:anna@it.example>;tag=1")
        request.headers.append(.to, "<sip:mcptt-documents@it.example>")
        request.headers.append(.callID, "c")
        request.headers.append(.cseq, "1 \(method)")
        request.headers.append(.contact, "<sip:anna@10.0.0.1>")
        request.headers.append(.event, "xcap-diff")
        request.headers.append(.contentType, MIMEType.resourceLists)
        request.body = ResourceLists(uris: uris).serialized()
        return request
    }

    private func statuses(_ actions: [FunctionAction]) -> [Int] {
        actions.compactMap { if case .sip(.respond(let response, _)) = $0 { response.status } else { nil } }
    }

    private func feed(
        _ function: inout DocumentNotification, _ request: SIPRequest, _ origin: RequestOrigin
    ) -> [Int] {
        statuses(function.handle(.sip(.request(request, ServerTransactionID(1), origin)), at: Self.now))
    }

    private static let anna = RequestOrigin.user(PublicUserIdentity("sip:anna@it.example"), FlowID(1))

    @Test("only a client of this system that the edge knows subscribes")
    func origins() throws {
        var function = try function()
        #expect(feed(&function, request(), .system) == [403])
        #expect(feed(&function, request(), .user(PublicUserIdentity("sip:eve@it.example"), FlowID(1))) == [404])
        #expect(feed(&function, request(.message), Self.anna) == [405])
        #expect(function.takeLookUps().isEmpty)
        #expect(feed(&function, request(), Self.anna) == [])
        #expect(function.takeLookUps().count == 1)
        #expect(function.takeLookUps().isEmpty)
    }

    @Test("a list has a bound")
    func bound() throws {
        var function = try function()
        #expect(feed(&function, request(uris: (0..<65).map { "a/global/\($0)/" }), Self.anna) == [413])
    }

    @Test("what is found is answered with 200, then told at once")
    func found() throws {
        var function = try function()
        _ = feed(&function, request(), Self.anna)
        let id = try #require(function.takeLookUps().first?.id)
        let actions = function.documentsFound(
            id, [FoundDocument(uri: XCAPURI(auid: "a", tree: .global, path: ["b"]), etag: "\"1\"")], at: Self.now)
        #expect(statuses(actions) == [200])
        let notify = actions.compactMap { action -> SIPRequest? in
            if case .sip(.send(let request, _)) = action { request } else { nil }
        }
        #expect(notify.map(\.method) == [.notify])
        #expect(try XCAPDiff(parsing: notify.first?.body ?? []).documents.map(\.newETag) == ["1"])
        #expect(function.population.sessions == 1 && function.population.references == 0)
    }
}
