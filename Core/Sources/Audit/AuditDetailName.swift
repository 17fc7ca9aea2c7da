/// The names of details that the log itself understands: queries look for them, and exports know from them what is an
/// identity.
public enum AuditDetailName {
    /// The identifier of a call.
    public static let call = "call"
    /// The identifier of an incident: that of the call in emergency or imminent peril, in what happened since it is one.
    public static let incident = "incident"
    /// The user something was done to or for.
    public static let user = "user"
    /// The functional alias of a user.
    public static let alias = "alias"
    /// How many details did not fit into the record.
    public static let leftOut = "details-left-out"

    /// Personal details that say who, not what.
    public static let identities = [user, alias]
}
