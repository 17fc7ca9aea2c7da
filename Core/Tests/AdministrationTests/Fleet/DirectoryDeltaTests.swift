import Administration
import Audit
import MCFoundation
import Policy
import Testing

@Suite struct DirectoryDeltaTests {
    private func directory() throws -> DirectorySnapshot {
        try Italy.fleet.directory(of: Italy.system, partners: [Italy.partner])
    }
    private let anna = MCPTTID(Italy.id("anna"))

    /// Carries out a request on fleet and directory.
    private func after(_ requests: FleetRequest..., from fleet: FleetSnapshot = Italy.fleet) throws -> DirectorySnapshot
    {
        var fleet = fleet
        var directory = try fleet.directory(of: Italy.system, partners: [Italy.partner])
        for request in requests {
            let decision = try Italy.decide(request, in: fleet)
            fleet.apply(decision.changes)
            try DirectoryDelta(decision.changes, in: fleet).apply(to: &directory, of: fleet, system: Italy.system)
        }
        return directory
    }

    @Test func theDirectoryOfAFleetHasItsUsersAndGroups() throws {
        let directory = try directory()
        #expect(directory.userIDs.count == 3)
        #expect(
            directory.group(MCPTTGroupID(Italy.id("flood")))?.members.map(\.mcpttID.value) == [
                Italy.id("anna"), Italy.id("bruno"),
            ])
        let user = directory.user(anna)
        #expect(user?.organisation == "Vigili del Fuoco")
        #expect(user?.credentials == Italy.hashes.digestSecrets)
        #expect(user?.homeSystem == Italy.system.id)
    }

    @Test func rightsAreThoseOfTheProfileAndNoOthers() throws {
        let user = try directory().user(anna)
        #expect(user?.rights.mayCallPrearrangedGroups == true)
        #expect(user?.rights.mayCallInEmergency == true)
        #expect(user?.rights.mayCallChatGroups == false)
        #expect(user?.rights.mayCallInImminentPeril == false)
        #expect(user?.maxima.affiliationsN2 == 12)
        #expect(user?.maxima.groupCallsN6 == UserMaxima().groupCallsN6)
    }

    @Test func profilesThatMayBeSelectedHaveRightsOfTheirOwn() throws {
        let fleet = try Italy.inCommand()
        let user = try #require(try fleet.directory(of: Italy.system, partners: []).user(anna))
        #expect(user.rights.mayCallInEmergency && !user.rights.mayCancelEmergency)
        let selected = try #require(user.selecting(3))
        #expect(!selected.rights.mayCallInEmergency && selected.rights.mayCancelEmergency)
        #expect((user.maxima.affiliationsN2, selected.maxima.affiliationsN2) == (12, 40))
        #expect(user.selecting(0) == user && user.selecting(1) == nil)
        // Their profile changes for them, too.
        let commander = ProfileRecord(name: "commander", rights: [.emergencyGroupCall])
        let after = try after(.replace(commander.record), from: fleet)
        #expect(after.user(anna)?.selecting(3)?.rights.mayCallInEmergency == true)
        #expect(Italy.refusal(.delete(.profile, key: "commander"), in: fleet)?.code == .conflict)
        // And is free once nobody has it.
        let freed = try Italy.with(.replace(Italy.user("anna").record), in: fleet)
        #expect(Italy.refusal(.delete(.profile, key: "commander"), in: freed) == nil)
        #expect(Italy.refusal(.delete(.profile, key: "responder"), in: freed)?.code == .conflict)
    }

    @Test func theLogSaysWhichProfilesAUserMaySelect() throws {
        var anna = Italy.user("anna")
        anna.otherProfiles = [SelectableProfile(index: 3, profile: "commander")]
        let fleet = try Italy.with(.create(ProfileRecord(name: "commander").record))
        let given = try Italy.decide(.replace(anna.record), in: fleet)
        #expect(given.audit.flatMap(\.details).contains { $0.name == "profiles" && $0.value == "3:commander" })
        let taken = try Italy.decide(.replace(Italy.user("anna").record), in: Italy.inCommand())
        #expect(taken.audit.flatMap(\.details).contains { $0.name == "profiles" && $0.value.isEmpty })
    }

    @Test func aRightOfAnyProfileCountsWhereNoneIsSelected() throws {
        let fleet = try Italy.inCommand()
        let (anna, bruno) = (try #require(fleet.user(Italy.id("anna"))), try #require(fleet.user(Italy.id("bruno"))))
        #expect(fleet.mayByAnyProfile(anna, .manageGroups) && !fleet.rights(of: anna).allows(.manageGroups))
        #expect(!fleet.mayByAnyProfile(bruno, .manageGroups))
    }

    @Test func withoutAProfileNothingIsAllowed() throws {
        let directory = try after(
            .setRights(user: Italy.id("anna"), profile: nil, RightsOverride(), ProfileMaxima()))
        let user = directory.user(anna)
        #expect(user?.rights.mayCallPrearrangedGroups == false)
        #expect(user?.rights.mayJoinChatGroups == false)
        #expect(user?.rights.mayCallInEmergency == false)
        #expect(user?.maxima.affiliationsN2 == 0)
        #expect(user?.maxima.groupCallsN6 == 0)
    }

    @Test func anOverrideGivesAndTakesAndTakingWins() throws {
        let directory = try after(
            .setRights(
                user: Italy.id("anna"), profile: "responder",
                RightsOverride(
                    allowed: [.imminentPerilCall, .callChatGroup], denied: [.emergencyGroupCall, .callChatGroup]),
                ProfileMaxima(groupCallsN6: 1)))
        let user = directory.user(anna)
        #expect(user?.rights.mayCallInImminentPeril == true)
        #expect(user?.rights.mayCallInEmergency == false)
        #expect(user?.rights.mayCallChatGroups == false)
        #expect(user?.maxima.groupCallsN6 == 1)
        #expect(user?.maxima.affiliationsN2 == 12)
    }

    @Test func aChangedProfileReachesItsUsers() throws {
        let directory = try after(.replace(.profile(ProfileRecord(name: "responder", rights: [.callChatGroup]))))
        #expect(directory.user(anna)?.rights.mayCallChatGroups == true)
        #expect(directory.user(anna)?.rights.mayCallInEmergency == false)
    }

    @Test func aRenamedOrganisationReachesItsUsers() throws {
        let directory = try after(
            .replace(.organisation(OrganisationRecord(id: "vvf", name: "Fire", country: "IT"))))
        #expect(directory.user(anna)?.organisation == "Fire")
    }

    @Test func aSuspendedUserIsNobodyUntilHeIsResumed() throws {
        let gone = try after(.setSuspended(user: Italy.id("anna"), true))
        #expect(gone.user(anna) == nil)
        #expect(gone.user(privateIdentity: PrivateUserIdentity("anna@mc.it.example")) == nil)
        let back = try after(
            .setSuspended(user: Italy.id("anna"), true), .setSuspended(user: Italy.id("anna"), false))
        #expect(back.user(anna) != nil)
    }

    @Test func aDeletedUserLeavesHisGroups() throws {
        let directory = try after(.delete(.user, key: Italy.id("anna")))
        #expect(directory.user(anna) == nil)
        #expect(directory.group(MCPTTGroupID(Italy.id("flood")))?.members.map(\.mcpttID.value) == [Italy.id("bruno")])
    }

    @Test func aDeletedGroupIsGone() throws {
        #expect(try after(.delete(.group, key: Italy.id("flood"))).group(MCPTTGroupID(Italy.id("flood"))) == nil)
    }

    @Test func tradedIdentitiesDoNotClash() throws {
        var fleet = Italy.fleet
        var directory = try directory()
        var (a, b) = (Italy.user("anna"), Italy.user("bruno"))
        (a.publicIdentity, b.publicIdentity) = (b.publicIdentity, a.publicIdentity)
        let changes: [FleetChange] = [.put(.user(a)), .put(.user(b))]
        fleet.apply(changes)
        try DirectoryDelta(changes, in: fleet).apply(to: &directory, of: fleet, system: Italy.system)
        #expect(directory.user(publicIdentity: PublicUserIdentity(Italy.id("bruno")))?.mcpttID == anna)
        #expect(directory.userIDs.count == 3)
    }

    @Test func aMigratedUserStaysWithTheSystemThatServesHim() throws {
        var fleet = Italy.fleet
        var directory = try directory()
        var user = try #require(directory.user(anna))
        user.servingSystem = MCSystemID("fr")
        try directory.setUser(user)
        let changes = try Italy.decide(
            .setRights(user: Italy.id("anna"), profile: nil, RightsOverride(), ProfileMaxima()), in: fleet
        ).changes
        fleet.apply(changes)
        try DirectoryDelta(changes, in: fleet).apply(to: &directory, of: fleet, system: Italy.system)
        #expect(directory.user(anna)?.servingSystem == MCSystemID("fr"))
        #expect(directory.user(anna)?.rights.mayCallPrearrangedGroups == false)
    }

    @Test func aClashLeavesTheDirectoryAsItWas() throws {
        var fleet = Italy.fleet
        var directory = try directory()
        var bruno = Italy.user("bruno")
        bruno.publicIdentity = Italy.id("anna")
        let changes: [FleetChange] = [.delete(.user, key: Italy.id("carla")), .put(.user(bruno))]
        fleet.apply(changes)
        #expect(throws: DirectoryError.self) {
            try DirectoryDelta(changes, in: fleet).apply(to: &directory, of: fleet, system: Italy.system)
        }
        #expect(directory.userIDs.count == 3)
    }

    @Test func aTelephoneIsAffiliatedByConfiguration() throws {
        var siren = Italy.user("siren")
        siren.legacyAffiliations = [Italy.id("flood")]
        let directory = try after(.create(.user(siren)))
        #expect(directory.legacyUsers == [MCPTTID(siren.id)])
        let fleet = try Italy.with(.create(.user(siren)))
        #expect(
            try after(.delete(.group, key: Italy.id("flood")), from: fleet).user(MCPTTID(siren.id))?.endpoint
                == .legacy(affiliations: []))
    }

    @Test func anAliasOfOursIsRoutedHere() throws {
        let alias = FunctionalAliasRecord(id: Italy.id("chief"), organisation: "vvf")
        #expect(try after(.create(.functionalAlias(alias))).routing.owner(of: alias.functionalAlias) == Italy.system.id)
    }
}
