public import MCDocuments
import MCFoundation

extension GroupDocument {
    /// Reads what this type knows; elements of other services and releases are passed over.
    public init(parsing octets: [UInt8], limits: DocumentLimits = .configuration) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            try root.expectRoot("group", ConfigurationNamespace.listService)
            guard let service = root.firstChild("list-service") else {
                throw DocumentError(.unexpected, line: root.line, "group without list-service")
            }
            var budget = EntryBudget(limits)
            var document = GroupDocument(
                id: MCPTTGroupID(try service.requiredAttribute("uri")),
                displayName: service.string("display-name") ?? "")
            if let list = service.firstChild("list") {
                for child in list.children where child.isNamed("entry") {
                    try budget.spend(child)
                    document.entries.append(try Entry(child))
                }
            }
            if let ruleset = service.firstChild("ruleset") {
                for child in ruleset.children where child.isNamed("rule") {
                    try budget.spend(child)
                    if let rule = try Rule(child, &budget) { document.rules.append(rule) }
                }
            }
            try document.readOnNetwork(service, &budget)
            try document.readServices(service, &budget)
            return document
        }
    }

    private mutating func readOnNetwork(_ service: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        isDisabled = service.firstChild("on-network-disabled") != nil
        if let temporary = service.firstChild("on-network-temporary") {
            constituents = try Self.constituents(temporary, &budget)
        }
        if let node = service.firstChild("on-network-regrouped") {
            regrouped = Regrouped(
                temporaryGroup: MCPTTGroupID(try node.requiredAttribute("temporary-MCPTT-group-ID")),
                requestor: MCPTTID(try node.requiredAttribute("temporary-MCPTT-group-requestor")),
                constituents: try Self.constituents(node, &budget),
                priority: try node.number("on-network-group-priority"))
        }
        invitesMembers = try service.boolean("on-network-invite-members") ?? false
        maximumParticipants = try service.number("on-network-max-participant-count")
        priority = try service.number("on-network-group-priority")
        if let encodings = service.firstChild("preferred-voice-encodings") {
            for child in encodings.children where child.isNamed("encoding") {
                try budget.spend(child)
                voiceEncodings.append(try child.requiredAttribute("name"))
            }
        }
        hangTimer = try service.duration("on-network-hang-timer")
        maximumDuration = try service.duration("on-network-maximum-duration")
        minimumToStart = try service.number("on-network-minimum-number-to-start")
        acknowledgementTimeout = try service.duration(
            "on-network-timeout-for-acknowledgement-of-required-members")
        switch service.string(
            "on-network-action-upon-expiration-of-timeout-for-acknowledgement-of-required-members")
        {
        case nil: onAcknowledgementTimeout = nil
        case "proceed": onAcknowledgementTimeout = .proceed
        // What is neither counts as the safer of both.
        case .some: onAcknowledgementTimeout = .abandon
        }
        emergencyCancellationTimeout = try service.duration(
            "on-network-in-progress-emergency-state-cancellation-timeout")
        imminentPerilCancellationTimeout = try service.duration(
            "on-network-in-progress-imminent-peril-state-cancellation-timeout")
        protectsMedia = try service.boolean("protect-media") ?? true
        protectsFloorControl = try service.boolean("protect-floor-control-signalling") ?? true
        hasAudioCutIn = try service.boolean("mcptt-on-network-audio-cut-in")
        supportsSpeech = false
        guard let services = service.firstChild("supported-services") else { return }
        for child in services.children where child.firstChild("group-media")?.firstChild("mcptt-speech") != nil {
            try budget.spend(child)
            supportsSpeech = true
        }
    }
}

extension GroupDocument {
    fileprivate static func constituents(
        _ node: XMLNode, _ budget: inout EntryBudget
    ) throws(DocumentError) -> [MCPTTGroupID] {
        let list = try node.required(
            node.firstChild("constituent-MCPTT-group-IDs"), "constituent-MCPTT-group-IDs")
        var groups: [MCPTTGroupID] = []
        for child in list.children where child.isNamed("constituent-MCPTT-group-ID") {
            try budget.spend(child)
            groups.append(MCPTTGroupID(child.text))
        }
        return groups
    }
}

extension GroupDocument.Entry {
    fileprivate init(_ node: XMLNode) throws(DocumentError) {
        self.init(mcpttID: MCPTTID(try node.requiredAttribute("uri")), displayName: node.string("display-name"))
        priority = try node.number("user-priority")
        participantType = node.string("participant-type")
        isRequired = node.firstChild("on-network-required") != nil
        isReceiveOnly = node.firstChild("on-network-recvonly") != nil
    }
}

extension GroupDocument.Rule {
    /// nil where the rule has a condition that is not understood: it then never holds, and grants nothing.
    fileprivate init?(_ node: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        guard let condition = try Self.condition(node.firstChild("conditions"), &budget) else { return nil }
        var actions: [GroupDocument.Action] = []
        if let list = node.firstChild("actions") {
            for child in list.children {
                try budget.spend(child)
                guard let action = GroupDocument.Action(rawValue: child.name) else { continue }
                guard let allowed = child.text.xmlBoolean else {
                    throw DocumentError(.unexpected, line: child.line, "\(action.rawValue) is no boolean")
                }
                if allowed { actions.append(action) }
            }
        }
        self.init(id: try node.requiredAttribute("id"), condition: condition, actions: actions)
    }

    /// All conditions of a rule must hold (RFC 4745 7). Only one at a time is understood here.
    private static func condition(
        _ node: XMLNode?, _ budget: inout EntryBudget
    ) throws(DocumentError) -> GroupDocument.Condition? {
        guard let node else { return .everyone }
        var found: GroupDocument.Condition?
        for child in node.children {
            try budget.spend(child)
            guard found == nil else { return nil }
            if child.isNamed("is-list-member") {
                guard child.text.isEmpty || child.text.xmlBoolean == true else { return nil }
                found = .listMembers
            } else if child.isNamed("identity") {
                var users: [MCPTTID] = []
                for one in child.children {
                    try budget.spend(one)
                    guard one.isNamed("one") else { return nil }
                    users.append(MCPTTID(try one.requiredAttribute("id")))
                }
                found = .identities(users)
            } else {
                return nil
            }
        }
        return found ?? .everyone
    }
}
