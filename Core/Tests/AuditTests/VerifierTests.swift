import Audit
import MCFoundation
import Testing

@Suite struct VerifierTests {
    @Test func aRecordThatWasRewrittenWithItsHashBreaksTheNext() throws {
        var log = Log(count: 20)
        log.records[9] = try forged(log, at: 9)
        #expect(log.verified().findings == [AuditFinding(11, .altered)])
    }

    @Test func aLogThatWasRewrittenToItsEndFailsAtTheSeal() throws {
        var log = Log(count: 60)
        let original = log.chain.head
        for position in 9..<60 {
            log.records[position] = position == 9 ? try forged(log, at: 9) : rechained(log, at: position)
        }
        #expect(log.verified().findings == [AuditFinding(50, .sealDiffers(keyID: "seal-1"))])
        log.seals = []
        #expect(log.verified().isSound)
        #expect(log.verified(expecting: original).findings == [AuditFinding(60, .headDiffers)])
    }

    @Test func aLogThatGrewBeyondAKeptHeadIsSound() throws {
        var log = Log(count: 60)
        let kept = [0, 9, 49, 59].map { AuditHead(sequence: UInt64($0 + 1), hash: log.records[$0].hash) }
        for head in kept + [genesis] {
            #expect(log.verified(expecting: head).isSound)
            #expect(AuditHead(noted: "\(head.sequence):\(head.hash)") == head)
        }
        let wrong = AuditHead(sequence: 30, hash: log.records[30].hash)
        #expect(log.verified(expecting: wrong).findings == [AuditFinding(30, .headDiffers)])
        let later = AuditHead(sequence: 61, hash: log.records[30].hash)
        #expect(log.verified(expecting: later).findings == [AuditFinding(61, .truncated(last: 60))])
        // Rewritten from there on, and the seals of it removed: the kept one tells.
        log.seals = []
        for position in 9..<60 {
            log.records[position] = position == 9 ? try forged(log, at: 9) : rechained(log, at: position)
        }
        #expect(log.verified(expecting: kept[0]).isSound)
        #expect(log.verified(expecting: kept[2]).findings == [AuditFinding(50, .headDiffers)])
        log.records.remove(at: 49)
        #expect(log.verified(expecting: kept[2]).findings.contains(AuditFinding(50, .headDiffers)))
    }

    @Test(arguments: ["", ":", "1:", "x:00", "1:00", "-1:" + String(repeating: "0", count: 64)])
    func whatIsNoNotedHeadIsNotRead(text: String) { #expect(AuditHead(noted: text) == nil) }

    @Test func aForgedSealDoesNotSaveIt() {
        var log = Log(count: 60)
        log.seals[0].signature = signature([], by: "seal-1")
        let report = log.verified()
        #expect(report.findings == [AuditFinding(50, .sealForged(keyID: "seal-1"))])
        #expect(report.sealedThrough == 0)
    }

    @Test func anInsertedRecordIsFound() {
        var log = Log(count: 20)
        log.records.insert(log.records[4], at: 10)
        #expect(log.verified().findings.first == AuditFinding(5, .outOfSequence(expected: 11)))
    }

    @Test func aSealedRecordThatIsMissingAmidTheLogIsFound() {
        var log = Log(count: 60)
        log.records.remove(at: 49)
        #expect(
            log.verified().findings.prefix(2) == [
                AuditFinding(51, .outOfSequence(expected: 50)),
                AuditFinding(50, .sealedRecordMissing(keyID: "seal-1")),
            ])
    }

    @Test func sealsMayComeBeforeOrJustAfterTheirRecordAndNotLater() {
        let log = Log(count: 60)
        for delay in 0...1 {
            var verifier = AuditVerifier(system: italy, from: genesis, isGenuine: isGenuine)
            for (position, record) in log.records.enumerated() {
                verifier.feed(record, personal: [])
                if position == 49 + delay { verifier.feed(log.seals[0]) }
            }
            let report = verifier.finish()
            #expect(report.seals == (delay == 0 ? 1 : 0))
            let late = AuditFinding(50, .sealNotCompared(keyID: "seal-1"))
            #expect(report.findings == (delay == 0 ? [] : [late]))
        }
    }

    @Test func sealsInAnyOrderAreCompared() {
        var log = Log(count: 200)
        log.seals.swapAt(0, 3)
        log.seals.append(log.seals[1])
        #expect(log.verified().seals == 5)
    }

