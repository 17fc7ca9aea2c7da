import Audit
import MCFoundation
import Testing

@Suite struct ExportTests {
    private func recorded(
        _ details: [AuditDetail], actor: String = "sip:chiara@x", outcome: AuditOutcome = .done
    ) -> RecordedEntry {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        let entry = AuditEntry(
            .call, "call.begun", actor: party(actor), details: details, authority: "agreement", outcome: outcome)
        let chained = chain.append(entry, at: created, using: &generator)
        return RecordedEntry(record: chained.record, personal: chained.personal)
    }

    private func text(_ entry: RecordedEntry, for reader: AuditReader, _ format: AuditExportFormat) -> String {
        var out: [UInt8] = []
        AuditExport(for: reader).write(entry, as: format, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    static let details = [
        AuditDetail("call", "c-1"), AuditDetail("user", "sip:zoe@y", isPersonal: true),
        AuditDetail("place", "45.46 N", isPersonal: true),
    ]

    @Test func theAuditorSeesAll() {
        #expect(
            text(recorded(Self.details), for: .auditor, .jsonLines)
                == #"{"sequence":1,"time":"2026-09-21T14:13:20.000000Z","class":"call","action":"call.begun","#
                + #""actor":"sip:chiara@x","actor_state":"shown","role":"responder","agency":"vvf","country":"IT","#
                + #""authority":"agreement","outcome":"done","reason":null,"details":[{"name":"call","value":"c-1"},"#
                + #"{"name":"user","value":"sip:zoe@y"},{"name":"place","value":"45.46 N"}]}"# + "\n")
    }

    @Test func dataProtectionSeesWhoAndNotWhat() {
        let line = text(recorded(Self.details), for: .dataProtection, .jsonLines)
        #expect(line.contains("sip:chiara@x") && line.contains("sip:zoe@y"))
        #expect(line.contains(#"{"name":"place","state":"withheld"}"#))
        #expect(!line.contains("45.46"))
    }

    @Test func statisticsSeeNothingPersonal() {
        let export = AuditExport(for: .statistics)
        #expect(!export.columns.contains("actor"))
        let line = text(recorded(Self.details), for: .statistics, .jsonLines)
        for word in ["chiara", "zoe", "45.46", "user", "place", "actor"] {
            #expect(!line.contains(word))
        }
        #expect(line.contains("c-1"))
    }

    @Test func erasedIsNotWithheldAndCannotBeFeigned() {
        var entry = recorded(Self.details, actor: "erased")
        #expect(text(entry, for: .auditor, .jsonLines).contains(#""actor":"erased","actor_state":"shown""#))
        entry.personal = []
        let line = text(entry, for: .auditor, .jsonLines)
        #expect(line.contains(#""actor":null,"actor_state":"erased""#))
        #expect(line.contains(#"{"name":"user","state":"erased"}"#))
        #expect(text(entry, for: .dataProtection, .jsonLines).contains(#"{"name":"place","state":"withheld"}"#))
    }

    @Test func hostileTextStaysInItsJSONString() {
        let hostile = "\"},\n{\\\r\0\u{1f}\u{7f}\u{85}\u{2028}\u{202e}\u{1f692}\u{e9}/"
        let line = text(recorded([AuditDetail("x", hostile)], actor: hostile), for: .auditor, .jsonLines)
        let escaped =
            #""\"},\u000a{\\\u000d\u0000\u001f\u007f\u0085\u2028\u202e"# + "\u{1f692}\u{e9}/\""
        #expect(line.contains(#""actor":"# + escaped + ","))
        #expect(line.contains(#"{"name":"x","value":"# + escaped + "}"))
        #expect(line.utf8.count { $0 == 0x0a } == 1)
        #expect(line.utf8.allSatisfy { $0 == 0x0a || $0 >= 0x20 })
    }

    @Test func csvHasAHeaderAndQuotesEveryText() {
        var out: [UInt8] = []
        AuditExport(for: .auditor).writeHeader(.csv, to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == #""sequence","time","class","action","actor","actor_state","role","agency","country","#
                + #""authority","outcome","reason","details""# + "\r\n")
        let entry = recorded(
            [AuditDetail("say", #"a "b", c"#)], actor: "x\",\"y\r\nz", outcome: .refused("not-allowed"))
        #expect(
            text(entry, for: .auditor, .csv)
                == #"1,"2026-09-21T14:13:20.000000Z","call","call.begun","x"",""y"# + "\r\n"
                + #"z","shown","responder","vvf","IT","agreement","refused","not-allowed","#
                + #""[{""name"":""say"",""value"":""a \""b\"", c""}]""# + "\r\n")
        out = []
        AuditExport(for: .auditor).writeHeader(.jsonLines, to: &out)
        #expect(out.isEmpty)
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "'=1", "\u{ff1d}1"])
    func noCellIsAFormula(_ hostile: String) {
        let line = text(recorded([], actor: hostile), for: .auditor, .csv)
        #expect(Array(line.utf8).split(separator: UInt8(ascii: ","))[4].starts(with: Array(("\"'" + hostile).utf8)))
    }

    @Test(
        arguments: [
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"),
            (1_735_603_200_000_000, "2024-12-31T00:00:00.000000Z"),
            (1_740_700_800_000_000, "2025-02-28T00:00:00.000000Z"),
            (1_738_281_600_000_000, "2025-01-31T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"), (Int64.max, "9999-12-31T23:59:59.999999Z"),
            (Int64.min, "0001-01-01T00:00:00.000000Z"),
        ] as [(Int64, String)])
    func timesAreWrittenInUTC(_ microseconds: Int64, _ written: String) {
        var entry = recorded([])
        entry.record.at = UTCTime(microseconds: microseconds)
        #expect(AuditExport(for: .auditor).row(entry)[1] == .text(written))
    }
}
