import Administration
public import MCFoundation
import Synchronization

/// A store that lives as long as its `MemoryDisk`: for simulations, and for tests of what builds on a store.
public struct MemoryStore: NationalStore {
    private let disk: MemoryDisk
    private let image: MemoryImage
    private let limits: StoreLimits

    /// Opens what is at a path of the disk, or makes it.
    public init(disk: MemoryDisk = MemoryDisk(), path: String = "store", limits: StoreLimits = StoreLimits()) {
        self.disk = disk
        self.image = disk.image(at: path)
        self.limits = limits
    }

    public func contents() throws(StoreError) -> StoreContents {
        image.state.withLock { $0 }.contents
    }

    public func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result> {
        try image.state.withLock { state in
            let others = try state.commits(after: known, limit: .max)
            guard others.count <= limits.commitsPerWrite else { throw StoreError.behind(by: others.count) }
            let decision = try decide(others)
            let addition = try decision.audit?(state.head) ?? AuditAddition()
            try limits.check(decision.changes)
            try limits.check(addition, after: state.head)
            let commit = try state.apply(decision.changes, addition, at: now, limits: limits)
            return StoreOutcome(commit: commit, result: decision.result)
        }
    }

    public func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit] {
        try image.state.withLock { state throws(StoreError) in
            try state.commits(after: known, limit: limits.page(limit))
        }
    }

    public func sequence() throws(StoreError) -> UInt64 {
        image.state.withLock { $0.sequence }
    }

    public func changed() throws(StoreError) -> UInt64 {
        image.state.withLock { $0.writes }
    }

    public func auditHead() throws(StoreError) -> AuditHead {
        image.state.withLock { $0.head }
    }

    public func audit(
        from first: UInt64, limit: Int, during period: Range<UTCTime>?
    ) throws(StoreError) -> AuditPage {
        image.state.withLock { $0 }.page(from: first, limit: limits.page(limit), during: period)
    }

    public func strandedSeals() throws(StoreError) -> [AuditSealRow] {
        image.state.withLock { state in state.seals.filter { $0.sequence > state.head.sequence } }
    }

    public func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord] {
        image.state.withLock { $0 }.expiring(at: now)
    }

    public func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError) {
        try limits.check(changes)
        try image.state.withLock { state throws(StoreError) in
            try state.keep(changes, at: now, limits: limits)
        }
    }

    public func backup(to path: String) throws(StoreError) {
        try disk.copy(image.state.withLock { $0 }.withoutExpiring, toNew: path)
    }

    /// Memory does not rot.
    public func check() throws(StoreError) -> [String] { [] }

    public func close() throws(StoreError) {}

    /// Puts a backup where a store is opened next. Handles that are open keep what they had.
    public static func restore(from backup: String, to path: String, on disk: MemoryDisk) throws(StoreError) {
        disk.replace(path, by: try disk.existing(backup))
    }
}
