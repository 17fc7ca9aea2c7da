import CallControl
import MCDocuments
import MCFoundation
import MCSystem
import Policy
import SIP
import Testing

/// A system that is about to end lets its calls end and begins none.
@Suite struct DrainTests {
    static let fire = MCPTTGroupID("sip:fire@mc.it.example")
    static let smoke = MCPTTGroupID("sip:smoke@mc.it.example")

    private func lab() throws -> Lab {
        var lab = Lab()
        let names = ["anna", "bruno", "carla"]
        let members = names.map { MCPTTID("sip:\($0)@mc.it.example") }
        try lab.addSite(
            "it", users: names,
            groups: [
                Lab.group("fire", of: "it", members: members), Lab.group("smoke", of: "it", members: members),
            ])
        for name in names { lab.addHandset(name, at: 0) }
        return lab
    }

    @Test func aCallThatRunsGoesOnAndANewOneIsToldToComeAgain() throws {
        var lab = try lab()
        for index in 0..<2 { lab.ready(index, groups: [Self.fire, Self.smoke]) }
        #expect(lab.sites[0].cell.population.hasNoCall)
        let session = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        #expect(lab.handsets[0].establishedAnswers.count == 1)
        #expect(!lab.sites[0].cell.population.hasNoCall)
        lab.tell(0, .drainBegan(retryAfter: .seconds(90)))
        _ = lab.act(1) { $0.call(Self.smoke, at: $1) }
        lab.pass(.seconds(1))
        let refusal = try #require(lab.handsets[1].rejections.first)
        #expect(refusal.status == 503)
        #expect(refusal.headers[.retryAfter] == "90")
        #expect(lab.sites[0].cell.counters.drainedRequests == 1)
        #expect(!lab.sites[0].cell.population.hasNoCall)
        #expect(lab.handsets[0].endings.isEmpty)
        lab.act(0) { $0.hangUp(session, at: $1) }
        lab.pass(.seconds(40))
        #expect(lab.handsets[1].endings.count == 1)
        #expect(lab.sites[0].cell.population.hasNoCall)
    }

    /// Nobody is kept out of a call that goes on, and no emergency waits for the next process.
    @Test func aCallThatRunsIsJoinedAndAnEmergencyIsHeard() throws {
        var lab = try lab()
        for index in 0..<2 { lab.ready(index, groups: [Self.fire, Self.smoke]) }
        lab.ready(2, groups: [])
        _ = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        let identity = try #require(lab.handsets[0].lastIdentity)
        lab.tell(0, .drainBegan(retryAfter: .seconds(90)))
        lab.act(2) { $0.affiliate([Self.fire], at: $1) }
        lab.pass(.seconds(1))
        #expect(lab.handsets[2].invitations.count == 1, "late entry")
        lab.act(1) { handset, now in
            if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
        }
        lab.pass(.seconds(1))
        _ = lab.act(1) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        #expect(lab.handsets[1].establishedAnswers.count == 1)
        _ = lab.act(1) { $0.call(Self.fire, session: identity, at: $1) }
        lab.pass(.seconds(1))
        #expect(lab.handsets[1].establishedAnswers.count == 2, "by its session identity")
        _ = lab.act(1) { $0.call(Self.smoke, at: $1) { $0.emergencyIndicator = true } }
        lab.pass(.seconds(1))
        #expect(lab.handsets[1].establishedAnswers.count == 3)
        #expect(lab.handsets[1].rejections.isEmpty)
        #expect(lab.sites[0].cell.counters.drainedRequests == 0)
    }

    @Test func aDeviceThatIsRegisteredStaysAndANewOneIsToldToComeAgain() throws {
        var lab = try lab()
        lab.ready(0, groups: [Self.fire])
        lab.tell(0, .drainBegan(retryAfter: .milliseconds(1_500)))
        lab.act(0) { $0.register(at: $1) }
        #expect(lab.handsets[0].registration?.status == 200)
        lab.act(1) { $0.register(at: $1) }
        let refusal = try #require(lab.handsets[1].registration)
        #expect(refusal.status == 503)
        #expect(refusal.headers[.retryAfter] == "2")
        lab.act(0) { $0.affiliate([], at: $1) }
        #expect(lab.handsets[0].answers.last?.status == 200)
        lab.act(0) { $0.register(expires: 0, at: $1) }
        #expect(lab.handsets[0].registration?.status == 200)
    }

    @Test func theBeginningIsNotedOnceAndTheLastTimeCounts() throws {
        var lab = try lab()
        lab.tell(0, .drainBegan(retryAfter: .seconds(90)))
        lab.tell(0, .drainBegan(retryAfter: .zero))
        #expect(lab.sites[0].notes.filter { $0.name == "cell.drain-began" }.count == 1)
        lab.act(0) { $0.register(at: $1) }
        #expect(lab.handsets[0].registration?.headers[.retryAfter] == "1")
    }

    @Test func aCallOfAPartnerIsToldToComeAgainToo() throws {
        var lab = Lab()
        let members = [MCPTTID("sip:anna@mc.it.example"), MCPTTID("sip:jean@mc.fr.example")]
        try lab.addSite(
            "it", users: ["anna"], groups: [Lab.group("fire", of: "it", members: members)],
            partners: [Lab.partner("fr")])
        try lab.addSite("fr", users: ["jean"], partners: [Lab.partner("it")])
        lab.addHandset("anna", at: 0)
        lab.addHandset("jean", at: 1)
        lab.pass(.seconds(1))
        lab.ready(0, groups: [Self.fire])
        lab.ready(1, groups: [Self.fire])
        lab.tell(0, .drainBegan(retryAfter: .seconds(30)))
        _ = lab.act(1) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(2))
        #expect(lab.handsets[1].establishedAnswers.isEmpty)
        #expect(lab.handsets[1].rejections.count == 1)
        #expect(lab.handsets[0].invitations.isEmpty)
        #expect(lab.sites[0].cell.counters.drainedRequests == 1)
    }
}
