public import MCDocuments
import MCFoundation

extension UserProfileDocument {
    /// The schema lets the parts stand in any order; the first of each counts.
    public init(parsing octets: [UInt8], limits: DocumentLimits = .configuration) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            try root.expectRoot("mcptt-user-profile", ConfigurationNamespace.userProfile)
            let owner = try root.requiredAttribute("XUI-URI")
            guard let index = UInt8(try root.requiredAttribute("user-profile-index")) else {
                throw DocumentError(.unexpected, line: root.line, "user-profile-index is no number up to 255")
            }
            var budget = EntryBudget(limits)
            let common = try root.required(root.firstChild("Common"), "Common")
            let user = try Entry(try common.required(common.firstChild("MCPTTUserID"), "MCPTTUserID"))
            var profile = UserProfileDocument(owner: owner, index: index, mcpttID: MCPTTID(user.uri))
            profile.displayName = user.displayName
            profile.name = root.string("Name")
            profile.profileName = root.string("ProfileName")
            profile.isEnabled = try root.boolean("Status") ?? true
            profile.isPreselected = root.firstChild("Pre-selected-indication") != nil
            try profile.readCommon(common, &budget)
            if let onNetwork = root.firstChild("OnNetwork") { try profile.readOnNetwork(onNetwork, &budget) }
            for child in root.children where child.isNamed("ruleset") {
                for rule in child.children where rule.isNamed("rule") { try profile.readRule(rule, &budget) }
            }
            return profile
        }
    }

    private mutating func readCommon(_ common: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        if let list = common.firstChild("UserAlias") {
            for child in list.children where child.isNamed("alias-entry") {
                try budget.spend(child)
                aliases.append(child.text)
            }
        }
        privateCallRecipients = try Self.entries(
            common.firstChild("PrivateCall")?.firstChild("PrivateCallList"), "PrivateCallURI", &budget)
        organisation = common.string("MissionCriticalOrganization")
        participantType = common.string("ParticipantType")
        guard let call = common.firstChild("MCPTT-group-call") else { return }
        maximumGroupCalls = try call.number("MaxSimultaneousCallsN6")
        priority = try call.number("Priority")
        if let node = call.firstChild("EmergencyCall")?.firstChild("MCPTTGroupInitiation")?.firstChild("entry") {
            emergencyCall = try Entry(node)
        }
        if let node = call.firstChild("ImminentPerilCall")?.firstChild("MCPTTGroupInitiation")?.firstChild("entry") {
            imminentPerilCall = try Entry(node)
        }
        if let node = call.firstChild("EmergencyAlert")?.firstChild("entry") { emergencyAlert = try Entry(node) }
    }

    private mutating func readOnNetwork(_ node: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        groups = try Self.entries(node.firstChild("MCPTTGroupInfo"), "entry", &budget)
        maximumAffiliations = try node.number("MaxAffiliationsN2")
        maximumTransmissions = try node.number("MaxSimultaneousTransmissionsN7")
        implicitAffiliations = try Self.entries(node.firstChild("ImplicitAffiliations"), "entry", &budget)
    }

    /// A rule with conditions (a time, a place) grants nothing here, because they are not evaluated.
    private mutating func readRule(_ rule: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        if let conditions = rule.firstChild("conditions") {
            for _ in conditions.children { return }
        }
        guard let actions = rule.firstChild("actions") else { return }
        var found: [Action] = []
        try Self.read(actions, into: &found, &budget)
        if let more = actions.firstChild("anyExt") { try Self.read(more, into: &found, &budget) }
        allow(found)
    }

    private static func read(
        _ node: XMLNode, into found: inout [Action], _ budget: inout EntryBudget
    ) throws(DocumentError) {
        for child in node.children {
            try budget.spend(child)
            guard let action = Action(rawValue: child.name) else { continue }
            guard let isAllowed = child.text.xmlBoolean else {
                throw DocumentError(.unexpected, line: child.line, "\(action.rawValue) is no boolean")
            }
            if isAllowed { found.append(action) }
        }
    }

    private static func entries(
        _ list: XMLNode?, _ name: StaticString, _ budget: inout EntryBudget
    ) throws(DocumentError) -> [Entry] {
        guard let list else { return [] }
        var entries: [Entry] = []
        for child in list.children where child.isNamed(name) {
            try budget.spend(child)
            entries.append(try Entry(child))
        }
        return entries
    }
}

extension UserProfileDocument.Entry {
    fileprivate init(_ node: XMLNode) throws(DocumentError) {
        guard let uri = node.string("uri-entry"), !uri.isEmpty else {
            throw DocumentError(.unexpected, line: node.line, "entry without uri-entry")
        }
        self.init(uri, displayName: node.string("display-name"))
        guard let text = node.attribute("entry-info") else { return }
        guard let info = Info(rawValue: text) else {
            throw DocumentError(.unexpected, line: node.line, "entry-info is none of the known")
        }
        self.info = info
    }
}
