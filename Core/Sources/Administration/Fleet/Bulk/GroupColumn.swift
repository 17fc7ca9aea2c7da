/// The columns of a table of groups. Durations are a number and a unit: `30 s`.
enum GroupColumn: String, CaseIterable {
    case id, name, type, organisation, enabled
    /// Members between blanks, each `sip:user@domain` and what it differs in, after semicolons: a priority, or a
    /// `MemberOption`.
    case members
    case maximumParticipants = "max_participants"
    case minimumToStart = "min_to_start"
    case hangTime = "hang_time"
    /// Empty: no end.
    case maximumDuration = "max_duration"
    case talkLimit = "talk_limit"
    case queueDepth = "queue_depth"
    case audioCutIn = "audio_cut_in"
    case codec, priority
    case releaseOnInactivity = "release_on_inactivity"
    case releaseWhenInitiatorLeaves = "release_when_initiator_leaves"
    case releaseWhenAlone = "release_when_alone"
    case emergencyCalls = "emergency_calls"
    case imminentPeril = "imminent_peril"
    case conferenceState = "conference_state"
    case acknowledgementTimeout = "ack_timeout"
    case acknowledgementOnTimeout = "ack_on_timeout"

    var form: FleetColumnForm {
        switch self {
        case .members: .list(empty: "")
        case .enabled, .maximumParticipants, .minimumToStart, .queueDepth, .audioCutIn, .priority,
            .releaseOnInactivity, .releaseWhenInitiatorLeaves, .releaseWhenAlone, .emergencyCalls, .imminentPeril,
            .conferenceState:
            .plain
        case .id, .name, .type, .organisation, .hangTime, .maximumDuration, .talkLimit, .codec,
            .acknowledgementTimeout, .acknowledgementOnTimeout:
            .text
        }
    }

    /// The column of a field that the rules name.
    static func column(ofField field: String) -> String {
        let column: GroupColumn? =
            switch field {
            case "id": .id
            case "displayName": .name
            case "organisation": .organisation
            case "members": .members
            case "maximumParticipants": .maximumParticipants
            case "minimumToStart": .minimumToStart
            case "hangTime": .hangTime
            case "maximumDuration": .maximumDuration
            case "talkLimit": .talkLimit
            case "queueDepth": .queueDepth
            case "acknowledgementTimeout": .acknowledgementTimeout
            default: nil
            }
        return column?.rawValue ?? field
    }

    func text(of group: GroupRecord) -> String {
        switch self {
        case .id: group.id
        case .name: group.displayName
        case .type: group.type.rawValue
        case .organisation: group.organisation
        case .enabled: String(group.isEnabled)
        case .members: group.members.map { MemberOption.text(of: $0) }.joined(separator: " ")
        case .maximumParticipants: String(group.maximumParticipants)
        case .minimumToStart: String(group.minimumToStart)
        case .hangTime: TimeSpanText.text(group.hangTime)
        case .maximumDuration: group.maximumDuration.map { TimeSpanText.text($0) } ?? ""
        case .talkLimit: TimeSpanText.text(group.talkLimit)
        case .queueDepth: String(group.queueDepth)
        case .audioCutIn: String(group.hasAudioCutIn)
        case .codec: group.codec.rawValue
        case .priority: String(group.priority)
        case .releaseOnInactivity: String(group.releasesOnInactivity)
        case .releaseWhenInitiatorLeaves: String(group.releasesWhenInitiatorLeaves)
        case .releaseWhenAlone: String(group.releasesWhenAlone)
        case .emergencyCalls: String(group.allowsEmergencyCalls)
        case .imminentPeril: String(group.allowsImminentPerilCalls)
        case .conferenceState: String(group.allowsConferenceState)
        case .acknowledgementTimeout: TimeSpanText.text(group.acknowledgementTimeout)
        case .acknowledgementOnTimeout: group.onAcknowledgementTimeout.rawValue
        }
    }
}

/// How a member differs from an ordinary one.
enum MemberOption: String, CaseIterable {
    case receiveOnly = "recvonly"
    case required
    case noInitiate = "noinitiate"
    case noJoin = "nojoin"
    case noEmergency = "noemergency"
    case noSee = "nosee"

    private func isSet(in member: GroupMember) -> Bool {
        switch self {
        case .receiveOnly: member.isReceiveOnly
        case .required: member.isRequired
        case .noInitiate: !member.mayInitiate
        case .noJoin: !member.mayJoin
        case .noEmergency: !member.mayCallInEmergency
        case .noSee: !member.maySeeParticipants
        }
    }

    func set(in member: inout GroupMember) {
        switch self {
        case .receiveOnly: member.isReceiveOnly = true
        case .required: member.isRequired = true
        case .noInitiate: member.mayInitiate = false
        case .noJoin: member.mayJoin = false
        case .noEmergency: member.mayCallInEmergency = false
        case .noSee: member.maySeeParticipants = false
        }
    }

