import Audit
import MCFoundation
import Testing

@Suite struct ChainTests {
    /// The constants were computed by forty lines of Python over hashlib and struct, from the documented format.
    @Test func aKnownLogHasTheHashesThatAnotherProgramComputed() {
        var chain = AuditChain(system: italy, created: created)
        #expect("\(chain.head.hash)" == "2203e9d45a3d7a561e279cb2bc7a4d510d98940ccefd501d8d85e870b39845c8")
        var salts = Counting()
        let opened = AuditEntry(
            .system, "log.opened", actor: AuditParty(identity: "mc.it.example", role: "system", country: "IT"))
        let first = chain.append(opened, at: UTCTime(microseconds: 1_790_000_000_000_001), using: &salts)
        #expect(first.encoding.count == 81)
        #expect("\(first.hash)" == "bf4ec70a9cea3ef1163a4fb59e63a7c12b3137526d546c5e85dc5b12c7e29248")

        let refused = AuditEntry(
            .login, "login.refused", actor: party("sip:chiara@vvf.it.example"),
            details: [
                AuditDetail("device", "urn:uuid:1", isPersonal: true), AuditDetail("address-family", "ipv6"),
            ], outcome: .refused("wrong-password"))
        let second = chain.append(refused, at: UTCTime(microseconds: 1_790_000_001_500_000), using: &salts)
        #expect(hex(second.encoding) == Self.secondEncoding)
        #expect("\(second.hash)" == "03b44af3ebd755fff1a2666abee00704446850732e6c81f38b70a942ff0e7ca4")

        let begun = AuditEntry(
            .call, "call.begun",
            actor: AuditParty(
                identity: "sip:zo\u{eb}@sdis.fr.example", role: "responder", agency: "sdis06", country: "FR"),
            details: [
                AuditDetail("call", "c-17"), AuditDetail("user", "sip:chiara@vvf.it.example", isPersonal: true),
            ], authority: "agreement mc.fr.example")
        let third = chain.append(begun, at: UTCTime(microseconds: 1_789_999_999_000_000), using: &salts)
        #expect("\(third.hash)" == "ad782a33c97c34da62c2de9ca24ce3ba4fb894d28fa8df6f9a8565a66aedc362")
        #expect(chain.head == AuditHead(sequence: 3, hash: third.hash))

        let payload = AuditSeal.payload(
            system: italy, head: chain.head, at: UTCTime(microseconds: 1_790_000_060_000_000), keyID: "seal-1")
        #expect(
            "\(AuditHash(of: payload))" == "3f171dd5fd3b7c5c6972ab014a209411d528bf5bae042a6edda43668a15e6029")
    }

    static let secondEncoding =
        "01000000000000000200065bfeda3cc36002000d6c6f67696e2e72656675736564c7dcfec7731736c270966cc91e850036f6369a57"
        + "0b319548f0f18423a6252a200009726573706f6e646572000376766600024954000001000e77726f6e672d70617373776f726400"
        + "02010006646576696365388a4673d2ff1ae898ec0858bdd2cebb10da76332613fd5b20d242ff46dd942000000e61646472657373"
        + "2d66616d696c79000469707636"

    private func hex(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func theChainedRecordHoldsNoPersonalValue() {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        let entry = AuditEntry(
            .call, "call.begun", actor: party("sip:SECRETACTOR@x"),
            details: [AuditDetail("place", "SECRETPLACE", isPersonal: true), AuditDetail("call", "c-1")])
        let chained = chain.append(entry, at: created, using: &generator)
        let text = String(decoding: chained.encoding, as: UTF8.self)
        #expect(!text.contains("SECRET"))
        #expect(text.contains("c-1"))
        #expect(chained.personal.map(\.index) == [0, 1])
        #expect(chained.personal.map(\.value) == ["sip:SECRETACTOR@x", "SECRETPLACE"])
        #expect(chained.personal.allSatisfy { $0.salt.count == 16 })
        #expect(chained.personal[0].salt != chained.personal[1].salt)
    }

    @Test func theSamePersonIsAnotherCommitmentEachTime() throws {
        let log = Log(count: 8)
        let (first, eighth) = (try log.recorded(1), try log.recorded(8))
        #expect(first.value(at: 0) == eighth.value(at: 0))
        #expect(first.record.actor != eighth.record.actor)
    }

    @Test func personalFieldsDoNotPrint() {
        let field = AuditPersonal(
            sequence: 1, index: 0, name: "actor", salt: [UInt8](repeating: 0xab, count: 16), value: "sip:chiara@x")
        var dumped = ""
        dump(field, to: &dumped)
        for text in ["\(field)", String(reflecting: field), dumped] {
            #expect(!text.contains("chiara") && !text.contains("171"))
        }
    }

    @Test func aChainGoesOnFromItsStoredHead() {
        var whole = AuditChain(system: italy, created: created)
        var salts = Counting()
        for number in 0..<5 { _ = whole.append(Log.entry(number), at: created, using: &salts) }
        var resumed = AuditChain(system: italy, created: created)
        salts = Counting()
        for number in 0..<5 {
            resumed = AuditChain(resuming: resumed.head)
            _ = resumed.append(Log.entry(number), at: created, using: &salts)
        }
        #expect(resumed.head == whole.head)
    }

    @Test func anotherSystemOrTimeHasAnotherGenesis() {
        #expect(AuditHead.genesis(of: MCSystemID("mc.fr.example"), created: created) != genesis)
        #expect(AuditHead.genesis(of: italy, created: UTCTime(microseconds: 0)) != genesis)
        #expect(genesis.sequence == 0)
    }

    @Test func whatIsTooLongIsCutVisiblyAndStillReadable() throws {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        let long = String(repeating: "\u{1f692}", count: 100_000)
        let entry = AuditEntry(
            .refusal, long, actor: AuditParty(identity: long, role: long, agency: long, country: long),
            details: (0..<200).map { AuditDetail("n\($0)" + long, long, isPersonal: $0 % 2 == 0) }, authority: long,
            outcome: .refused(long))
        let chained = chain.append(entry, at: created, using: &generator)
        let read = try AuditRecord(encoding: chained.encoding)
        #expect(read == chained.record)
        #expect(read.action.hasSuffix("\u{2026}") && read.action.utf8.count <= AuditLimits.maxNameOctets)
        #expect(chained.personal[0].value.hasSuffix("\u{2026}"))
        #expect(chained.personal[0].value.utf8.count <= AuditLimits.maxValueOctets)
        #expect(read.fields.count == AuditLimits.maxDetails)
        #expect(read.clear(AuditDetailName.leftOut) == "137")
        var verifier = AuditVerifier(system: italy, from: genesis, isGenuine: isGenuine)
        verifier.feed(chained.stored, personal: chained.personal)
        #expect(verifier.finish().isSound)
    }
}
