import Administration
import Audit
import Policy
import Testing

@Suite struct FleetImportTests {
    private func plan(
        users: String? = nil, groups: String? = nil, by administrator: AdministratorRecord = Italy.nation,
        in fleet: FleetSnapshot = Italy.fleet
    ) throws(ImportErrors) -> FleetPlan {
        var tables: [FleetTable] = []
        // Groups first: the order of tables does not matter.
        if let groups { tables.append(try FleetTable(csv: Array(groups.utf8), .groups)) }
        if let users { tables.append(try FleetTable(csv: Array(users.utf8), .users)) }
        return try FleetImport.plan(tables, by: administrator, in: fleet, system: Italy.system)
    }

    private func errors(
        users: String? = nil, groups: String? = nil, by administrator: AdministratorRecord = Italy.nation
    ) -> [ImportError] {
        do throws(ImportErrors) {
            _ = try plan(users: users, groups: groups, by: administrator)
            return []
        } catch {
            return error.errors
        }
    }

    private static let making = CredentialMaking(
        hashes: { name, realm, password in CredentialHashes(realm: realm, md5: "\(name)|\(password)", sha256: nil) },
        verifier: { user, password in PasswordVerifier("\(user)|\(password)") })

    private func after(_ plan: FleetPlan, _ fleet: FleetSnapshot = Italy.fleet) throws -> FleetSnapshot {
        var fleet = fleet
        fleet.apply(try plan.decision(by: Self.making).changes)
        return fleet
    }

    @Test func newUsersAndGroupsComeTogether() throws {
        let plan = try plan(
            users: """
                id,sip_identity,organisation,profile,priority,legacy_affiliations,display_name
                sip:dario@MC.it.example,sip:dario@vvf.it.example,vvf,responder,7,,"Dario, Chief"
                sip:siren@mc.it.example,,vvf,,,sip:fire@mc.it.example,
                """,
            groups: """
                id,type,organisation,name,hang_time,members
                sip:fire@mc.it.example,chat,vvf,Fire,5 s,sip:dario@mc.it.example;9;required sip:siren@mc.it.example;recvonly sip:luc@mc.fr.example
                """)
        #expect((plan.created, plan.changed, plan.unchanged) == (3, 0, 0))
        let fleet = try after(plan)
        let dario = try #require(fleet.user(Italy.id("dario")))
        #expect(dario.publicIdentity == "sip:dario@vvf.it.example")
        #expect(dario.privateIdentity == "dario@vvf.it.example")
        #expect(dario.displayName == "Dario, Chief")
        #expect(dario.priority == 7)
        #expect(fleet.user(Italy.id("siren"))?.legacyAffiliations == [Italy.id("fire")])
        let group = try #require(fleet.group(Italy.id("fire")))
        #expect(group.type == .chat)
        #expect(group.hangTime == 5_000)
        #expect(group.member(Italy.id("dario")) == GroupMember(id: Italy.id("dario"), priority: 9, isRequired: true))
        #expect(group.member(Italy.id("siren"))?.isReceiveOnly == true)
        #expect(group.members.count == 3)
        #expect(plan.audit.map(\.action) == ["user.created", "user.created", "group.created", "fleet.imported"])
    }

    @Test func profilesThatMayBeSelectedStandInOneCell() throws {
        let before = try Italy.inCommand()
        #expect(String(decoding: FleetExport.csv(.users, of: before), as: UTF8.self).contains(",3:commander,"))
        let fleet = try after(try plan(users: "id,other_profiles\nsip:anna@mc.it.example,\n", in: before), before)
        #expect(fleet.user(Italy.id("anna"))?.otherProfiles == nil)
        let back = try after(
            try plan(users: "id,other_profiles\nsip:anna@mc.it.example,3:commander\n", in: fleet), fleet)
        #expect(back.user(Italy.id("anna")) == before.user(Italy.id("anna")))
        let errors = errors(users: "id,other_profiles\nsip:anna@mc.it.example,commander 300:x 1:nobody\n")
        #expect(errors.map(\.line) == [2, 2])
    }

