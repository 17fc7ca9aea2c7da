/// An organisation of the nation: a police force, a fire service, a ministry.
public struct OrganisationRecord: FleetValue {
    public static let kind = FleetKind.organisation

    /// A short constant name: `vvf`.
    public var id: String
    public var name: String
    /// ISO 3166, two capital letters.
    public var country: String
    /// The organisation that this is a part of. It gives no right over this one's records.
    public var parent: String?

    public init(id: String, name: String, country: String, parent: String? = nil) {
        self.id = id
        self.name = name
        self.country = country
        self.parent = parent
    }

    public var key: String { id }
    public var record: FleetRecord { .organisation(self) }

    public func changedFields(since old: OrganisationRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("name", \.name)
        fields.compare("country", \.country)
        fields.compare("parent", \.parent)
        return fields.changed
    }
}
