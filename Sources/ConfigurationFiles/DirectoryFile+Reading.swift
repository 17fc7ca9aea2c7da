import MCFoundation
public import Policy
import Yams

extension DirectoryFile {
    /// Reads and checks the directory file that the configuration names.
    public static func read(for system: SystemConfiguration) throws(ConfigurationError) -> DirectoryFile {
        guard case .file(let path) = system.directory else {
            preconditionFailure("a configuration with a store names no directory file")
        }
        return try read(
            text: try Files.text(of: path), file: path, identity: system.identity,
            foreignUsers: ForeignUsers(of: system.partners.map(\.partner)))
    }

    /// `identity` and `foreignUsers` say whose users may be members of groups. Every mistake is told.
    public static func read(
        text: String, file: String, identity: SystemIdentity, foreignUsers: ForeignUsers
    ) throws(ConfigurationError) -> DirectoryFile {
        let issues = IssueList(file: file)
        let root = try YAMLText.root(text, issues)
        let result = root.fields().map { DirectoryReader(identity: identity, foreignUsers: foreignUsers).read($0) }
        try issues.throwIfAny()
        guard let result else { preconditionFailure("a file without a mistake gives a directory") }
        return result
    }
}

/// Reads users, then groups, then looks whether they name each other rightly.
private final class DirectoryReader {
    let identity: SystemIdentity
    let foreignUsers: ForeignUsers
    /// What the file names, also where the rest of the entry is wrong: one mistake is not told as several.
    private var knownUsers: Set<MCPTTID> = []
    private var knownGroups: Set<MCPTTGroupID> = []
    /// Lines of entries that were told to clash.
    private var clashing: Set<Int> = []

    init(identity: SystemIdentity, foreignUsers: ForeignUsers) {
        self.identity = identity
        self.foreignUsers = foreignUsers
    }

    func read(_ root: Fields) -> DirectoryFile {
        let users = root.required("users")?.list(of: user) ?? []
        let groups = root.optional("groups")?.list(of: group) ?? []
        root.end()
        checkTwice(users.map { ($0.entry.id.value, $0.id) }, "MCPTT ID")
        checkTwice(users.map { ($0.entry.publicIdentity.value, $0.id) }, "SIP identity")
        checkTwice(users.map { ($0.entry.privateIdentity.value, $0.id) }, "user name")
        checkTwice(groups.map { ($0.entry.id.value, $0.id) }, "group")
        for user in users {
            for (group, value) in user.affiliations where !knownGroups.contains(group) {
                value.expected("a group of this file")
            }
        }
        for group in groups { checkMembers(of: group) }
        return DirectoryFile(users: users.map(\.entry), groups: groups.map(\.entry))
    }

    private func checkTwice(_ names: [(String, Value)], _ what: String) {
        var seen: [String: Int] = [:]
        for (name, value) in names {
            if let line = seen[name], clashing.insert(value.node.mark?.line ?? 0).inserted {
                value.issues.add(value, "expected another \(what), found \"\(name)\" of line \(line)")
            }
            seen[name] = seen[name] ?? value.node.mark?.line ?? 0
        }
    }

    private func checkMembers(of group: GroupRead) {
        for (member, value) in group.members {
            guard !foreignUsers.contains(member) else { continue }
            if identity.domains.contains(member.domain ?? "") {
                if !knownUsers.contains(member) { value.expected("a user of this file") }
            } else {
                value.expected("a user of this system or of a partner")
            }
        }
        checkTwice(group.members.map { ($0.0.value, $0.1) }, "member")
        for (member, value) in group.named where !group.members.contains(where: { $0.0 == member }) {
            value.expected("a member of the group")
        }
        if group.entry.minimumToStart > group.entry.maximumParticipants, let value = group.minimum {
            value.expected("at most max_participants (\(group.entry.maximumParticipants))")
        }
    }

    // MARK: users

    struct UserRead {
        var entry: UserEntry
        var id: Value
        var affiliations: [(MCPTTGroupID, Value)]
    }

