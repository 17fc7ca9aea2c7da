import CallControl
import MCFoundation
import ParticipatingFunction
import Policy
import SIP
import Testing

/// The user profile that a client selects in its service settings.
@Suite struct SelectedProfileTests {
    @Test func theOneThatThereIsIsAccepted() throws {
        var fixture = try ParticipatingFixture(binds: false)
        #expect(fixture.publishSettings(profile: 0).verdict == [200])
        #expect(fixture.publishSettings(profile: nil).verdict == [200])
    }

    @Test(arguments: [1, 2, 255, UInt32.max])
    func noOtherIs(index: UInt32) throws {
        var fixture = try ParticipatingFixture(binds: false)
        #expect(fixture.publishSettings(profile: index).verdict == [403])
        // Nothing was bound.
        let request = fixture.call()
        #expect(fixture.receive(request).verdict == [404, 141])
    }

    @Test func whoWasServedIsServedOnAndMayLeaveWhateverHeSelects() throws {
        var fixture = try ParticipatingFixture()
        #expect(fixture.publishSettings(profile: 1).verdict == [403])
        #expect(fixture.publishSettings(expires: "0", profile: 1).verdict == [200])
        var other = try ParticipatingFixture()
        #expect(other.publishSettings(profile: 1).verdict == [403])
        let request = other.call()
        #expect(other.receive(request).sent(.invite).count == 1)
    }

    @Test func whereATokenIsAskedForItIsNotEvenLookedAt() throws {
        var settings = ParticipatingSettings()
        settings.authorisation.requiresToken = true
        var fixture = try ParticipatingFixture(binds: false, settings: settings)
        let actions = fixture.publishSettings(token: "t", profile: 1)
        #expect(actions.verdict == [403])
        #expect(actions.jobs.isEmpty)
    }

    // MARK: Several profiles

    /// In command: by profile 1 she may declare emergencies and be in two groups, by profile 0 neither.
    private static func inCommand(_ anna: inout User) {
        anna.rights.mayCallInEmergency = false
        anna.maxima.affiliationsN2 = 1
        var maxima = UserMaxima()
        maxima.affiliationsN2 = 2
        anna.otherProfiles = [1: UserPermissions(rights: UserRights(), maxima: maxima)]
    }

    private static let other = "urn:uuid:2"
    private static let groups = [ParticipatingFixture.fire, ParticipatingFixture.chat]

    private func fixture() throws -> ParticipatingFixture {
        var fixture = try ParticipatingFixture()
        _ = try fixture.replace(Self.inCommand)
        return fixture
    }

    @Test func aClientMayWhatTheProfileAllowsThatItSelected() throws {
        var fixture = try fixture()
        var request = fixture.call(emergency: true)
        #expect(fixture.receive(request).verdict == [403])
        #expect(fixture.affiliate(Self.groups).verdict == [486, 102])
        let selected = fixture.publishSettings(profile: 1)
        #expect(selected.verdict == [200])
        #expect(selected.notes("service.profileSelected").count == 1)
        #expect(fixture.affiliate(Self.groups).verdict == [200])
        request = fixture.call(emergency: true)
        #expect(fixture.receive(request).sent(.invite).count == 1)
        // Nothing was selected anew.
        #expect(fixture.publishSettings(profile: 1).notes("service.profileSelected").isEmpty)
    }

    @Test func anotherClientOfTheSameUserWorksByItsOwn() throws {
        var fixture = try fixture()
        _ = fixture.publishSettings(profile: 1)
        #expect(fixture.publishSettings(client: Self.other).verdict == [200])
        let request = fixture.call(client: Self.other, emergency: true)
        #expect(fixture.receive(request).verdict == [403])
        // What counts over all clients counts by the one that allows most.
        #expect(fixture.affiliate(Self.groups).verdict == [200])
        #expect(try fixture.replace { Self.inCommand(&$0) }.sent(.publish).isEmpty)
    }

    @Test func whoGoesBackToAnOrdinaryProfileLosesWhatTheOtherAllowed() throws {
        var fixture = try fixture()
        _ = fixture.publishSettings(profile: 1)
        for publication in fixture.affiliate(Self.groups).sent(.publish) { _ = fixture.answer(publication, 200) }
        let normal = try fixture.standing(ParticipatingFixture.french)
        let urgent = try fixture.standing(emergency: true)
        let actions = fixture.publishSettings(profile: nil)
        #expect(actions.verdict == [200])
        #expect(actions.endedCalls == [urgent])
        #expect(!actions.endedCalls.contains(normal))
        #expect(actions.sent(.publish).map(\.affiliations) == [[ParticipatingFixture.fire]])
    }

