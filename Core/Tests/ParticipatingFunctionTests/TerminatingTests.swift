import CallControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

@Suite struct TerminatingTests {
    @Test func withoutFocusIs403With104BeforeTheUserIsLookedFor() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation(for: MCPTTID("sip:zeno@it.example"), isFocus: false)
        #expect(fixture.receive(request, from: .system).verdict == [403, 104])
    }

    @Test func anInvitationThatHidesWhomItConcernsIs403() throws {
        for (change, expected) in [
            ({ $0.callingGroupID = nil }, [403, 150]),
            ({ $0.callingUserID = nil }, [403, 150]),
            ({ $0.sessionType = nil }, [403, 150]),
            ({ $0.requestURI = nil }, [403, 150]),
            ({ $0.sessionType = .privateCall }, [403, 100]),
        ] as [((inout MCPTTInfo) -> Void, [Int])] {
            var fixture = try ParticipatingFixture()
            var request = fixture.invitation()
            var body = try CallBody(reading: request)
            var information = try #require(body.information)
            change(&information)
            body.information = information
            request.body = body.write(into: &request.headers)
            let actions = fixture.receive(request, from: .system)
            #expect(actions.verdict == expected)
            #expect(actions.sent(.invite).isEmpty)
        }
    }

    @Test func aSecondInformationPartDoesNotReachTheClient() throws {
        var fixture = try ParticipatingFixture()
        var request = fixture.invitation()
        let hidden = MCPTTInfo(callingUserID: MCPTTID("sip:zeno@fr.example"))
        request.setBody(
            request.parts
                + [
                    BodyPart(
                        contentType: ContentType("application", "vnd.3gpp.mcptt-info+xml"), body: hidden.serialized())
                ], boundary: "b")
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        #expect(out.request.parts.count == 2)
        #expect(out.information?.callingUserID?.value == "sip:bruno@it.example")
    }

    @Test func whoRingsForEverIsCalledOffAndTheCallerTold() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation()
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        _ = fixture.answer(out, 180)
        #expect(fixture.wait(.seconds(179)).responses.isEmpty)
        let over = fixture.wait(.seconds(1))
        #expect(over.responses.map(\.status) == [408])
        #expect(over.cancelled == 1)
        #expect(fixture.function.population.calls == 0)
    }

    @Test func anUnknownMemberIs404With141() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation(for: MCPTTID("sip:zeno@it.example"))
        #expect(fixture.receive(request, from: .system).verdict == [404, 141])
    }

    @Test func withoutServiceSettingsIs480With146() throws {
        var fixture = try ParticipatingFixture(binds: false)
        let request = fixture.invitation()
        #expect(fixture.receive(request, from: .system).verdict == [480, 146])
        #expect(fixture.publishSettings(mode: nil).verdict == [200])
        let again = fixture.invitation()
        #expect(fixture.receive(again, from: .system).verdict == [480, 146])
    }

    @Test func aClientThatLoggedOffIs480With146() throws {
        var fixture = try ParticipatingFixture()
        #expect(fixture.publishSettings(expires: "0").verdict == [200])
        let request = fixture.invitation()
        #expect(fixture.receive(request, from: .system).verdict == [480, 146])
    }

    @Test func aClientThatIsNotRegisteredNowIs480() throws {
        var fixture = try ParticipatingFixture()
        _ = fixture.handle(
            .registrationChanged(ParticipatingFixture.identity, .removed(ParticipatingFixture.device)))
        let request = fixture.invitation()
        #expect(fixture.receive(request, from: .system).verdict == [480])
    }

    @Test func tooManyCallsAre486With103() throws {
        var fixture = try ParticipatingFixture { user, _ in user.maxima.groupCallsN6 = 0 }
        let request = fixture.invitation()
        #expect(fixture.receive(request, from: .system).verdict == [486, 103])
    }

    @Test func onlyFunctionsOfTheSystemInviteAndPartnersComeThroughTheGateway() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation()
        #expect(fixture.receive(request, from: .partner(MCSystemID("fr"), FlowID(4))).verdict == [403])
    }

    @Test func theClientIsInvitedAtItsDeviceWithItsAnswerMode() throws {
        for (mode, header) in [(PoCSettings.AnswerMode.automatic, "Auto"), (.manual, "Manual")] {
            var fixture = try ParticipatingFixture()
            _ = fixture.publishSettings(mode: mode)
            let request = fixture.invitation()
            let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
            #expect(out.request.uri == ParticipatingFixture.device.uri)
            #expect(out.request.headers[.answerMode] == header)
            #expect(ServiceHeaders.isFocus(out.request.headers))
            #expect(out.request.headers.contacts.first?.uri.user == "mcptt-participating")
            #expect(out.request.headers[.pAssertedIdentity] == "<sip:mcptt-controlling-group@it.example>")
            #expect(out.request.headers[.resourcePriority] == "mcpttp.0")
            #expect(out.request.headers[.to] == "<sip:ims-anna@it.example>")
            #expect(out.information?.callingGroupID == ParticipatingFixture.fire)
            #expect(out.request.part(MIMEType.sessionDescription)?.body == ParticipatingFixture.offer)
        }
    }

    @Test func theFirstOfSeveralClientsThatAnswersTakesACallForTheUser() throws {
        var fixture = try ParticipatingFixture()
        var tablet = ParticipatingFixture.device
        tablet.instance = InstanceID("urn:uuid:2")
        tablet.uri.parameters["gr"] = "urn:uuid:2"
        tablet.flow = FlowID(2)
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .registered(tablet)))
        #expect(fixture.publishSettings(client: "urn:uuid:2").verdict == [200])
        _ = fixture.affiliate([ParticipatingFixture.fire])
        _ = fixture.affiliate([ParticipatingFixture.fire], client: "urn:uuid:2")
        // A controlling function that does not name a client.
        let request = fixture.invitation(client: nil)
        let branches = fixture.receive(request, from: .system).sent(.invite)
        #expect(branches.count == 2)
        let first = fixture.answer(branches[1], 200, body: Array("v=0".utf8))
        #expect(first.verdict == [200])
        #expect(first.cancelled == 1)
    }

    @Test func onlyClientsAffiliatedWithTheGroupAreCalledWhereNoneIsNamed() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation(client: nil)
        #expect(fixture.receive(request, from: .system).verdict == [480, 146])
    }

    @Test func theRefusalOfTheLastClientGoesBack() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation()
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        #expect(fixture.answer(out, 480).verdict == [480])
    }

    @Test func theCallerGivingUpCallsTheClientOff() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation()
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        _ = fixture.answer(out, 180)
        let actions = fixture.handle(.sip(.cancelled(ServerTransactionID(fixture.transactions))))
        #expect(actions.responses.map(\.status) == [487])
        #expect(actions.cancelled == 1)
    }

    @Test func byeAndInfoAreCarriedToTheOtherSide() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation()
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        let accepted = fixture.answer(out, 200, body: Array("v=0".utf8))
        let tag = try #require(accepted.responses.first?.headers.to?.tag)
        func inDialog(_ method: Method, _ number: Int) -> SIPRequest {
            var inside = fixture.fresh(method, to: "sip:mcptt-participating@it.example")
            inside.headers.set(.from, request.headers[.from] ?? "")
            inside.headers.set(.to, "<sip:mcptt-participating@it.example>;tag=\(tag)")
            inside.headers.set(.callID, request.headers.callID ?? "")
            inside.headers.set(.cseq, "\(number) \(method)")
            return inside
        }
        var info = inDialog(.info, 2)
        info.headers.append(.infoPackage, ServiceHeaders.infoPackage)
        info.body = CallBody(information: MCPTTInfo(emergencyIndicator: true)).write(into: &info.headers)
        let carried = try #require(fixture.receive(info, from: .system).sent(.info).first)
        #expect(carried.request.headers[.infoPackage] == ServiceHeaders.infoPackage)
        #expect(carried.request.body == info.body)
        #expect(fixture.answer(carried, 200).verdict == [200])
        var bye = inDialog(.bye, 3)
        bye.headers.append(.reason, "SIP;cause=200;text=\"inactivity\"")
        let ended = fixture.receive(bye, from: .system)
        #expect(ended.verdict == [200])
        #expect(ended.sent(.bye).first?.request.headers[.reason] == "SIP;cause=200;text=\"inactivity\"")
    }

    @Test func aTelephoneThatForgetsTheFloorChannelHasItAnsweredWithPortZero() throws {
        var fixture = try ParticipatingFixture { user, _ in
            user.endpoint = .legacy(affiliations: [ParticipatingFixture.fire])
        }
        let offer = SpeechOffer(
            audio: SocketAddress(.loopback, port: 4_000), floor: SocketAddress(.loopback, port: 4_001))
        var request = fixture.invitation(client: nil)
        request.body = CallBody(
            information: MCPTTInfo(
                sessionType: .prearranged, requestURI: ParticipatingFixture.anna.value,
                callingUserID: MCPTTID("sip:bruno@it.example"), callingGroupID: ParticipatingFixture.fire),
            sessionDescription: offer.session(id: 1).serialized()
        ).write(into: &request.headers)
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        #expect(out.information == nil)
        let answer = SpeechOffer(audio: SocketAddress(.loopback, port: 5_000), floor: nil).session(id: 2)
        #expect(answer.media.count == 1)
        let accepted = fixture.answer(out, 200, body: answer.serialized())
        let body = try #require(accepted.responses.first?.body)
        let description = try SessionDescription(parsing: body)
        #expect(description.media.map(\.port) == [5_000, 0])
    }

    @Test func overloadIsNotToldAsTooManyCallsOfTheUser() throws {
        var settings = ParticipatingSettings()
        settings.limits.calls = 0
        var fixture = try ParticipatingFixture(settings: settings)
        let request = fixture.invitation()
        let actions = fixture.receive(request, from: .system)
        #expect(actions.verdict == [503])
        #expect(actions.responses.first?.headers[.retryAfter] == "5")
    }
}
