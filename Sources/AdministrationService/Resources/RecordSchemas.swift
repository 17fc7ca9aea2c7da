import Administration

/// What the records look like outside. A field that stands in no schema never leaves the process.
enum RecordSchemas {
    static func schema(of kind: FleetKind) -> JSONSchema {
        switch kind {
        case .organisation: .object(organisation)
        case .profile: .object(profile)
        case .user: .object(user)
        case .device: .object(device)
        case .group: .object(group)
        case .functionalAlias: .object(functionalAlias)
        case .policy: .object(policy)
        case .administrator: .object(administrator)
        }
    }

    /// Fields of an answer that are left out where they have no value.
    static func optional(of kind: FleetKind) -> [String] {
        switch kind {
        case .organisation: ["parent"]
        case .profile, .functionalAlias, .policy: []
        case .user: ["loginName", "profile", "otherProfiles", "legacyAffiliations"]
        case .device: ["user"]
        case .group: ["maximumDuration"]
        case .administrator: ["organisation"]
        }
    }

    // MARK: Forms

    static let identity = JSONSchema.text(
        TextForm(
            minimum: 7, maximum: FleetLimits.identity,
            pattern: "^sip:[A-Za-z0-9_.!~*'()&=+$/%-]+@\(label)(\\.\(label))*$",
            examples: ["sip:anna@mc.it.example"]))
    private static let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    static let token = JSONSchema.text(
        TextForm(
            minimum: 1, maximum: FleetLimits.identity, pattern: "^[A-Za-z0-9_.][A-Za-z0-9_.@-]*$", examples: ["vvf"]))
    static let name = JSONSchema.text(name(minimum: 0))
    static let password = JSONSchema.text(TextForm(minimum: 8, maximum: 1_024))
    static let instance = JSONSchema.text(
        TextForm(
            minimum: 5, maximum: FleetLimits.identity, pattern: "^[Uu][Rr][Nn]:[!#-;=?-~]+$",
            examples: ["urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]))
    private static let rights = JSONSchema.list(
        .choice(UserRight.allCases.map(\.rawValue)), maximum: UserRight.allCases.count)

    /// A line of text that no spreadsheet takes for a formula.
    private static func name(minimum: Int) -> TextForm {
        let sign = "\\u0000-\\u001f\\u007f-\\u009f"
        let first = "[^\(sign) =+@-]"
        let whole = "\(first)([^\(sign)]*[^\(sign) ])?"
        return TextForm(
            minimum: minimum, maximum: FleetLimits.name, pattern: minimum == 0 ? "^(\(whole))?$" : "^\(whole)$",
            examples: ["Vigili del Fuoco"])
    }

    /// The schema of the key of a kind.
    static func key(of kind: FleetKind) -> JSONSchema {
        switch kind {
        case .user, .group, .functionalAlias: identity
        case .device: instance
        case .organisation, .profile, .administrator, .policy: token
        }
    }

    /// The field of a record that is its key; nil for the policy, of which there is one.
    static func keyField(of kind: FleetKind) -> String? {
        switch kind {
        case .policy: nil
        case .device: "instance"
        case .profile: "name"
        case .organisation, .user, .group, .functionalAlias, .administrator: "id"
        }
    }

    private static func milliseconds(_ range: ClosedRange<Int64>) -> JSONSchema { .integer(range) }

    // MARK: Records

    private static let organisation: [JSONField] = [
        JSONField("id", token, "A short constant name; that of the path."),
        JSONField("name", .text(name(minimum: 1)), .required, "For people."),
        JSONField(
            "country", .text(TextForm(minimum: 2, maximum: 2, pattern: "^[A-Z]{2}$", examples: ["IT"])), .required,
            "ISO 3166, two capital letters."),
        JSONField("parent", token, "The organisation that it is a part of."),
    ]

    private static let maxima = JSONSchema.object([
        JSONField("affiliationsN2", .integer(0...1_000), "Groups at a time (MaxAffiliationsN2)."),
        JSONField("groupCallsPerClientN4", .integer(0...1_000), "Calls of one client at a time."),
        JSONField("groupCallsN6", .integer(0...1_000), "Calls at a time (MaxSimultaneousCallsN6)."),
        JSONField("transmissionsN7", .integer(0...1_000), "Transmissions at a time (MaxSimultaneousTransmissionsN7)."),
    ])

    /// So that nobody believes that something is refused which is not.
    static let inEffect =
        "In effect now: \(UserRight.enforced.map(\.rawValue).joined(separator: ", ")). The others are kept and told to "
        + "devices in their user profile; this system asks for none of them yet."

    private static let profile: [JSONField] = [
        JSONField("name", token, "That of the path."),
        JSONField("rights", rights, "What is not listed is not allowed. \(inEffect)"),
        JSONField("maxima", maxima, "What is left out is as for an ordinary user."),
    ]

    private static let user: [JSONField] = [
        JSONField("id", identity, "MCPTT ID; that of the path."),
        JSONField("publicIdentity", identity, "SIP public user identity; the MCPTT ID where it is left out."),
        JSONField(
            "privateIdentity",
            .text(
                TextForm(
                    minimum: 1, maximum: FleetLimits.identity, pattern: "^[!#-9;-\\[\\]-~]+$",
                    examples: ["anna@mc.it.example"])),
            "User name of digest authentication; the public identity without `sip:` where it is left out."),
        JSONField("loginName", token, "By which he logs in; left out: he cannot."),
        JSONField("displayName", name, "For people."),
        JSONField("organisation", token, .required, "Key of his organisation."),
        JSONField("agency", name, "The part of it, for people."),
        JSONField("priority", .integer(0...255), "user-priority"),
        JSONField("profile", token, "Name of his profile; left out: nothing is allowed but what `rights` gives."),
        JSONField(
            "otherProfiles",
            .list(
                .object([
                    JSONField("index", .integer(1...255), .required, "user-profile-index; each once."),
                    JSONField("profile", token, .required, "Name of the profile; each once."),
                ]), maximum: FleetLimits.otherProfiles),
            "Those that his clients may select instead (TS 24.379 7.3)."),
        JSONField(
            "rights",
            .object([
                JSONField("allowed", rights, "Beyond the profile."),
                JSONField("denied", rights, "Whatever else allows it."),
            ]), "Where he differs from his profile."),
        JSONField("maxima", maxima, "Where he differs from his profile."),
        JSONField(
            "legacyAffiliations", .list(identity, maximum: FleetLimits.affiliationsPerTelephone),
            "Only for a plain telephone: its groups."),
        JSONField("isSuspended", .boolean, "He is nobody on the call path, and cannot log in."),
        JSONField("password", password, .secret, "A new one for his log-in; left out: it stays."),
        JSONField("device_password", password, .secret, "A new one for his devices; left out: it stays."),
    ]

    private static let device: [JSONField] = [
        JSONField("instance", instance, "Instance URN (RFC 5626 4.1); that of the path."),
        JSONField("name", name, "For people."),
        JSONField("organisation", token, .required, "Key of the organisation that handed it out."),
        JSONField("user", identity, "MCPTT ID of whom it was given to; left out: shared or spare."),
    ]

    /// Of a member, but for his identity.
    static let memberFields: [JSONField] = [
        JSONField("priority", .integer(0...255), "Within the group."),
        JSONField("isReceiveOnly", .boolean, "He only listens."),
        JSONField("isRequired", .boolean, "A call needs him."),
        JSONField("mayInitiate", .boolean, "He may begin calls."),
        JSONField("mayJoin", .boolean, "He may join calls."),
        JSONField("mayCallInEmergency", .boolean, "He may declare emergencies."),
        JSONField("maySeeParticipants", .boolean, "He may see who takes part, where the group allows it."),
    ]

    static let member = JSONSchema.object([JSONField("id", identity, .required, "MCPTT ID.")] + memberFields)

    private static let group: [JSONField] = [
        JSONField("id", identity, "MCPTT group ID; that of the path."),
        JSONField("organisation", token, .required, "Key of its organisation."),
        JSONField("displayName", name, "For people."),
        JSONField("type", .choice(GroupRecord.GroupType.allCases.map(\.rawValue)), .required, "Kind of its calls."),
        JSONField("isEnabled", .boolean, "It has calls."),
        JSONField(
            "members", .list(member, maximum: FleetLimits.membersPerGroup),
            "One listed twice counts as his last entry."),
        JSONField("maximumParticipants", .integer(2...10_000), "At a time."),
        JSONField("hangTime", milliseconds(1_000...600_000), "Milliseconds."),
        JSONField("maximumDuration", milliseconds(10_000...604_800_000), "Milliseconds; left out: calls have no end."),
        JSONField("talkLimit", milliseconds(1_000...600_000), "Milliseconds."),
        JSONField("queueDepth", .integer(0...64), "0 turns queueing off."),
        JSONField("hasAudioCutIn", .boolean, "Who talks is cut off by who asks."),
        JSONField("codec", .choice(GroupRecord.Codec.allCases.map(\.rawValue)), "One for all."),
        JSONField("minimumToStart", .integer(1...10_000), "Members without whom no call begins."),
        JSONField("acknowledgementTimeout", milliseconds(1_000...60_000), "Milliseconds."),
        JSONField(
            "onAcknowledgementTimeout", .choice(GroupRecord.OnTimeout.allCases.map(\.rawValue)),
            "Without the required members."),
        JSONField("releasesOnInactivity", .boolean, "A call ends after the hang time."),
        JSONField("releasesWhenInitiatorLeaves", .boolean, "A call ends with who began it."),
        JSONField("releasesWhenAlone", .boolean, "A call of one ends."),
        JSONField("priority", .integer(0...255), "Among groups."),
        JSONField("allowsEmergencyCalls", .boolean, "Emergency calls."),
        JSONField("allowsImminentPerilCalls", .boolean, "Imminent peril calls."),
        JSONField("allowsConferenceState", .boolean, "Members may see who takes part."),
    ]

    private static let functionalAlias: [JSONField] = [
        JSONField("id", identity, "The alias; that of the path."),
        JSONField("displayName", name, "For people."),
        JSONField("organisation", token, .required, "Key of its organisation."),
        JSONField(
            "users", .list(identity, maximum: FleetLimits.usersPerAlias), "MCPTT IDs of those who may activate it."),
    ]

    private static let policy: [JSONField] = [
        JSONField("auditRetentionDays", .integer(1...36_500), "For which audit entries are kept."),
        JSONField(
            "password",
            .object([
                JSONField("minimumLength", .integer(8...64), "Signs."),
                JSONField("maximumLength", .integer(64...1_024), "Signs."),
                JSONField("forbidsName", .boolean, "It does not contain the log-in name."),
            ]), "What a log-in password is like."),
        JSONField(
            "tokens",
            .object([
                JSONField("authorizationCode", milliseconds(1_000...600_000), "Milliseconds."),
                JSONField("accessToken", milliseconds(60_000...86_400_000), "Milliseconds."),
                JSONField("idToken", milliseconds(60_000...86_400_000), "Milliseconds."),
                JSONField("refreshToken", milliseconds(60_000...7_776_000_000), "Milliseconds."),
            ]), "How long they hold."),
        JSONField(
            "throttle",
            .object([
                JSONField("freeFailures", .integer(0...100), "Without consequence."),
                JSONField("firstDelay", milliseconds(100...60_000), "Milliseconds; doubled with each further failure."),
                JSONField("lockOutFailures", .integer(3...1_000), "After which nobody gets in for a time,"),
                JSONField("lockOutTime", milliseconds(1_000...86_400_000), "this one, in milliseconds."),
            ]), "What slows guessing down."),
    ]

    private static let administrator: [JSONField] = [
        JSONField("id", token, "By which he logs in; that of the path."),
        JSONField("organisation", token, "Whose records he may touch; left out: the whole nation."),
        JSONField(
            "roles",
            .list(
                .choice(AdministratorRole.allCases.map(\.rawValue)), minimum: 1,
                maximum: AdministratorRole.allCases.count),
            .required, "At least one."),
        JSONField("isSuspended", .boolean, "He cannot log in; his sessions end."),
        JSONField("password", password, .secret, "A new one for his log-in; left out: it stays."),
    ]
}
