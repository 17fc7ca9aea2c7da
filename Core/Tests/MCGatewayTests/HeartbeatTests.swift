import CallControl
import MCFoundation
import MCGateway
import Policy
import SIP
import SIPUserAgent
import Testing

@Suite struct HeartbeatTests {
    @Test func theFirstHeartbeatLeavesAtOnceToThePartnersGateway() throws {
        var border = try Border()
        #expect(border.gateway.nextDeadline == border.now.instant)
        let (request, _) = try #require(border.tell(.timeAdvanced).sent.first)
        #expect(request.method == .options)
        #expect(request.uri.description == "sip:mcptt-gateway@fr.example")
        #expect(request.headers[.route] == "<sip:gw1.fr.example:5061;transport=tls;lr>")
        #expect(request.headers.contacts.first?.parameters["+g.euccs.epoch"]?.isEmpty == false)
        #expect(border.gateway.state(of: Border.france) == .lost)
    }

    @Test func anAnswerMakesThePartnerReachableInItsEpoch() throws {
        var border = try Border()
        #expect(border.reach().states == [.reachable(epoch: "e1")])
        #expect(border.gateway.nextDeadline == border.now.instant + .seconds(5))
    }

    @Test func aNewEpochIsToldEvenWithoutALoss() throws {
        var border = try Border()
        border.reach()
        let (request, id) = try #require(border.pass(.seconds(5)).sent.first)
        let states = border.tell(.sip(.response(Border.alive(request, epoch: "e2"), id))).states
        #expect(states == [.reachable(epoch: "e2")])
    }

    @Test func aPartnerThatHasLostUsIsTakenForLostAndFoundAgain() throws {
        var border = try Border()
        border.reach()
        func beat(_ losses: Int) throws -> [PartnerState] {
            let (request, id) = try #require(border.pass(.seconds(5)).sent.first)
            return border.tell(.sip(.response(Border.alive(request, epoch: "e1", losses: losses), id))).states
        }
        // The first count is only learnt: nothing is known of what was before.
        #expect(try beat(3) == [])
        #expect(try beat(3) == [])
        _ = border.request(Border.leavingInvitation(), from: .system)
        #expect(border.gateway.sessionCount == 1)
        #expect(try beat(4) == [.lost, .reachable(epoch: "e1")])
        #expect(border.gateway.sessionCount == 0)
        #expect(try beat(4) == [])
        // It is no loss of ours: the partner must not do the same in return.
        let (request, _) = try #require(border.pass(.seconds(5)).sent.first)
        #expect(request.headers.contacts.first?.parameters["+g.euccs.losses"] == "0")
    }

    @Test func aPartnersOwnHeartbeatTellsItToo() throws {
        var border = try Border()
        border.reach()
        var states: [[PartnerState]] = []
        for losses in ["0", "1"] {
            var request = Border.message(
                .options, to: "sip:mcptt-gateway@it.example", from: "sip:mcptt-gateway@fr.example", information: nil)
            request.headers.append(
                .contact, "<sip:mcptt-gateway@fr.example>;+g.euccs.epoch=\"e1\";+g.euccs.losses=\"\(losses)\"")
            states.append(border.request(request, from: Border.abroad).1.states)
        }
        #expect(states == [[], [.lost, .reachable(epoch: "e1")]])
    }

    @Test func ourOwnLossesAreCounted() throws {
        var border = try Border()
        border.reach()
        for _ in 1...4 { _ = border.pass(.seconds(5)) }
        #expect(border.gateway.state(of: Border.france) == .lost)
        let (request, _) = try #require(border.pass(.seconds(5)).sent.first)
        #expect(request.headers.contacts.first?.parameters["+g.euccs.losses"] == "1")
    }

    @Test func threeMissesLoseThePartnerAndTwoDoNot() throws {
        var border = try Border()
        border.reach()
        var states: [PartnerState] = []
        for _ in 1...3 { states += border.pass(.seconds(5)).states }
        #expect(states.isEmpty)
        #expect(border.pass(.seconds(5)).states == [.lost])
    }

