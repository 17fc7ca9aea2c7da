/// What an administrator asks for.
public enum FleetRequest: Hashable, Sendable {
    case create(FleetRecord)
    /// The record is replaced whole.
    case replace(FleetRecord)
    case delete(FleetKind, key: String)
    /// A suspended user is nobody on the call path, and cannot log in.
    case setSuspended(user: String, Bool)
    /// All members at once; one listed twice counts as his last entry.
    case setMembers(group: String, [GroupMember])
    /// Adds one member, or changes his entry.
    case setMember(group: String, GroupMember)
    /// Adds a user, or changes his priority and nothing else of his entry; nil: the priority stays, or is 0.
    case addMember(group: String, user: String, priority: UInt8?)
    case removeMember(group: String, user: String)
    case setRights(user: String, profile: String?, RightsOverride, ProfileMaxima)
    /// What the registrar proves his devices by.
    case setCredentials(user: String, CredentialHashes?)
    /// What the log-in of a user or administrator is checked against. An administrator may set his own.
    case setPassword(PasswordOwner, PasswordVerifier?)
    /// All log-ins of the user end; he may log in again. No record changes: whoever serves log-in is told.
    case logOff(user: String)
    /// A user whom failed log-ins locked out may try again. No record changes either.
    case forgive(user: String)

    public enum PasswordOwner: Hashable, Sendable {
        case user(String)
        case administrator(String)
    }

    public var kind: FleetKind {
        switch self {
        case .create(let record), .replace(let record): record.kind
        case .delete(let kind, _): kind
        case .setMembers, .setMember, .addMember, .removeMember: .group
        case .setSuspended, .setRights, .setCredentials, .setPassword(.user, _), .logOff, .forgive: .user
        case .setPassword(.administrator, _): .administrator
        }
    }

    public var key: String {
        switch self {
        case .create(let record), .replace(let record): record.key
        case .delete(_, let key): key
        case .setMembers(let group, _), .setMember(let group, _), .removeMember(let group, _): group
        case .addMember(let group, _, _): group
        case .setSuspended(let user, _), .setRights(let user, _, _, _), .setCredentials(let user, _): user
        case .logOff(let user), .forgive(let user): user
        case .setPassword(.user(let key), _), .setPassword(.administrator(let key), _): key
        }
    }

    /// What was asked for, as a word of the audit log.
    public var verb: String {
        switch self {
        case .create: "create"
        case .replace: "replace"
        case .delete: "delete"
        case .setSuspended(_, true): "suspend"
        case .setSuspended(_, false): "resume"
        case .setMembers, .setMember, .addMember, .removeMember: "set-members"
        case .setRights: "set-rights"
        case .setCredentials: "set-credentials"
        case .setPassword: "set-password"
        case .logOff: "log-off"
        case .forgive: "forgive"
        }
    }

    /// Action of the audit entry where it was done.
    var action: String {
        let done =
            switch self {
            case .create: "created"
            case .replace: "changed"
            case .delete: "deleted"
            case .setSuspended(_, true): "suspended"
            case .setSuspended(_, false): "resumed"
            case .setMembers, .setMember, .addMember, .removeMember: "members-changed"
            case .setRights: "rights-changed"
            case .setCredentials: "credentials-changed"
            case .setPassword: "password-changed"
            case .logOff: "logged-off"
            case .forgive: "forgiven"
            }
        return "\(kind.rawValue).\(done)"
    }

    /// Daily work that an operator may do as well as an administrator.
    var isDailyWork: Bool {
        switch self {
        case .setSuspended, .setMembers, .setMember, .addMember, .removeMember, .logOff, .forgive: true
        case .create(let record), .replace(let record): record.kind == .device
        case .delete(let kind, _): kind == .device
        case .setRights, .setCredentials, .setPassword: false
        }
    }
}
