import Administration
import MCFoundation
import Policy
import Testing

/// What records have to be like.
@Suite struct FleetFieldTests {
    private func refusal(of change: (inout UserRecord) -> Void) -> FleetRefusal? {
        var user = Italy.user("dario")
        change(&user)
        return Italy.refusal(.create(.user(user)))
    }

    private func groupRefusal(
        in fleet: FleetSnapshot = Italy.fleet, of change: (inout GroupRecord) -> Void
    ) -> FleetRefusal? {
        var group = Italy.group("fire")
        change(&group)
        return Italy.refusal(.create(.group(group)), in: fleet)
    }

    @Test func anOrdinaryUserAndGroupAreTaken() {
        #expect(refusal { _ in } == nil)
        #expect(groupRefusal { _ in } == nil)
    }

    @Test func identitiesAreInADomainOfOurs() {
        #expect(refusal { $0.id = "sip:dario@mc.fr.example" }?.code == .foreignDomain)
        #expect(groupRefusal { $0.id = "sip:fire@elsewhere.example" }?.code == .foreignDomain)
        #expect(refusal { $0.publicIdentity = "sip:dario@mc.fr.example" }?.code == .foreignDomain)
        #expect(refusal { $0.publicIdentity = "sip:dario@vvf.it.example" } == nil)
    }

    @Test(arguments: [
        "", "dario", "tel:+39123", "sip:@mc.it.example", "sip:a b@mc.it.example", "sip:a;b@mc.it.example",
        "sip:a@b@mc.it.example", "sip:dario@mc.it.example;x=1", "sip:dario@mc.it.example:5060",
        "sip:d\u{0}@mc.it.example",
    ]) func whatIsNoIdentityIsRefused(_ text: String) {
        #expect(refusal { $0.id = text }?.code == .invalid)
    }

    @Test func identitiesAndKeysAreBounded() {
        let long = "sip:\(String(repeating: "a", count: FleetLimits.identity))@mc.it.example"
        #expect(refusal { $0.id = long }?.code == .invalid)
        #expect(refusal { $0.privateIdentity = String(repeating: "a", count: 257) }?.code == .invalid)
        #expect(refusal { $0.displayName = String(repeating: "a", count: 257) }?.code == .invalid)
    }

    @Test(arguments: ["=1+1", "+cmd", "-1", "@sum", "+39123;x", "+", "+39123@", "+39123@-x"])
    func whatASpreadsheetWouldCalculateIsNoName(text: String) {
        #expect(refusal { $0.privateIdentity = text }?.field == "privateIdentity")
        let organisation = OrganisationRecord(id: text, name: "x", country: "IT")
        #expect(Italy.refusal(.create(.organisation(organisation)))?.code == .invalid)
    }

