public import MCFoundation

/// A device that an organisation handed out.
public struct DeviceRecord: FleetValue {
    public static let kind = FleetKind.device

    /// Its instance URN (RFC 5626 4.1), as in `+sip.instance`.
    public var instance: String
    public var name: String
    public var organisation: String
    /// MCPTT ID of the user it was given to; nil for a shared or spare device.
    public var user: String?

    public init(instance: String, name: String = "", organisation: String, user: String? = nil) {
        self.instance = instance
        self.name = name
        self.organisation = organisation
        self.user = user
    }

    public var key: String { instance }
    public var record: FleetRecord { .device(self) }
    public var instanceID: InstanceID { InstanceID(instance) }

    public func changedFields(since old: DeviceRecord) -> [String] {
        var fields = FieldComparison(self, old)
        fields.compare("name", \.name)
        fields.compare("organisation", \.organisation)
        fields.compare("user", \.user)
        return fields.changed
    }
}
