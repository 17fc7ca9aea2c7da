import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import SIPUserAgent
import Testing

/// Emergency and imminent peril in a call that stands, at the function that serves the user: it knows what he may.
@Suite struct TierTests {
    private static func information(_ emergency: Bool?, _ peril: Bool? = nil) -> MCPTTInfo {
        var information = MCPTTInfo(emergencyIndicator: emergency)
        information.imminentPerilIndicator = peril
        return information
    }

    private func told(_ actions: [FunctionAction]) throws -> MCPTTInfo? {
        try CallBody(reading: #require(actions.responses.first)).information
    }

    /// anna may no more what she declared.
    private func withdraw(_ fixture: inout ParticipatingFixture) throws -> [FunctionAction] {
        var user = try #require(fixture.directory.user(ParticipatingFixture.anna))
        user.rights.mayCallInEmergency = false
        return try fixture.change { try $0.setUser(user) }
    }

    @Test(arguments: [(CallTier.emergency, false), (.imminentPeril, false), (.normal, true)])
    func `who may not call off is told that it goes on, where there is something to call off`(
        tier: CallTier, passes: Bool
    ) throws {
        var fixture = try ParticipatingFixture { user, _ in
            user.rights.mayCancelEmergency = false
            user.rights.mayCancelImminentPeril = false
        }
        let request = fixture.inCall(.invite, Self.information(false, false), told: tier)
        let actions = fixture.receive(request)
        #expect(actions.sent(.invite).isEmpty == !passes)
        guard !passes else {
            // It may have become one on the way: what he may not say does not get there.
            let carried = try #require(actions.sent(.invite).first?.information)
            #expect(carried.emergencyIndicator == nil && carried.imminentPerilIndicator == nil)
            return
        }
        #expect(actions.verdict == [403])
        #expect(try told(actions)?.emergencyIndicator == (tier == .emergency))
        #expect(try told(actions)?.imminentPerilIndicator == (tier == .imminentPeril))
        let refusal = try #require(actions.notes("request.refused").first)
        #expect(refusal.value("status") == "403")
        #expect(refusal.value("user") == ParticipatingFixture.anna.value)
    }

    @Test func `the right to call off one is not the right to call off the other`() throws {
        for (tier, isPassed) in [(CallTier.emergency, true), (.imminentPeril, false)] {
            var fixture = try ParticipatingFixture { user, _ in user.rights.mayCancelImminentPeril = false }
            let request = fixture.inCall(.invite, Self.information(false, false), told: tier)
            #expect(fixture.receive(request).sent(.invite).isEmpty == !isPassed)
        }
    }

    @Test(arguments: [Method.invite, .info])
    func `what the call is in follows what the controlling function says`(method: Method) throws {
        var fixture = try ParticipatingFixture { user, _ in user.rights.mayCancelEmergency = false }
        let calledOff = fixture.inCall(.invite, Self.information(false))
        let out = try #require(fixture.lastOut)
        let raised = fixture.fromServer(method, in: out, Self.information(true))
        let carried = try #require(fixture.receive(raised, from: .system).sent(method).first)
        #expect(carried.information?.emergencyIndicator == true)
        _ = fixture.answer(carried, 200)
        if method == .invite {
            var acknowledgement = fixture.fromServer(.ack, in: out, MCPTTInfo())
            acknowledgement.setBody([], boundary: "b")
            _ = fixture.handle(.sip(.acknowledgement(acknowledgement)))
        }
        #expect(fixture.receive(calledOff).verdict == [403])
    }

    @Test(arguments: [true, false])
    func `who loses the right to what he declared in a call leaves it`(isAgreed: Bool) throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.inCall(.invite, Self.information(true))
        let carried = try #require(fixture.receive(request).sent(.invite).first)
        let answered = fixture.answer(carried, isAgreed ? 200 : 403) { response in
            response.body = CallBody(
                information: Self.information(isAgreed), sessionDescription: Array("v=0".utf8)
            ).write(into: &response.headers)
        }
        #expect(answered.verdict == [isAgreed ? 200 : 403])
        #expect(try withdraw(&fixture).sent(.bye).isEmpty == !isAgreed)
    }

    @Test func `what was called off is nobody's declaration any more`() throws {
        var fixture = try ParticipatingFixture()
        _ = fixture.inCall(.invite, MCPTTInfo(), emergency: true, told: .emergency)
        let over = fixture.fromServer(.info, in: try #require(fixture.lastOut), Self.information(false))
        #expect(fixture.receive(over, from: .system).sent(.info).count == 1)
        #expect(try withdraw(&fixture).sent(.bye).isEmpty)
    }
}
