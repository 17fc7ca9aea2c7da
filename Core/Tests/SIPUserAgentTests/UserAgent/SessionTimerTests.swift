import MCFoundation
import SIP
import SIPUserAgent
import Testing

@Suite struct SessionTimerTests {
    struct Row: Sendable {
        var request: String
        var wish: String
        var answer: String?
        var requiresTimer: Bool
    }

    /// RFC 4028 9, table 2.
    @Test(arguments: [
        Row(
            request: "Supported: timer\nSession-Expires: 1800;refresher=uac", wish: "", answer: "1800;refresher=uac",
            requiresTimer: true),
        Row(
            request: "Supported: timer\nSession-Expires: 1800;refresher=uas", wish: "", answer: "1800;refresher=uas",
            requiresTimer: true),
        Row(
            request: "Supported: timer\nSession-Expires: 1800", wish: "\nSession-Expires: 600;refresher=uas",
            answer: "600;refresher=uas", requiresTimer: true),
        Row(
            request: "Supported: timer\nSession-Expires: 1800", wish: "", answer: "1800;refresher=uac",
            requiresTimer: true),
        Row(
            request: "Supported: timer\nSession-Expires: 1800\nMin-SE: 900", wish: "\nSession-Expires: 600",
            answer: "900;refresher=uac", requiresTimer: true),
        Row(
            request: "Supported: timer", wish: "\nSession-Expires: 600", answer: "600;refresher=uac",
            requiresTimer: true),
        Row(
            request: "Session-Expires: 1800;refresher=uac", wish: "", answer: "1800;refresher=uas", requiresTimer: false
        ),
        Row(
            request: "", wish: "\nSession-Expires: 600;refresher=uac", answer: "600;refresher=uas", requiresTimer: false
        ),
        Row(request: "Supported: timer", wish: "", answer: nil, requiresTimer: false),
    ])
    func `the answer follows what was asked`(row: Row) throws {
        var bench = UserAgentBench()
        _ = bench.receive(try bench.peerInvitation(more: row.request))
        _ = try bench.accept(row.wish)
        let response = try #require(bench.responses.last)
        #expect(response.headers[.sessionExpires] == row.answer)
        #expect(response.headers.lists("timer", in: .require) == row.requiresTimer)
    }

    @Test func `the refresher sends a re-INVITE with the same description at half-time, and again`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(
            more: "Session-Expires: 1800;refresher=uac", answerMore: "\nSession-Expires: 1800;refresher=uac")
        #expect(bench.wait(until: 1_000_000) == ["900000 > INVITE"])
        let refresh = try #require(bench.requests.last?.request)
        #expect(refresh.body == Array(UserAgentBench.answer.utf8))
        #expect(refresh.headers[.sessionExpires] == "1800;refresher=uac")
        #expect(
            try bench.reply(.invite, 200, more: "Session-Expires: 1800;refresher=uac", body: UserAgentBench.offer) == [
                "> ACK"
            ])
        #expect(bench.wait(until: 1_899_999) == [])
        #expect(bench.wait(until: 1_900_000) == ["1900000 > INVITE"])
    }

    @Test func `where the peer allows UPDATE the refresh is one`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(
            more: "Session-Expires: 1800;refresher=uac",
            answerMore: "\nAllow: UPDATE\nSession-Expires: 1800;refresher=uac")
        #expect(bench.wait(until: 900_000) == ["900000 > UPDATE"])
        #expect(bench.requests.last?.request.body == [])
        #expect(try bench.reply(.update, 200, more: "Session-Expires: 1800;refresher=uac") == [])
        #expect(bench.wait(until: 1_800_000) == ["1800000 > UPDATE"])
    }

    @Test func `without refresh the other side releases a third or 32 s before the end`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(
            more: "Session-Expires: 1800;refresher=uas", answerMore: "\nSession-Expires: 1800;refresher=uas")
        #expect(bench.wait(until: 2_000_000) == ["1768000 > BYE", "1768000 ! ended sessionExpired"])
        var short = UserAgentBench()
        _ = try short.beCalled(more: "Supported: timer\nSession-Expires: 90;refresher=uac")
        #expect(short.wait(until: 100_000) == ["60000 > BYE", "60000 ! ended sessionExpired"])
    }

    @Test func `the peer's refresh starts the interval anew`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled(more: "Supported: timer\nSession-Expires: 1800;refresher=uac")
        #expect(bench.wait(until: 1_000_000) == [])
        let refresh = try bench.fromPeer(
            "UPDATE", cseq: 2, more: "Supported: timer\nSession-Expires: 1800;refresher=uac")
        #expect(bench.receive(refresh) == ["> 200"])
        #expect(bench.responses.last?.headers[.sessionExpires] == "1800;refresher=uac")
        #expect(bench.wait(until: 2_700_000) == [])
        #expect(bench.wait(until: 2_768_000).last == "2768000 ! ended sessionExpired")
    }

    @Test func `the callee refreshes where it took the role`() throws {
        var bench = UserAgentBench()
        _ = try bench.beCalled(more: "Supported: timer\nSession-Expires: 1800;refresher=uas")
        #expect(bench.wait(until: 900_000) == ["900000 > INVITE"])
        #expect(bench.requests.last?.request.headers[.sessionExpires] == "1800;refresher=uac")
    }

    @Test func `a refresh that is refused is tried again until the session expires`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(
            more: "Session-Expires: 90;refresher=uac", answerMore: "\nSession-Expires: 90;refresher=uac")
        #expect(bench.wait(until: 45_000) == ["45000 > INVITE"])
        #expect(try bench.reply(.invite, 500) == [])
        #expect(bench.wait(until: 55_000) == ["55000 > INVITE"])
        #expect(try bench.reply(.invite, 500) == [])
        #expect(bench.wait(until: 60_000) == ["60000 > BYE", "60000 ! ended sessionExpired"])
    }

    @Test func `422 to a refresh raises the interval`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(
            more: "Session-Expires: 90;refresher=uac", answerMore: "\nSession-Expires: 90;refresher=uac")
        _ = bench.wait(until: 45_000)
        #expect(try bench.reply(.invite, 422, more: "Min-SE: 300") == ["> INVITE"])
        #expect(bench.requests.last?.request.headers[.sessionExpires] == "300;refresher=uac")
        #expect(bench.requests.last?.request.headers[.minSE] == "300")
    }

    @Test func `a peer without session timer is refreshed by us alone`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(more: "Session-Expires: 1800;refresher=uac")
        #expect(bench.wait(until: 900_000) == ["900000 > INVITE"])
        #expect(
            bench.handle(.failed(try #require(bench.requests.last?.id), .timeout)) == [
                "> BYE", "! ended peerGone(408)",
            ])
    }

    @Test func `an answer of one second does not make us refresh without pause`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(more: "Session-Expires: 90;refresher=uac", answerMore: "\nSession-Expires: 1;refresher=uac")
        #expect(bench.wait(until: 44_000) == [])
        #expect(bench.wait(until: 45_000) == ["45000 > INVITE"])
    }
}
