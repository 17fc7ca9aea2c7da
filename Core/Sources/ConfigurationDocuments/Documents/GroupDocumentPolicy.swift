internal import MCDocuments
internal import MCFoundation
public import Policy

extension GroupDocument {
    /// The document of a group. Protection is off and said so: a system without keys can neither give nor check it.
    ///
    /// - Parameter displayName: The name of a member, where one is known.
    public init(group: Group, displayName: (Member) -> String? = { _ in nil }) {
        self.init(id: group.id, displayName: group.displayName)
        entries = group.members.map { member in
            var entry = Entry(mcpttID: member.mcpttID, displayName: displayName(member), priority: member.priority)
            entry.isRequired = member.isRequired
            entry.isReceiveOnly = member.isReceiveOnly
            return entry
        }
        isDisabled = !group.isEnabled
        invitesMembers = group.kind == .prearranged
        maximumParticipants = group.maximumParticipants
        priority = group.priority
        switch group.speech {
        case .amrWB: voiceEncodings = ["AMR-WB"]
        case .opus: voiceEncodings = ["opus"]
        }
        hangTimer = group.hangTime
        maximumDuration = group.maximumDuration
        minimumToStart = group.minimumToStart
        acknowledgementTimeout = group.acknowledgement.timeout
        onAcknowledgementTimeout =
            switch group.acknowledgement.onTimeout {
            case .proceed: .proceed
            case .abandon: .abandon
            }
        hasAudioCutIn = group.hasAudioCutIn
        rules = Self.rules(of: group)
    }

    /// One rule with what every member may do, and one for each set of members who may do more than that. Actions of a
    /// rule only add, so nobody gets what he does not have.
    private static func rules(of group: Group) -> [Rule] {
        // Of a group without members the rule says what one would have, so that what the group forbids is kept.
        let everybody = group.members.isEmpty ? [Member(mcpttID: MCPTTID(""))] : group.members
        let granted = everybody.map { Self.actions(of: $0, in: group) }
        let common = Action.allCases.filter { action in granted.allSatisfy { $0.contains(action) } }
        var rules = [Rule(id: "members", condition: .listMembers, actions: common)]
        var kinds: [(actions: [Action], members: [MCPTTID])] = []
        for (member, actions) in zip(group.members, granted) where actions.count > common.count {
            if let index = kinds.firstIndex(where: { $0.actions == actions }) {
                kinds[index].members.append(member.mcpttID)
            } else {
                kinds.append((actions, [member.mcpttID]))
            }
        }
        for (index, kind) in kinds.enumerated() {
            rules.append(Rule(id: "members-\(index + 1)", condition: .identities(kind.members), actions: kind.actions))
        }
        return rules
    }

    /// In the order of `Action.allCases`.
    private static func actions(of member: Member, in group: Group) -> [Action] {
        Action.allCases.filter { action in
            switch action {
            case .initiateConference: member.mayInitiate
            case .join: member.mayJoin
            case .getMemberList, .getAffiliationList: true
            case .conferenceState: member.maySeeParticipants && group.allowsConferenceState
            case .emergencyCall: member.mayCallInEmergency && group.emergency.allowsEmergencyCalls
            case .imminentPerilCall: member.mayCallInEmergency && group.emergency.allowsImminentPerilCalls
            case .emergencyAlert: member.mayCallInEmergency && group.emergency.allowsEmergencyCalls
            }
        }
    }

