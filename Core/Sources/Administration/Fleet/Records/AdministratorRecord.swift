/// What an administrator may do within his organisation, or the nation.
public enum AdministratorRole: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    /// Sees the fleet map.
    case reader
    /// Daily work: suspends users, sets the members of groups, hands out devices.
    case `operator`
    /// Changes every record.
    case administrator
    /// Reads the audit log. Changes nothing.
    case auditor

    public static func < (left: AdministratorRole, right: AdministratorRole) -> Bool { left.rawValue < right.rawValue }
}

/// Someone who manages the fleet map.
public struct AdministratorRecord: FleetValue {
    public static let kind = FleetKind.administrator

    /// The name by which he logs in.
    public var id: String
    /// The organisation whose records he may touch; nil: the whole nation.
    public var organisation: String?
    /// Sorted, once each.
    public var roles: [AdministratorRole]
    public var passwordVerifier: PasswordVerifier?
    public var isSuspended: Bool

    public init(
        id: String, organisation: String? = nil, roles: [AdministratorRole], passwordVerifier: PasswordVerifier? = nil,
        isSuspended: Bool = false
    ) {
        self.id = id
        self.organisation = organisation
        self.roles = roles.sortedOnce()
        self.passwordVerifier = passwordVerifier
        self.isSuspended = isSuspended
    }

    public var key: String { id }
    public var record: FleetRecord { .administrator(self) }
    public var isNational: Bool { organisation == nil }
    /// The right under which he acts, for the audit log.
    public var authority: String {
        let scope = organisation.map { "of \($0)" } ?? "of the nation"
        return "\(roles.map(\.rawValue).joined(separator: ", ")) \(scope)"
    }

    public func changedFields(since old: AdministratorRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("organisation", \.organisation)
        fields.compare("roles", \.roles)
        fields.compare("passwordVerifier", \.passwordVerifier)
        fields.compare("isSuspended", \.isSuspended)
        return fields.changed
    }
}
