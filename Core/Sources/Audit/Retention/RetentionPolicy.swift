public import MCFoundation

/// How long personal fields are kept, by class. Records stay for ever: without personal fields they say what happened,
/// not to whom (Directive 2016/680 art. 5).
public struct RetentionPolicy: Hashable, Sendable {
    /// By `AuditClass.allCases`.
    private var days: [Int]
    /// What is kept whatever its age: records that evidence or an investigation still needs.
    public var holds: [AuditQuery]

    /// - Parameter days: for classes that differ from `standardDays`. All lie within 0 and a century.
    public init(standardDays: Int, days: [AuditClass: Int] = [:], holds: [AuditQuery] = []) {
        self.days = AuditClass.allCases.map { min(max(0, days[$0] ?? standardDays), AuditLimits.maxRetentionDays) }
        self.holds = holds
    }

    /// Days for which personal fields of the class are kept.
    public func days(of kind: AuditClass) -> Int {
        AuditClass.allCases.firstIndex(of: kind).map { days[$0] } ?? AuditLimits.maxRetentionDays
    }

    /// Personal fields of records before this time are due.
    public func cutoff(of kind: AuditClass, at now: UTCTime) -> UTCTime {
        let kept = Int64(days(of: kind)) * 86_400_000_000
        let (cutoff, overflow) = now.microseconds.subtractingReportingOverflow(kept)
        return UTCTime(microseconds: overflow ? .min : cutoff)
    }

    /// The personal fields of this record that are due for erasure now; none where a hold keeps it.
    public func due(_ recorded: RecordedEntry, at now: UTCTime) -> [AuditFieldKey] {
        guard recorded.record.at < cutoff(of: recorded.record.kind, at: now),
            !holds.contains(where: { $0.matches(recorded) })
        else { return [] }
        return recorded.personal.map { AuditFieldKey($0.sequence, $0.index) }
    }

    /// The entries that announce a sweep of every class at this time. With a hold in force, name the fields that are
    /// `due` instead: a hold must not look erased.
    public func sweep(at now: UTCTime) -> [AuditErasure] {
        AuditClass.allCases.map { AuditErasure(retentionOf: $0, before: cutoff(of: $0, at: now), reason: "retention") }
    }
}