    @Test(arguments: ["+390612345", "+390612345@mc.it.example", "a=1", "1-@"])
    func namesOfTelephonesAreNames(text: String) { #expect(refusal { $0.privateIdentity = text } == nil) }

    @Test func whoLogsInNoMoreKeepsNoPassword() throws {
        var anna = Italy.user("anna")
        anna.loginName = nil
        let after = try Italy.with(.replace(.user(anna)))
        #expect(after.user(anna.id)?.passwordVerifier == nil)
        let table = try FleetTable(csv: Array("id,login_name\r\n\(Italy.id("anna")),\r\n".utf8), .users)
        let plan = try FleetImport.plan([table], by: Italy.nation, in: Italy.fleet, system: Italy.system)
        let making = CredentialMaking(hashes: { _, _, _ in nil }, verifier: { _, _ in nil })
        var imported = Italy.fleet
        imported.apply(try plan.decision(by: making).changes)
        #expect(imported.user(anna.id)?.loginName == nil && imported.user(anna.id)?.passwordVerifier == nil)
        // With the name back, the old password is not.
        anna.loginName = "anna"
        anna.passwordVerifier = nil
        let again = try Italy.with(.replace(.user(anna)), in: imported)
        #expect(again.user(anna.id)?.passwordVerifier == nil)
    }

    @Test func theDomainIsKeptInLowerCase() throws {
        var user = Italy.user("dario")
        user.id = "sip:dario@MC.IT.example"
        user.publicIdentity = user.id
        let changes = try Italy.decide(.create(.user(user))).changes
        #expect(changes.first?.key == Italy.id("dario"))
        user.id = "sip:anna@MC.it.example"
        #expect(Italy.refusal(.create(.user(user)))?.code == .conflict)
    }

    @Test func aFunctionOfTheSystemIsNoUser() {
        #expect(refusal { $0.id = Italy.id("mcptt-participating") }?.code == .conflict)
        #expect(groupRefusal { $0.id = Italy.id("mcptt-controlling-group") }?.code == .conflict)
    }

    @Test func oneIdentityNamesOneThing() {
        #expect(refusal { $0.id = Italy.id("flood") }?.code == .conflict)
        #expect(groupRefusal { $0.id = Italy.id("anna") }?.code == .conflict)
    }

    @Test func noTwoUsersShareAName() {
        #expect(refusal { $0.publicIdentity = Italy.id("anna") }?.field == "publicIdentity")
        #expect(refusal { $0.privateIdentity = "anna@mc.it.example" }?.field == "privateIdentity")
        #expect(refusal { $0.loginName = "anna" }?.field == "loginName")
        #expect(refusal { $0.loginName = "anna" }?.code == .conflict)
    }

    @Test func whatAUserNamesExists() {
        #expect(refusal { $0.organisation = "nobody" }?.code == .unknownReference)
        #expect(refusal { $0.profile = "nobody" }?.code == .unknownReference)
        #expect(refusal { $0.legacyAffiliations = [Italy.id("nothing")] }?.code == .unknownReference)
        #expect(refusal { $0.legacyAffiliations = [Italy.id("flood")] } == nil)
    }

    @Test func otherProfilesHaveAnIndexEachAndAreEachOnce() throws {
        func refused(_ others: [SelectableProfile]) -> FleetRefusal.Code? {
            refusal { $0.otherProfiles = others }?.code
        }
        #expect(refused([.init(index: 1, profile: "nobody")]) == .unknownReference)
        var user = Italy.user("dario")
        user.otherProfiles = [.init(index: 0, profile: "commander")]
        let commander = ProfileRecord(name: "commander", rights: []).record
        let fleet = try Italy.with(.create(commander))
        #expect(Italy.refusal(.create(.user(user)), in: fleet)?.code == .invalid)
        user.otherProfiles = [.init(index: 1, profile: "commander")]
        #expect(Italy.refusal(.create(.user(user)), in: fleet) == nil)
        #expect(refused([.init(index: 1, profile: "responder")]) == .invalid)
        #expect(refused([.init(index: 1, profile: "a"), .init(index: 1, profile: "b")]) == .invalid)
        #expect(refused((1...16).map { .init(index: $0, profile: "p\($0)") }) == .limitExceeded)
        #expect(refused([]) == nil)
    }

    @Test func hashesAreOfTheRealmAndOfTheirLength() {
        #expect(refusal { $0.credentials?.realm = "elsewhere" }?.field == "credentials")
        #expect(refusal { $0.credentials?.md5 = "abc" }?.field == "credentials")
        #expect(refusal { $0.credentials?.sha256 = String(repeating: "B", count: 64) }?.field == "credentials")
        #expect(
            refusal { $0.credentials = CredentialHashes(realm: "mc.it.example", md5: nil, sha256: nil) }?.code
                == .invalid)
        #expect(refusal { $0.credentials = nil } == nil)
    }

    @Test func aNewUserNameNeedsNewHashes() {
        var anna = Italy.user("anna")
        anna.privateIdentity = "anna.new@mc.it.example"
        #expect(Italy.refusal(.replace(.user(anna)))?.field == "credentials")
        anna.credentials?.md5 = String(repeating: "c", count: 32)
        #expect(Italy.refusal(.replace(.user(anna))) == nil)
    }

    @Test func aNameIsNoFormulaAndNoControlSign() {
        #expect(refusal { $0.displayName = "=cmd()" }?.field == "displayName")
        #expect(refusal { $0.agency = "a\nb" }?.field == "agency")
    }

    @Test func aPrivateIdentityFitsADigest() {
        #expect(refusal { $0.privateIdentity = "a:b" }?.field == "privateIdentity")
        #expect(refusal { $0.privateIdentity = "" }?.field == "privateIdentity")
    }

