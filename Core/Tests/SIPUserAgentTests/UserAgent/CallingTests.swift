import MCFoundation
import SIP
import SIPUserAgent
import Testing

@Suite struct CallingTests {
    @Test func `an INVITE is completed with what the owner left out`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        #expect(bench.run { _ = $0.invite(invite, at: $1) } == ["> INVITE"])
        let sent = bench.requests[0].request
        #expect(sent.headers.from?.tag?.utf8.count == 16)
        #expect(sent.headers.to?.tag == nil)
        #expect(sent.headers.callID?.utf8.count == 26)
        #expect(sent.headers.cseq == CSeq(1, .invite))
        #expect(sent.headers[.maxForwards] == "70")
        #expect(sent.headers.lists("UPDATE", in: .allow))
        #expect(bench.requests[0].id.value >> 56 == 3)
    }

    @Test func `the same seed gives the same tags and another seed others`() throws {
        func tag(_ seed: UInt64) throws -> String? {
            var agent = UserAgent(number: 1, random: SeededGenerator(seed: seed))
            _ = agent.invite(try UserAgentBench().invitation(), at: .milliseconds(0))
            guard case .send(let request, _)? = agent.takeOutputs().first else { return nil }
            return request.headers.from?.tag
        }
        #expect(try tag(1) == tag(1))
        #expect(try tag(1) != tag(2))
    }

    @Test func `a call is set up and released by BYE`() throws {
        var bench = UserAgentBench()
        #expect(try bench.call() == ["> ACK", "! established"])
        let id = bench.session
        #expect(bench.run { $0.end(id, at: $1) } == ["> BYE"])
        #expect(bench.agent.sessionCount == 0)
        #expect(try bench.reply(.bye, 200) == [])
        #expect(bench.wait(until: 100_000) == [])
    }

    @Test func `ACK and BYE follow the reversed Record-Route to the Contact of the answer`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(answerMore: "\nRecord-Route: <sip:near.example;lr>\nRecord-Route: <sip:far.example;lr>")
        let ack = bench.acknowledgements[0]
        #expect(ack.uri == SIPURI("sip:peer@192.0.2.7"))
        #expect(ack.headers.values(.route) == ["<sip:far.example;lr>", "<sip:near.example;lr>"])
        #expect(ack.headers.cseq == CSeq(1, .ack))
        #expect(ack.headers.to?.tag == "p1")
        let id = bench.session
        _ = bench.run { $0.end(id, at: $1) }
        let bye = try #require(bench.requests.last?.request)
        #expect(bye.headers.cseq == CSeq(2, .bye))
        #expect(bye.headers.values(.route) == ["<sip:far.example;lr>", "<sip:near.example;lr>"])
    }

    @Test func `a strict router takes the place of the target`() throws {
        var bench = UserAgentBench()
        _ = try bench.call(answerMore: "\nRecord-Route: <sip:near.example;lr>\nRecord-Route: <sip:strict.example>")
        let ack = bench.acknowledgements[0]
        #expect(ack.uri == SIPURI("sip:strict.example"))
        #expect(ack.headers.values(.route) == ["<sip:near.example;lr>", "<sip:peer@192.0.2.7>"])
    }

    @Test func `a repeated 2xx is acknowledged again for 64 T1 and told once`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        #expect(try bench.reply(.invite, 200) == ["> ACK"])
        #expect(bench.acknowledgements[0] == bench.acknowledgements[1])
        #expect(bench.wait(until: 32_000) == [])
        #expect(try bench.reply(.invite, 200) == [])
    }

    @Test func `of a forked INVITE the first 2xx wins and the others are acknowledged and released`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        _ = bench.run { _ = $0.invite(invite, at: $1) }
        #expect(try bench.reply(.invite, 180, tag: "p1") == ["! progressed 180"])
        #expect(try bench.reply(.invite, 180, tag: "p2") == ["! progressed 180"])
        #expect(try bench.reply(.invite, 200, tag: "p2", more: "Contact: <sip:two@h>") == ["> ACK", "! established"])
        #expect(try bench.reply(.invite, 200, tag: "p1", more: "Contact: <sip:one@h>") == ["> ACK", "> BYE"])
        let bye = try #require(bench.requests.last?.request)
        #expect(bye.uri == SIPURI("sip:one@h"))
        #expect(bye.headers.to?.tag == "p1")
        #expect(bench.agent.sessionCount == 1)
    }

    @Test(arguments: [(TransactionFailure.timeout, 408), (.transport, 503)])
    func `no answer is a final failure`(failure: TransactionFailure, status: Int) throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        _ = bench.run { _ = $0.invite(invite, at: $1) }
        #expect(bench.handle(.failed(bench.requests[0].id, failure)) == ["! rejected \(status)"])
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `ending before the answer cancels, and nothing more is told`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        var id = SessionID(0)
        _ = bench.run { id = $0.invite(invite, at: $1) }
        #expect(bench.run { $0.end(id, at: $1) } == ["> CANCEL"])
        #expect(bench.run { $0.end(id, at: $1) } == [])
        #expect(try bench.reply(.invite, 180) == [])
        #expect(try bench.reply(.invite, 487) == [])
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `a cancelled INVITE that is never answered is forgotten`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        var id = SessionID(0)
        _ = bench.run { id = $0.invite(invite, at: $1) }
        _ = bench.run { $0.end(id, at: $1) }
        #expect(bench.wait(until: 40_000) == [])
        #expect(bench.agent.sessionCount == 0)
        #expect(bench.agent.nextDeadline == nil)
    }

    @Test func `what cannot be written as a dialog is refused, not sent`() throws {
        var bench = UserAgentBench()
        var invite = try bench.invitation()
        invite.headers.set(.from, "<sip:")
        #expect(bench.run { _ = $0.invite(invite, at: $1) } == ["! rejected 400"])
        var subscribe = try bench.bare("SUBSCRIBE")
        subscribe.headers.remove(.event)
        #expect(bench.run { _ = $0.subscribe(subscribe, at: $1) } == ["! subscription ended 400"])
    }

    @Test func `a 200 that crosses the CANCEL is acknowledged and released`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        var id = SessionID(0)
        _ = bench.run { id = $0.invite(invite, at: $1) }
        _ = bench.run { $0.end(id, at: $1) }
        #expect(try bench.reply(.invite, 200, more: "Contact: <sip:p@h>") == ["> ACK", "> BYE"])
        #expect(try bench.reply(.invite, 200, more: "Contact: <sip:p@h>") == ["> ACK"])
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `a reliable provisional answer is acknowledged once, in order`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation(more: "Supported: 100rel")
        _ = bench.run { _ = $0.invite(invite, at: $1) }
        let reliable = "Contact: <sip:p@h>\nRequire: 100rel\nRSeq: "
        #expect(try bench.reply(.invite, 183, more: reliable + "40") == ["> PRACK", "! progressed 183"])
        let prack = try #require(bench.requests.last?.request)
        #expect(prack.headers[.rack] == "40 1 INVITE")
        #expect(prack.headers.cseq == CSeq(2, .prack))
        #expect(prack.uri == SIPURI("sip:p@h"))
        #expect(try bench.reply(.invite, 183, more: reliable + "40") == [])
        #expect(try bench.reply(.invite, 183, more: reliable + "42") == [])
        #expect(try bench.reply(.invite, 183, more: reliable + "41") == ["> PRACK", "! progressed 183"])
        #expect(try bench.reply(.prack, 200) == [])
        #expect(try bench.reply(.invite, 200, more: "Contact: <sip:p@h>") == ["> ACK", "! established"])
        #expect(bench.acknowledgements[0].headers.cseq == CSeq(1, .ack))
    }

    @Test func `422 is answered by a longer interval`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation(more: "Session-Expires: 100;refresher=uac")
        _ = bench.run { _ = $0.invite(invite, at: $1) }
        #expect(try bench.reply(.invite, 422, more: "Min-SE: 600") == ["> INVITE"])
        let second = try #require(bench.requests.last?.request)
        #expect(second.headers[.sessionExpires] == "600;refresher=uac")
        #expect(second.headers[.minSE] == "600")
        #expect(second.headers.cseq == CSeq(2, .invite))
        #expect(second.headers.callID == bench.requests[0].request.headers.callID)
        // The same demand again leads nowhere.
        #expect(try bench.reply(.invite, 422, more: "Min-SE: 600") == ["! rejected 422"])
    }

    @Test func `beyond the limit a call is refused at once`() throws {
        var limits = UserAgentLimits()
        limits.sessions = 1
        var bench = UserAgentBench(limits: limits)
        _ = try bench.call()
        let invite = try bench.invitation()
        #expect(bench.run { _ = $0.invite(invite, at: $1) } == ["! rejected 503"])
        #expect(bench.receive(try bench.peerInvitation()) == ["> 503"])
    }

    @Test(arguments: [
        (481, ["! answered 481", "! ended peerGone(481)"]),
        (408, ["> BYE", "! answered 408", "! ended peerGone(408)"]),
    ])
    func `an answer that denies the dialog ends the session`(status: Int, lines: [String]) throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        let id = bench.session
        #expect(bench.run { _ = $0.request(in: id, method: .info, at: $1) } == ["> INFO"])
        #expect(try bench.reply(.info, status) == lines)
        #expect(bench.agent.sessionCount == 0)
    }

    @Test func `a request inside a session that is gone is answered 481`() throws {
        var bench = UserAgentBench()
        #expect(bench.run { _ = $0.request(in: SessionID(99), method: .info, at: $1) } == ["! answered 481"])
    }

    @Test func `a request that the layer below forgets ends by time`() throws {
        var bench = UserAgentBench()
        let message = try bench.bare("MESSAGE")
        #expect(bench.run { _ = $0.send(message, at: $1) } == ["> MESSAGE"])
        #expect(bench.wait(until: 60_000) == ["36000 ! answered 408"])
    }

    @Test func `Target-Dialog names a session to its peer and finds it`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        let dialog = try #require(bench.agent.dialog(of: bench.session))
        #expect(dialog.targetDialog == "\(dialog.callID);local-tag=p1;remote-tag=\(dialog.localTag)")
        #expect(bench.agent.session(dialog) == bench.session)
        #expect(
            bench.agent.session(DialogIdentity(callID: dialog.callID, localTag: dialog.localTag, remoteTag: "?")) == nil
        )
    }

    @Test func `Target-Dialog of a peer is read from where we stand`() throws {
        var bench = UserAgentBench()
        _ = try bench.call()
        let dialog = try #require(bench.agent.dialog(of: bench.session))
        func named(_ text: String) throws -> SessionID? {
            bench.agent.session(targetOf: try incoming("REFER", more: "Target-Dialog: \(text)"))
        }
        let tags = "local-tag=\(dialog.localTag);remote-tag=\(dialog.remoteTag)"
        #expect(try named("\(dialog.callID);\(tags)") == bench.session)
        #expect(try named("\(dialog.callID) ; Remote-Tag = \(dialog.remoteTag);local-tag=\(dialog.localTag);x") != nil)
        #expect(try named("\(dialog.callID);local-tag=\(dialog.remoteTag);remote-tag=\(dialog.localTag)") == nil)
        #expect(try named("\(dialog.callID);local-tag=\(dialog.localTag)") == nil)
        #expect(try named("other;\(tags)") == nil)
        #expect(try named(";\(tags)") == nil)
        #expect(bench.agent.session(targetOf: try incoming("REFER")) == nil)
    }

    @Test func `an UPDATE without body in an early dialog moves the callee and is answered`() throws {
        var bench = UserAgentBench()
        let invite = try bench.invitation()
        var id = SessionID(0)
        _ = bench.run { id = $0.invite(invite, at: $1) }
        bench.session = id
        _ = try bench.reply(.invite, 180, more: "Contact: <sip:here@h>")
        let dialog = try #require(bench.agent.dialog(of: id))
        func update(_ cseq: Int, body: String = "") throws -> SIPRequest {
            var update = try incoming("UPDATE", cseq: cseq, toTag: dialog.localTag)
            update.headers.set(.from, "<sip:alice@example.org>;tag=p1")
            update.headers.set(.callID, dialog.callID)
            update.headers.set(.contact, "<sip:moved@h>")
            if !body.isEmpty { update.headers.append(.contentType, "application/sdp") }
            update.body = Array(body.utf8)
            return update
        }
        #expect(bench.receive(try update(1)) == ["> 200"])
        #expect(bench.responses.last?.headers.contacts.first?.uri == SIPURI("sip:us@198.51.100.1"))
        // What offers something has to wait: our offer is open (RFC 3311 5.2).
        #expect(bench.receive(try update(2, body: UserAgentBench.offer)) == ["> 491"])
        let reliable = "Require: 100rel\nRSeq: 1"
        #expect(try bench.reply(.invite, 183, more: reliable) == ["> PRACK", "! progressed 183"])
        #expect(bench.requests.last?.request.uri == SIPURI("sip:moved@h"))
    }

    @Test func `a REFER without subscription is told that there is none, another is not`() throws {
        var bench = UserAgentBench()
        func refer(_ cseq: Int, _ more: String) throws -> SIPResponse? {
            _ = bench.receive(try incoming("REFER", cseq: cseq, more: "Refer-To: <sip:c@h>\(more)"))
            let id = bench.pending
            _ = bench.run { $0.answer(id, status: 202, at: $1) }
            return bench.responses.last
        }
        let asked = try refer(1, "\nRefer-Sub: false\nSupported: norefersub")
        #expect(asked?.status == 202)
        #expect(asked?.headers[.referSub] == "false")
        #expect(try refer(2, "")?.headers.has(.referSub) == false)
        #expect(try refer(3, "\nRefer-Sub: true")?.headers.has(.referSub) == false)
        #expect(bench.agent.subscriptionCount == 0)
    }

    @Test(arguments: ["multiple-refer", "recipient-list-invite", "eventlist"])
    func `an extension that nothing implements is refused`(tag: String) throws {
        var bench = UserAgentBench()
        #expect(bench.receive(try bench.peerInvitation(more: "Require: \(tag)")) == ["> 420"])
        #expect(bench.responses.last?.headers[.unsupported] == tag)
    }
}
