import MCFoundation
import SIP
import SIPUserAgent
import Testing

@Suite struct SubscriberTests {
    private func subscribed(_ expires: String = "3600", granted: String? = nil) throws -> UserAgentBench {
        var bench = UserAgentBench()
        let request = try bench.bare(
            "SUBSCRIBE", more: "Event: presence\nAccept: application/pidf+xml\nExpires: \(expires)")
        var id = SubscriptionID(0)
        #expect(bench.run { id = $0.subscribe(request, at: $1) } == ["> SUBSCRIBE"])
        bench.subscription = id
        if let granted {
            #expect(try bench.reply(.subscribe, 200, more: "Contact: <sip:n@h>\nExpires: \(granted)") == [])
        }
        return bench
    }

    private func notification(_ bench: UserAgentBench, _ state: String, cseq: Int = 1, tag: String = "p1") throws
        -> SIPRequest
    {
        let subscribe = try #require(bench.requests.first?.request)
        return try request(
            """
            NOTIFY sip:us@198.51.100.1 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKn\(cseq)
            Max-Forwards: 70
            From: <sip:alice@example.org>;tag=\(tag)
            To: <sip:bob@example.org>;tag=\(subscribe.headers.from?.tag ?? "?")
            Call-ID: \(subscribe.headers.callID ?? "?")
            CSeq: \(cseq) NOTIFY
            Contact: <sip:n@h>
            Event: presence
            Subscription-State: \(state)
            """)
    }

