public import MCFoundation

/// Reads a log from its store, line by line, and finds what was changed, removed, inserted, moved or cut off.
///
/// Seals come in the order of their records, each before or just after its record; records in the order of the store,
/// each with every personal field whose sequence lies after the record before and up to this one. Holds seals that wait
/// for their record and nothing else that grows with the log.
public struct AuditVerifier {
    /// Whether a signature over these octets holds, by this key.
    public typealias SignatureCheck = (_ payload: [UInt8], _ signature: [UInt8], _ keyID: String) -> Bool

    private let system: MCSystemID
    private let isGenuine: SignatureCheck
    private let erasures: ErasureLedger?
    /// A head that was kept elsewhere, until its record was compared with it.
    private var known: AuditHead?
    private var report: AuditReport
    /// What the hash before the next record may be: as stored, and as computed where the two differ. Empty where the
    /// record before is unknown; then the next one is taken as it stands.
    private var previous: [AuditHash]
    private var latest: UTCTime?
    private var waiting: [AuditSeal] = []
    /// Seals before this position are done with.
    private var compared = 0

    /// - Parameters:
    ///   - start: genesis for a whole log, or a head that was verified and kept.
    ///   - erasures: what the log says was erased lawfully; nil leaves erasures unjudged.
    ///   - known: a head or the record of a seal that was kept elsewhere, as by a partner: the log must have it, and may
    ///     have grown since.
    public init(
        system: MCSystemID, from start: AuditHead, erasures: ErasureLedger? = nil, expecting known: AuditHead? = nil,
        isGenuine: @escaping SignatureCheck
    ) {
        self.system = system
        self.isGenuine = isGenuine
        self.erasures = erasures
        self.known = known
        report = AuditReport(head: start)
        previous = [start.hash]
        compareKnown(with: start)
    }

    public mutating func feed(_ seal: AuditSeal) {
        guard isGenuine(seal.payload(system: system), seal.signature, seal.keyID) else {
            return report.note(seal.sequence, .sealForged(keyID: seal.keyID))
        }
        if seal.sequence == report.head.sequence {
            compare(seal, with: report.head.hash)
        } else if seal.sequence < report.head.sequence || waiting.count - compared >= AuditLimits.maxPendingSeals {
            report.note(seal.sequence, .sealNotCompared(keyID: seal.keyID))
        } else {
            let position = waiting[compared...].lastIndex { $0.sequence <= seal.sequence }
            waiting.insert(seal, at: position.map { $0 + 1 } ?? compared)
        }
    }

    public mutating func feed(_ stored: StoredAuditRecord, personal: [AuditPersonal]) {
        report.records += 1
        let expected = report.head.sequence &+ 1
        if stored.sequence != expected {
            report.note(stored.sequence, .outOfSequence(expected: expected))
            previous = []
        }
        checkHash(of: stored)
        report.head = AuditHead(sequence: stored.sequence, hash: stored.hash)
        compareSeals(with: report.head)
        compareKnown(with: report.head)
        do {
            let record = try AuditRecord(encoding: stored.encoding)
            if record.sequence != stored.sequence {
                report.note(stored.sequence, .numberDiffers(recorded: record.sequence))
            }
            if let latest, record.at < latest { report.clockStepsBack += 1 }
            latest = record.at
            check(personal, of: record, at: stored.sequence)
        } catch {
            report.note(stored.sequence, .unreadable(error))
        }
    }

    /// - Parameter strayPersonal: personal fields that are left in the store after the last record.
    public consuming func finish(strayPersonal: [AuditPersonal] = []) -> AuditReport {
        let last = report.head
        for field in strayPersonal {
            report.note(field.sequence, .strayPersonal(index: field.index))
        }
        for seal in waiting[compared...] {
            report.note(seal.sequence, .truncated(last: last.sequence))
        }
        if let known {
            // A record that was never met although the log goes on is another one, or none, now.
            report.note(
                known.sequence, known.sequence > last.sequence ? .truncated(last: last.sequence) : .headDiffers)
        }
        return report
    }

    private mutating func checkHash(of stored: StoredAuditRecord) {
        let candidates = previous.map { AuditHash(after: $0, encoding: stored.encoding) }
        guard !candidates.isEmpty, !candidates.contains(stored.hash) else {
            previous = [stored.hash]
            return
        }
        report.note(stored.sequence, .altered)
        // If only the stored hash was changed, the next record follows from the computed one; if the record was, it
        // follows from the stored one. Either way the harm is named here and not again at every later record.
        previous = [stored.hash] + candidates.suffix(1)
    }

    private mutating func compareKnown(with head: AuditHead) {
        guard let known, known.sequence == head.sequence else { return }
        self.known = nil
        if known.hash != head.hash { report.note(head.sequence, .headDiffers) }
    }

    private mutating func compareSeals(with head: AuditHead) {
        while compared < waiting.count, waiting[compared].sequence <= head.sequence {
            let seal = waiting[compared]
            compared += 1
            if seal.sequence == head.sequence {
                compare(seal, with: head.hash)
            } else {
                report.note(seal.sequence, .sealedRecordMissing(keyID: seal.keyID))
            }
        }
        // Once in a while, so that forgetting costs nothing per seal.
        if compared > 1_024, compared > waiting.count / 2 {
            waiting.removeFirst(compared)
            compared = 0
        }
    }

    private mutating func compare(_ seal: AuditSeal, with hash: AuditHash) {
        guard seal.hash == hash else { return report.note(seal.sequence, .sealDiffers(keyID: seal.keyID)) }
        report.seals += 1
        report.sealedThrough = max(report.sealedThrough, seal.sequence)
    }

    private mutating func check(_ personal: [AuditPersonal], of record: AuditRecord, at sequence: UInt64) {
        var present = [Bool](repeating: false, count: record.fieldCount)
        for field in personal {
            guard field.sequence == sequence, let promised = record.commitment(at: field.index), !present[field.index]
            else {
                report.note(field.sequence, .strayPersonal(index: field.index))
                continue
            }
            present[field.index] = true
            report.personalPresent += 1
            // By octets: equal strings may be written in different ones.
            let isKept =
                field.salt.count == AuditLimits.saltOctets && field.name.utf8.elementsEqual(promised.name.utf8)
                && field.commitment == promised.hash
            if !isKept { report.note(sequence, .personalDiffers(index: field.index)) }
        }
        for index in present.indices where !present[index] && record.commitment(at: index) != nil {
            report.personalErased += 1
            if let erasures, !erasures.covers(AuditFieldKey(sequence, index), kind: record.kind, at: record.at) {
                report.note(sequence, .erasureNotRecorded(index: index))
            }
        }
    }
}