    @Test func aBrokenConnectionIsTriedAgainAtOnceThenThePartnerIsLost() throws {
        var border = try Border(gateways: 2)
        border.reach()
        let (first, firstID) = try #require(border.pass(.seconds(5)).sent.first)
        #expect(first.headers[.route]?.contains("gw1.fr.example") == true)
        #expect(border.tell(.sip(.failed(firstID, .transport))).states.isEmpty)
        #expect(border.gateway.nextDeadline == border.now.instant)
        // The retry goes to the partner's other gateway.
        let (second, secondID) = try #require(border.pass(.zero).sent.first)
        #expect(second.headers[.route]?.contains("gw2.fr.example") == true)
        #expect(border.tell(.sip(.failed(secondID, .transport))).states == [.lost])
        // While it is lost each is tried in turn, so that the first that is back is found.
        var tried: [String] = []
        for _ in 1...4 {
            let (request, id) = try #require(border.pass(.seconds(5)).sent.first)
            tried.append(String((request.headers[.route] ?? "").dropFirst(5).prefix(3)))
            _ = border.tell(.sip(.failed(id, .transport)))
        }
        #expect(tried == ["gw1", "gw2", "gw1", "gw2"])
    }

    @Test func thePartnersOwnHeartbeatIsAnsweredWithOurEpoch() throws {
        var border = try Border()
        var request = Border.message(
            .options, to: "sip:mcptt-gateway@it.example", from: "sip:mcptt-gateway@fr.example", information: nil)
        request.headers.append(.contact, "<sip:mcptt-gateway@fr.example>;+g.euccs.epoch=\"e1\"")
        let (_, actions) = border.request(request, from: Border.abroad)
        let answer = try #require(actions.finals.first)
        #expect(answer.status == 200)
        #expect(answer.headers.contacts.first?.parameters["+g.euccs.epoch"]?.isEmpty == false)
    }

    @Test func aLostPartnerThatSpeaksIsAskedAtOnce() throws {
        var border = try Border()
        border.reach()
        for _ in 1...4 { _ = border.pass(.seconds(5)) }
        #expect(border.gateway.state(of: Border.france) == .lost)
        // The heartbeat that is out now fails; then the partner calls.
        _ = border.pass(.seconds(40))
        var request = Border.message(
            .options, to: "sip:mcptt-gateway@it.example", from: "sip:mcptt-gateway@fr.example", information: nil)
        request.headers.append(.contact, "<sip:mcptt-gateway@fr.example>;+g.euccs.epoch=\"e1\"")
        #expect(border.request(request, from: Border.abroad).1.states == [])
        let (probe, id) = try #require(border.pass(.seconds(5)).sent.last)
        #expect(border.tell(.sip(.response(Border.alive(probe, epoch: "e1"), id))).states == [.reachable(epoch: "e1")])
    }

    /// What it publishes next belongs to the new epoch: told later, the restart would make its owner forget it.
    @Test func aLostPartnerThatBeganAnewIsKnownToHaveAsSoonAsItSaysSo() throws {
        var border = try Border()
        border.reach()
        for _ in 1...4 { _ = border.pass(.seconds(5)) }
        #expect(border.gateway.state(of: Border.france) == .lost)
        var request = Border.message(
            .options, to: "sip:mcptt-gateway@it.example", from: "sip:mcptt-gateway@fr.example", information: nil)
        request.headers.append(.contact, "<sip:mcptt-gateway@fr.example>;+g.euccs.epoch=\"e2\"")
        #expect(border.request(request, from: Border.abroad).1.states == [.reachable(epoch: "e2")])
        // It must still answer: where it does not, it is lost again, and the same epoch is no news any more.
        var states: [PartnerState] = []
        for _ in 1...4 { states += border.pass(.seconds(5)).states }
        #expect(states == [.lost])
    }

    @Test func aPartnerThatIsTakenOutOfTheDirectoryIsLost() throws {
        var border = try Border()
        border.reach()
        let actions = border.gateway.replaceDirectory(try Border.directory([]), at: border.now)
        #expect(actions.states == [.lost])
        #expect(border.pass(.seconds(60)).sent.isEmpty)
    }
}
