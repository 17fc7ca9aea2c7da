/// `If-Match` and `If-None-Match` (RFC 9110 13.1), for every service that has entity tags.
public enum ETagCondition: Hashable, Sendable {
    /// `*`
    case any
    /// Tags with their quotes, weak ones with `W/` before them.
    case tags([String])
    /// What is no condition. It never holds: who wrote it did not mean to be without one.
    case malformed

    /// Tags of one condition.
    public static let maximumTags = 1_000

    /// Reads a header field, several of one name joined by commas.
    public init(parsing field: String) {
        let parts = field.split(separator: ",").map { part in
            String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        if parts == ["*"] {
            self = .any
        } else if !parts.isEmpty, parts.count <= Self.maximumTags, parts.allSatisfy(Self.isTag) {
            self = .tags(parts)
        } else {
            self = .malformed
        }
    }

    /// RFC 9110 8.8.3. A comma in a tag, which no tag of ours has, is read as its end.
    private static func isTag(_ word: String) -> Bool {
        let opaque = word.hasPrefix("W/") ? word.dropFirst(2) : word[...]
        return opaque.utf8.count >= 2 && opaque.hasPrefix("\"") && opaque.hasSuffix("\"")
            && !opaque.dropFirst().dropLast().contains("\"")
    }

    /// Whether `If-Match` holds: the strong comparison (RFC 9110 13.1.1).
    ///
    /// - Parameters:
    ///   - tag: Strong, of what the condition guards; nil where there is nothing.
    ///   - exists: whether there is what is asked for, where the tag is of something around it.
    public func matches(_ tag: String?, exists: Bool? = nil) -> Bool {
        switch self {
        case .any: exists ?? (tag != nil)
        case .tags(let tags): tag.map { tags.contains($0) } ?? false
        case .malformed: false
        }
    }

    /// Whether `If-None-Match` holds: the weak comparison (RFC 9110 13.1.2).
    public func matchesNone(_ tag: String?, exists: Bool? = nil) -> Bool {
        switch self {
        case .any: !(exists ?? (tag != nil))
        case .tags(let tags):
            !(exists ?? true) || tag.map { !tags.contains($0) && !tags.contains("W/" + $0) } ?? true
        case .malformed: false
        }
    }
}
