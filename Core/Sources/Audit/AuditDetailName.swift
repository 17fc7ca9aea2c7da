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
    /// Members who joined a group, left it, or are members otherwise than before: lists.
    public static let added = "added"
    public static let removed = "removed"
    public static let changed = "changed"
    /// The user for whom groups were joined.
    public static let requestor = "requestor"
    /// The administrator something was done to.
    public static let administrator = "administrator"
    /// The device something was done to.
    public static let device = "device"
    /// How many details did not fit into the record.
    public static let leftOut = "details-left-out"

    /// Personal details that say who, not what.
    public static let identities = [user, alias, added, removed, changed, requestor, administrator, device]
}
