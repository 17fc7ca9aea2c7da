public import Audit
public import MCFoundation

extension NationalAdministration {
    /// Seals the log and lets it forget, until the task is cancelled. What fails is told once, and tried again.
    ///
    /// - Parameters:
    ///   - pause: between two looks at the log.
    ///   - sweep: between two looks at the age of what it holds.
    ///   - sealed: a seal that was made; a copy of it belongs outside the store.
    public func tendAudit(
        every pause: Duration, sweepingEvery sweep: Duration, clock: @Sendable () -> Now,
        sealed: @Sendable (AuditSeal) -> Void, failing: @Sendable (any Error) -> Void
    ) async {
        var nextSweep: Instant?
        var isFailing = false
        while !Task.isCancelled {
            let now = clock()
            do {
                if let seal = try sealIfDue(at: now) { sealed(seal) }
                if nextSweep.map({ $0 <= now.instant }) ?? true {
                    try sweepAudit(at: now.utc)
                    nextSweep = now.instant + sweep
                }
                isFailing = false
            } catch {
                if !isFailing { failing(error) }
                isFailing = true
            }
            try? await Task.sleep(for: pause)
        }
    }
}
