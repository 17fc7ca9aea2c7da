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
        let parts = Self.elements(of: field)
        if parts == ["*"] {
            self = .any
        } else if !parts.isEmpty, parts.count <= Self.maximumTags, parts.allSatisfy(Self.isTag) {
            self = .tags(parts)
        } else {
            self = .malformed
        }
    }

    /// The elements of the list, without those that are empty (RFC 9110 5.6.1.2). A comma within quotes is of the tag.
    private static func elements(of field: String) -> [String] {
        var isQuoted = false
        let pieces = field.utf8.split { octet in
            if octet == UInt8(ascii: "\"") { isQuoted.toggle() }
            return octet == UInt8(ascii: ",") && !isQuoted
        }
        return pieces.map { piece in
            let isSpace = { (octet: UInt8) in octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
            let end = piece.lastIndex { !isSpace($0) }.map { piece.index(after: $0) } ?? piece.startIndex
            return String(decoding: piece[..<end].drop(while: isSpace), as: UTF8.self)
        }.filter { !$0.isEmpty }
    }

    /// RFC 9110 8.8.3.
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