    @Test func whatAColumnDoesNotSayStays() throws {
        let fleet = try after(try plan(users: "id,agency\nsip:anna@mc.it.example,Genova\n"))
        var anna = Italy.user("anna")
        anna.agency = "Genova"
        #expect(fleet.user(anna.id) == anna)
    }

    @Test func everyMistakeIsToldAndNothingIsDone() {
        let errors = errors(
            users: """
                id,organisation,priority,profile,suspended,rights_allowed,colour
                sip:dario@mc.it.example,nobody,300,nothing,maybe,allow-everything,red
                nonsense,vvf,,,,,
                sip:anna@mc.it.example,vvf,,responder,,,
                sip:anna@mc.it.example,vvf,,responder,,,
                sip:x@mc.fr.example,vvf,,,,,
                """,
            groups: """
                id,type,organisation,hang_time,members
                sip:fire@mc.it.example,ring,vvf,soon,sip:nobody@mc.it.example sip:anna@mc.it.example;loud sip:anna@mc.it.example
                """)
        func has(_ table: FleetTable.Kind, _ line: Int, _ column: String) -> Bool {
            errors.contains { $0.table == table && $0.line == line && $0.column == column }
        }
        for column in ["organisation", "priority", "profile", "suspended", "rights_allowed", "colour"] {
            #expect(has(.users, 2, column), "\(column)")
        }
        #expect(has(.users, 3, "id"))
        #expect(!has(.users, 4, "id"))
        #expect(has(.users, 5, "id"))
        #expect(has(.users, 6, "id"))
        #expect(has(.groups, 2, "type"))
        #expect(has(.groups, 2, "hang_time"))
        #expect(errors.filter { $0.table == .groups && $0.column == "members" }.count >= 2)
    }

    @Test func twoRowsCannotShareAName() {
        let errors = errors(
            users: """
                id,organisation,login_name
                sip:dario@mc.it.example,vvf,d
                sip:elena@mc.it.example,vvf,d
                """)
        #expect(errors.map(\.line) == [3])
        #expect(errors.map(\.column) == ["login_name"])
    }

    @Test func aMemberWhoseOwnRowFailedIsNotToldTwice() {
        let errors = errors(
            users: "id,organisation\nsip:dario@mc.it.example,nobody\n",
            groups: "id,type,organisation,members\nsip:fire@mc.it.example,chat,vvf,sip:dario@mc.it.example\n")
        #expect(errors.map(\.table) == [.users])
    }

    @Test func theRulesOfOrganisationsHoldForTablesToo() throws {
        let theirs = "id,organisation\nsip:dario@mc.it.example,ps\n"
        #expect(errors(users: theirs, by: Italy.fire).map(\.column) == ["organisation"])
        let fleet = try after(try plan(users: "id\nsip:dario@mc.it.example\n", by: Italy.fire))
        #expect(fleet.user(Italy.id("dario"))?.organisation == "vvf")
    }

    private static let salt = "WATtvaULSfGaA9MPK54IKg"
    private static let hash = "WdIf6qqFdyAuglxL3mW8v9BfFrrrDy9nIKNvsH/33ng"

    @Test(arguments: ["ln=15,r=8,p=1", "ln=16,r=8,p=4", "ln=15,r=16,p=1"])
    func aReadyMadeVerifierIsKeptAsItIs(costs: String) throws {
        let text = "$scrypt$\(costs)$\(Self.salt)$\(Self.hash)"
        let plan = try plan(users: "id,login_name,login_verifier\nsip:anna@mc.it.example,anna,\"\(text)\"\n")
        #expect(plan.pendingSecrets.isEmpty)
        #expect(try after(plan).user(Italy.id("anna"))?.passwordVerifier?.value == text)
        let again = try after(plan, after(plan))
        let kept = try FleetImport.plan(
            [FleetTable(csv: Array("id,login_verifier\nsip:anna@mc.it.example,\n".utf8), .users)], by: Italy.nation,
            in: again, system: Italy.system)
        #expect(kept.unchanged == 1)
    }

