public import MCDocuments
public import MCFoundation

/// What records say of a call that did not come about, beside why.
public enum RefusedCall {
    /// Who called which group in which tier, as far as the INVITE told. `user`: who it is known to be.
    public static func fields(_ asked: MCPTTInfo?, user: MCPTTID?) -> [Observation.Field] {
        var fields: [Observation.Field] = []
        if let user { fields.append(.init("user", user.value, isPersonal: true)) }
        guard let asked else { return fields }
        if let group = asked.callingGroupID?.value ?? asked.requestURI {
            fields.append(.init("group", group, isPersonal: true))
        }
        fields.append(.init("tier", "\(asked.tier)"))
        return fields
    }
}
