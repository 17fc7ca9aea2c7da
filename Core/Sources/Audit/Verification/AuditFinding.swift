/// One thing that is wrong with a log, and where.
public struct AuditFinding: Hashable, Sendable, CustomStringConvertible {
    /// The number under which the record stands in the store, or that a seal names.
    public var sequence: UInt64
    public var fault: AuditFault

    public init(_ sequence: UInt64, _ fault: AuditFault) {
        self.sequence = sequence
        self.fault = fault
    }

    public var description: String { "record \(sequence): \(fault)" }
}

/// What can be wrong. No personal value stands in it.
public enum AuditFault: Hashable, Sendable, CustomStringConvertible {
    /// Another record was expected here: some were removed, inserted or moved.
    case outOfSequence(expected: UInt64)
    /// The record itself bears another number than its place in the store.
    case numberDiffers(recorded: UInt64)
    /// The record, its hash or what stands before it was changed: the hash does not follow.
    case altered
    case unreadable(AuditRecordError)
    /// A personal field that belongs to no such record or names nothing personal in it, or stands there twice.
    case strayPersonal(index: Int)
    /// Name, salt or value of a personal field are not what the record commits to.
    case personalDiffers(index: Int)
    /// A personal field is gone, and no entry of the log tells of its erasure.
    case erasureNotRecorded(index: Int)
    /// The signature does not hold for what the seal says.
    case sealForged(keyID: String)
    /// The seal is genuine and the record is another one now.
    case sealDiffers(keyID: String)
    /// The seal is genuine and its record is missing amid the log.
    case sealedRecordMissing(keyID: String)
    /// The seal came to the verification after its record, or too many came before theirs: it was not compared.
    case sealNotCompared(keyID: String)
    /// A genuine seal or the expected head lies beyond the last record: the end of the log is gone.
    case truncated(last: UInt64)
    /// The record is another one than the head that was kept elsewhere says, or missing.
    case headDiffers

    public var description: String {
        switch self {
        case .outOfSequence(let expected): "stands where record \(expected) belongs"
        case .numberDiffers(let recorded): "calls itself record \(recorded)"
        case .altered: "does not follow from what stands before it: changed"
        case .unreadable(let error): "cannot be read: \(error)"
        case .strayPersonal(let index): "has a personal field \(index) that does not belong to it"
        case .personalDiffers(let index): "personal field \(index) was changed"
        case .erasureNotRecorded(let index): "personal field \(index) was erased and the log does not say so"
        case .sealForged(let key): "seal by \(key) is not genuine"
        case .sealDiffers(let key): "is another than the one sealed by \(key)"
        case .sealedRecordMissing(let key): "is sealed by \(key) and missing"
        case .sealNotCompared(let key): "seal by \(key) could not be compared"
        case .truncated(let last): "is known to have been written, and the log ends at record \(last)"
        case .headDiffers: "is another than the one that was kept elsewhere"
        }
    }
}

/// The result of a verification.
public struct AuditReport: Hashable, Sendable {
    /// Records that were read.
    public var records: UInt64 = 0
    /// The end of the log as read.
    public var head: AuditHead
    public var personalPresent: UInt64 = 0
    public var personalErased: UInt64 = 0
    /// Genuine seals whose record stands as it was sealed.
    public var seals: UInt64 = 0
    /// The last record that such a seal protects; what follows could still be shortened unseen.
    public var sealedThrough: UInt64 = 0
    /// Records whose time lies before that of the record before them: no fault, but worth a look at the clock.
    public var clockStepsBack: UInt64 = 0
    /// In the order of discovery, `AuditLimits.maxFindings` at most.
    public var findings: [AuditFinding] = []
    /// Findings beyond those.
    public var findingsNotKept: UInt64 = 0

    public init(head: AuditHead) {
        self.head = head
    }

    public var isSound: Bool { findings.isEmpty }

    mutating func note(_ sequence: UInt64, _ fault: AuditFault) {
        if findings.count < AuditLimits.maxFindings {
            findings.append(AuditFinding(sequence, fault))
        } else {
            findingsNotKept += 1
        }
    }
}