    @Test(arguments: [
        "$scrypt$ln=14,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=15,r=7,p=1$\(salt)$\(hash)",
        "$scrypt$ln=15,r=8,p=0$\(salt)$\(hash)", "$scrypt$ln=18,r=8,p=2$\(salt)$\(hash)",
        "$scrypt$ln=17,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=16,r=16,p=1$\(salt)$\(hash)",
        "$scrypt$ln=99,r=99,p=99$\(salt)$\(hash)", "$scrypt$ln=-15,r=8,p=1$\(salt)$\(hash)",
        "$scrypt$ln=015,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=15,p=1,r=8$\(salt)$\(hash)",
        "$scrypt$ln=15,r=8,p=1$c2hvcnQ$\(hash)", "$scrypt$ln=15,r=8,p=1$\(salt)$\(hash)A",
        "$scrypt$ln=15,r=8,p=1$\(salt)$!\(hash.dropFirst())", "$argon2id$v=19$m=65536,t=3,p=4$\(salt)$\(hash)",
        "$scrypt$ln=15,r=8,p=1$\(salt)", "pioggia",
    ])
    func aVerifierThatIsCheaperThanOursOrNoneIsRefusedAndNotRepeated(text: String) {
        let errors = errors(users: "id,login_name,login_verifier\nsip:anna@mc.it.example,anna,\"\(text)\"\n")
        #expect(errors.map(\.column) == ["login_verifier"])
        #expect(!"\(errors)".contains(Self.hash) && !"\(errors)".contains("pioggia"))
    }

    @Test func aVerifierBelongsToALoginNameAndToNoPassword() {
        let text = "\"$scrypt$ln=15,r=8,p=1$\(Self.salt)$\(Self.hash)\""
        let nameless = errors(users: "id,organisation,login_verifier\nsip:dario@mc.it.example,vvf,\(text)\n")
        #expect(nameless.map(\.column) == ["login_verifier"])
        let both = errors(
            users: """
                id,login_name,login_password,login_verifier
                sip:anna@mc.it.example,anna,a very long secret,\(text)
                """)
        #expect(both.map(\.column) == ["login_verifier"])
    }

    @Test func passwordsAreMadeByTheShellAndByNobodyElse() throws {
        let plan = try plan(
            users: """
                id,password,login_password
                sip:anna@mc.it.example,rain over Genoa,a very long secret
                """)
        #expect(plan.pendingSecrets.count == 2)
        #expect(plan.pendingSecrets.first?.purpose == .device(userName: "anna@mc.it.example", realm: "mc.it.example"))
        #expect(!"\(plan) \(plan.pendingSecrets)".contains("Genoa"))
        let anna = try #require(try after(plan).user(Italy.id("anna")))
        #expect(anna.credentials?.md5 == "anna@mc.it.example|rain over Genoa")
        #expect(anna.passwordVerifier?.value == "\(Italy.id("anna"))|a very long secret")
        let refusing = CredentialMaking(hashes: { _, _, _ in nil }, verifier: { _, _ in nil })
        #expect(throws: FleetRefusal.self) { try plan.decision(by: refusing) }
    }

    @Test func anEmptyPasswordLeavesTheOldOne() throws {
        let plan = try plan(users: "id,password,agency\nsip:anna@mc.it.example,,Genova\n")
        #expect(plan.pendingSecrets.isEmpty)
        #expect(try after(plan).user(Italy.id("anna"))?.credentials == Italy.hashes)
    }

