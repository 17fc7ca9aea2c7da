import Administration
import Audit
import Testing

@Suite struct FleetDecisionTests {
    // MARK: Who may

    @Test func aReaderOrAuditorChangesNothing() {
        #expect(Italy.refusal(.create(.user(Italy.user("dario"))), by: Italy.auditor)?.code == .notAllowed)
        #expect(Italy.refusal(.setSuspended(user: Italy.id("anna"), true), by: Italy.auditor)?.code == .notAllowed)
    }

    @Test func anOperatorDoesDailyWorkOnly() {
        let desk = Italy.fireOperator
        #expect(Italy.refusal(.setSuspended(user: Italy.id("anna"), true), by: desk) == nil)
        #expect(
            Italy.refusal(
                .setMember(group: Italy.id("flood"), GroupMember(id: Italy.id("anna"), priority: 9)), by: desk) == nil)
        #expect(
            Italy.refusal(.create(.device(DeviceRecord(instance: "urn:uuid:1", organisation: "vvf"))), by: desk) == nil)
        #expect(Italy.refusal(.create(.user(Italy.user("dario"))), by: desk)?.code == .notAllowed)
        #expect(Italy.refusal(.delete(.group, key: Italy.id("flood")), by: desk)?.code == .notAllowed)
        #expect(
            Italy.refusal(.setRights(user: Italy.id("anna"), profile: nil, .init(), .init()), by: desk)?.code
                == .notAllowed)
    }

    @Test func `who may suspend may end log-ins and forgive, which the log is told and no record shows`() throws {
        for (request, action) in [
            (FleetRequest.logOff(user: Italy.id("anna")), "user.logged-off"),
            (.forgive(user: Italy.id("anna")), "user.forgiven"),
        ] {
            let decision = try Italy.decide(request, by: Italy.fireOperator)
            #expect(decision.changes.isEmpty)
            #expect(decision.audit.map(\.action) == [action])
            #expect(decision.audit[0].details.contains(AuditDetail("user", Italy.id("anna"), isPersonal: true)))
            #expect(Italy.refusal(request, by: Italy.auditor)?.code == .notAllowed)
        }
        #expect(Italy.refusal(.logOff(user: Italy.id("carla")), by: Italy.fire)?.code == .notAllowed)
        #expect(Italy.refusal(.forgive(user: Italy.id("nobody")))?.code == .notFound)
    }

    @Test func aSuspendedAdministratorDoesNothing() {
        var suspended = Italy.nation
        suspended.isSuspended = true
        #expect(Italy.refusal(.setSuspended(user: Italy.id("anna"), true), by: suspended)?.code == .notAllowed)
    }

    @Test func anAdministratorOfOneOrganisationTouchesNoOther() {
        let requests: [FleetRequest] = [
            .create(.user(Italy.user("dario", "ps"))), .setSuspended(user: Italy.id("carla"), true),
            .delete(.user, key: Italy.id("carla")), .delete(.group, key: Italy.id("patrol")),
            .setMembers(group: Italy.id("patrol"), []), .replace(.user(Italy.user("anna", "ps"))),
            .replace(.user(Italy.user("carla", "vvf"))),
            .create(.device(DeviceRecord(instance: "urn:uuid:1", organisation: "ps"))),
        ]
        for request in requests {
            #expect(Italy.refusal(request, by: Italy.fire)?.code == .notAllowed, "\(request)")
            #expect(Italy.refusal(request) == nil, "\(request)")
        }
        #expect(Italy.refusal(.create(.user(Italy.user("dario"))), by: Italy.fire) == nil)
    }

    @Test func organisationsProfilesAndPolicyAreTheNations() {
        let requests: [FleetRequest] = [
            .replace(.organisation(OrganisationRecord(id: "vvf", name: "Fire", country: "IT"))),
            .create(.profile(ProfileRecord(name: "chief"))), .replace(.policy(PolicyRecord(auditRetentionDays: 9))),
        ]
        for request in requests {
            #expect(Italy.refusal(request, by: Italy.fire)?.code == .notAllowed, "\(request)")
            #expect(Italy.refusal(request) == nil, "\(request)")
        }
    }

    @Test func usersOfAnotherOrganisationAreAddedByTheNationAndStayThen() throws {
        let carla = FleetRequest.setMember(group: Italy.id("flood"), GroupMember(id: Italy.id("carla")))
        #expect(Italy.refusal(carla, by: Italy.fire)?.code == .notAllowed)
        let fleet = try Italy.with(carla)
        let members = [Italy.id("anna"), Italy.id("carla")].map { GroupMember(id: $0) }
        #expect(Italy.refusal(.setMembers(group: Italy.id("flood"), members), by: Italy.fire, in: fleet) == nil)
    }

    @Test func nobodyChangesHisOwnRecordButForThePassword() throws {
        var me = Italy.nation
        me.roles = [.administrator, .auditor]
        #expect(Italy.refusal(.replace(.administrator(me)))?.code == .notAllowed)
        #expect(Italy.refusal(.delete(.administrator, key: me.id))?.code == .notAllowed)
        let own = FleetRequest.setPassword(.administrator(Italy.fireOperator.id), PasswordVerifier("new"))
        #expect(try Italy.decide(own, by: Italy.fireOperator).changes.count == 1)
        #expect(
            Italy.refusal(.setPassword(.administrator(Italy.fire.id), PasswordVerifier("new")), by: Italy.fireOperator)?
                .code == .notAllowed)
    }

    @Test func aRoleIsGivenByThoseWhoHaveIt() {
        let auditor = AdministratorRecord(id: "spy", organisation: "vvf", roles: [.auditor])
        #expect(Italy.refusal(.create(.administrator(auditor)), by: Italy.fire)?.code == .notAllowed)
        #expect(Italy.refusal(.create(.administrator(auditor))) == nil)
        let national = AdministratorRecord(id: "spy", roles: [.administrator])
        #expect(Italy.refusal(.create(.administrator(national)), by: Italy.fire)?.code == .notAllowed)
    }

    // MARK: What is there

    @Test func whatIsThereIsNotCreatedAndWhatIsNotIsNotChanged() {
        #expect(Italy.refusal(.create(.user(Italy.user("anna"))))?.code == .conflict)
        #expect(Italy.refusal(.replace(.user(Italy.user("dario"))))?.code == .notFound)
        #expect(Italy.refusal(.delete(.group, key: Italy.id("fire")))?.code == .notFound)
        #expect(Italy.refusal(.removeMember(group: Italy.id("flood"), user: Italy.id("carla")))?.code == .notFound)
        #expect(Italy.refusal(.setSuspended(user: Italy.id("dario"), true))?.code == .notFound)
    }

    @Test func whatIsAsAskedForChangesNothing() throws {
        #expect(try Italy.decide(.replace(.user(Italy.user("anna")))) == FleetDecision())
        #expect(try Italy.decide(.setSuspended(user: Italy.id("anna"), false)) == FleetDecision())
    }

    @Test func organisationsAndProfilesInUseStay() throws {
        #expect(Italy.refusal(.delete(.organisation, key: "ps"))?.code == .conflict)
        #expect(Italy.refusal(.delete(.profile, key: "responder"))?.code == .conflict)
        #expect(Italy.refusal(.delete(.policy, key: PolicyRecord.key))?.code == .invalid)
        let fleet = try Italy.with(.delete(.user, key: Italy.id("carla")), .delete(.group, key: Italy.id("patrol")))
        #expect(Italy.refusal(.delete(.organisation, key: "ps"), in: fleet) == nil)
    }

    @Test func aDeletedUserLeavesGroupsRolesAndDevices() throws {
        let device = DeviceRecord(instance: "urn:uuid:1", organisation: "vvf", user: Italy.id("anna"))
        let alias = FunctionalAliasRecord(id: Italy.id("chief"), organisation: "vvf", users: [Italy.id("anna")])
        let fleet = try Italy.with(.create(.device(device)), .create(.functionalAlias(alias)))
        let decision = try Italy.decide(.delete(.user, key: Italy.id("anna")), by: Italy.fire, in: fleet)
        var after = fleet
        after.apply(decision.changes)
        #expect(after.group(Italy.id("flood"))?.member(Italy.id("anna")) == nil)
        #expect(after.device("urn:uuid:1")?.user == nil)
        #expect(after.functionalAlias(Italy.id("chief"))?.users == [])
        #expect(
            decision.audit.map(\.action) == [
                "user.deleted", "group.changed", "functional-alias.changed", "device.changed",
            ])
    }

    // MARK: Audit

    @Test func theAuditLogLearnsWhoChangedWhatByWhichRight() throws {
        var anna = Italy.user("anna")
        anna.displayName = "Anna B"
        anna.credentials = nil
        let entry = try #require(try Italy.decide(.replace(.user(anna)), by: Italy.fire).audit.first)
        #expect(entry.kind == .administration)
        #expect(entry.action == "user.changed")
        #expect(
            entry.actor
                == AuditParty(identity: "fire-admin", role: "administrator", agency: "Vigili del Fuoco", country: "IT"))
        #expect(entry.authority == "administrator of vvf")
        #expect(entry.details.contains(AuditDetail("user", Italy.id("anna"), isPersonal: true)))
        #expect(entry.details.contains(AuditDetail("fields", "credentials displayName")))
        #expect(entry.outcome == .done)
    }

    @Test func membersWhoComeAndGoAreTold() throws {
        let members = [Italy.id("bruno"), Italy.id("carla")].map { GroupMember(id: $0) }
        let entry = try #require(try Italy.decide(.setMembers(group: Italy.id("flood"), members)).audit.first)
        #expect(entry.action == "group.members-changed")
        #expect(entry.details.contains(AuditDetail("added", Italy.id("carla"), isPersonal: true)))
        #expect(entry.details.contains(AuditDetail("removed", Italy.id("anna"), isPersonal: true)))
    }

    @Test func whoIsPutIntoAGroupAgainKeepsWhatHisEntrySays() throws {
        let (flood, bruno) = (Italy.id("flood"), Italy.id("bruno"))
        let entry = GroupMember(
            id: bruno, priority: 200, isReceiveOnly: true, mayJoin: false, mayCallInEmergency: false)
        var fleet = try Italy.with(.setMember(group: flood, entry), in: Italy.fleet)
        fleet = try Italy.with(.addMember(group: flood, user: bruno, priority: nil), in: fleet)
        #expect(fleet.group(flood)?.member(bruno) == entry)
        fleet = try Italy.with(.addMember(group: flood, user: bruno, priority: 7), in: fleet)
        var changed = entry
        changed.priority = 7
        #expect(fleet.group(flood)?.member(bruno) == changed)
        fleet = try Italy.with(.removeMember(group: flood, user: bruno), in: fleet)
        fleet = try Italy.with(.addMember(group: flood, user: bruno, priority: nil), in: fleet)
        #expect(fleet.group(flood)?.member(bruno) == GroupMember(id: bruno))
    }

    @Test func aRefusalIsAFactToo() throws {
        let request = FleetRequest.setSuspended(user: Italy.id("carla"), true)
        let refusal = try #require(Italy.refusal(request, by: Italy.fire))
        let entry = refusal.audit(of: request, by: Italy.fire, in: Italy.fleet)
        #expect(entry.kind == .refusal)
        #expect(entry.action == "user.refused")
        #expect(entry.outcome == .refused("not-allowed"))
        #expect(entry.details.contains(AuditDetail("request", "suspend")))
        #expect(entry.details.contains(AuditDetail("user", Italy.id("carla"), isPersonal: true)))
    }
}