    private func ownIdentity(_ value: Value) -> String? {
        guard let identity = value.identity() else { return nil }
        guard let domain = MCPTTID(identity).domain, self.identity.domains.contains(domain) else {
            value.expected("an identity in a domain of this system (\(self.identity.domains.joined(separator: ", ")))")
            return nil
        }
        return identity
    }

    private func user(_ value: Value) -> UserRead? {
        guard let fields = value.fields() else { return nil }
        let idValue = fields.required("id")
        let id = idValue.flatMap(ownIdentity)
        if let id { knownUsers.insert(MCPTTID(id)) }
        let sip = fields.optional("sip_identity").map { $0.identity() }
        let name = fields.optional("user_name").map { $0.text() }
        let credentials = self.credentials(fields)
        var affiliations: [(MCPTTGroupID, Value)] = []
        let legacy = fields.optional("legacy").flatMap { self.legacy($0, &affiliations) }
        let displayName = fields.optional("display_name")?.text() ?? ""
        let organisation = fields.optional("organisation")?.text() ?? ""
        let agency = fields.optional("agency")?.text() ?? ""
        let priority = fields.optional("priority")?.integer(0...255) ?? 0
        let rights = fields.optional("rights").flatMap(self.rights) ?? UserRights()
        let maxima = fields.optional("maxima").flatMap(self.maxima) ?? UserMaxima()
        fields.end()
        guard let idValue, let id, let credentials else { return nil }
        let identity = (sip ?? id) ?? id
        return UserRead(
            entry: UserEntry(
                id: MCPTTID(id), publicIdentity: PublicUserIdentity(identity),
                privateIdentity: PrivateUserIdentity((name ?? nil) ?? String(identity.dropFirst(4))),
                credentials: credentials, displayName: displayName, organisation: organisation, agency: agency,
                priority: UInt8(priority), legacy: legacy, rights: rights, maxima: maxima),
            id: idValue, affiliations: affiliations)
    }

    private func credentials(_ fields: Fields) -> UserEntry.Credentials? {
        let password = fields.optional("password")
        let hashes = fields.optional("ha1")
        switch (password, hashes) {
        case (let password?, nil):
            return password.secret().map { .password($0) }
        case (nil, let hashes?):
            guard let fields = hashes.fields() else { return nil }
            let md5 = fields.optional("md5")
            let sha256 = fields.optional("sha256")
            fields.end()
            if md5 == nil, sha256 == nil { hashes.issues.add(hashes, "expected md5 or sha256 or both, found neither") }
            return .hashes(
                md5: md5.flatMap { hash($0, digits: 32) }, sha256: sha256.flatMap { hash($0, digits: 64) })
        case (let password?, _?):
            password.issues.add(password, "expected password or ha1, found both")
            return nil
        case (nil, nil):
            fields.value.issues.add(fields.value, "expected password or ha1, found neither")
            return nil
        }
    }

