/// The kinds of records of a fleet map; the raw value is the kind of the stored record.
public enum FleetKind: String, Hashable, Sendable, Codable, CaseIterable {
    case organisation, profile, user, device, group
    case functionalAlias = "functional-alias"
    case policy, administrator
}

/// One record of the fleet map: text and numbers only, so that it is kept and handed on as it stands. The values that
/// the functions decide by (`Policy.User`, `Policy.Group`) are derived from it.
public protocol FleetValue: Codable, Hashable, Sendable {
    static var kind: FleetKind { get }
    /// Unique within the kind.
    var key: String { get }
    /// This record as the record of any kind.
    var record: FleetRecord { get }
    /// Names of the fields in which this differs from an older version; secrets are named and never shown.
    func changedFields(since old: Self) -> [String]
}

/// A record of any kind.
public enum FleetRecord: Hashable, Sendable {
    case organisation(OrganisationRecord)
    case profile(ProfileRecord)
    case user(UserRecord)
    case device(DeviceRecord)
    case group(GroupRecord)
    case functionalAlias(FunctionalAliasRecord)
    case policy(PolicyRecord)
    case administrator(AdministratorRecord)

    public var value: any FleetValue {
        switch self {
        case .organisation(let value): value
        case .profile(let value): value
        case .user(let value): value
        case .device(let value): value
        case .group(let value): value
        case .functionalAlias(let value): value
        case .policy(let value): value
        case .administrator(let value): value
        }
    }

    public var kind: FleetKind { type(of: value).kind }
    public var key: String { value.key }

    /// The organisation that the record belongs to; nil for what belongs to the whole nation.
    public var organisation: String? {
        switch self {
        case .organisation(let value): value.id
        case .profile, .policy: nil
        case .user(let value): value.organisation
        case .device(let value): value.organisation
        case .group(let value): value.organisation
        case .functionalAlias(let value): value.organisation
        case .administrator(let value): value.organisation
        }
    }
}

/// Collects the names of fields that differ.
struct FieldComparison<Value> {
    let new: Value
    let old: Value
    private(set) var changed: [String] = []

    init(_ new: Value, _ old: Value) {
        self.new = new
        self.old = old
    }

    mutating func compare(_ name: String, _ part: KeyPath<Value, some Equatable>) {
        if new[keyPath: part] != old[keyPath: part] { changed.append(name) }
    }
}
