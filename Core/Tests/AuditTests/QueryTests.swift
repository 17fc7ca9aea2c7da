import Audit
import MCFoundation
import Testing

@Suite struct QueryTests {
    private func entry(_ details: [AuditDetail] = [], kind: AuditClass = .call) -> RecordedEntry {
        var chain = AuditChain(system: italy, created: created)
        var generator = SeededGenerator(seed: 1)
        let chained = chain.append(
            AuditEntry(kind, "call.begun", actor: party("sip:chiara@x"), details: details), at: created,
            using: &generator)
        return RecordedEntry(record: chained.record, personal: chained.personal)
    }

    private func time(_ offset: Int64) -> UTCTime { UTCTime(microseconds: created.microseconds + offset) }

    @Test func aPeriodHasItsBeginningAndNotItsEnd() {
        #expect(AuditQuery().matches(entry()))
        #expect(AuditQuery(from: time(0), until: time(1)).matches(entry()))
        #expect(!AuditQuery(from: time(1)).matches(entry()))
        #expect(!AuditQuery(until: time(0)).matches(entry()))
    }

    @Test func anIdentityIsFoundAsActorAndAsUser() {
        let recorded = entry([AuditDetail("user", "sip:zo\u{eb}@y", isPersonal: true), AuditDetail("call", "sip:c@z")])
        #expect(AuditQuery(identity: "sip:chiara@x").matches(recorded))
        #expect(AuditQuery(identity: "sip:zo\u{eb}@y").matches(recorded))
        #expect(!AuditQuery(identity: "sip:zoe\u{308}@y").matches(recorded))
        #expect(!AuditQuery(identity: "sip:c@z").matches(recorded))
        var erased = recorded
        erased.personal = []
        #expect(!AuditQuery(identity: "sip:chiara@x").matches(erased))
    }

    @Test func whoIsListedOrStandsInAPathIsFoundAndShownToDataProtection() {
        for name in ["added", "removed", "changed", "requestor", "administrator", "device"] {
            let recorded = entry([AuditDetail(name, "sip:anna@y sip:bruno@y", isPersonal: true)])
            #expect(AuditQuery(identity: "sip:bruno@y").matches(recorded))
            #expect(!AuditQuery(identity: "sip:runo@y").matches(recorded))
            let cells = AuditExport(for: .dataProtection).row(recorded)
            let shown = AuditExportedDetail(name: name, value: .shown("sip:anna@y sip:bruno@y"))
            #expect(cells.last == .details([shown]))
        }
        let path = entry([AuditDetail("document", "/groups/users/sip%3Aanna@y/g", isPersonal: true)])
        #expect(AuditQuery(identity: "sip:anna@y").matches(path))
    }

    @Test func callsIncidentsAndClassesAreFound() {
        let recorded = entry([AuditDetail("call", "c-1"), AuditDetail("incident", "i-1", isPersonal: true)])
        #expect(AuditQuery(call: "c-1", incident: "i-1", classes: [.login, .call]).matches(recorded))
        #expect(!AuditQuery(call: "i-1").matches(recorded))
        #expect(!AuditQuery(incident: "c-1").matches(recorded))
        #expect(!AuditQuery(classes: [.login]).matches(recorded))
    }

    @Test func readingLeavesAnEntryThatKeepsTheNameAskedForPersonal() {
        let query = AuditQuery(from: time(0), identity: "sip:zoe@y", call: "c-1", classes: [.call, .login])
        let entry = query.entry(by: party("sip:auditor@x"), as: .auditor, rows: 12, authority: "court order 7")
        #expect(entry.kind == .administration && entry.action == "audit.consulted")
        #expect(
            entry.details == [
                AuditDetail("reader", "auditor"), AuditDetail("rows", "12"),
                AuditDetail("from", "2026-09-21T14:13:20.000000Z"),
                AuditDetail("user", "sip:zoe@y", isPersonal: true), AuditDetail("call", "c-1"),
                AuditDetail("classes", "call login"),
            ])
    }
}
