import Administration
import WebServices

/// `If-Match` and `If-None-Match` (RFC 9110 13.1): an administrator changes what he has seen, and nothing newer. A
/// condition that is none (`If-None-Match: x`) never holds: who wrote it did not mean to be without one.
struct Preconditions: Sendable {
    enum Tags: Hashable, Sendable {
        case any
        case these([String])

        /// `tag` nil: there is nothing.
        func holds(for tag: String?, isWeak: Bool = false) -> Bool {
            guard let tag else { return false }
            switch self {
            case .any: return true
            case .these(let tags): return tags.contains(tag) || (isWeak && tags.contains("W/" + tag))
            }
        }
    }

    static let failed = Problem(.preconditionFailed, "the record is not what the request was made of")
    private static let maximumTags = 1_000

    var ifMatch: Tags?
    var ifNoneMatch: Tags?

    init() {}

    init(_ request: WebRequest) throws(Problem) {
        ifMatch = try Self.tags(request, "if-match")
        ifNoneMatch = try Self.tags(request, "if-none-match")
    }

    /// Inside the writer's transaction. Who may not see the record is told nothing of it here: he is refused later.
    func check(_ record: FleetRecord?, by administrator: AdministratorRecord) throws {
        guard ifMatch != nil || ifNoneMatch != nil else { return }
        if let record, !FleetReading.mayRead(record, by: administrator) { return }
        guard FleetReading.mayRead(by: administrator) else { return }
        let tag = try record.map { try RecordBody.tag(of: try RecordBody.json(of: $0)) }
        if let ifMatch, !ifMatch.holds(for: tag) { throw Self.failed }
        if let ifNoneMatch, ifNoneMatch.holds(for: tag, isWeak: true) { throw Self.failed }
    }

    private static func tags(_ request: WebRequest, _ name: String) throws(Problem) -> Tags? {
        let values = request.headers.filter { $0.name == name }.map(\.value)
        guard !values.isEmpty else { return nil }
        let words = values.joined(separator: ",").split(separator: ",").map { word in
            word.drop { $0 == " " || $0 == "\t" }
        }.map { word in String(word.reversed().drop { $0 == " " || $0 == "\t" }.reversed()) }
        if words == ["*"] { return .any }
        guard !words.isEmpty, words.count <= maximumTags, words.allSatisfy(isTag) else {
            throw Problem(.preconditionFailed, field: name, "expected * or entity tags")
        }
        return .these(words)
    }

    private static func isTag(_ word: String) -> Bool {
        let opaque = word.hasPrefix("W/") ? word.dropFirst(2) : word[...]
        return opaque.utf8.count >= 2 && opaque.hasPrefix("\"") && opaque.hasSuffix("\"")
            && !opaque.dropFirst().dropLast().contains("\"")
    }
}
