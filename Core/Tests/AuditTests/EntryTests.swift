import Audit
import Testing

@Suite struct EntryTests {
    @Test func anEntryIsDoneUnlessItSaysOtherwise() {
        let entry = AuditEntry(.login, "login.succeeded", actor: AuditParty(identity: "sip:a@b", role: "responder"))
        #expect(entry.outcome == .done)
        #expect(entry.details.isEmpty)
    }
}
