public import MCFoundation

/// What the two processes of a succession say to each other: a MESSAGE whose body has a word a line, with what it is about
/// behind it. No partner and no device ever sends or gets one.
public enum SuccessionWord: Hashable, Sendable {
    /// Of the successor: it is ready to serve. It is answered when it may, and was told each call that stands.
    case takeOver
    /// Of the predecessor: the call of a group stands there.
    case call(MCPTTGroupID)
    /// Of the predecessor: it stands no more.
    case ended(MCPTTGroupID)
    /// Of the predecessor: partners are connected with it no more.
    case border

    public static let type = "application/vnd.euccs.succession"

    private var line: String {
        switch self {
        case .takeOver: "take-over"
        case .call(let group): "call \(group.value)"
        case .ended(let group): "ended \(group.value)"
        case .border: "border"
        }
    }

    /// The body of a message. Group identities are URIs and have no line ends.
    public static func octets(_ words: [SuccessionWord]) -> [UInt8] {
        Array(words.map { $0.line + "\n" }.joined().utf8)
    }

    /// nil where a line has no meaning.
    public static func read(_ octets: [UInt8]) -> [SuccessionWord]? {
        var words: [SuccessionWord] = []
        for line in octets.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
            guard let word = String(validating: parts[0], as: UTF8.self) else { return nil }
            let group = parts.count == 2 ? String(validating: parts[1], as: UTF8.self) : nil
            switch (word, group) {
            case ("take-over", nil) where parts.count == 1: words.append(.takeOver)
            case ("border", nil) where parts.count == 1: words.append(.border)
            case ("call", let group?) where !group.isEmpty: words.append(.call(MCPTTGroupID(group)))
            case ("ended", let group?) where !group.isEmpty: words.append(.ended(MCPTTGroupID(group)))
            default: return nil
            }
        }
        return words
    }
}
