import ConfigurationDocuments
import MCDocuments
import MCFoundation
import Policy
import Testing

func sampleGroup() -> Group {
    var group = Group(
        id: MCPTTGroupID("sip:fire@example.org"), displayName: "Fire & Rescue", kind: .prearranged,
        members: [
            Member(mcpttID: MCPTTID("sip:alice@example.org"), priority: 7, isRequired: true),
            Member(mcpttID: MCPTTID("sip:bob@example.org"), isReceiveOnly: true, mayInitiate: false),
            Member(mcpttID: MCPTTID("sip:carol@partner.example"), mayInitiate: false, mayCallInEmergency: false),
            Member(mcpttID: MCPTTID("sip:dave@example.org"), mayInitiate: false, mayJoin: false),
        ], maximumParticipants: 40, hangTime: .milliseconds(12_500), maximumDuration: .seconds(3_600),
        talkLimit: .seconds(17), queueDepth: 3, hasAudioCutIn: true, speech: .amrWB(octetAligned: false),
        minimumToStart: 2, acknowledgement: RequiredMembersRule(timeout: .seconds(7), onTimeout: .abandon),
        priority: 9, allowsConferenceState: false)
    group.release.whenInitiatorLeaves = true
    return group
}

@Suite("Group documents")
struct GroupDocumentTests {
    @Test("a group comes back from its document as it was")
    func roundTrip() throws {
        let group = sampleGroup()
        let document = try GroupDocument(parsing: GroupDocument(group: group).serialized())
        #expect(document.group(replacing: group) == group)
        #expect(document == GroupDocument(group: group))
    }

    @Test("what a document does not say stays as it is, and the defaults of a new group are those of the type")
    func unsaid() throws {
        let document = try GroupDocument(parsing: GroupDocument(group: sampleGroup()).serialized())
        let fresh = document.group()
        #expect(fresh.talkLimit == .seconds(30))
        #expect(fresh.queueDepth == 8)
        #expect(!fresh.release.whenInitiatorLeaves)
        #expect(fresh.speech == .amrWB(octetAligned: true))
        #expect(fresh.members == sampleGroup().members)
    }

    @Test("a group without emergency calls says so, and keeps the rights of its members")
    func withoutEmergency() throws {
        var group = sampleGroup()
        group.setMembers([Member(mcpttID: MCPTTID("sip:a@x"))])
        group.emergency = EmergencyRule(allowsEmergencyCalls: false, allowsImminentPerilCalls: false)
        let document = GroupDocument(group: group)
        #expect(!document.allowsAllMembers(.emergencyCall))
        #expect(document.group(replacing: group) == group)
        group.emergency = EmergencyRule(allowsEmergencyCalls: true, allowsImminentPerilCalls: false)
        #expect(GroupDocument(group: group).group(replacing: group) == group)
    }

    @Test("a group without members keeps what it forbids and what it allows", arguments: [false, true])
    func withoutMembers(isAllowed: Bool) throws {
        var group = sampleGroup()
        group.setMembers([])
        group.emergency = EmergencyRule(allowsEmergencyCalls: isAllowed, allowsImminentPerilCalls: false)
        group.allowsConferenceState = isAllowed
        let document = try GroupDocument(parsing: GroupDocument(group: group).serialized())
        #expect(document.allowsAllMembers(.emergencyCall) == isAllowed)
        #expect(document.group(replacing: group) == group)
    }

    @Test("who may see the participants is told by rules, and kept where they tell nothing")
    func sight() throws {
        var group = sampleGroup()
        group.allowsConferenceState = true
        var members = group.members
        members[0].maySeeParticipants = false
        group.setMembers(members)
        var document = try GroupDocument(parsing: GroupDocument(group: group).serialized())
        #expect(!document.allowsAllMembers(.conferenceState))
        #expect(document.group(replacing: group) == group)
        let bare = document.group()
        #expect(bare.allowsConferenceState)
        #expect(bare.members.map(\.maySeeParticipants) == group.members.map(\.maySeeParticipants))
        // Neither of these is told from the other by any rule.
        for (isAllowed, maySee) in [(true, false), (false, true), (false, false)] {
            group.allowsConferenceState = isAllowed
            group.setMembers(
                members.map { member in
                    var member = member
                    member.maySeeParticipants = maySee
                    return member
                })
            document = try GroupDocument(parsing: GroupDocument(group: group).serialized())
            #expect(document.group(replacing: group) == group)
        }
    }

    @Test("what a document does not tell of emergencies stays when something else is edited")
    func unrelatedEdit() throws {
        var group = sampleGroup()
        let nobody = [
            Member(mcpttID: MCPTTID("sip:a@x"), mayCallInEmergency: false),
            Member(mcpttID: MCPTTID("sip:b@x"), mayCallInEmergency: false),
        ]
        for (allowed, members) in [
            (true, nobody), (false, nobody), (false, [nobody[0], Member(mcpttID: MCPTTID("sip:c@x"))]),
        ] {
            group.setMembers(members)
            group.emergency = EmergencyRule(allowsEmergencyCalls: allowed, allowsImminentPerilCalls: false)
            var document = GroupDocument(group: group)
            document.displayName = "Water"
            var expected = group
            expected.displayName = "Water"
            #expect(document.group(replacing: group) == expected)
        }
    }

