import Audit
import MCFoundation
import Testing

/// Whatever a hand in the store does to a log of 200 records, a verification finds it and says where.
@Suite struct TamperTests {
    static let log = Log(count: 200)

    /// The verification of this record and the next two only, from a head that is known: the rest of the log is as
    /// it was, and two hundred records times every bit would be read otherwise.
    private func around(
        _ stored: StoredAuditRecord, _ personal: [AuditPersonal], at position: Int, following: Int = 2
    ) -> AuditReport {
        let before =
            position == 0 ? genesis : AuditHead(sequence: UInt64(position), hash: Self.log.records[position - 1].hash)
        var verifier = AuditVerifier(system: italy, from: before, isGenuine: isGenuine)
        verifier.feed(stored, personal: personal)
        for later in Self.log.records.dropFirst(position + 1).prefix(following) {
            verifier.feed(later, personal: Self.log.personal(of: later.sequence))
        }
        return verifier.finish()
    }

    @Test func theUntouchedLogIsSound() {
        let report = Self.log.verified(expecting: Self.log.chain.head)
        #expect(report.isSound)
        #expect(report.records == 200)
        #expect(report.seals == 4)
        #expect(report.sealedThrough == 200)
        #expect(report.personalPresent == UInt64(Self.log.personal.count))
        #expect(report.personalErased == 0)
        #expect(report.head == Self.log.chain.head)
    }

    @Test func everyBitOfARecordCounts() {
        // Records 1 to 12 have every shape of outcome and details; of the others every 61st bit is taken.
        for (position, record) in Self.log.records.enumerated() {
            let step = position < 12 ? 1 : 61
            for bit in stride(from: position % step, to: record.encoding.count * 8, by: step) {
                var changed = record
                changed.encoding[bit / 8] ^= 1 << (bit % 8)
                let report = around(changed, [], at: position, following: 1)
                guard report.findings.first == AuditFinding(record.sequence, .altered),
                    report.findings.allSatisfy({ $0.sequence == record.sequence })
                else {
                    Issue.record("bit \(bit) of record \(record.sequence): \(report.findings)")
                    return
                }
            }
        }
    }

    @Test func everyBitOfAHashCounts() throws {
        for (position, record) in Self.log.records.enumerated() {
            for bit in stride(from: position % 8, to: 256, by: 8) {
                var octets = record.hash.octets
                octets[bit / 8] ^= 1 << (bit % 8)
                var changed = record
                changed.hash = try #require(AuditHash(octets: octets))
                let report = around(changed, Self.log.personal(of: record.sequence), at: position)
                #expect(report.findings == [AuditFinding(record.sequence, .altered)])
            }
        }
    }

