import CallControl
import ControllingFunction
import FloorControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// Participating and controlling function at work together, with the product's user agent as clients.
@Suite struct WholeCallTests {
    private func threeInACall(seed: UInt64 = 1) throws -> InProcessSystem {
        var system = try InProcessSystem(names: ["anna", "bruno", "carla"], seed: seed)
        for index in 0..<3 { system.affiliate(index) }
        system.call(0)
        return system
    }

    @Test func threeClientsComeTogetherInAPrearrangedCall() throws {
        let system = try threeInACall()
        #expect(system.clients.map { $0.sessions.count } == [1, 1, 1])
        #expect(
            system.commands.names == [
                "openCall", "openLeg", "connectLeg", "openLeg", "openLeg", "connectLeg", "connectLeg", "join", "join",
                "join",
            ])
        #expect(system.commands.joined.map(\.mcpttID) == system.clients.map(\.mcpttID))
        // Media is between the controlling function and each client: nobody rewrote the descriptions on the way.
        let remotes = system.commands.compactMap { if case .connectLeg(_, let remote) = $0 { remote } else { nil } }
        #expect(remotes.map(\.audio) == system.clients.map(\.audio))
        #expect(remotes.map(\.floor) == system.clients.map(\.floor))
        #expect(remotes.map(\.floorSSRC) == [77, 5, 5])
        let answer = try #require(system.clients[0].answers.last)
        let description = try SessionDescription(parsing: #require(answer.part(MIMEType.sessionDescription)).body)
        let offer = try SpeechOffer(reading: description)
        #expect(offer.audio == ControllingFixture.ports.audio)
        #expect(offer.floorParameters.granted)
        #expect(offer.floorParameters.ssrc == system.commands.joined.first?.audioSSRC)
    }

