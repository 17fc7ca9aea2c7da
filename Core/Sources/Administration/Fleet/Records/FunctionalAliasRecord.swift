public import MCFoundation

/// A role that users of this nation may hold for a while: "fire chief Liguria".
public struct FunctionalAliasRecord: FleetValue {
    public static let kind = FleetKind.functionalAlias

    /// The alias, a URI in a domain of ours.
    public var id: String
    public var displayName: String
    public var organisation: String
    /// MCPTT IDs of those who may activate it, sorted.
    public var users: [String]

    public init(id: String, displayName: String = "", organisation: String, users: [String] = []) {
        self.id = id
        self.displayName = displayName
        self.organisation = organisation
        self.users = users.sortedOnce()
    }

    public var key: String { id }
    public var record: FleetRecord { .functionalAlias(self) }
    public var functionalAlias: FunctionalAlias { FunctionalAlias(id) }

    public func changedFields(since old: FunctionalAliasRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("displayName", \.displayName)
        fields.compare("organisation", \.organisation)
        fields.compare("users", \.users)
        return fields.changed
    }
}
