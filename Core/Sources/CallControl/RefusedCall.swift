public import MCDocuments
public import MCFoundation

/// What records say of a call that did not come about, beside why.
public enum RefusedCall {
    /// Who called which group in which tier, as far as the INVITE told.
    ///
    /// - Parameters:
    ///   - user: who it is known to be.
    ///   - isInvitation: a controlling function invites a member: it says into which group. In a call of a client the
    ///     group is what it calls (TS 24.379 6.3.3.1.2, 10.1.1.2.1.1).
    public static func fields(_ asked: MCPTTInfo?, user: MCPTTID?, isInvitation: Bool) -> [Observation.Field] {
        var fields: [Observation.Field] = []
        if let user { fields.append(.init("user", user.value, isPersonal: true)) }
        guard let asked else { return fields }
        if let group = isInvitation ? asked.callingGroupID?.value : asked.requestURI {
            fields.append(.init("group", group, isPersonal: true))
        }
        fields.append(.init("tier", "\(asked.tier)"))
        return fields
    }
}
