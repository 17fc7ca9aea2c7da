import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SIP
import SIPUserAgent
import Testing

extension ParticipatingFixture {
    /// The directory with anna changed.
    mutating func replace(_ change: (inout User) -> Void) throws -> [FunctionAction] {
        var anna = User(
            mcpttID: Self.anna, publicIdentity: Self.identity, privateIdentity: PrivateUserIdentity("anna@it.example"),
            credentials: DigestSecrets(realm: "it.example", md5: nil, sha256: nil), homeSystem: Self.italy.id)
        change(&anna)
        return try self.change { try $0.setUser(anna) }
    }

    /// The directory without her.
    mutating func suspend() throws -> [FunctionAction] { change { $0.removeUser(Self.anna) } }

    /// The directory without her, made anew: nobody knows what changed.
    mutating func suspendAnew() throws -> [FunctionAction] {
        try change { $0 = try DirectorySnapshot(system: Self.italy, users: [], groups: [], partners: $0.partners) }
    }

    /// anna's call stands; its Call-ID towards the controlling function.
    mutating func standing(
        _ group: MCPTTGroupID = fire, type: MCPTTSessionType = .prearranged, emergency: Bool? = nil,
        peril: Bool = false
    ) throws -> String {
        var request = call(group, type: type, emergency: emergency)
        if peril {
            var body = try CallBody(reading: request)
            body.information?.imminentPerilIndicator = true
            request.body = body.write(into: &request.headers)
        }
        let out = try #require(receive(request).sent(.invite).first)
        _ = answer(out, 200, body: [0])
        return try #require(out.request.headers.callID)
    }
}

extension [FunctionAction] {
    var endedCalls: [String] {
        let inner = sent(.bye).filter { $0.request.uri.user?.hasPrefix("mcptt-controlling") == true }
        return inner.compactMap { $0.request.headers.callID }
    }
}

/// Rights that are taken away while calls are up.
@Suite struct RightsRevisionTests {
    private static let fire = ParticipatingFixture.fire
    private static let talk = ParticipatingFixture.chat
    private static let french = ParticipatingFixture.french

    @Test func aDirectoryThatChangesNothingEndsNothing() throws {
        var fixture = try ParticipatingFixture()
        _ = try fixture.standing()
        #expect(try fixture.replace { (_: inout User) in }.endedCalls.isEmpty)
    }

    @Test func whoMayNoMoreCallPrearrangedGroupsLeavesTheCallHeMade() throws {
        var fixture = try ParticipatingFixture()
        let call = try fixture.standing()
        let actions = try fixture.replace { $0.rights.mayCallPrearrangedGroups = false }
        #expect(actions.endedCalls == [call])
        let again = fixture.call()
        #expect(fixture.receive(again).verdict == [403, 109])
    }

    @Test(arguments: [true, false])
    func whoMayNoMoreJoinOrCallChatGroupsLeavesThem(isJoining: Bool) throws {
        var fixture = try ParticipatingFixture()
        let other = try fixture.standing()
        let call = try fixture.standing(Self.talk, type: .chat)
        let actions = try fixture.replace {
            if isJoining { $0.rights.mayJoinChatGroups = false } else { $0.rights.mayCallChatGroups = false }
        }
        #expect(actions.endedCalls == [call])
        #expect(!actions.endedCalls.contains(other))
        let again = fixture.call(Self.talk, type: .chat)
        #expect(fixture.receive(again).verdict == [403, isJoining ? 106 : 108])
    }

    @Test(arguments: [true, false])
    func whoMayDeclareNoEmergencyOrPerilAnyMoreLeavesTheCallInWhichHeDid(isEmergency: Bool) throws {
        var fixture = try ParticipatingFixture()
        let normal = try fixture.standing(Self.french)
        let urgent =
            isEmergency ? try fixture.standing(emergency: true) : try fixture.standing(peril: true)
        let actions = try fixture.replace {
            if isEmergency { $0.rights.mayCallInEmergency = false } else { $0.rights.mayCallInImminentPeril = false }
        }
        #expect(actions.endedCalls == [urgent])
        #expect(!actions.endedCalls.contains(normal))
    }

    @Test func aCallToWhichHeWasInvitedNeedsNoRightToCall() throws {
        var fixture = try ParticipatingFixture()
        let request = fixture.invitation()
        let out = try #require(fixture.receive(request, from: .system).sent(.invite).first)
        _ = fixture.answer(out, 200, body: Array("v=0".utf8))
        #expect(try fixture.replace { $0.rights.mayCallPrearrangedGroups = false }.sent(.bye).isEmpty)
    }

    @Test(arguments: [true, false])
    func whereN6OrN4IsLoweredTheEmergencyAndThenTheOldestStay(isN6: Bool) throws {
        var fixture = try ParticipatingFixture()
        let first = try fixture.standing(MCPTTGroupID("sip:a@it.example"))
        let second = try fixture.standing(MCPTTGroupID("sip:b@it.example"))
        let urgent = try fixture.standing(MCPTTGroupID("sip:c@it.example"), emergency: true)
        let one = try fixture.replace {
            if isN6 { $0.maxima.groupCallsN6 = 2 } else { $0.maxima.groupCallsPerClientN4 = 2 }
        }
        #expect(one.endedCalls == [second])
        let two = try fixture.replace {
            if isN6 { $0.maxima.groupCallsN6 = 1 } else { $0.maxima.groupCallsPerClientN4 = 1 }
        }
        #expect(two.endedCalls == [first])
        let all = try fixture.replace {
            if isN6 { $0.maxima.groupCallsN6 = 0 } else { $0.maxima.groupCallsPerClientN4 = 0 }
        }
        #expect(all.endedCalls == [urgent])
    }