    @Test func aSealOfAnotherSystemIsForged() {
        let log = Log(count: 50)
        var verifier = AuditVerifier(system: MCSystemID("mc.fr.example"), from: genesis, isGenuine: isGenuine)
        verifier.feed(log.seals[0])
        #expect(verifier.finish().findings == [AuditFinding(50, .sealForged(keyID: "seal-1"))])
    }

    @Test func aPartIsVerifiedFromAKeptHead() {
        let log = Log(count: 60)
        let kept = AuditHead(sequence: 30, hash: log.records[29].hash)
        var verifier = AuditVerifier(system: italy, from: kept, expecting: log.chain.head, isGenuine: isGenuine)
        for record in log.records[30...] {
            verifier.feed(record, personal: log.personal(of: record.sequence))
        }
        let report = verifier.finish()
        #expect(report.isSound)
        #expect(report.records == 30)
        var wrong = AuditVerifier(system: italy, from: genesis, isGenuine: isGenuine)
        wrong.feed(log.records[30], personal: [])
        #expect(wrong.finish().findings == [AuditFinding(31, .outOfSequence(expected: 1))])
    }

    @Test func aLogOfAnotherSystemIsNotOurs() {
        let log = Log(count: 3)
        let foreign = AuditHead.genesis(of: MCSystemID("mc.fr.example"), created: created)
        var verifier = AuditVerifier(system: italy, from: foreign, isGenuine: isGenuine)
        for record in log.records { verifier.feed(record, personal: []) }
        #expect(verifier.finish().findings == [AuditFinding(1, .altered)])
    }

    @Test func theSamePersonalFieldTwiceIsFound() {
        var log = Log(count: 3)
        log.personal.append(log.personal[0])
        #expect(log.verified().findings == [AuditFinding(1, .strayPersonal(index: 0))])
    }

    @Test func anotherSpellingOfAnEqualNameIsFound() {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        let entry = AuditEntry(
            .call, "call.begun", actor: party("a"), details: [AuditDetail("caf\u{e9}", "x", isPersonal: true)])
        let chained = chain.append(entry, at: created, using: &generator)
        var personal = chained.personal
        personal[1].name = "cafe\u{301}"
        #expect(personal == chained.personal)
        var verifier = AuditVerifier(system: italy, from: genesis, isGenuine: isGenuine)
        verifier.feed(chained.stored, personal: personal)
        #expect(verifier.finish().findings == [AuditFinding(1, .personalDiffers(index: 1))])
    }

    @Test func aClockThatGoesBackIsCountedAndNoFault() {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        var verifier = AuditVerifier(system: italy, from: genesis, isGenuine: isGenuine)
        for time in [5, 9, 3, 4] as [Int64] {
            let chained = chain.append(Log.entry(0), at: UTCTime(microseconds: time), using: &generator)
            #expect(chained.record.at == UTCTime(microseconds: time))
            verifier.feed(chained.stored, personal: chained.personal)
        }
        let report = verifier.finish()
        #expect(report.isSound)
        #expect(report.clockStepsBack == 1)
    }

    @Test func findingsAreBoundedAndCounted() {
        var log = Log(count: 2)
        let record = log.records[1]
        log.records += (0..<1_500).map { _ in record }
        let report = log.verified()
        #expect(report.findings.count == AuditLimits.maxFindings)
        #expect(report.findingsNotKept > 0)
    }

    @Test func findingsAreDescribedInWords() {
        #expect("\(AuditFinding(7, .altered))" == "record 7: does not follow from what stands before it: changed")
        #expect("\(AuditFinding(7, .unreadable(.tooShort(offset: 3))))".contains("octet 3"))
    }

    /// Says `done` where it said otherwise, and hashes it anew after the record before.
    private func forged(_ log: Log, at position: Int) throws -> StoredAuditRecord {
        var record = try AuditRecord(encoding: log.records[position].encoding)
        record.action = "nothing.happened"
        let encoding = record.encoding
        return StoredAuditRecord(
            sequence: record.sequence, encoding: encoding,
            hash: AuditHash(after: log.records[position - 1].hash, encoding: encoding))
    }

    private func rechained(_ log: Log, at position: Int) -> StoredAuditRecord {
        var record = log.records[position]
        record.hash = AuditHash(after: log.records[position - 1].hash, encoding: record.encoding)
        return record
    }
}
