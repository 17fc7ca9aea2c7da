import Audit
import MCFoundation
import Testing

@Suite struct RecordCodingTests {
    static let hash = AuditHash(of: [1])
    static let record = AuditRecord(
        sequence: .max, at: UTCTime(microseconds: -1), kind: .emergency, action: "a.b", actor: hash, role: "",
        agency: "\u{e9}", country: "IT", authority: "x\0y", outcome: .refused("no"),
        fields: [
            AuditField("clear", .clear("")), AuditField("hidden", .personal(AuditHash(of: [2]))),
            AuditField("clear", .clear("again")),
        ])

    @Test func whatIsWrittenIsReadBack() throws {
        #expect(try AuditRecord(encoding: Self.record.encoding) == Self.record)
        for kind in AuditClass.allCases {
            var record = Self.record
            record.kind = kind
            record.outcome = .done
            #expect(try AuditRecord(encoding: record.encoding) == record)
        }
    }

    @Test func everyPrefixIsTooShort() {
        let encoding = Self.record.encoding
        for length in encoding.indices {
            #expect(throws: AuditRecordError.self) { try AuditRecord(encoding: Array(encoding[..<length])) }
        }
        #expect(throws: AuditRecordError.tooShort(offset: 0)) { try AuditRecord(encoding: []) }
    }

    @Test func nothingMayFollow() {
        let encoding = Self.record.encoding
        #expect(throws: AuditRecordError.trailingOctets(offset: encoding.count)) {
            try AuditRecord(encoding: encoding + [0])
        }
    }

    @Test func whatIsReadWritesTheSameOctets() {
        // One record has one encoding: whatever one octet is changed to, it is refused or it is another record.
        let encoding = Self.record.encoding
        for position in encoding.indices {
            for bit in 0..<8 {
                var changed = encoding
                changed[position] ^= 1 << bit
                guard let read = try? AuditRecord(encoding: changed) else { continue }
                #expect(read.encoding == changed)
            }
        }
    }

    @Test func eachFaultIsNamed() {
        let encoding = Self.record.encoding
        func error(_ position: Int, _ octet: UInt8) -> AuditRecordError? {
            var changed = encoding
            changed[position] = octet
            do {
                _ = try AuditRecord(encoding: changed)
                return nil
            } catch {
                return error
            }
        }
        #expect(error(0, 2) == .unknownVersion(2))
        #expect(error(17, 10) == .unknownCode(10, offset: 17))
        #expect(error(18, 0xff) == .tooLong(offset: 18))
        #expect(error(20, 0xff) == .notUTF8(offset: 18))
        // After version, sequence, time, class; action, actor; role, agency, country and authority.
        let outcome = 18 + 5 + 32 + 2 + 4 + 4 + 5
        #expect(error(outcome, 2) == .unknownCode(2, offset: outcome))
        #expect(error(outcome + 5, 0x01) == .tooLong(offset: outcome + 5))
    }
}