    @Test func `a subscription is refreshed 600 s before its end, inside its dialog`() throws {
        var bench = try subscribed(granted: "3600")
        #expect(
            bench.receive(try notification(bench, "active;expires=3600")) == [
                "> 200", "! notified active;expires=3600",
            ])
        #expect(bench.wait(until: 3_000_000) == ["3000000 > SUBSCRIBE"])
        let refresh = try #require(bench.requests.last?.request)
        #expect(refresh.uri == SIPURI("sip:n@h"))
        #expect(refresh.headers.to?.tag == "p1")
        #expect(refresh.headers.cseq == CSeq(2, .subscribe))
        #expect(refresh.headers[.event] == "presence")
        #expect(refresh.headers[.expires] == "3600")
        #expect(try bench.reply(.subscribe, 200, more: "Expires: 3600") == [])
        #expect(bench.wait(until: 6_000_000) == ["6000000 > SUBSCRIBE"])
    }

    @Test func `a short one is refreshed at half-time`() throws {
        var bench = try subscribed("600", granted: "600")
        _ = bench.receive(try notification(bench, "active;expires=600"))
        #expect(bench.wait(until: 300_000) == ["300000 > SUBSCRIBE"])
    }

    @Test func `an Expires of 2^32-1 is merely far away`() throws {
        var bench = try subscribed("4294967295", granted: "4294967295")
        #expect(
            bench.receive(try notification(bench, "active;expires=4294967295")).first == "> 200")
        #expect(bench.wait(until: 1_000_000_000) == [])
        #expect(bench.agent.nextDeadline != nil)
    }

    @Test func `NOTIFY may come before the answer to SUBSCRIBE`() throws {
        var bench = try subscribed()
        #expect(
            bench.receive(try notification(bench, "active;expires=600")) == ["> 200", "! notified active;expires=600"])
        #expect(try bench.reply(.subscribe, 200, more: "Contact: <sip:n@h>\nExpires: 600") == [])
        #expect(bench.wait(until: 300_000) == ["300000 > SUBSCRIBE"])
    }

    @Test func `a fork's NOTIFY, an old one and one of another package are refused`() throws {
        var bench = try subscribed(granted: "3600")
        _ = bench.receive(try notification(bench, "active", cseq: 5))
        #expect(bench.receive(try notification(bench, "active", cseq: 6, tag: "fork")) == ["> 481"])
        #expect(bench.receive(try notification(bench, "active", cseq: 4)) == ["> 500"])
        var foreign = try notification(bench, "active", cseq: 7)
        foreign.headers.set(.event, "conference")
        #expect(bench.receive(foreign) == ["> 489"])
        var silent = try notification(bench, "active", cseq: 8)
        silent.headers.remove(.subscriptionState)
        #expect(bench.receive(silent) == ["> 400"])
    }

    @Test func `the notifier ends the subscription`() throws {
        var bench = try subscribed(granted: "3600")
        #expect(
            bench.receive(try notification(bench, "terminated;reason=noresource")) == [
                "> 200", "! notified terminated;reason=noresource", "! subscription ended in order",
            ])
        #expect(bench.agent.subscriptionCount == 0)
        #expect(bench.wait(until: 4_000_000) == [])
    }

    @Test func `without NOTIFY a subscription has failed after Timer N`() throws {
        var bench = try subscribed(granted: "3600")
        #expect(bench.wait(until: 40_000) == ["32000 ! subscription ended 408"])
    }

    @Test func `a refused SUBSCRIBE ends it and 423 is answered by a longer time`() throws {
        var refused = try subscribed()
        #expect(try refused.reply(.subscribe, 403) == ["! subscription ended 403"])
        var brief = try subscribed("60")
        #expect(try brief.reply(.subscribe, 423, more: "Min-Expires: 300") == ["> SUBSCRIBE"])
        #expect(brief.requests.last?.request.headers[.expires] == "300")
    }

    @Test func `481 to a refresh ends the subscription, 503 is tried again until it expires`() throws {
        var gone = try subscribed("600", granted: "600")
        _ = gone.receive(try notification(gone, "active;expires=600"))
        _ = gone.wait(until: 300_000)
        #expect(try gone.reply(.subscribe, 481) == ["! subscription ended 481"])
        var busy = try subscribed("600", granted: "600")
        _ = busy.receive(try notification(busy, "active;expires=600"))
        _ = busy.wait(until: 300_000)
        #expect(try busy.reply(.subscribe, 503) == [])
        #expect(busy.wait(until: 330_000) == ["330000 > SUBSCRIBE"])
        #expect(try busy.reply(.subscribe, 503) == [])
        let end = busy.wait(until: 700_000)
        #expect(end.last == "600000 ! subscription ended 408")
        #expect(busy.agent.subscriptionCount == 0)
    }

    @Test func `unsubscribing takes the last NOTIFY`() throws {
        var bench = try subscribed(granted: "3600")
        _ = bench.receive(try notification(bench, "active;expires=3600"))
        let id = bench.subscription
        #expect(bench.run { $0.unsubscribe(id, at: $1) } == ["> SUBSCRIBE"])
        #expect(bench.requests.last?.request.headers[.expires] == "0")
        #expect(try bench.reply(.subscribe, 200, more: "Expires: 0") == [])
        #expect(
            bench.receive(try notification(bench, "terminated;reason=timeout", cseq: 2)) == [
                "> 200", "! notified terminated;reason=timeout", "! subscription ended in order",
            ])
    }

    @Test func `unsubscribing before the first answer waits for it`() throws {
        var bench = try subscribed()
        let id = bench.subscription
        #expect(bench.run { $0.unsubscribe(id, at: $1) } == [])
        #expect(try bench.reply(.subscribe, 200, more: "Contact: <sip:n@h>\nExpires: 3600") == ["> SUBSCRIBE"])
        #expect(bench.requests.last?.request.headers[.expires] == "0")
        #expect(try bench.reply(.subscribe, 200, more: "Expires: 0") == [])
        #expect(bench.wait(until: 40_000) == ["32000 ! subscription ended in order"])
    }
}

