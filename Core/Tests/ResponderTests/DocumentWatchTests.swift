import CallControl
import ConfigurationDocuments
import MCDocuments
import MCFoundation
import Responder
import SIP
import Testing

/// A client that is told of its documents (RFC 5875).
@Suite struct DocumentWatchTests {
    private static let group = XCAPURI.group(MCPTTGroupID("sip:flood@it.example"))
    private static let root = "https://it.example/xcap"
    private static let uri = root + "/" + group.description

    private func watching() throws -> (Bench, SIPRequest) {
        let bench = try Bench.registered { $0.accessToken = AccessToken("one") }
        bench.requests = []
        bench.command(.watchDocuments(["org.openmobilealliance.groups/global/byGroupID/"]))
        return (bench, try #require(bench.take(.subscribe)))
    }

    private func notify(
        _ bench: Bench, _ subscribe: SIPRequest, _ number: Int, from old: String?, to new: String?,
        state: String = "active;expires=600"
    ) throws {
        let contact = try #require(subscribe.headers.contacts.first)
        var request = SIPRequest(method: .notify, uri: contact.uri)
        request.headers.append(.via, "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKn\(number)")
        request.headers.append(.from, "<sip:mcptt-documents@it.example>;tag=server")
        request.headers.append(.to, try #require(subscribe.headers[.from]))
        request.headers.append(.callID, try #require(subscribe.headers[.callID]))
        request.headers.append(.cseq, "\(number) NOTIFY")
        request.headers.append(.contact, "<sip:mcptt-documents@it.example>")
        request.headers.append(.event, "xcap-diff")
        request.headers.append(.subscriptionState, state)
        request.headers.append(.contentType, XCAPDiff.contentType)
        request.body = XCAPDiff(root: Self.root, documents: [.init(Self.group, from: old, to: new)]).serialized()
        bench.tell(.received(bench.flow, SIPMessage.request(request).serialized()))
    }

    @Test func `It subscribes with its token and its list, and tells what changed once`() throws {
        let (bench, subscribe) = try watching()
        #expect(subscribe.uri.user == "mcptt-documents")
        #expect(subscribe.headers[.event] == "xcap-diff")
        let information = try MCPTTInfo(parsing: try #require(subscribe.part(MIMEType.mcpttInfo)).body)
        #expect(information.accessToken == "one")
        let list = try ResourceLists(parsing: try #require(subscribe.part(MIMEType.resourceLists)).body)
        #expect(list.entries.map(\.uri) == ["org.openmobilealliance.groups/global/byGroupID/"])
        bench.answer(subscribe) { $0.append(.expires, "600") }
        try notify(bench, subscribe, 1, from: nil, to: "\"1\"")
        try notify(bench, subscribe, 2, from: nil, to: "\"1\"")
        try notify(bench, subscribe, 3, from: "\"1\"", to: "\"2\"")
        try notify(bench, subscribe, 4, from: "\"2\"", to: nil)
        #expect(
            bench.notices == [
                .documentChanged(uri: Self.uri, etag: "1"), .documentChanged(uri: Self.uri, etag: "2"),
                .documentChanged(uri: Self.uri, etag: nil),
            ])
    }

    @Test func `A refusal is told, and what may pass is tried again`() throws {
        let (bench, subscribe) = try watching()
        bench.answer(subscribe, 503)
        #expect(bench.notices == [.documentsRefused(status: 503)])
        bench.pass(milliseconds: 3_000)
        let again = try #require(bench.take(.subscribe))
        bench.answer(again, 403)
        #expect(bench.notices.last == .documentsRefused(status: 403))
        bench.pass(milliseconds: 120_000)
        #expect(!bench.requests.contains { $0.method == .subscribe && $0.headers[.event] == "xcap-diff" })
    }

    @Test func `Nothing is subscribed to before the client is authorised`() throws {
        let bench = try Bench()
        bench.command(.watchDocuments(["a/global/"]))
        bench.connect()
        bench.answerRegister()
        #expect(!bench.requests.contains { $0.headers[.event] == "xcap-diff" })
        bench.answer(bench.take(.publish))
        #expect(bench.requests.contains { $0.headers[.event] == "xcap-diff" })
    }
}