    @Test func membersAreUsersOfOursOrOfPartners() {
        #expect(groupRefusal { $0.setMembers([GroupMember(id: Italy.id("nobody"))]) }?.code == .unknownReference)
        #expect(groupRefusal { $0.setMembers([GroupMember(id: "sip:x@else.example")]) }?.code == .unknownReference)
        #expect(groupRefusal { $0.setMembers([GroupMember(id: "sip:luc@MC.fr.example")]) } == nil)
    }

    @Test func whomAPartnerHomesBesideItsDomainsMayBeAMember() {
        let change = { (group: inout GroupRecord) in group.setMembers([GroupMember(id: "sip:anne@joint.example")]) }
        #expect(groupRefusal(of: change)?.code == .unknownReference)
        var fleet = Italy.fleet
        fleet.foreignUsers = ForeignUsers(users: [MCPTTID("sip:anne@joint.example")])
        #expect(groupRefusal(in: fleet, of: change) == nil)
    }

    @Test func aGroupHasAtMostTenThousandMembers() {
        let many = (0...FleetLimits.membersPerGroup).map { GroupMember(id: "sip:u\($0)@mc.fr.example") }
        #expect(groupRefusal { $0.setMembers(many) }?.code == .limitExceeded)
        #expect(groupRefusal { $0.setMembers(Array(many.dropLast())) } == nil)
    }

    @Test func groupSettingsAreInRange() {
        #expect(groupRefusal { $0.maximumParticipants = 1 }?.field == "maximumParticipants")
        #expect(groupRefusal { ($0.maximumParticipants, $0.minimumToStart) = (5, 6) }?.field == "minimumToStart")
        #expect(groupRefusal { $0.hangTime = 0 }?.field == "hangTime")
        #expect(groupRefusal { $0.maximumDuration = 1 }?.field == "maximumDuration")
        #expect(groupRefusal { $0.talkLimit = 700_000 }?.field == "talkLimit")
        #expect(groupRefusal { $0.queueDepth = 65 }?.field == "queueDepth")
        #expect(groupRefusal { $0.acknowledgementTimeout = 0 }?.field == "acknowledgementTimeout")
    }

    @Test func theOtherKindsAreCheckedToo() {
        func field(_ record: FleetRecord) -> String? { Italy.refusal(.create(record))?.field }
        #expect(field(.organisation(OrganisationRecord(id: "a b", name: "x", country: "IT"))) == "id")
        #expect(field(.organisation(OrganisationRecord(id: "x", name: "", country: "IT"))) == "name")
        #expect(field(.organisation(OrganisationRecord(id: "x", name: "x", country: "it"))) == "country")
        #expect(field(.organisation(OrganisationRecord(id: "x", name: "x", country: "IT", parent: "y"))) == "parent")
        #expect(field(.profile(ProfileRecord(name: ""))) == "name")
        #expect(
            field(.profile(ProfileRecord(name: "x", maxima: ProfileMaxima(groupCallsN6: -1)))) == "maxima.groupCallsN6")
        #expect(field(.device(DeviceRecord(instance: "x", organisation: "vvf"))) == "instance")
        #expect(
            field(.device(DeviceRecord(instance: "urn:uuid:1", organisation: "vvf", user: Italy.id("x")))) == "user")
        #expect(field(.functionalAlias(FunctionalAliasRecord(id: Italy.id("anna"), organisation: "vvf"))) == "id")
        #expect(
            field(
                .functionalAlias(FunctionalAliasRecord(id: Italy.id("c"), organisation: "vvf", users: [Italy.id("x")])))
                == "users")
        #expect(field(.administrator(AdministratorRecord(id: "x", roles: []))) == "roles")
        #expect(
            Italy.refusal(.replace(.policy(PolicyRecord(auditRetentionDays: 0))))?.field == "auditRetentionDays")
    }

    @Test func anOrganisationIsNoPartOfItself() throws {
        let fleet = try Italy.with(
            .create(.organisation(OrganisationRecord(id: "sub", name: "Sub", country: "IT", parent: "vvf"))))
        let request = FleetRequest.replace(
            .organisation(OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT", parent: "sub")))
        #expect(Italy.refusal(request, in: fleet)?.code == .conflict)
    }
}