    @Test func everyBitOfASequenceCounts() {
        for (position, record) in Self.log.records.enumerated() {
            for bit in 0..<64 {
                var changed = record
                changed.sequence ^= 1 << bit
                let report = around(changed, [], at: position, following: 1)
                #expect(
                    report.findings.first
                        == AuditFinding(changed.sequence, .outOfSequence(expected: record.sequence)))
            }
        }
    }

    @Test func everyBitOfAPersonalFieldCounts() {
        for (position, record) in Self.log.records.enumerated() {
            let personal = Self.log.personal(of: record.sequence)
            for (place, field) in personal.enumerated() {
                for changed in variants(of: field) {
                    var all = personal
                    all[place] = changed
                    let report = around(record, all, at: position, following: 0)
                    let isFound = report.findings.contains {
                        $0 == AuditFinding(changed.sequence, .strayPersonal(index: changed.index))
                            || $0 == AuditFinding(record.sequence, .personalDiffers(index: changed.index))
                    }
                    #expect(isFound, "\(changed)")
                }
            }
        }
    }

    private func variants(of field: AuditPersonal) -> [AuditPersonal] {
        var all: [AuditPersonal] = []
        func add(_ change: (inout AuditPersonal) -> Void) {
            var changed = field
            change(&changed)
            all.append(changed)
        }
        for bit in stride(from: Int(field.sequence % 7), to: 64, by: 7) {
            add { $0.sequence ^= 1 << bit }
            add { $0.index ^= 1 << bit }
        }
        for bit in stride(from: Int(field.sequence % 3), to: field.salt.count * 8, by: 3) {
            add { $0.salt[bit / 8] ^= 1 << (bit % 8) }
        }
        add { $0.salt.removeLast() }
        func flipped(_ text: String, _ bit: Int) -> String {
            var octets = Array(text.utf8)
            octets[bit / 8] ^= 1 << (bit % 8)
            return String(decoding: octets, as: UTF8.self)
        }
        for bit in 0..<field.name.utf8.count * 8 { add { $0.name = flipped($0.name, bit) } }
        for bit in 0..<field.value.utf8.count * 8 { add { $0.value = flipped($0.value, bit) } }
        return all
    }

    @Test func everyBitOfASealCounts() throws {
        let seal = Self.log.seals[1]
        var variants: [AuditSeal] = []
        for bit in 0..<256 {
            var octets = seal.hash.octets
            octets[bit / 8] ^= 1 << (bit % 8)
            var changed = seal
            changed.hash = try #require(AuditHash(octets: octets))
            variants.append(changed)
            changed = seal
            changed.signature[bit / 8] ^= 1 << (bit % 8)
            variants.append(changed)
        }
        for bit in 0..<64 {
            var changed = seal
            changed.sequence ^= 1 << bit
            variants.append(changed)
            changed = seal
            changed.at.microseconds ^= 1 << bit
            variants.append(changed)
        }
        var renamed = seal
        renamed.keyID = "seal-2"
        for changed in variants + [renamed] {
            var verifier = AuditVerifier(system: italy, from: genesis, isGenuine: isGenuine)
            verifier.feed(changed)
            let forged = AuditFinding(changed.sequence, .sealForged(keyID: changed.keyID))
            #expect(verifier.finish().findings == [forged])
        }
    }

    @Test func theRemovalOfAnyRecordIsFound() {
        for position in Self.log.records.indices {
            var log = Self.log
            log.records.remove(at: position)
            let removed = UInt64(position + 1)
            let first = log.verified(expecting: Self.log.chain.head).findings.first
            if removed < 200 {
                #expect(first == AuditFinding(removed + 1, .outOfSequence(expected: removed)))
            } else {
                #expect(first?.fault == .truncated(last: 199) || first?.fault == .strayPersonal(index: 0))
            }
        }
    }

    @Test func theSwapOfAnyTwoIsFound() {
        for left in 0..<199 {
            for right in left + 1..<200 {
                let (early, late) = (Self.log.records[left], Self.log.records[right])
                let place = UInt64(left + 1)
                let moved = around(late, [], at: left, following: 0).findings
                #expect(moved.first == AuditFinding(late.sequence, .outOfSequence(expected: place)))
                // Or what they say is swapped, and their numbers stay.
                let renumbered = StoredAuditRecord(sequence: place, encoding: late.encoding, hash: late.hash)
                let swapped = around(renumbered, [], at: left, following: 0).findings
                #expect(swapped.prefix(1) == [AuditFinding(place, .altered)])
                #expect(swapped.contains(AuditFinding(place, .numberDiffers(recorded: late.sequence))))
                // Or only the hashes.
                let rehashed = StoredAuditRecord(sequence: place, encoding: early.encoding, hash: late.hash)
                #expect(around(rehashed, [], at: left, following: 0).findings == [AuditFinding(place, .altered)])
            }
        }
    }

    @Test func aSwapIsNamedAtBothPlacesAndNowhereBetween() {
        var log = Self.log
        log.personal = []
        log.records.swapAt(9, 19)
        #expect(
            log.verified().findings == [
                AuditFinding(20, .outOfSequence(expected: 10)), AuditFinding(11, .outOfSequence(expected: 21)),
                AuditFinding(10, .outOfSequence(expected: 20)), AuditFinding(21, .outOfSequence(expected: 11)),
            ])
    }

    @Test func truncationAnywhereBeforeTheLastSealIsFound() {
        for kept in 0..<200 {
            var log = Self.log
            log.records.removeLast(200 - kept)
            log.personal.removeAll { $0.sequence > UInt64(kept) }
            #expect(log.verified().findings.contains(AuditFinding(200, .truncated(last: UInt64(kept)))))
        }
    }

    @Test func anyErasureLeavesTheLogSound() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<20 {
            var log = Self.log
            let share = Int.random(in: 0...10, using: &generator)
            log.personal.removeAll { _ in Int.random(in: 0..<10, using: &generator) < share }
            let report = log.verified(expecting: Self.log.chain.head)
            #expect(report.isSound)
            #expect(report.personalErased == UInt64(Self.log.personal.count - log.personal.count))
        }
    }
}
