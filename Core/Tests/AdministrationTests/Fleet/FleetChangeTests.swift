import Administration
import MCFoundation
import Policy
import Testing

@Suite struct FleetChangeTests {
    static let everyKind: [FleetRecord] = [
        .organisation(OrganisationRecord(id: "vvf", name: "Vigili", country: "IT", parent: "min")),
        .profile(ProfileRecord(name: "p", rights: UserRight.allCases, maxima: ProfileMaxima(groupCallsN6: 3))),
        .user(Italy.user("anna")),
        .device(DeviceRecord(instance: "urn:uuid:1", name: "Radio", organisation: "vvf", user: Italy.id("anna"))),
        .group(Italy.group("flood", [Italy.id("anna")])),
        .functionalAlias(FunctionalAliasRecord(id: Italy.id("chief"), organisation: "vvf", users: [Italy.id("anna")])),
        .policy(PolicyRecord(auditRetentionDays: 30)), .administrator(Italy.fire),
    ]

    @Test(arguments: everyKind) func aRecordComesBackFromItsStoredForm(_ record: FleetRecord) throws {
        let change = FleetChange.put(record)
        let stored = try change.recordChange(by: JSONCoding())
        guard case .put(let body) = stored else { throw FleetRecordErrorExpected() }
        #expect(body.kind == record.kind.rawValue)
        #expect(body.key == record.key)
        #expect(try FleetChange(stored, by: JSONCoding()) == change)
    }

    @Test func everyKindIsAmongTheTested() {
        #expect(Set(Self.everyKind.map(\.kind)) == Set(FleetKind.allCases))
    }

    @Test func aDeletionComesBackToo() throws {
        let change = FleetChange.delete(.functionalAlias, key: Italy.id("chief"))
        #expect(try FleetChange(try change.recordChange(by: JSONCoding()), by: JSONCoding()) == change)
    }

    @Test func kindsOfOthersAreLeftToThem() throws {
        #expect(try FleetChange(.delete(kind: "document", key: "x"), by: JSONCoding()) == nil)
        #expect(try FleetChange(.put(StoredRecord(kind: "document", key: "x", body: [])), by: JSONCoding()) == nil)
    }

    @Test func aRecordUnderTheKeyOfAnotherIsRefused() throws {
        var stored = try FleetRecord.user(Italy.user("anna")).stored(by: JSONCoding())
        stored.key = Italy.id("bruno")
        #expect(throws: FleetRecordError.self) { try FleetRecord(stored, by: JSONCoding()) }
    }

    @Test func secretsDoNotPrint() {
        var user = Italy.user("anna")
        user.passwordVerifier = PasswordVerifier("scrypt-secret")
        var shown = ""
        dump(user, to: &shown)
        shown += "\(user) \(String(reflecting: user)) \(FleetChange.put(.user(user)))"
        #expect(!shown.contains("scrypt-secret"))
        #expect(!shown.contains("aaaaaaaa"))
        #expect(!shown.contains("bbbbbbbb"))
    }

    @Test func aGroupOfTheCallPathComesBackFromItsRecord() {
        var record = Italy.group("flood")
        record.setMembers([
            GroupMember(id: "sip:b@x", priority: 9, isReceiveOnly: true, mayInitiate: false),
            GroupMember(
                id: "sip:a@x", isRequired: true, mayJoin: false, mayCallInEmergency: false,
                maySeeParticipants: false),
        ])
        record.type = .chat
        record.codec = .bandwidthEfficient
        record.maximumDuration = 60_000
        record.onAcknowledgementTimeout = .abandon
        record.releasesWhenInitiatorLeaves = true
        record.allowsImminentPerilCalls = false
        #expect(record.members.map(\.id) == ["sip:a@x", "sip:b@x"])
        #expect(GroupRecord(record.group, organisation: "vvf") == record)
        #expect(record.group.maximumDuration == .seconds(60))
        #expect(record.group.member(.init("sip:b@x"))?.isReceiveOnly == true)
    }
}

private struct FleetRecordErrorExpected: Error {}
