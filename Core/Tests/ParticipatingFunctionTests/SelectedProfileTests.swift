import CallControl
import MCFoundation
import ParticipatingFunction
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
}
