public import MCFoundation

/// Keeps durably what the administrators of a nation acknowledge, and the nation's audit log; whatever engine it is.
///
/// Several processes may share a store: each holds what it read with `contents()` and keeps it up to date with the
/// commits of the others. Calls block their thread until the disk has answered, so a caller on an event loop uses a
/// bounded pool of threads. A closure that decides must not call the store.
public protocol NationalStore: Sendable {
    /// Everything that is kept, as of one commit; for start-up and after `.outdated`.
    func contents() throws(StoreError) -> StoreContents

    /// Decides and commits in the one writer's transaction, so that nobody else commits in between.
    ///
    /// The closure is told what was committed after `known`, the sequence that the caller has applied, and decides on
    /// top of it. Its changes and its audit rows are kept together or not at all, and are durable on return. It may be
    /// called only once. What it throws goes to the caller, and nothing is kept.
    ///
    /// - Parameter now: the time of the commit.
    /// - Throws: `StoreError`, or what the closure throws.
    func write<Result: Sendable>(
        after known: UInt64, at now: UTCTime, _ decide: ([Commit]) throws -> StoreDecision<Result>
    ) throws -> StoreOutcome<Result>

    /// The commits after a sequence, oldest first, at most `limit` of them. Throws `.outdated` where some of them are
    /// kept no more.
    func commits(after known: UInt64, limit: Int) throws(StoreError) -> [Commit]

    /// The sequence of the latest commit; 0 before the first.
    func sequence() throws(StoreError) -> UInt64

    /// A number that differs from the one before if anybody may have written since: cheap enough to ask many times a
    /// second. It says nothing of order and is valid for this handle only.
    func changed() throws(StoreError) -> UInt64

    /// The number and the hash of the last audit row.
    func auditHead() throws(StoreError) -> AuditHead

    /// Audit rows in order with what belongs to them, as of one commit.
    ///
    /// - Parameters:
    ///   - first: the lowest sequence.
    ///   - limit: the highest number of rows; the next page starts after the last row.
    ///   - period: only rows with a time in it; nil for all.
    func audit(from first: UInt64, limit: Int, during period: Range<UTCTime>?) throws(StoreError) -> AuditPage

    /// Seals at rows beyond the last one: of rows that are not there any more. Empty unless somebody cut the log.
    func strandedSeals() throws(StoreError) -> [AuditSealRow]

    /// What is kept until a time that is later than now, in the order of the octets of kind, then key.
    func expiring(at now: UTCTime) throws(StoreError) -> [ExpiringRecord]

    /// Changes what is kept until a time, all of it or nothing; durable on return. What ended by now is forgotten.
    func keep(_ changes: [ExpiringChange], at now: UTCTime) throws(StoreError)

    /// Copies everything but what expires, as of one commit, to a new file, while others go on reading and writing. Who
    /// logged off after a backup must not be logged in by its restoration.
    func backup(to path: String) throws(StoreError)

    /// Reads everything and compares it with what was written.
    ///
    /// - Returns: what is wrong, a sentence each; empty where nothing is. The audit chain is verified by its own
    ///   verifier on the rows that `audit` gives.
    func check() throws(StoreError) -> [String]

    /// Ends every use of this handle. Nothing is lost without it.
    func close() throws(StoreError)
}

extension NationalStore {
    /// Audit rows of any time.
    public func audit(from first: UInt64, limit: Int) throws(StoreError) -> AuditPage {
        try audit(from: first, limit: limit, during: nil)
    }
}
