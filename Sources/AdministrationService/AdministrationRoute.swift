import Administration

/// What a path names, and what may be done with it.
enum AdministrationRoute: Hashable, Sendable {
    case session
    case description
    case collection(FleetKind)
    case record(FleetKind, String)
    case suspension(user: String, Bool)
    case login(user: String, AdministrationService.LoginOrder)
    case withdrawal(key: String)
    case member(group: String, user: String)
    case password(administrator: String)
    case importing
    /// nil: the tables together.
    case export(FleetTable.Kind?)
    case auditVerification

    static let prefix = "/admin/v1/"
    /// The tables together, as they are named where one table could be.
    static let fleet = "fleet"

    /// nil where nothing is there.
    init?(_ segments: [String]) {
        guard let first = segments.first else { return nil }
        switch (first, segments.count) {
        case ("session", 1): self = .session
        case ("openapi.json", 1): self = .description
        case ("policy", 1): self = .record(.policy, PolicyRecord.key)
        case ("import", 1): self = .importing
        case ("export", 2):
            let table = FleetTable.Kind(rawValue: segments[1])
            guard table != nil || segments[1] == Self.fleet else { return nil }
            self = .export(table)
        case ("keys", 3):
            guard segments[2] == "withdraw", !segments[1].isEmpty else { return nil }
            self = .withdrawal(key: segments[1])
        case ("audit", 2):
            guard segments[1] == "verify" else { return nil }
            self = .auditVerification
        default:
            guard let kind = Self.kinds.first(where: { $0.name == first })?.kind else { return nil }
            self.init(kind, segments)
        }
    }

    private init?(_ kind: FleetKind, _ segments: [String]) {
        guard segments.count > 1 else {
            self = .collection(kind)
            return
        }
        let key = kind.canonicalKey(segments[1])
        guard !key.isEmpty else { return nil }
        switch (kind, segments.count, segments.dropFirst(2).first) {
        case (_, 2, _): self = .record(kind, key)
        case (.user, 3, "suspend"): self = .suspension(user: key, true)
        case (.user, 3, "resume"): self = .suspension(user: key, false)
        case (.user, 3, "log-off"): self = .login(user: key, .logOff)
        case (.user, 3, "forgive"): self = .login(user: key, .forgive)
        case (.administrator, 3, "password"): self = .password(administrator: key)
        case (.group, 4, "members"):
            guard !segments[3].isEmpty else { return nil }
            self = .member(group: key, user: FleetKind.user.canonicalKey(segments[3]))
        default: return nil
        }
    }

    /// The kinds that there are several records of, under the names of their collections.
    static let kinds: [(name: String, kind: FleetKind)] = [
        ("organisations", .organisation), ("users", .user), ("devices", .device), ("groups", .group),
        ("functional-aliases", .functionalAlias), ("profiles", .profile), ("administrators", .administrator),
    ]

    var methods: [String] {
        switch self {
        case .session: ["POST", "DELETE"]
        case .description, .collection, .export, .auditVerification: ["GET", "HEAD"]
        case .record(.policy, _): ["GET", "HEAD", "PUT"]
        case .record: ["GET", "HEAD", "PUT", "DELETE"]
        case .suspension, .login, .withdrawal, .importing: ["POST"]
        case .member: ["PUT", "DELETE"]
        case .password: ["PUT"]
        }
    }

    /// Names of the parameters of its query.
    func parameters(_ method: String) -> [String] {
        switch self {
        case .collection: ["limit", "after", "organisation"]
        case .record: method == "PUT" ? ["dry_run"] : []
        case .importing: ["dry_run"]
        case .export: ["organisation"]
        case .session, .description, .suspension, .login, .withdrawal, .member, .password, .auditVerification: []
        }
    }
}