    /// The group that the document describes. What a group document does not say (talk limit, depth of the queue,
    /// release, packing of the speech) stays as it is in `current`.
    ///
    /// Where no rule lets anybody call in an emergency, or see who takes part, that is the group's rule; the entries keep
    /// the right that they have for the day on which the group's rule changes. Where the group allows it and none of its
    /// members may, its document says the same: then both stay as they are.
    public func group(replacing current: Group? = nil) -> Group {
        let calls = mayDo([.emergencyCall, .imminentPerilCall])
        let somebodyCalls = calls.everyMember || !calls.users.isEmpty
        let unused = somebodyCalls ? nil : current?.unusedEmergencyRule
        let seers = mayDo([.conferenceState])
        let somebodySees = seers.everyMember || !seers.users.isEmpty
        let isSightUnused = !somebodySees && current?.isSightUnused == true
        let initiators = mayDo([.initiateConference])
        let joiners = mayDo([.join])
        var group = current ?? Group(id: id, kind: .chat, members: [])
        group.id = id
        group.displayName = displayName
        group.kind = invitesMembers ? .prearranged : .chat
        group.isEnabled = !isDisabled
        group.setMembers(
            entries.map { entry in
                Member(
                    mcpttID: entry.mcpttID, priority: entry.priority ?? 0, isReceiveOnly: entry.isReceiveOnly,
                    isRequired: entry.isRequired, mayInitiate: initiators.contains(entry.mcpttID),
                    mayJoin: joiners.contains(entry.mcpttID),
                    mayCallInEmergency: somebodyCalls
                        ? calls.contains(entry.mcpttID)
                        : unused == nil && current?.member(entry.mcpttID)?.mayCallInEmergency ?? true,
                    maySeeParticipants: somebodySees
                        ? seers.contains(entry.mcpttID)
                        : !isSightUnused && current?.member(entry.mcpttID)?.maySeeParticipants ?? true)
            })
        if let maximumParticipants { group.maximumParticipants = maximumParticipants }
        if let hangTimer { group.hangTime = hangTimer }
        group.maximumDuration = maximumDuration
        group.minimumToStart = minimumToStart ?? 1
        if let acknowledgementTimeout { group.acknowledgement.timeout = acknowledgementTimeout }
        switch onAcknowledgementTimeout {
        case .proceed: group.acknowledgement.onTimeout = .proceed
        case .abandon: group.acknowledgement.onTimeout = .abandon
        case nil: break
        }
        group.priority = priority ?? 0
        group.hasAudioCutIn = hasAudioCutIn ?? false
        group.speech = speech(current?.speech)
        let emergency = mayDo([.emergencyCall])
        let peril = mayDo([.imminentPerilCall])
        group.emergency =
            unused
            ?? EmergencyRule(
                allowsEmergencyCalls: emergency.everyMember || !emergency.users.isEmpty,
                allowsImminentPerilCalls: peril.everyMember || !peril.users.isEmpty)
        group.allowsConferenceState = isSightUnused || somebodySees
        return group
    }

    /// The first encoding that this system has; the packing of AMR-WB is no matter of the document.
    private func speech(_ current: SpeechProfile?) -> SpeechProfile {
        for name in voiceEncodings {
            switch name.uppercased() {
            case "AMR-WB":
                if case .amrWB = current { return current ?? .amrWB(octetAligned: true) }
                return .amrWB(octetAligned: true)
            case "OPUS": return .opus
            default: continue
            }
        }
        return current ?? .amrWB(octetAligned: true)
    }

    /// Who may do one of these actions.
    private func mayDo(_ actions: [Action]) -> Grant {
        var grant = Grant()
        for rule in rules where rule.actions.contains(where: { actions.contains($0) }) {
            switch rule.condition {
            case .everyone, .listMembers: grant.everyMember = true
            case .identities(let users): grant.users.append(contentsOf: users)
            }
        }
        grant.users.sort()
        return grant
    }
}

extension Group {
    /// What the group allows in an emergency, where it has members and none of them may do it: no rule of a document
    /// tells that.
    fileprivate var unusedEmergencyRule: EmergencyRule? {
        guard emergency.allowsEmergencyCalls || emergency.allowsImminentPerilCalls, !members.isEmpty,
            !members.contains(where: \.mayCallInEmergency)
        else { return nil }
        return emergency
    }

    /// Likewise: the group lets its members see who takes part, and none of them may.
    fileprivate var isSightUnused: Bool {
        allowsConferenceState && !members.isEmpty && !members.contains(where: \.maySeeParticipants)
    }
}

/// Members who may do something: all, or a sorted list.
private struct Grant {
    var everyMember = false
    var users: [MCPTTID] = []

    func contains(_ user: MCPTTID) -> Bool {
        if everyMember { return true }
        var low = 0
        var high = users.count
        while low < high {
            let middle = (low + high) / 2
            if users[middle] < user { low = middle + 1 } else { high = middle }
        }
        return low < users.count && users[low] == user
    }
}
