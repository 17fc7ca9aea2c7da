import Administration
import Audit
import MCFoundation
import Testing

@Suite struct RefusalNewsTests {
    private static func refusal(_ document: String, by user: String = "sip:anna@x") -> AuditEntry {
        AuditEntry(
            .refusal, "document.refused", actor: AuditParty(identity: user, role: "user"),
            details: [AuditDetail("document", document, isPersonal: true)], outcome: .refused("not-owner"))
    }

    private static func at(_ seconds: Int64) -> UTCTime { UTCTime(microseconds: 1_000_000_000 + seconds * 1_000_000) }

    @Test func aRefusalIsToldOnceInAWindow() {
        var news = RefusalNews()
        let entry = Self.refusal("/a")
        #expect(news.news(of: [entry, entry], at: Self.at(0)) == [entry])
        #expect(news.news(of: [entry], at: Self.at(59)) == [])
        #expect(news.news(of: [Self.refusal("/a", by: "sip:bruno@x")], at: Self.at(59)).count == 1)
        #expect(news.news(of: [entry], at: Self.at(60)) == [entry])
        // A clock that was set back keeps nobody quiet.
        #expect(news.news(of: [entry], at: Self.at(-10_000)) == [entry])
    }

    @Test func whoTriesManyDocumentsIsToldToABound() {
        var limits = RefusalNews.Limits()
        limits.ofRequester = 3
        limits.refusals = 5
        var news = RefusalNews(limits: limits)
        let told = (0..<100).flatMap { news.news(of: [Self.refusal("/\($0)")], at: Self.at(0)) }
        #expect(told.count == 3)
        #expect(told.map { $0.details.contains { $0.name == "further" } } == [false, false, true])
        let others = (0..<100).flatMap { news.news(of: [Self.refusal("/", by: "sip:\($0)@x")], at: Self.at(1)) }
        #expect(others.count == 2)
    }
}
