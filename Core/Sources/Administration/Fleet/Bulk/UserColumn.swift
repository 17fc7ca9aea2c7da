/// The columns of a table of users.
enum UserColumn: String, CaseIterable {
    case id
    /// Default: `id`.
    case sipIdentity = "sip_identity"
    /// Default: `sip_identity` without `sip:`.
    case userName = "user_name"
    /// The device's password in clear; an empty cell leaves it as it is. Never written.
    case password
    case loginName = "login_name"
    /// Likewise for the log-in.
    case loginPassword = "login_password"
    /// Instead of it: its verifier, made where the passwords were (`PasswordVerifier.init(readyMade:)`). Never written.
    case loginVerifier = "login_verifier"
    case displayName = "display_name"
    case organisation, agency, priority, profile
    /// Those that his clients may select, between blanks, each with its index: `1:commander 2:diver`.
    case otherProfiles = "other_profiles"
    /// Rights between blanks.
    case rightsAllowed = "rights_allowed"
    case rightsDenied = "rights_denied"
    case affiliations = "max_affiliations"
    case callsPerClient = "max_calls_per_client"
    case calls = "max_calls"
    case transmissions = "max_transmissions"
    /// Empty for an MCPTT client; for a plain telephone its groups between blanks, or `none`.
    case legacyAffiliations = "legacy_affiliations"
    case suspended

    static let written = allCases.filter { ![.password, .loginPassword, .loginVerifier].contains($0) }

    var form: FleetColumnForm {
        switch self {
        case .priority, .affiliations, .callsPerClient, .calls, .transmissions, .suspended: .plain
        case .otherProfiles, .rightsAllowed, .rightsDenied: .list(empty: "")
        // An empty cell is for who has no plain telephone.
        case .legacyAffiliations: .list(empty: Self.noAffiliation)
        case .id, .sipIdentity, .userName, .password, .loginName, .loginPassword, .loginVerifier, .displayName,
            .organisation,
            .agency, .profile:
            .text
        }
    }

    /// A plain telephone without a group.
    static let noAffiliation = "none"

    /// The column of a field that the rules name.
    static func column(ofField field: String) -> String {
        let column: UserColumn? =
            switch field {
            case "id": .id
            case "publicIdentity": .sipIdentity
            case "privateIdentity": .userName
            case "credentials": .password
            case "loginName": .loginName
            case "passwordVerifier": .loginPassword
            case "displayName": .displayName
            case "organisation": .organisation
            case "agency": .agency
            case "profile": .profile
            case "otherProfiles": .otherProfiles
            case "maxima.affiliationsN2": .affiliations
            case "maxima.groupCallsPerClientN4": .callsPerClient
            case "maxima.groupCallsN6": .calls
            case "maxima.transmissionsN7": .transmissions
            case "legacyAffiliations": .legacyAffiliations
            default: nil
            }
        return column?.rawValue ?? field
    }

    func text(of user: UserRecord) -> String {
        func number(_ value: Int?) -> String { value.map { String($0) } ?? "" }
        return switch self {
        case .id: user.id
        case .sipIdentity: user.publicIdentity
        case .userName: user.privateIdentity
        case .password, .loginPassword, .loginVerifier: ""
        case .loginName: user.loginName ?? ""
        case .displayName: user.displayName
        case .organisation: user.organisation
        case .agency: user.agency
        case .priority: String(user.priority)
        case .profile: user.profile ?? ""
        case .otherProfiles: (user.otherProfiles ?? []).map { "\($0.index):\($0.profile)" }.joined(separator: " ")
        case .rightsAllowed: user.rights.allowed.map(\.rawValue).joined(separator: " ")
        case .rightsDenied: user.rights.denied.map(\.rawValue).joined(separator: " ")
        case .affiliations: number(user.maxima.affiliationsN2)
        case .callsPerClient: number(user.maxima.groupCallsPerClientN4)
        case .calls: number(user.maxima.groupCallsN6)
        case .transmissions: number(user.maxima.transmissionsN7)
        case .legacyAffiliations:
            user.legacyAffiliations.map { $0.isEmpty ? Self.noAffiliation : $0.joined(separator: " ") } ?? ""
        case .suspended: String(user.isSuspended)
        }
    }
}

extension RowReading {
    /// The user that a row makes of what is there.
    mutating func user(_ id: String, insteadOf old: UserRecord?, organisation: String?) -> UserRecord {
        var user = old ?? UserRecord(id: id, organisation: organisation ?? "")
        let wasDefault = user.privateIdentity == FleetIdentity.withoutScheme(user.publicIdentity)
        optional(UserColumn.sipIdentity.rawValue) {
            user.publicIdentity = $0.map { FleetIdentity.canonical($0) ?? $0 } ?? id
        }
        if old == nil, wasDefault { user.privateIdentity = FleetIdentity.withoutScheme(user.publicIdentity) }
        optional(UserColumn.userName.rawValue) {
            user.privateIdentity = $0 ?? FleetIdentity.withoutScheme(user.publicIdentity)
        }
        optional(UserColumn.loginName.rawValue) { user.loginName = $0 }
        string(UserColumn.displayName.rawValue, into: &user.displayName)
        optional(UserColumn.organisation.rawValue) { user.organisation = $0 ?? organisation ?? "" }
        string(UserColumn.agency.rawValue, into: &user.agency)
        octet(UserColumn.priority.rawValue, into: &user.priority)
        optional(UserColumn.profile.rawValue) { user.profile = $0 }
        if let others = otherProfiles() { user.otherProfiles = others.isEmpty ? nil : others }
        user.rights = RightsOverride(
            allowed: rights(UserColumn.rightsAllowed.rawValue) ?? user.rights.allowed,
            denied: rights(UserColumn.rightsDenied.rawValue) ?? user.rights.denied)
        number(UserColumn.affiliations.rawValue, 0...1_000, into: &user.maxima.affiliationsN2)
        number(UserColumn.callsPerClient.rawValue, 0...1_000, into: &user.maxima.groupCallsPerClientN4)
        number(UserColumn.calls.rawValue, 0...1_000, into: &user.maxima.groupCallsN6)
        number(UserColumn.transmissions.rawValue, 0...1_000, into: &user.maxima.transmissionsN7)
        if let groups = words(UserColumn.legacyAffiliations.rawValue) {
            user.legacyAffiliations =
                groups.isEmpty
                ? nil
                : groups.map(\.text) == [Substring(UserColumn.noAffiliation)] ? [] : groups.map { String($0.text) }
        }
        flag(UserColumn.suspended.rawValue, default: false, into: &user.isSuspended)
        return user
    }

    private mutating func otherProfiles() -> [SelectableProfile]? {
        let column = UserColumn.otherProfiles.rawValue
        guard let words = words(column) else { return nil }
        return words.compactMap { word in
            let parts = word.text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let index = UInt8(parts[0]) else {
                fail(column, line: word.line, "expected index:profile, as 1:commander; found \(word.text.prefix(80))")
                return nil
            }
            return SelectableProfile(index: index, profile: String(parts[1]))
        }
    }

    private mutating func rights(_ column: String) -> [UserRight]? {
        guard let words = words(column) else { return nil }
        return words.compactMap { word in
            let right = UserRight(rawValue: String(word.text))
            if right == nil { fail(column, line: word.line, "there is no right \(word.text.prefix(80))") }
            return right
        }
    }
}