    @Test func identitiesOfTheServiceNeverStandInRequestURIFromOrTo() throws {
        let system = try threeInACall()
        #expect(system.requests.count > 10)
        for (_, request) in system.requests {
            for text in [request.uri.description, request.headers[.from] ?? "", request.headers[.to] ?? ""] {
                for name in ["anna", "bruno", "carla", "fire"] { #expect(!text.contains("sip:\(name)@")) }
            }
        }
    }

    @Test func theTokenOfAUserGoesNoFurtherThanHisParticipatingFunction() throws {
        let system = try threeInACall()
        for (from, request) in system.requests where from == .participating || from == .controlling {
            #expect(!String(decoding: request.body, as: UTF8.self).contains("secret token"))
        }
    }

    @Test func clientsSeeASessionIdentityOfTheirOwnParticipatingFunction() throws {
        let system = try threeInACall()
        for request in system.clients[1].invitations {
            #expect(ServiceHeaders.isFocus(request.headers))
            #expect(request.headers.contacts.first?.uri.user == "mcptt-participating")
            #expect(request.headers[.answerMode] == "Auto")
        }
        let toController = system.requests.filter { $0.request.uri.description == InProcessSystem.controllingURI }
        #expect(toController.allSatisfy { !$0.request.headers.has(.answerMode) })
    }

    @Test func whoHangsUpLeavesAndTheLastOneIsReleased() throws {
        var system = try threeInACall()
        let session = try #require(system.clients[0].sessions.first)
        system.act(0) { client, now in client.agent.end(session, at: now) }
        #expect(system.clients[1].sessions.count == 1)
        let other = try #require(system.clients[1].sessions.first)
        system.act(1) { client, now in client.agent.end(other, at: now) }
        #expect(system.clients[2].sessions.isEmpty)
        #expect(system.commands.names.suffix(2) == ["closeCall", "closeLeg"])
    }

    @Test func aClientThatForgotItsSessionRejoins() throws {
        var system = try threeInACall()
        let identity = try #require(system.clients[1].invitations.first?.headers.contacts.first?.uri)
        system.call(1, to: identity)
        #expect(system.clients[1].answers.last?.status == 200)
        #expect(system.clients[1].endedSessions == 1)
        #expect(system.commands.joined.count == 4)
    }

    @Test func aForgedSessionIdentityReachesNothing() throws {
        var system = try threeInACall()
        for token in ["victim~x~evil.example", "mcptt-participating~x~it.example", "~~", "x"] {
            let before = system.requests.count
            var uri = InProcessSystem.participatingURI
            uri.parameters["gr"] = token
            system.call(1, to: uri)
            #expect(system.clients[1].answers.last?.status == 404)
            #expect(MCPTTWarning.codes(in: system.clients[1].answers.last?.headers ?? Headers()) == [137])
            // Nothing but the client's own request.
            #expect(system.requests.count == before + 1)
        }
    }

    @Test func whoAffiliatesLateIsInvited() throws {
        var system = try InProcessSystem(names: ["anna", "bruno", "carla"])
        system.affiliate(0)
        system.affiliate(1)
        system.call(0)
        #expect(system.clients[2].invitations.isEmpty)
        system.affiliate(2)
        #expect(system.clients[2].sessions.count == 1)
        #expect(system.commands.joined.count == 3)
    }

    @Test func twoClientsOfAUserAreBothInTheCall() throws {
        var system = try InProcessSystem(names: ["anna", "bruno"])
        system.add(client: "bruno-2", of: "bruno", random: SeededGenerator(seed: 9))
        for index in 0..<3 { system.affiliate(index) }
        system.call(0)
        #expect(system.clients.map { $0.sessions.count } == [1, 1, 1])
        #expect(system.commands.joined.map(\.mcpttID.value).filter { $0 == "sip:bruno@it.example" }.count == 2)
    }

    @Test func aTelephoneIsAffiliatedByConfigurationAndCalledWithoutAnyOfTheService() throws {
        var system = try InProcessSystem(names: ["anna"], legacy: ["phone"])
        system.affiliate(0)
        system.call(0)
        let request = try #require(system.clients[1].invitations.first)
        #expect(request.part(MIMEType.mcpttInfo) == nil)
        #expect(request.headers.contentType?.essence == "application/sdp")
        #expect(!request.headers.has(.acceptContact))
        #expect(!request.headers.has(.answerMode))
        #expect(system.clients[1].sessions.count == 1)
    }

    @Test func aDeviceThatVanishesIsDeaffiliatedAfterTheGraceAndNotBefore() throws {
        var system = try threeInACall()
        system.unregister(1)
        system.wait(.seconds(29))
        #expect(system.clients[1].sessions.count == 1)
        system.wait(.seconds(2))
        #expect(system.clients[1].sessions.isEmpty)
        #expect(system.requests.last { $0.request.method == .publish }?.request.headers[.expires] == "0")
        #expect(system.commands.names.filter { $0 == "leave" }.count == 1)
    }

    @Test func aDeviceThatComesBackWithinTheGraceIsCalledIntoWhatRuns() throws {
        var system = try InProcessSystem(names: ["anna", "bruno", "carla"])
        for index in 0..<3 { system.affiliate(index) }
        system.unregister(1)
        system.call(0)
        #expect(system.clients[1].invitations.isEmpty)
        #expect(system.clients[0].sessions.count == 1)
        system.register(1)
        #expect(system.clients[1].sessions.count == 1)
        // And the grace is over for good.
        system.wait(.seconds(60))
        #expect(system.clients[1].sessions.count == 1)
    }

    @Test func theStateOfAffiliationIsNotified() throws {
        var system = try InProcessSystem(names: ["anna"])
        system.observe(0)
        let unknown = MCPTTGroupID("sip:unknown@it.example")
        system.affiliate(0, with: [InProcessSystem.group, unknown])
        let statuses = system.clients[0].notices.map { $0.clients.first?.groups.map(\.status) ?? [] }
        #expect(statuses == [[], [.affiliating, .affiliating], [.affiliated, .deaffiliated]])
        #expect(system.clients[0].notices.last?.publicationID == "p0")
    }

    @Test func theSameSeedGivesTheSameTrace() throws {
        let first = try threeInACall(seed: 5).trace
        #expect(try threeInACall(seed: 5).trace == first)
        #expect(try threeInACall(seed: 6).trace != first)
    }
}
