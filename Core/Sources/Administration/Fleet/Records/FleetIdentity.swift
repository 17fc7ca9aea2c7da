/// The textual forms that identities of a fleet have.
public enum FleetIdentity {
    /// `sip:user@domain` without port, parameters or headers, its domain in lower case; nil for every other text.
    /// Neither blank, semicolon nor comma stands in it, so that lists of identities can be written with them.
    static func canonical(_ text: String) -> String? {
        guard text.hasPrefix("sip:"), text.utf8.count <= FleetLimits.identity else { return nil }
        let rest = text.utf8.dropFirst(4)
        guard let at = rest.firstIndex(of: UInt8(ascii: "@")) else { return nil }
        let user = rest[..<at]
        let domain = text[text.utf8.index(after: at)...]
        guard !user.isEmpty, user.allSatisfy(isUserByte), isDomain(domain) else { return nil }
        return "sip:\(text[user.startIndex..<at])@\(domain.lowercased())"
    }

    static func domain(ofCanonical identity: String) -> Substring {
        guard let at = identity.utf8.lastIndex(of: UInt8(ascii: "@")) else { return "" }
        return identity[identity.utf8.index(after: at)...]
    }

    static func withoutScheme(_ identity: String) -> String {
        identity.hasPrefix("sip:") ? String(identity.dropFirst(4)) : identity
    }

    public static func isDomain(_ text: Substring) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { $0 == UInt8(ascii: "-") || isAlphanumeric($0) }
        }
    }

    /// RFC 3261 25.1 `user` without what would end it in a list or in a header.
    private static func isUserByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "-_.!~*'()&=+$/%".utf8.contains(byte)
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// A first sign by which spreadsheets know a formula: the tables that we export are opened there.
    private static func opensFormula(_ text: String) -> Bool {
        text.utf8.first.map { "=+-@".utf8.contains($0) } ?? false
    }

    /// `+`, digits and perhaps a domain, as users are called who have telephone numbers: no spreadsheet calculates that.
    private static func isTelephoneName(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "+") else { return false }
        let parts = text.dropFirst().split(separator: "@", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count) && (1...15).contains(parts[0].utf8.count)
            && parts[0].utf8.allSatisfy { (48...57).contains($0) } && parts.dropFirst().allSatisfy(isDomain)
    }

    /// Letters, digits and `-_.@`, the first none by which spreadsheets know a formula: keys of organisations, profiles
    /// and administrators, and the names of log-ins.
    public static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= FleetLimits.identity && !opensFormula(text)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.@".utf8.contains($0) }
    }

    /// What stands in a quoted string of digest authentication and before the first colon of its hash (RFC 7616 3.4.4),
    /// and is no formula.
    static func isUserName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= FleetLimits.identity
            && (!opensFormula(text) || isTelephoneName(text))
            && text.utf8.allSatisfy { (33...126).contains($0) && !":\"\\".utf8.contains($0) }
    }

    /// A line of text without control signs. A first sign by which spreadsheets know a formula is refused too: the
    /// tables that we export are opened there.
    static func isName(_ text: String) -> Bool {
        text.utf8.count <= FleetLimits.name
            && text.unicodeScalars.allSatisfy { $0.value >= 32 && !(127...159).contains($0.value) }
            && text.first != " " && text.last != " " && !opensFormula(text)
    }

    static func isHexadecimal(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

/// Bounds of the fleet map.
public enum FleetLimits {
    /// Octets of an identity or key.
    public static let identity = 256
    /// Octets of a name for people.
    public static let name = 256
    /// Octets of a password verifier.
    public static let verifier = 1_024
    public static let membersPerGroup = 10_000
    /// Groups that a temporary group joins.
    public static let constituents = 32
    public static let usersPerAlias = 1_000
    public static let affiliationsPerTelephone = 100
    /// Beside the one of index 0.
    public static let otherProfiles = 15
    public static let organisationDepth = 16
    /// Octets of one table handed in.
    public static let tableOctets = 64 << 20
    public static let tableRows = 250_000
    public static let tableColumns = 64
    /// Octets of one cell: 10,000 members of about 60 octets fit.
    public static let cellOctets = 1 << 20
}
