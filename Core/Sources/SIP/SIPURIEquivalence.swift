extension SIPURI {
    /// Equality as RFC 3261 19.1.4 defines it: escapes are what they stand for, user and password are case-sensitive,
    /// all else is not; a default port is not the same as none; parameters that stand in both must match; user, ttl,
    /// method, maddr and transport in one only make a difference; headers must match whatever their order.
    public func isEquivalent(to other: SIPURI) -> Bool {
        guard scheme == other.scheme else { return false }
        if case .other = scheme { return opaque == other.opaque }
        guard Self.unescaped(user) == Self.unescaped(other.user),
            Self.unescaped(password) == Self.unescaped(other.password),
            Ascii.equalsIgnoringCase(Self.unescaped(host) ?? "", Self.unescaped(other.host) ?? ""), port == other.port
        else { return false }
        return parameters.areEquivalent(to: other.parameters) && Self.haveSameHeaders(headers, other.headers)
    }

    /// The user part with escapes resolved: for comparison and display, never for writing. A `%00` stays a character
    /// like any other.
    public var unescapedUser: String? { Self.unescaped(user) }

    private static func unescaped(_ text: String?) -> String? {
        text?.withOctets { $0.unescaped(0..<$0.count) }
    }

    private static func haveSameHeaders(_ left: String?, _ right: String?) -> Bool {
        func sorted(_ text: String?) -> [String] {
            guard let text else { return [] }
            return text.split(separator: "&").map { part in
                let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = unescaped(String(pieces.first ?? ""))?.lowercased() ?? ""
                return name + "=" + (pieces.count > 1 ? unescaped(String(pieces[1])) ?? "" : "")
            }.sorted()
        }
        return sorted(left) == sorted(right)
    }
}

extension Parameters {
    /// Parameters that make two URIs different where only one has them (RFC 3261 19.1.4: four by its rules, transport
    /// by its examples).
    private static let significant = ["user", "ttl", "method", "maddr", "transport"]

    fileprivate func areEquivalent(to other: Parameters) -> Bool {
        for item in items {
            if let value = other[item.name] {
                // A name that stands twice is not allowed; here as everywhere the first counts.
                guard Ascii.equalsIgnoringCase(value, self[item.name] ?? "") else { return false }
            } else if Self.significant.contains(where: { Ascii.equalsIgnoringCase($0, item.name) }) {
                return false
            }
        }
        return other.items.allSatisfy { item in
            has(item.name) || !Self.significant.contains { Ascii.equalsIgnoringCase($0, item.name) }
        }
    }
}
