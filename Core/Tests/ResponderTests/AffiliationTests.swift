import CallControl
import MCDocuments
import MCFoundation
import Responder
import SIP
import Testing

@Suite struct AffiliationTests {
    private let flood = MCPTTGroupID("sip:flood@it.example")
    private let fire = MCPTTGroupID("sip:fire@it.example")

    private func document(_ publish: SIPRequest?) throws -> AffiliationDocument {
        try AffiliationDocument(parsing: try #require(publish?.part(MIMEType.presence)).body)
    }

    /// NOTIFY in the subscription that the client opened.
    private func notify(
        _ bench: Bench, _ subscribe: SIPRequest, cseq: UInt32, _ groups: [(MCPTTGroupID, AffiliationStatus)]
    ) {
        var state = AffiliationDocument(entity: MCPTTID("sip:anna@mcptt.it.example"))
        state.clients = [
            .init(
                client: MCPTTClientID("other"),
                groups: [GroupAffiliation(group: MCPTTGroupID("x"), status: .affiliated)]),
            .init(
                client: MCPTTClientID("urn:uuid:1"), groups: groups.map { GroupAffiliation(group: $0.0, status: $0.1) }),
        ]
        bench.send(
            .notify, callID: subscribe.headers.callID ?? "", toTag: subscribe.headers.from?.tag, cseq: cseq,
            parts: [BodyPart(type: MIMEType.presence, body: state.serialized())]
        ) {
            $0.append(.event, "presence")
            $0.append(.subscriptionState, "active;expires=4000000")
            $0.append(.contact, "<sip:participating@it.example>")
        }
    }

    @Test func `The client publishes the whole set of its groups for itself and the user`() throws {
        let bench = try Bench.registered()
        bench.command(.affiliate([flood, fire, flood]))
        let publish = try #require(bench.take(.publish))
        #expect(publish.headers[.event] == "presence")
        #expect(publish.headers[.expires] == "4294967295")
        let body = try document(publish)
        #expect(body.entity == MCPTTID("sip:anna@mcptt.it.example"))
        #expect(body.clients.map(\.client) == [MCPTTClientID("urn:uuid:1")])
        #expect(body.clients.first?.groups == [GroupAffiliation(group: flood), GroupAffiliation(group: fire)])
        let information = try MCPTTInfo(parsing: try #require(publish.part(MIMEType.mcpttInfo)).body)
        #expect(information.requestURI == "sip:anna@mcptt.it.example")
    }

    @Test func `A wish from before registration is published after it`() throws {
        let bench = try Bench()
        bench.command(.affiliate([flood]))
        bench.connect()
        bench.answerRegister()
        bench.answer(bench.take(.publish))
        #expect(try document(bench.take(.publish)).clients.first?.groups.map(\.group) == [flood])
    }

    @Test func `A wish that changes while a PUBLISH is out follows when that is answered`() throws {
        let bench = try Bench.registered()
        bench.command(.affiliate([flood]))
        let first = bench.take(.publish)
        bench.command(.affiliate([fire]))
        bench.command(.affiliate([]))
        #expect(bench.take(.publish) == nil)
        bench.answer(first)
        let second = try #require(bench.take(.publish))
        #expect(second.headers[.expires] == "0")
        #expect(try document(second).clients.first?.groups.isEmpty ?? true)
        #expect(bench.take(.publish) == nil)
    }

    @Test func `Only the NOTIFY tells what became of an affiliation, and only changes are told`() throws {
        let bench = try Bench.registered()
        let subscribe = try #require(bench.take(.subscribe))
        #expect(subscribe.headers[.event] == "presence")
        bench.answer(subscribe) {
            $0.append(.expires, "4294967295")
            $0.append(.contact, "<sip:participating@it.example>")
        }
        bench.command(.affiliate([flood, fire]))
        bench.answer(bench.take(.publish))
        #expect(bench.notices.isEmpty)
        notify(bench, subscribe, cseq: 1, [(flood, .affiliated), (fire, .affiliating)])
        #expect(bench.takeResponse(200) != nil)
        #expect(bench.notices == [.affiliation(flood, .affiliated), .affiliation(fire, .affiliating)])
        bench.notices = []
        notify(bench, subscribe, cseq: 2, [(flood, .affiliated), (fire, .affiliated)])
        #expect(bench.notices == [.affiliation(fire, .affiliated)])
        bench.notices = []
        notify(bench, subscribe, cseq: 3, [(fire, .affiliated)])
        #expect(bench.notices == [.affiliation(flood, .deaffiliated)])
    }

    @Test func `A refusal is told with its warning, an overload tried again`() throws {
        let bench = try Bench.registered()
        bench.answer(bench.take(.subscribe), 503)
        bench.command(.affiliate([flood]))
        bench.answer(bench.take(.publish), 486) { $0.append(.warning, "399 it.example \"102 too many\"") }
        #expect(bench.notices == [.affiliationRefused(status: 486, warning: 102)])
        bench.pass(milliseconds: 5_000)
        #expect(bench.take(.subscribe) != nil)
        #expect(bench.take(.publish) == nil)
        bench.command(.affiliate([fire]))
        bench.answer(bench.take(.publish), 503)
        bench.pass(milliseconds: 2_000)
        #expect(bench.take(.publish) != nil)
    }
}
