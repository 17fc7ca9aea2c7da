import CallControl
import MCDocuments
import MCFoundation
import Responder
import SIP
import Testing

/// The access token of a client (TS 24.379 7.2.2).
@Suite struct TokenTests {
    private static let unknown = "399 it.example \"141 user unknown to the participating function\""

    private func token(_ publish: SIPRequest?) throws -> String? {
        try MCPTTInfo(parsing: try #require(publish?.part(MIMEType.mcpttInfo)).body).accessToken
    }

    private func bench() throws -> Bench {
        let bench = try Bench { $0.accessToken = AccessToken("one") }
        bench.connect()
        bench.answerRegister()
        #expect(try token(bench.requests.first { $0.method == .publish }) == "one")
        bench.answer(bench.take(.publish))
        bench.notices = []
        return bench
    }

    @Test func `A fresh token is published at once and changes nothing else`() throws {
        let bench = try bench()
        bench.command(.renewToken(AccessToken("two")))
        let publish = try #require(bench.take(.publish))
        #expect(publish.headers[.event] == "poc-settings")
        #expect(try token(publish) == "two")
        bench.answer(publish)
        #expect(bench.notices.isEmpty)
        #expect(bench.client.isReady)
    }

    @Test func `A fresh token waits for the registration`() throws {
        let bench = try Bench { $0.accessToken = AccessToken("one") }
        bench.command(.renewToken(AccessToken("two")))
        #expect(bench.take(.publish) == nil)
        bench.connect()
        bench.answerRegister()
        #expect(try token(bench.take(.publish)) == "two")
    }

    @Test func `A refused renewal is told, and what was granted before still holds`() throws {
        let bench = try bench()
        bench.command(.renewToken(AccessToken("forged")))
        bench.answer(bench.take(.publish), 403) { $0.append(.warning, "399 it.example \"101 no\"") }
        #expect(bench.notices == [.serviceSettingsRefused(status: 403, warning: 101)])
        #expect(bench.client.isReady)
        bench.pass(milliseconds: 10_000)
        #expect(bench.take(.publish) == nil)
    }

    @Test func `A renewal that could not be verified is tried again`() throws {
        let bench = try bench()
        bench.command(.renewToken(AccessToken("two")))
        bench.answer(bench.take(.publish), 503)
        bench.pass(milliseconds: 2_000)
        #expect(try token(bench.take(.publish)) == "two")
    }

    @Test func `A client that the system knows no more publishes its settings again and then all else`() throws {
        let group = MCPTTGroupID("sip:flood@it.example")
        let bench = try bench()
        bench.command(.affiliate([group]))
        bench.answer(bench.take(.publish), 404) { $0.append(.warning, Self.unknown) }
        #expect(!bench.client.isReady)
        #expect(bench.take(.publish) == nil)
        bench.pass(milliseconds: 2_000)
        let settings = try #require(bench.take(.publish))
        #expect(settings.headers[.event] == "poc-settings")
        bench.answer(settings)
        #expect(bench.notices.last == .registered)
        #expect(bench.take(.publish)?.headers[.event] == "presence")
    }

    @Test(arguments: [true, false])
    func `A call or a subscription that is refused for it says so too`(isCall: Bool) throws {
        let bench = try bench()
        if isCall {
            bench.command(.call(CallRequest(group: Bench.group)))
            bench.giveMedia()
            bench.answer(bench.take(.invite), 404) { $0.append(.warning, Self.unknown) }
        } else {
            bench.answer(bench.take(.subscribe), 404) { $0.append(.warning, Self.unknown) }
        }
        #expect(!bench.client.isReady)
        bench.pass(milliseconds: 2_000)
        #expect(bench.take(.publish)?.headers[.event] == "poc-settings")
    }

    @Test func `A token prints nowhere`() throws {
        let bench = try Bench { $0.accessToken = AccessToken("eyJ.secret") }
        var dumped = ""
        dump(bench.client.settings, to: &dumped)
        dump(ResponderCommand.renewToken(AccessToken("eyJ.secret")), to: &dumped)
        #expect(!dumped.contains("eyJ.secret"))
        #expect(!"\(ResponderCommand.renewToken(AccessToken("eyJ.secret")))".contains("eyJ.secret"))
    }
}
