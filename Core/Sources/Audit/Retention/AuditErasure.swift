public import MCFoundation

/// Names one field of the log.
public struct AuditFieldKey: Hashable, Comparable, Sendable {
    public var sequence: UInt64
    /// 0 is the actor's identity, k the k-th detail.
    public var index: Int

    public init(_ sequence: UInt64, _ index: Int) {
        self.sequence = sequence
        self.index = index
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.sequence, left.index) < (right.sequence, right.index)
    }
}

/// Lawful forgetting. It is an entry of the log first; only when that is durable do salts and values go. So a
/// verification can tell erasure from theft of evidence.
public struct AuditErasure: Hashable, Sendable {
    public enum Scope: Hashable, Sendable {
        /// All personal fields of a class whose records are older than this time.
        case retention(AuditClass, before: UTCTime)
        /// These, as when a person asks; `AuditLimits.maxErasedFields` at most.
        case fields([AuditFieldKey])
    }

    public let scope: Scope
    /// On what ground, without naming anybody: `retention`, `request-2026-17`.
    public let reason: String

    public init(retentionOf kind: AuditClass, before: UTCTime, reason: String) {
        scope = .retention(kind, before: before)
        self.reason = reason
    }

    /// As many erasures as it takes to name all of these fields.
    public static func naming(_ fields: [AuditFieldKey], reason: String) -> [AuditErasure] {
        let sorted = fields.sorted()
        return stride(from: 0, to: sorted.count, by: AuditLimits.maxErasedFields).map { start in
            let end = min(start + AuditLimits.maxErasedFields, sorted.count)
            return AuditErasure(scope: .fields(Array(sorted[start..<end])), reason: reason)
        }
    }

    private init(scope: Scope, reason: String) {
        self.scope = scope
        self.reason = reason
    }

    public static let action = "personal.erased"

    /// What the log says of it.
    public func entry(by actor: AuditParty, authority: String) -> AuditEntry {
        let details =
            switch scope {
            case .retention(let kind, let before):
                [AuditDetail("class", kind.rawValue), AuditDetail("before", String(before.microseconds))]
            case .fields(let keys):
                [AuditDetail("fields", keys.map { "\($0.sequence):\($0.index)" }.joined(separator: " "))]
            }
        return AuditEntry(
            .administration, Self.action, actor: actor, details: details + [AuditDetail("reason", reason)],
            authority: authority)
    }

    /// Reads the record of an erasure; nil for every other record.
    public init?(_ record: AuditRecord) {
        guard record.kind == .administration, record.action == Self.action, record.outcome == .done else { return nil }
        let reason = record.clear("reason") ?? ""
        if let kind = record.clear("class").flatMap(AuditClass.init(rawValue:)),
            let before = record.clear("before").flatMap({ Int64($0) })
        {
            self.init(scope: .retention(kind, before: UTCTime(microseconds: before)), reason: reason)
        } else if let listed = record.clear("fields") {
            var keys: [AuditFieldKey] = []
            for word in listed.split(separator: " ") {
                let parts = word.split(separator: ":")
                guard parts.count == 2, let sequence = UInt64(parts[0]), let index = Int(parts[1]) else { return nil }
                keys.append(AuditFieldKey(sequence, index))
            }
            self.init(scope: .fields(keys), reason: reason)
        } else {
            return nil
        }
    }

    /// Whether it takes this field.
    public func covers(_ key: AuditFieldKey, kind: AuditClass, at time: UTCTime) -> Bool {
        switch scope {
        case .retention(let erased, let before): erased == kind && time < before
        case .fields(let keys): keys.contains(key)
        }
    }
}

/// All erasures that a log tells of, gathered in a first reading.
public struct ErasureLedger: Hashable, Sendable {
    /// By `AuditClass.allCases`: the latest time before which everything went.
    private var before: [UTCTime?]
    private var fields: [AuditFieldKey] = []
    private var isSorted = true

    public init() {
        before = AuditClass.allCases.map { _ in nil }
    }

    public init(_ erasures: [AuditErasure]) {
        self.init()
        erasures.forEach { add($0) }
        seal()
    }

    /// Takes in what the record tells of an erasure, if it does.
    public mutating func read(_ record: AuditRecord) {
        if let erasure = AuditErasure(record) { add(erasure) }
    }

    /// Sorts what was gathered; a ledger that is asked before is only slower.
    public mutating func seal() {
        fields.sort()
        isSorted = true
    }

    public func covers(_ key: AuditFieldKey, kind: AuditClass, at time: UTCTime) -> Bool {
        if let position = AuditClass.allCases.firstIndex(of: kind), let limit = before[position], time < limit {
            return true
        }
        guard isSorted else { return fields.contains(key) }
        var range = fields.startIndex..<fields.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if fields[middle] == key { return true }
            range = fields[middle] < key ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }

    private mutating func add(_ erasure: AuditErasure) {
        switch erasure.scope {
        case .retention(let kind, let limit):
            guard let position = AuditClass.allCases.firstIndex(of: kind) else { return }
            before[position] = max(before[position] ?? limit, limit)
        case .fields(let keys):
            fields += keys
            isSorted = false
        }
    }
}
