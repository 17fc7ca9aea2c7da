import Administration
import FleetFiles
import MCFoundation
import Policy
import Testing

/// The map that is written, read and written again.
@Suite struct YAMLRoundTripTests {
    private static let system = SystemIdentity(id: MCSystemID("it"), domain: "mc.it.example")
    private static let nation = AdministratorRecord(id: "ministry", roles: [.administrator])
    private static let base: [FleetRecord] = [
        .organisation(OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT")),
        .profile(ProfileRecord(name: "responder")), .profile(ProfileRecord(name: "commander")), .administrator(nation),
    ]
    private static func id(_ name: String) -> String { "sip:\(name)@mc.it.example" }

    private static var fleet: FleetSnapshot {
        var records = base
        let names = [
            "Anna", "no", "true", "12", "1e3", "0x1f", "null", "~", "a: b", "a #b", "#a", "a - b", "say \"hi\"",
            "back\\slash", "Łódź", "🚒", "a\u{2028}b", "a\u{feff}b", "'a'", "{a}", "[a]", "&a", "*a", "!a", "|", ">",
            "%a", "`a", "a:", "?", "a, b", "2001-01-01", "",
        ]
        for (index, name) in names.enumerated() {
            var user = UserRecord(
                id: id("u\(index)"), displayName: name, organisation: "vvf", agency: name, profile: "responder")
            if index == 0 {
                user.legacyAffiliations = []
                user.rights = RightsOverride(allowed: [.privateCall, .regroup], denied: [.joinChatGroup])
                user.maxima = ProfileMaxima(affiliationsN2: 1, transmissionsN7: 2)
                user.isSuspended = true
            }
            if index == 2 { user.otherProfiles = [SelectableProfile(index: 7, profile: "commander")] }
            if index == 1 { user.legacyAffiliations = [id("fire"), id("snow")] }
            records.append(.user(user))
        }
        var fire = GroupRecord(id: id("fire"), organisation: "vvf", type: .chat)
        fire.hangTime = 1_250
        fire.maximumDuration = 7_200_000
        fire.setMembers([
            GroupMember(id: id("u1"), priority: 3, isReceiveOnly: true, mayInitiate: false),
            GroupMember(
                id: "sip:luc@mc.fr.example", isRequired: true, mayJoin: false, mayCallInEmergency: false,
                maySeeParticipants: false),
        ])
        records.append(.group(fire))
        records.append(.group(GroupRecord(id: id("snow"), organisation: "vvf", type: .prearranged)))
        return FleetSnapshot(records, foreignUsers: ForeignUsers(domains: ["mc.fr.example"]))
    }

    private static let making = CredentialMaking(hashes: { _, _, _ in nil }, verifier: { _, _ in nil })

    private func imported(_ yaml: [UInt8], into fleet: FleetSnapshot) throws -> (FleetPlan, FleetSnapshot) {
        let plan = try FleetImport.plan(
            try FleetTable.tables(yaml: yaml), by: Self.nation, in: fleet, system: Self.system)
        var after = fleet
        after.apply(try plan.decision(by: Self.making).changes)
        return (plan, after)
    }

    @Test func `what was written is read to the same, and written to the same octets`() throws {
        let fleet = Self.fleet
        let written = FleetExport.yaml(FleetTable.Kind.allCases, of: fleet)
        let (again, _) = try imported(written, into: fleet)
        #expect((again.created, again.changed, again.unchanged) == (0, 0, fleet.keys(of: .user).count + 2))
        let empty = FleetSnapshot(Self.base, foreignUsers: ForeignUsers(domains: ["mc.fr.example"]))
        let (_, copied) = try imported(written, into: empty)
        for key in fleet.keys(of: .user) { #expect(copied.user(key) == fleet.user(key)) }
        for key in fleet.keys(of: .group) { #expect(copied.group(key) == fleet.group(key)) }
        #expect(FleetExport.yaml(FleetTable.Kind.allCases, of: copied) == written)
        #expect(FleetExport.csv(.users, of: copied) == FleetExport.csv(.users, of: fleet))
    }

    @Test func `tables of nobody are written and read`() throws {
        let empty = FleetSnapshot(Self.base)
        let written = FleetExport.yaml(FleetTable.Kind.allCases, of: empty)
        #expect(String(decoding: written, as: UTF8.self) == "users: []\ngroups: []\n")
        #expect(try imported(written, into: empty).0.unchanged == 0)
    }

    @Test func `mistakes of what is said have the lines of the file, one by one`() throws {
        let yaml = """
            users:
              - id: sip:dario@mc.it.example
                organisation: nobody
                priority: 300
                colour: red
                rights_allowed:
                  - allow-private-call
                  - allow-everything
            groups:
              - id: sip:mud@mc.it.example
                type: chat
                organisation: vvf
                members:
                  - sip:u1@mc.it.example

                  - sip:u2@mc.it.example;loud
            """
        do throws(ImportErrors) {
            _ = try FleetImport.plan(
                try FleetTable.tables(yaml: Array(yaml.utf8)), by: Self.nation, in: Self.fleet, system: Self.system)
            Issue.record("it was taken")
        } catch {
            let found = Set(error.errors.map { "\($0.table?.rawValue ?? "") \($0.line) \($0.column)" })
            #expect(
                found == [
                    "users 3 organisation", "users 4 priority", "users 5 colour", "users 8 rights_allowed",
                    "groups 16 members",
                ])
            #expect(error.errors.contains { $0.column == "colour" && $0.text.contains("expected id,") })
        }
    }

    @Test func `files that come together are all looked at`() {
        var files = TableFiles()
        files.take(csv: Array("id\na,b\n".utf8), .users)
        files.take(csv: Array("id\na,b\n".utf8), .groups)
        files.take(yaml: Array("devices: []".utf8))
        do throws(ImportErrors) {
            _ = try files.tables()
            Issue.record("they were taken")
        } catch {
            #expect(error.errors.map(\.table) == [.users, .groups, nil])
        }
    }
}