@Suite struct NotifierTests {
    private func accepted(_ expires: UInt32 = 3600, asked: String = "3600") throws -> UserAgentBench {
        var bench = UserAgentBench()
        #expect(
            bench.receive(try incoming("SUBSCRIBE", more: "Event: presence;id=7\nExpires: \(asked)"))
                == ["! received SUBSCRIBE"])
        let pending = bench.pending
        let headers = try bench.headers("Contact: <sip:us@198.51.100.1>")
        var id = SubscriptionID(0)
        #expect(
            bench.run { id = $0.acceptSubscription(pending, expires: expires, headers: headers, at: $1) } == ["> 200"])
        bench.subscription = id
        return bench
    }

    private func notify(_ bench: inout UserAgentBench, _ state: NotifiedState = .active(expires: nil)) -> [String] {
        let id = bench.subscription
        return bench.run { $0.notify(id, state: state, body: Array("x".utf8), at: $1) }
    }

    private func refresh(_ bench: UserAgentBench, expires: Int, cseq: Int = 2) throws -> SIPRequest {
        let tag = try #require(bench.responses.first?.headers.to?.tag)
        return try incoming("SUBSCRIBE", cseq: cseq, toTag: tag, more: "Event: presence;id=7\nExpires: \(expires)")
    }

    @Test func `the answer grants no more than asked and notifications count down`() throws {
        var bench = try accepted(3600, asked: "600")
        #expect(bench.responses[0].headers[.expires] == "600")
        bench.milliseconds = 100_000
        #expect(notify(&bench) == ["> NOTIFY"])
        let sent = try #require(bench.requests.last?.request)
        #expect(sent.headers[.subscriptionState] == "active;expires=500")
        #expect(sent.headers[.event] == "presence;id=7")
        #expect(sent.headers.to?.tag == "a1")
        #expect(sent.uri == SIPURI("sip:alice@192.0.2.7"))
    }

    @Test func `notifications leave one at a time and in order`() throws {
        var bench = try accepted()
        #expect(notify(&bench) == ["> NOTIFY"])
        #expect(notify(&bench) == [])
        #expect(notify(&bench, .terminated(reason: "noresource")) == [])
        #expect(try bench.reply(.notify, 200) == ["> NOTIFY"])
        #expect(try bench.reply(.notify, 200) == ["> NOTIFY"])
        #expect(bench.requests.last?.request.headers[.subscriptionState] == "terminated;reason=noresource")
        #expect(notify(&bench) == [])
        #expect(try bench.reply(.notify, 200) == [])
        #expect(bench.agent.subscriptionCount == 0)
    }

    @Test func `a subscriber that takes no notifications is dropped`() throws {
        var refused = try accepted()
        _ = notify(&refused)
        #expect(try refused.reply(.notify, 481) == ["! subscription ended 481"])
        var limits = UserAgentLimits()
        limits.queuedNotifications = 2
        var slow = UserAgentBench(limits: limits)
        _ = slow.receive(try incoming("SUBSCRIBE", more: "Event: presence"))
        let pending = slow.pending
        var id = SubscriptionID(0)
        _ = slow.run { id = $0.acceptSubscription(pending, expires: 3600, at: $1) }
        slow.subscription = id
        #expect(notify(&slow) == ["> NOTIFY"])
        #expect(notify(&slow) == [])
        #expect(notify(&slow) == [])
        #expect(notify(&slow) == ["! subscription ended 503"])
    }

    @Test func `a refresh is answered and told, and Expires 0 waits for the last notification`() throws {
        var bench = try accepted()
        _ = notify(&bench)
        _ = try bench.reply(.notify, 200)
        bench.milliseconds = 3_000_000
        #expect(bench.receive(try refresh(bench, expires: 7200)) == ["> 200", "! subscribed 7200"])
        #expect(bench.responses.last?.headers[.expires] == "3600")
        #expect(bench.wait(until: 6_599_999) == [])
        #expect(bench.receive(try refresh(bench, expires: 0, cseq: 3)) == ["> 200", "! subscribed 0"])
        #expect(notify(&bench, .terminated(reason: "timeout")) == ["> NOTIFY"])
        #expect(bench.receive(try refresh(bench, expires: 60, cseq: 4)) == ["> 481"])
        #expect(try bench.reply(.notify, 200) == [])
        #expect(bench.agent.subscriptionCount == 0)
        #expect(bench.agent.nextDeadline == nil)
    }

    @Test func `what is not refreshed ends with a last notification`() throws {
        var bench = try accepted(600)
        #expect(bench.wait(until: 600_000) == ["600000 > NOTIFY", "600000 ! subscription ended in order"])
        #expect(bench.requests.last?.request.headers[.subscriptionState] == "terminated;reason=timeout")
        #expect(try bench.reply(.notify, 200) == [])
        #expect(bench.agent.subscriptionCount == 0)
    }

    @Test func `a subscription of 2^32-1 seconds neither overflows nor ends`() throws {
        var bench = try accepted(.max, asked: "4294967295")
        #expect(bench.responses[0].headers[.expires] == "4294967295")
        #expect(notify(&bench) == ["> NOTIFY"])
        #expect(bench.requests.last?.request.headers[.subscriptionState] == "active;expires=4294967295")
        #expect(try bench.reply(.notify, 200) == [])
        #expect(bench.wait(until: 1_000_000_000) == [])
    }

    @Test func `Subscription-State is read with its reason`() throws {
        let state = try #require(SubscriptionState("Terminated ; reason = Deactivated;retry-after=5"))
        #expect(state.isTerminated)
        #expect(state.reason == "deactivated")
        #expect(SubscriptionState("active;expires=10")?.expires == 10)
        #expect(SubscriptionState("") == nil)
    }
}