    static func text(of member: GroupMember) -> String {
        var text = member.id
        if member.priority != 0 { text += ";\(member.priority)" }
        for option in allCases where option.isSet(in: member) { text += ";\(option.rawValue)" }
        return text
    }
}

extension RowReading {
    /// The group that a row makes of what is there.
    mutating func group(_ id: String, insteadOf old: GroupRecord?, organisation: String?) -> GroupRecord {
        let ordinary = GroupRecord(id: id, organisation: organisation ?? "", type: .prearranged)
        var group = old ?? ordinary
        if old == nil, text(GroupColumn.type.rawValue) == nil {
            fail(GroupColumn.type.rawValue, "a new group has a type")
        }
        choice(GroupColumn.type.rawValue, default: .prearranged, into: &group.type)
        string(GroupColumn.name.rawValue, into: &group.displayName)
        optional(GroupColumn.organisation.rawValue) { group.organisation = $0 ?? organisation ?? "" }
        flag(GroupColumn.enabled.rawValue, default: true, into: &group.isEnabled)
        if let members = members() { group.setMembers(members) }
        number(
            GroupColumn.maximumParticipants.rawValue, 2...10_000, default: ordinary.maximumParticipants,
            into: &group.maximumParticipants)
        number(
            GroupColumn.minimumToStart.rawValue, 1...10_000, default: ordinary.minimumToStart,
            into: &group.minimumToStart)
        duration(GroupColumn.hangTime.rawValue, default: ordinary.hangTime, into: &group.hangTime)
        duration(GroupColumn.maximumDuration.rawValue, into: &group.maximumDuration)
        duration(GroupColumn.talkLimit.rawValue, default: ordinary.talkLimit, into: &group.talkLimit)
        number(GroupColumn.queueDepth.rawValue, 0...64, default: ordinary.queueDepth, into: &group.queueDepth)
        flag(GroupColumn.audioCutIn.rawValue, default: ordinary.hasAudioCutIn, into: &group.hasAudioCutIn)
        choice(GroupColumn.codec.rawValue, default: ordinary.codec, into: &group.codec)
        octet(GroupColumn.priority.rawValue, into: &group.priority)
        rules(&group, ordinary)
        return group
    }

    private mutating func rules(_ group: inout GroupRecord, _ ordinary: GroupRecord) {
        flag(
            GroupColumn.releaseOnInactivity.rawValue, default: ordinary.releasesOnInactivity,
            into: &group.releasesOnInactivity)
        flag(
            GroupColumn.releaseWhenInitiatorLeaves.rawValue, default: ordinary.releasesWhenInitiatorLeaves,
            into: &group.releasesWhenInitiatorLeaves)
        flag(GroupColumn.releaseWhenAlone.rawValue, default: ordinary.releasesWhenAlone, into: &group.releasesWhenAlone)
        flag(
            GroupColumn.emergencyCalls.rawValue, default: ordinary.allowsEmergencyCalls,
            into: &group.allowsEmergencyCalls)
        flag(
            GroupColumn.imminentPeril.rawValue, default: ordinary.allowsImminentPerilCalls,
            into: &group.allowsImminentPerilCalls)
        flag(
            GroupColumn.conferenceState.rawValue, default: ordinary.allowsConferenceState,
            into: &group.allowsConferenceState)
        duration(
            GroupColumn.acknowledgementTimeout.rawValue, default: ordinary.acknowledgementTimeout,
            into: &group.acknowledgementTimeout)
        choice(
            GroupColumn.acknowledgementOnTimeout.rawValue, default: ordinary.onAcknowledgementTimeout,
            into: &group.onAcknowledgementTimeout)
    }

    private mutating func members() -> [GroupMember]? {
        let column = GroupColumn.members.rawValue
        guard let words = words(column) else { return nil }
        var seen: Set<String> = []
        return words.map { word in
            let parts = word.text.split(separator: ";", omittingEmptySubsequences: false)
            let text = String(parts.first ?? "")
            var member = GroupMember(id: FleetIdentity.canonical(text) ?? text)
            if !seen.insert(member.id).inserted { fail(column, line: word.line, "\(member.id) is there twice") }
            for part in parts.dropFirst() {
                if let priority = UInt8(part) {
                    member.priority = priority
                } else if let option = MemberOption(rawValue: String(part)) {
                    option.set(in: &member)
                } else {
                    let options = MemberOption.allCases.map(\.rawValue).joined(separator: ", ")
                    fail(
                        column, line: word.line,
                        "expected a priority from 0 to 255, \(options), found \"\(part.prefix(80))\"")
                }
            }
            return member
        }
    }
}
