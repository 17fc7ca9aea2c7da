import Audit
import MCFoundation

let italy = MCSystemID("mc.it.example")
let created = UTCTime(microseconds: 1_790_000_000_000_000)
let genesis = AuditHead.genesis(of: italy, created: created)

/// Counts, so that salts can be written down.
struct Counting: RandomNumberGenerator {
    var number: UInt64 = 0
    mutating func next() -> UInt64 {
        number += 1
        return number
    }
}

func party(_ identity: String, role: String = "responder") -> AuditParty {
    AuditParty(identity: identity, role: role, agency: "vvf", country: "IT")
}

/// A stand-in for a signature: what counts is that it depends on payload and key.
func signature(_ payload: [UInt8], by keyID: String) -> [UInt8] {
    AuditHash(of: Array("secret of \(keyID)".utf8) + payload).octets
}

func seal(_ head: AuditHead, at time: UTCTime = created, by keyID: String = "seal-1") -> AuditSeal {
    let payload = AuditSeal.payload(system: italy, head: head, at: time, keyID: keyID)
    return AuditSeal(head: head, at: time, keyID: keyID, signature: signature(payload, by: keyID))
}

func isGenuine(_ payload: [UInt8], _ claimed: [UInt8], _ keyID: String) -> Bool {
    keyID == "seal-1" && claimed == signature(payload, by: keyID)
}

/// A log as a store holds it.
struct Log {
    var records: [StoredAuditRecord] = []
    var personal: [AuditPersonal] = []
    var seals: [AuditSeal] = []
    var chain = AuditChain(system: italy, created: created)

    /// Entries of every class, done and refused, with nothing to two personal details; a seal every 50.
    init(count: Int) {
        var generator = SeededGenerator(seed: 7)
        for number in 0..<count {
            append(Self.entry(number), using: &generator)
            if (number + 1) % 50 == 0 { seals.append(seal(chain.head)) }
        }
    }

    static func entry(_ number: Int) -> AuditEntry {
        let kind = AuditClass.allCases[number % AuditClass.allCases.count]
        var details = [AuditDetail("call", "c-\(number / 3)")]
        if number % 2 == 0 { details.append(AuditDetail("user", "sip:u\(number % 5)@vvf.it", isPersonal: true)) }
        if number % 4 == 0 { details.append(AuditDetail("place", "45.4\(number) N", isPersonal: true)) }
        return AuditEntry(
            kind, "thing.happened", actor: party("sip:a\(number % 7)@vvf.it"), details: details,
            outcome: number % 6 == 5 ? .refused("not-allowed") : .done)
    }

    mutating func append(_ entry: AuditEntry, using generator: inout SeededGenerator) {
        let time = UTCTime(microseconds: created.microseconds + Int64(records.count) * 60_000_000)
        let chained = chain.append(entry, at: time, using: &generator)
        records.append(chained.stored)
        personal += chained.personal
    }

    func personal(of sequence: UInt64) -> [AuditPersonal] { personal.filter { $0.sequence == sequence } }

    func recorded(_ sequence: UInt64) throws -> RecordedEntry {
        try RecordedEntry(records[Int(sequence) - 1], personal: personal(of: sequence))
    }

    /// The whole log, as a shell reads it from its store: personal fields by cursor beside the records.
    func verified(expecting known: AuditHead? = nil, erasures: ErasureLedger? = nil) -> AuditReport {
        var verifier = AuditVerifier(
            system: italy, from: genesis, erasures: erasures, expecting: known, isGenuine: isGenuine)
        for seal in seals { verifier.feed(seal) }
        let sorted = personal.sorted { ($0.sequence, $0.index) < ($1.sequence, $1.index) }
        var cursor = 0
        for record in records {
            let start = cursor
            while cursor < sorted.count, sorted[cursor].sequence <= record.sequence { cursor += 1 }
            verifier.feed(record, personal: Array(sorted[start..<cursor]))
        }
        return verifier.finish(strayPersonal: Array(sorted[cursor...]))
    }
}
