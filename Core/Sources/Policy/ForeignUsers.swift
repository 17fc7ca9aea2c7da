public import MCFoundation

/// Whose users may be members of our groups beside our own: those of partners.
public struct ForeignUsers: Hashable, Sendable {
    /// Lower case. A listed domain does not stand for its subdomains.
    public let domains: Set<String>
    /// Whom partners home or serve whatever his domain says.
    public let users: Set<MCPTTID>

    public init(domains: [String] = [], users: [MCPTTID] = []) {
        self.domains = Set(domains.map { $0.lowercased() })
        self.users = Set(users)
    }

    public init(of partners: [Partner]) {
        self.init(
            domains: partners.flatMap(\.domains),
            users: partners.flatMap { $0.exceptions.users + $0.exceptions.servedUsers })
    }

    public func contains(_ user: MCPTTID) -> Bool {
        users.contains(user) || user.domain.map { domains.contains($0) } ?? false
    }
}