    private func hash(_ value: Value, digits: Int) -> Secret? {
        let isHash = { (text: String) in
            text.utf8.count == digits && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
        guard let secret = value.secret() else { return nil }
        guard isHash(secret.revealed) else {
            value.issues.add(value, "expected \(digits) hexadecimal digits in lower case")
            return nil
        }
        return secret
    }

    private func legacy(_ value: Value, _ affiliations: inout [(MCPTTGroupID, Value)]) -> LegacyEndpoint? {
        guard let fields = value.fields() else { return nil }
        if let receiveOnly = fields.optional("receive_only"), receiveOnly.flag() == false {
            receiveOnly.issues.add(receiveOnly, "expected true, for without floor control nobody can talk, found false")
        }
        affiliations =
            fields.optional("affiliations")?.list { value in value.identity().map { (MCPTTGroupID($0), value) } } ?? []
        fields.end()
        return LegacyEndpoint(affiliations: affiliations.map(\.0))
    }

    private func rights(_ value: Value) -> UserRights? {
        guard let fields = value.fields() else { return nil }
        var rights = UserRights()
        func read(_ key: String, _ part: WritableKeyPath<UserRights, Bool>) {
            if let flag = fields.optional(key)?.flag() { rights[keyPath: part] = flag }
        }
        read("call_prearranged", \.mayCallPrearrangedGroups)
        read("call_chat", \.mayCallChatGroups)
        read("join_chat", \.mayJoinChatGroups)
        read("emergency", \.mayCallInEmergency)
        read("imminent_peril", \.mayCallInImminentPeril)
        read("cancel_emergency", \.mayCancelEmergency)
        read("cancel_imminent_peril", \.mayCancelImminentPeril)
        read("force_auto_answer", \.mayForceAutoAnswer)
        fields.end()
        return rights
    }

    private func maxima(_ value: Value) -> UserMaxima? {
        guard let fields = value.fields() else { return nil }
        var maxima = UserMaxima()
        func read(_ key: String, _ part: WritableKeyPath<UserMaxima, Int>) {
            if let number = fields.optional(key)?.integer(1...1_000) { maxima[keyPath: part] = number }
        }
        read("affiliations", \.affiliationsN2)
        read("calls_per_client", \.groupCallsPerClientN4)
        read("calls", \.groupCallsN6)
        fields.end()
        return maxima
    }

    // MARK: groups

    struct GroupRead {
        var entry: Group
        var id: Value
        var members: [(MCPTTID, Value)]
        /// Those whom a rule of the group names: they have to be members.
        var named: [(MCPTTID, Value)]
        var minimum: Value?
    }

    private enum GroupType: String, CaseIterable { case prearranged, chat }
    private enum Codec: String, CaseIterable {
        case octetAligned = "amr-wb"
        case bandwidthEfficient = "amr-wb-be"
        case opus

        var profile: SpeechProfile {
            switch self {
            case .octetAligned: .amrWB(octetAligned: true)
            case .bandwidthEfficient: .amrWB(octetAligned: false)
            case .opus: .opus
            }
        }
    }

    private func group(_ value: Value) -> GroupRead? {
        guard let fields = value.fields() else { return nil }
        let idValue = fields.required("id")
        let id = idValue.flatMap(ownIdentity)
        if let id { knownGroups.insert(MCPTTGroupID(id)) }
        let type = fields.required("type")?.choice(GroupType.self)
        var members = fields.required("members")?.list(of: member) ?? []
        let initiators = circle(fields, "may_initiate")
        let joiners = circle(fields, "may_join")
        let seers = circle(fields, "may_see")
        var group = Group(id: MCPTTGroupID(id ?? ""), kind: type == .chat ? .chat : .prearranged, members: [])
        group.displayName = fields.optional("name")?.text() ?? ""
        if let flag = fields.optional("enabled")?.flag() { group.isEnabled = flag }
        if let number = fields.optional("max_participants")?.integer(2...10_000) { group.maximumParticipants = number }
        let minimum = fields.optional("min_to_start")
        if let number = minimum?.integer(1...10_000) { group.minimumToStart = number }
        if let time = fields.optional("hang_time")?.duration(.seconds(1)...(.seconds(600))) { group.hangTime = time }
        group.maximumDuration = fields.optional("max_duration")?.duration(.seconds(10)...(.seconds(604_800)))
        if let time = fields.optional("talk_limit")?.duration(.seconds(1)...(.seconds(600))) { group.talkLimit = time }
        if let number = fields.optional("queue_depth")?.integer(0...64) { group.queueDepth = number }
        if fields.optional("queueing")?.flag() == false { group.queueDepth = 0 }
        if let flag = fields.optional("audio_cut_in")?.flag() { group.hasAudioCutIn = flag }
        if let codec = fields.optional("codec")?.choice(Codec.self) { group.speech = codec.profile }
        if let number = fields.optional("priority")?.integer(0...255) { group.priority = UInt8(number) }
        if let read = fields.optional("release") { release(read, &group.release) }
        let declarers = fields.optional("emergency").flatMap { emergency($0, &group.emergency) }
        if let flag = fields.optional("conference_state")?.flag() { group.allowsConferenceState = flag }
        if let read = fields.optional("acknowledgement") { acknowledgement(read, &group.acknowledgement) }
        fields.end()
        guard let idValue, id != nil, type != nil else { return nil }
        for index in members.indices {
            let id = members[index].member.mcpttID
            if let initiators { members[index].member.mayInitiate = initiators.contains { $0.0 == id } }
            if let joiners { members[index].member.mayJoin = joiners.contains { $0.0 == id } }
            if let declarers { members[index].member.mayCallInEmergency = declarers.contains { $0.0 == id } }
            if let seers { members[index].member.maySeeParticipants = seers.contains { $0.0 == id } }
        }
        group.setMembers(members.map(\.member))
        return GroupRead(
            entry: group, id: idValue, members: members.map { ($0.member.mcpttID, $0.value) },
            named: [initiators, joiners, declarers, seers].flatMap { $0 ?? [] }, minimum: minimum)
    }

    /// Whom a rule is for. nil: every member.
    private func circle(_ fields: Fields, _ key: String) -> [(MCPTTID, Value)]? {
        guard let value = fields.optional(key) else { return nil }
        switch value.node {
        case .sequence: return value.list { value in value.identity().map { (MCPTTID($0), value) } }
        case .scalar(let scalar) where scalar.string == "members": return nil
        case .scalar(let scalar) where scalar.string == "nobody": return []
        case .scalar, .mapping, .alias:
            value.expected("members, nobody or a list of members")
            return nil
        }
    }

    /// Either an identity alone or a mapping.
    private func member(_ value: Value) -> (member: Member, value: Value)? {
        guard case .mapping = value.node else { return value.identity().map { (Member(mcpttID: MCPTTID($0)), value) } }
        guard let fields = value.fields() else { return nil }
        let idValue = fields.required("id")
        let id = idValue?.identity()
        let priority = fields.optional("priority")?.integer(0...255) ?? 0
        let receiveOnly = fields.optional("receive_only")?.flag() ?? false
        let required = fields.optional("required")?.flag() ?? false
        fields.end()
        guard let idValue, let id else { return nil }
        return (
            Member(mcpttID: MCPTTID(id), priority: UInt8(priority), isReceiveOnly: receiveOnly, isRequired: required),
            idValue
        )
    }

    /// Returns who may call in emergency or imminent peril; nil: every member.
    private func emergency(_ value: Value, _ rule: inout EmergencyRule) -> [(MCPTTID, Value)]? {
        guard let fields = value.fields() else { return nil }
        if let flag = fields.optional("calls")?.flag() { rule.allowsEmergencyCalls = flag }
        if let flag = fields.optional("imminent_peril")?.flag() { rule.allowsImminentPerilCalls = flag }
        let declarers = circle(fields, "may_call")
        fields.end()
        return declarers
    }

    private enum TimeoutAction: String, CaseIterable { case proceed, abandon }

    /// TNG1 and what follows it.
    private func acknowledgement(_ value: Value, _ rule: inout RequiredMembersRule) {
        guard let fields = value.fields() else { return }
        if let time = fields.optional("timeout")?.duration(.seconds(1)...(.seconds(60))) { rule.timeout = time }
        if let action = fields.optional("on_timeout")?.choice(TimeoutAction.self) {
            rule.onTimeout = action == .abandon ? .abandon : .proceed
        }
        fields.end()
    }

    private func release(_ value: Value, _ policy: inout ReleasePolicy) {
        guard let fields = value.fields() else { return }
        if let flag = fields.optional("on_inactivity")?.flag() { policy.onInactivity = flag }
        if let flag = fields.optional("when_initiator_leaves")?.flag() { policy.whenInitiatorLeaves = flag }
        if let flag = fields.optional("when_alone")?.flag() { policy.whenAlone = flag }
        fields.end()
    }
}
