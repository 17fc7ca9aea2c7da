import CallControl
import MCFoundation
import SIPUserAgent

/// Which refusals a person is told of: of each source, kind and user one a minute, with the number of those that were not
/// said. The log is for people; what happens a thousand times a second is a number.
struct RefusalNotes: Sendable {
    private struct Key: Hashable {
        var source: IPAddress?
        var kind: String
        /// nil: of nobody, or of one of more users than one source is told of.
        var user: String?

        func of(_ user: String?) -> Key { Key(source: source, kind: kind, user: user) }
    }

    private struct Entry {
        var saidAt: Instant
        var unsaid: UInt64 = 0
    }

    static let interval: Duration = .seconds(60)
    /// Users of one source and kind of whom each has a line in that time: many stand behind one NAT or gateway, and who
    /// makes names up is not to fill the log.
    static let usersPerSource = 32
    /// Notes about what peers do by themselves, beside everything that the edge says.
    private static let names: Set<String> = [
        "registration.challenged", "registration.refused", "request.refused", "call.refused", "border.refused",
        "authorisation.refused", "partner.certificateRefused",
    ]

    private let limit: Int
    private var entries: [Key: Entry] = [:]
    /// Users with an entry, by the key without them.
    private var users: [Key: Int] = [:]
    /// When each may be said again, and so may be forgotten too.
    private var ages = DeadlineQueue<Key>()

    init(limit: Int) { self.limit = limit }

    static func covers(_ observation: Observation) -> Bool {
        names.contains(observation.name) || observation.name.hasPrefix("edge.")
    }

    /// The observation as it is to be said; nil where it is only counted.
    mutating func said(_ observation: Observation, of source: IPAddress?, at now: Instant) -> Observation? {
        // What a peer wrote, such as the method, tells no kinds apart: there would be no end of them. An incident does,
        // so that what was said of an ordinary call before does not keep a refusal out of it.
        let kinds = ["cause", "status", "warning", "incident"]
        let details = observation.fields.filter { kinds.contains($0.name) }.map(\.value)
        var key = Key(source: source, kind: ([observation.name] + details).joined(separator: " "))
        let user = observation.fields.first { $0.name == "user" }?.value
        if let user, !user.isEmpty, entries[key.of(user)] != nil || hasRoom(for: key, at: now) { key = key.of(user) }
        let known = entries[key]
        if let known, now - known.saidAt < Self.interval {
            entries[key]?.unsaid += 1
            return nil
        }
        if known == nil, entries.count >= limit {
            // All places taken by sources of the last minute: a flood from many gets no line each.
            guard let oldest = ages.popDue(at: now) else { return nil }
            forget(oldest)
        }
        if known == nil, key.user != nil { users[key.of(nil), default: 0] += 1 }
        entries[key] = Entry(saidAt: now)
        ages.set(key, at: now + Self.interval)
        guard let unsaid = known?.unsaid, unsaid > 0 else { return observation }
        return Observation(observation.name, observation.fields + [.init("unsaid", "\(unsaid)")])
    }

    /// Those of more than a minute ago make room.
    private mutating func hasRoom(for source: Key, at now: Instant) -> Bool {
        while users[source] ?? 0 >= Self.usersPerSource {
            guard let oldest = ages.popDue(at: now) else { return false }
            forget(oldest)
        }
        return true
    }

    private mutating func forget(_ key: Key) {
        entries[key] = nil
        guard key.user != nil, let count = users[key.of(nil)] else { return }
        users[key.of(nil)] = count > 1 ? count - 1 : nil
    }
}