    @Test func aProfileThatIsTakenAwayIsNotWorkedByAnyMore() throws {
        var fixture = try fixture()
        _ = fixture.publishSettings(profile: 1)
        let urgent = try fixture.standing(emergency: true)
        let actions = try fixture.replace {
            Self.inCommand(&$0)
            $0.otherProfiles = [:]
        }
        #expect(actions.endedCalls == [urgent])
        #expect(actions.notes("service.profileWithdrawn").count == 1)
        #expect(fixture.publishSettings(profile: 1).verdict == [403])
        // Given back, it has to be selected again.
        _ = try fixture.replace(Self.inCommand)
        let request = fixture.call(emergency: true)
        #expect(fixture.receive(request).verdict == [403])
    }

    @Test func aProfileThatIsTakenAwayWhileTheTokenIsLookedAtIsRefused() throws {
        var fixture = try ParticipatingFixture.strict()
        _ = try fixture.replace(Self.inCommand)
        let job = try #require(fixture.publishSettings(token: "t", profile: 1).jobs.first)
        _ = try fixture.replace { (_: inout User) in }
        #expect(fixture.handle(.tokenVerified(job.id, fixture.grant())).verdict == [403])
    }

    @Test func whoIsAuthorisedSelectsAnotherWithoutAToken() throws {
        var fixture = try ParticipatingFixture.strict { user, _ in Self.inCommand(&user) }
        try fixture.authorise()
        let actions = fixture.publishSettings(profile: 1)
        #expect(actions.verdict == [200] && actions.jobs.isEmpty)
        let request = fixture.call(emergency: true)
        #expect(fixture.receive(request).sent(.invite).count == 1)
    }

    // MARK: What counts over all clients

    @Test func whoWorksByALesserProfileMayLeaveGroupsThatAnotherClientOfHisIsIn() throws {
        var fixture = try fixture()
        _ = fixture.publishSettings(profile: 1)
        _ = fixture.publishSettings(client: Self.other)
        #expect(fixture.affiliate(Self.groups).verdict == [200])
        #expect(fixture.affiliate([ParticipatingFixture.fire], client: Self.other).verdict == [200])
        #expect(fixture.affiliate([], expires: "0", client: Self.other).verdict == [200])
    }

    @Test func whatTheProfileOfAClientAllowedAloneEndsWithThatClient() throws {
        var fixture = try fixture()
        _ = fixture.publishSettings(profile: 1)
        _ = fixture.publishSettings(client: Self.other)
        for publication in fixture.affiliate(Self.groups, client: Self.other).sent(.publish) {
            _ = fixture.answer(publication, 200)
        }
        let left = fixture.publishSettings(expires: "0")
        #expect(left.verdict == [200])
        #expect(left.sent(.publish).map(\.affiliations) == [[ParticipatingFixture.fire]])
    }

    /// By profile 1 she may be in two calls, by profile 0 in one.
    private static func inTwoCalls(_ anna: inout User) {
        anna.maxima.groupCallsN6 = 1
        anna.maxima.groupCallsPerClientN4 = 1
        var maxima = UserMaxima()
        maxima.groupCallsN6 = 2
        maxima.groupCallsPerClientN4 = 2
        anna.otherProfiles = [1: UserPermissions(rights: UserRights(), maxima: maxima)]
    }

    @Test func aClientIsInAsManyCallsAsItsProfileAllows() throws {
        var fixture = try ParticipatingFixture()
        _ = try fixture.replace(Self.inTwoCalls)
        _ = try fixture.standing()
        let request = fixture.call(ParticipatingFixture.french)
        #expect(fixture.receive(request).verdict == [486, 103])
        _ = fixture.publishSettings(profile: 1)
        let second = try fixture.standing(ParticipatingFixture.french)
        // The oldest stays.
        #expect(fixture.publishSettings().endedCalls == [second])
    }

    @Test func anotherClientIsCalledByWhatAllOfThemMay() throws {
        var fixture = try ParticipatingFixture()
        _ = try fixture.replace(Self.inTwoCalls)
        _ = fixture.publishSettings(profile: 1)
        _ = try fixture.standing(ParticipatingFixture.french)
        #expect(fixture.publishSettings(client: Self.other).verdict == [200])
        // One call more over both of them, and the first of its own.
        let call = fixture.call(client: Self.other)
        #expect(fixture.receive(call).sent(.invite).count == 1)
    }

    @Test func aTokenInRegisterLeavesTheSelectionAsItIs() throws {
        var fixture = try ParticipatingFixture.strict { user, _ in Self.inCommand(&user) }
        try fixture.authorise()
        _ = fixture.publishSettings(profile: 1)
        let presented = PresentedAuthorisation(client: MCPTTClientID("urn:uuid:1"), token: AccessToken("new"))
        let asked = fixture.handle(
            .registrationChanged(ParticipatingFixture.identity, .presented(ParticipatingFixture.device, presented)))
        let job = try #require(asked.jobs.first)
        #expect(fixture.handle(.tokenVerified(job.id, fixture.grant())).notes("service.profileSelected").isEmpty)
        let request = fixture.call(emergency: true)
        #expect(fixture.receive(request).sent(.invite).count == 1)
    }
}
