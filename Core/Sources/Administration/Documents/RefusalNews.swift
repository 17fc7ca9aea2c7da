public import Audit
public import MCFoundation

/// Which refusals the audit log is told: each once a minute, and of one requester not more than a few. Whoever has a
/// token could fill the store otherwise. Holds no more than its bounds, whatever is asked.
public struct RefusalNews: Sendable {
    public struct Limits: Hashable, Sendable {
        public var window = Duration.seconds(60)
        /// Different refusals of one requester in a window; the last of them says that more are not told.
        public var ofRequester = 10
        /// Refusals in a window, of all together.
        public var refusals = 4_096

        public init() {}
    }

    private let limits: Limits
    private var since: UTCTime?
    /// Only looked up.
    private var told: Set<AuditEntry> = []
    private var ofRequester: [String: Int] = [:]

    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Those of the entries that are to be told.
    public mutating func news(of entries: [AuditEntry], at now: UTCTime) -> [AuditEntry] {
        guard !entries.isEmpty else { return [] }
        // A clock that was set back begins anew: nothing is kept quiet for longer than a window.
        let age = since.map { now.microseconds - $0.microseconds }
        if age.map({ $0 < 0 || .microseconds($0) >= limits.window }) ?? true {
            since = now
            told = []
            ofRequester = [:]
        }
        return entries.compactMap { entry in
            let count = ofRequester[entry.actor.identity] ?? 0
            guard count < limits.ofRequester, told.count < limits.refusals, told.insert(entry).inserted else {
                return nil
            }
            ofRequester[entry.actor.identity] = count + 1
            guard count + 1 == limits.ofRequester else { return entry }
            var last = entry
            last.details.append(AuditDetail("further", "not told for a while"))
            return last
        }
    }
}
