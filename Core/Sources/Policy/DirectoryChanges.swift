public import MCFoundation

/// Which users and groups two snapshots may differ in.
public struct DirectoryChanges: Hashable, Sendable {
    /// Sorted, once each; some may be gone.
    public var users: [MCPTTID]
    /// Likewise.
    public var groups: [MCPTTGroupID]

    public init(users: [MCPTTID], groups: [MCPTTGroupID]) {
        self.users = users
        self.groups = groups
    }
}

/// What was changed lately on the way to a snapshot, so that whoever holds an older one need not look at everything.
///
/// Every step is an object of its own. A snapshot that has the last step of another one in its trail was made of that
/// one, by the steps after it; copies that went different ways do not know each other's steps.
struct ChangeTrail: Sendable {
    enum Subject: Sendable {
        case user(MCPTTID)
        case group(MCPTTGroupID)
        /// Partners, routes, aliases: whoever is concerned has to look at everything.
        case other
    }

    private final class Step: Sendable {
        let subject: Subject

        init(_ subject: Subject) { self.subject = subject }
    }

    /// How many steps are remembered at least, the first ones of a new directory aside.
    private static let length = 512

    private var steps = [Step(.other)]

    mutating func append(_ subject: Subject) {
        if steps.count >= 2 * Self.length { steps.removeFirst(Self.length) }
        steps.append(Step(subject))
    }

    /// nil where it is not known, or where more than users and groups changed.
    func changes(since old: ChangeTrail) -> DirectoryChanges? {
        guard let known = old.steps.last, let place = steps.lastIndex(where: { $0 === known }) else { return nil }
        var changes = DirectoryChanges(users: [], groups: [])
        for step in steps[(place + 1)...] {
            switch step.subject {
            case .user(let id): changes.users.append(id)
            case .group(let id): changes.groups.append(id)
            case .other: return nil
            }
        }
        changes.users.sortOnce()
        changes.groups.sortOnce()
        return changes
    }
}

extension Array where Element: Comparable {
    fileprivate mutating func sortOnce() {
        sort()
        var last: Element?
        removeAll { element in
            defer { last = element }
            return element == last
        }
    }
}