    @Test("a new entry may do nothing that no rule lets anybody do")
    func newEntry() throws {
        var group = sampleGroup()
        group.setMembers([Member(mcpttID: MCPTTID("sip:a@x"), mayCallInEmergency: false)])
        var document = GroupDocument(group: group)
        document.entries.append(.init(mcpttID: MCPTTID("sip:b@x")))
        let after = document.group(replacing: group)
        #expect(after.member(MCPTTID("sip:b@x"))?.mayCallInEmergency == false)
        // Taking the right away from all of a group that had it is the group's rule, as before.
        group.setMembers([Member(mcpttID: MCPTTID("sip:a@x"))])
        document.entries.removeLast()
        #expect(!document.group(replacing: group).emergency.allowsEmergencyCalls)
    }

    @Test("protection is written as an explicit false, and counts as true where it is missing")
    func protection() throws {
        let text = String(decoding: GroupDocument(group: sampleGroup()).serialized(), as: UTF8.self)
        #expect(text.contains("<mcpttgi:protect-media>false</mcpttgi:protect-media>"))
        #expect(
            text.contains(
                "<mcpttgi:protect-floor-control-signalling>false</mcpttgi:protect-floor-control-signalling>"))
        let bare = try GroupDocument(parsing: Array(Self.bare.utf8))
        #expect(bare.protectsMedia && bare.protectsFloorControl)
    }

    static let bare = #"<group xmlns="urn:oma:xml:poc:list-service"><list-service uri="sip:g@x"/></group>"#

    @Test("a bare document is a chat group in which nothing is allowed")
    func bareDocument() throws {
        let document = try GroupDocument(parsing: Array(Self.bare.utf8))
        #expect(document.group().kind == .chat)
        #expect(!document.group().allowsConferenceState)
        #expect(!document.supportsSpeech)
    }

    @Test("rules of others: identities add to the members' rule, an unknown condition grants nothing")
    func foreignRules() throws {
        let text = """
            <group xmlns="urn:oma:xml:poc:list-service" xmlns:cp="urn:ietf:params:xml:ns:common-policy" \
            xmlns:m="urn:3gpp:ns:mcpttGroupInfo:1.0"><list-service uri="sip:g@x"><list><entry uri="sip:a@x"/>\
            <entry uri="sip:b@x"><m:user-priority>255</m:user-priority></entry></list>\
            <cp:ruleset><cp:rule id="1"><cp:conditions><is-list-member>true</is-list-member></cp:conditions>\
            <cp:actions><join-handling>true</join-handling></cp:actions></cp:rule>\
            <cp:rule id="2"><cp:conditions><cp:identity><cp:one id="sip:b@x"/></cp:identity></cp:conditions>\
            <cp:actions><allow-initiate-conference>1</allow-initiate-conference>\
            <m:allow-MCPTT-emergency-call>true</m:allow-MCPTT-emergency-call></cp:actions></cp:rule>\
            <cp:rule id="3"><cp:conditions><cp:sphere value="work"/></cp:conditions>\
            <cp:actions><m:allow-imminent-peril-call>true</m:allow-imminent-peril-call></cp:actions></cp:rule>\
            </cp:ruleset><m:future/></list-service></group>
            """
        let group = try GroupDocument(parsing: Array(text.utf8)).group()
        let (a, b) = (try #require(group.member(MCPTTID("sip:a@x"))), try #require(group.member(MCPTTID("sip:b@x"))))
        #expect(a.mayJoin && b.mayJoin)
        #expect(!a.mayInitiate && b.mayInitiate)
        #expect(!a.mayCallInEmergency && b.mayCallInEmergency)
        #expect(group.emergency == EmergencyRule(allowsEmergencyCalls: true, allowsImminentPerilCalls: false))
        #expect(b.priority == 255)
    }

    @Test(
        "values that the document cannot have are refused",
        arguments: [
            "<m:on-network-hang-timer>30</m:on-network-hang-timer>",
            "<m:on-network-group-priority>256</m:on-network-group-priority>",
            "<m:protect-media>maybe</m:protect-media>", "<list><entry/></list>",
        ])
    func refusals(element: String) {
        let text =
            #"<group xmlns="urn:oma:xml:poc:list-service" xmlns:m="urn:3gpp:ns:mcpttGroupInfo:1.0">"#
            + #"<list-service uri="sip:g@x">"# + element + "</list-service></group>"
        #expect(throws: DocumentError.self) { try GroupDocument(parsing: Array(text.utf8)) }
    }

    @Test("entries beyond the limit are refused")
    func entryLimit() {
        var limits = DocumentLimits.configuration
        limits.entries = 3
        #expect(throws: DocumentError(.tooLarge, line: 2, "too many entries")) {
            try GroupDocument(parsing: GroupDocument(group: sampleGroup()).serialized(), limits: limits)
        }
    }

    @Test(
        "durations are read in all the forms of the schema",
        arguments: [
            ("PT30S", Duration.seconds(30)), ("PT1M30S", .seconds(90)), ("P1DT2H", .seconds(93_600)),
            ("PT0.5S", .milliseconds(500)), ("PT0S", .zero),
        ])
    func durations(text: String, duration: Duration) throws {
        #expect(try Self.hangTime(text) == duration)
    }

    @Test(
        "what is no duration of a timer is refused",
        arguments: ["", "P", "PT", "P1Y", "-PT1S", "PT1", "PT1M1H", "PT1.5M", "PT99999999999999999999S", "P1DT", "30"])
    func badDurations(text: String) {
        #expect(throws: DocumentError.self) { try Self.hangTime(text) }
    }

    private static func hangTime(_ text: String) throws -> Duration? {
        let document =
            #"<group xmlns="urn:oma:xml:poc:list-service"><list-service uri="sip:g@x"><on-network-hang-timer>"# + text
            + "</on-network-hang-timer></list-service></group>"
        return try GroupDocument(parsing: Array(document.utf8)).hangTimer
    }
}