    @Test func aNewUserNameComesWithANewPassword() throws {
        let name = "id,user_name\nsip:anna@mc.it.example,new\n"
        #expect(errors(users: name).map(\.column) == ["password"])
        let plan = try plan(users: "id,user_name,password\nsip:anna@mc.it.example,new,secret\n")
        #expect(try after(plan).user(Italy.id("anna"))?.credentials?.md5 == "new|secret")
    }

    @Test func aLogInPasswordKeepsThePasswordRule() {
        let errors = errors(users: "id,login_password\nsip:anna@mc.it.example,short\n")
        #expect(errors.map(\.column) == ["login_password"])
        #expect(errors.first.map { !$0.text.contains("short\"") } == true)
    }

    @Test func whatWasWrittenIsReadToTheSame() throws {
        var siren = Italy.user("siren")
        siren.legacyAffiliations = []
        siren.displayName = "Siren \"North\", old"
        siren.rights = RightsOverride(allowed: [.privateCall, .regroup], denied: [.joinChatGroup])
        siren.maxima = ProfileMaxima(affiliationsN2: 1, transmissionsN7: 2)
        siren.isSuspended = true
        var group = Italy.group("chat")
        group.type = .chat
        group.codec = .opus
        group.hangTime = 1_250
        group.maximumDuration = 7_200_000
        group.onAcknowledgementTimeout = .abandon
        group.allowsConferenceState = false
        group.setMembers([
            GroupMember(id: siren.id, priority: 3, isReceiveOnly: true, mayInitiate: false),
            GroupMember(
                id: "sip:luc@mc.fr.example", isRequired: true, mayJoin: false, mayCallInEmergency: false,
                maySeeParticipants: false),
        ])
        let fleet = try Italy.with(.create(.user(siren)), .create(.group(group)))
        let tables = [FleetTable.Kind.users, .groups].map { ($0, FleetExport.csv($0, of: fleet)) }
        let read = try tables.map { try FleetTable(csv: $0.1, $0.0) }

        let again = try FleetImport.plan(read, by: Italy.nation, in: fleet, system: Italy.system)
        #expect((again.created, again.changed, again.unchanged) == (0, 0, 7))
        #expect(again.audit.isEmpty)

        let organisations = Italy.records.filter { [.organisation, .profile].contains($0.kind) }
        let empty = FleetSnapshot(organisations, foreignUsers: ForeignUsers(domains: ["mc.fr.example"]))
        let copied = try after(
            try FleetImport.plan(read, by: Italy.nation, in: empty, system: Italy.system), empty)
        for key in fleet.keys(of: .user) {
            var user = fleet.user(key)
            user?.credentials = nil
            user?.passwordVerifier = nil
            #expect(copied.user(key) == user)
        }
        for key in fleet.keys(of: .group) { #expect(copied.group(key) == fleet.group(key)) }
        #expect(!String(decoding: tables[0].1, as: UTF8.self).contains("aaaaaaaa"))
    }

    @Test func anExportOfOneOrganisationHasItsRecordsOnly() {
        let users = String(decoding: FleetExport.csv(.users, of: Italy.fleet, organisation: "ps"), as: UTF8.self)
        #expect(users.contains("carla"))
        #expect(!users.contains("anna"))
    }

    @Test func aNationIsPlannedInSeconds() throws {
        var users = "id,organisation,profile,login_name\n"
        for number in 0..<10_000 { users += "sip:u\(number)@mc.it.example,vvf,responder,u\(number)\n" }
        var groups = "id,type,organisation,members\n"
        for number in 0..<2_000 {
            let members = (0..<20).map { "sip:u\((number * 7 + $0 * 501) % 10_000)@mc.it.example" }
            groups += "sip:g\(number)@mc.it.example,prearranged,vvf,\(members.joined(separator: " "))\n"
        }
        var plan: FleetPlan?
        let took = try ContinuousClock().measure { plan = try self.plan(users: users, groups: groups) }
        #expect(plan?.created == 12_000)
        #expect(took < .seconds(120))
    }
}