    @Test func whereN2IsLoweredTheLastGroupsAreTakenBack() throws {
        var fixture = try ParticipatingFixture()
        for publication in fixture.affiliate([Self.fire, Self.talk, Self.french]).sent(.publish) {
            _ = fixture.answer(publication, 200)
        }
        let actions = try fixture.replace { $0.maxima.affiliationsN2 = 2 }
        #expect(
            actions.sent(.publish).map { $0.request.uri.description } == [
                "sip:mcptt-controlling-group@fr.example", "sip:mcptt-controlling-group@it.example",
            ])
        #expect(actions.sent(.publish).map(\.affiliations) == [[], [Self.fire, Self.talk]])
        #expect(try fixture.replace { $0.maxima.affiliationsN2 = 2 }.sent(.publish).isEmpty)
    }

    @Test(arguments: [false, true])
    func whoIsSuspendedLosesClientsCallsAndSubscriptions(isMadeAnew: Bool) throws {
        var fixture = try ParticipatingFixture()
        let observed = try #require(fixture.observe().sent(.notify).first)
        _ = fixture.answer(observed, 200)
        let call = try fixture.standing()
        let actions = try isMadeAnew ? fixture.suspendAnew() : fixture.suspend()
        #expect(actions.endedCalls == [call])
        #expect(actions.causes("service.left") == ["withdrawn"])
        #expect(actions.sent(.notify).count == 1)
        let again = fixture.call()
        #expect(fixture.receive(again).verdict == [404, 141])
    }

    @Test func aTelephoneAsksAgainWhateverChanged() throws {
        var fixture = try ParticipatingFixture(binds: false) { user, _ in
            user.endpoint = .legacy(affiliations: [MCPTTGroupID("sip:x@nowhere.example")])
        }
        let group = Group(id: Self.fire, kind: .chat, members: [])
        let notes = try fixture.change { try $0.setGroup(group) }.map { action in
            if case .note(let note) = action { note.name } else { "" }
        }
        #expect(notes.contains("affiliation.refused"))
    }

    // MARK: Members

    private func group(_ members: [MCPTTID], isEnabled: Bool = true) -> Group {
        var group = Group(id: Self.fire, kind: .prearranged, members: members.map { Member(mcpttID: $0) })
        group.isEnabled = isEnabled
        return group
    }

    /// anna is affiliated with a group of ours.
    private func affiliated() throws -> ParticipatingFixture {
        var fixture = try ParticipatingFixture()
        _ = try fixture.change { try $0.setGroup(group([ParticipatingFixture.anna])) }
        let publication = try #require(fixture.affiliate([Self.fire]).sent(.publish).first)
        _ = fixture.answer(publication, 200)
        return fixture
    }

    private func isAffiliated(_ fixture: ParticipatingFixture) -> Bool {
        fixture.function.confirmsAffiliation(
            ParticipatingFixture.anna, client: MCPTTClientID("urn:uuid:1"), with: Self.fire)
    }

    @Test(arguments: [true, false])
    func whoIsAMemberNoMoreIsToldThatHeIsNotAffiliated(isKnownWhatChanged: Bool) throws {
        var fixture = try affiliated()
        #expect(isAffiliated(fixture))
        let actions = try fixture.change { directory in
            if isKnownWhatChanged {
                try directory.setGroup(group([]))
            } else {
                directory = try DirectorySnapshot(
                    system: ParticipatingFixture.italy, users: directory.userIDs.compactMap { directory.user($0) },
                    groups: [group([])],
                    partners: directory.partners)
            }
        }
        #expect(actions.notes("affiliation.membershipEnded").count == 1)
        #expect(!isAffiliated(fixture))
    }

    @Test func aGroupThatIsSwitchedOffAndOnKeepsItsAffiliations() throws {
        var fixture = try affiliated()
        _ = try fixture.change { try $0.setGroup(group([ParticipatingFixture.anna], isEnabled: false)) }
        _ = try fixture.change { try $0.setGroup(group([ParticipatingFixture.anna])) }
        #expect(isAffiliated(fixture))
    }

    @Test func whatAnAgreementCoversNoMoreIsTakenBack() throws {
        var fixture = try ParticipatingFixture()
        let publication = try #require(fixture.affiliate([Self.french]).sent(.publish).first)
        _ = fixture.answer(publication, 200)
        let actions = try fixture.change { directory in
            var partner = try #require(directory.partners.first)
            partner.agreement.groupsUsed = .none
            try directory.setPartner(partner)
        }
        let taken = try #require(actions.sent(.publish).first)
        #expect(taken.request.headers.integer(.expires) == 0)
        #expect(
            !fixture.function.confirmsAffiliation(
                ParticipatingFixture.anna, client: MCPTTClientID("urn:uuid:1"), with: Self.french))
    }
}
