import Administration
import ConfigurationDocuments
import DocumentService
import MCFoundation
import NationalAdministration
import Policy
import Storage
import Synchronization
import Testing
import WebServices

/// What a shell needs to tell subscribers: which documents a commit changed, and what there is for a new subscriber.
@Suite struct ObservedChangeTests {
    private typealias Ground = DocumentGround

    private final class Heard: Sendable {
        private let list = Mutex<[DocumentChange]>([])
        func add(_ changes: [DocumentChange]) { list.withLock { $0 += changes } }
        func take() -> [DocumentChange] {
            list.withLock { list in
                defer { list = [] }
                return list
            }
        }
    }

    @Test func `a group that is put is told to its members with the tag that they then find`() async throws {
        let heard = Heard()
        let ground = try await Ground { heard.add($0.documents(of: Ground.identity, Ground.settings)) }
        _ = heard.take()
        let put = await ground.ask(
            "PUT", Ground.rescue, token: "chiara.g", type: Ground.groupType,
            body: Ground.groupDocument("rescue", ["bruno"]))
        let changes = heard.take()
        let change = try #require(changes.first { $0.uri == FleetDocuments.group(Ground.id("rescue")) })
        let seen = try #require(change.seen(by: MCPTTID(Ground.id("bruno"))))
        #expect(seen.previousETag == nil && seen.newETag == put.header("etag"))
        #expect(change.seen(by: MCPTTID(Ground.id("anna"))) == nil)
        // Bruno's profile names the group now.
        #expect(changes.contains { $0.uri == FleetDocuments.userProfile(of: Ground.id("bruno")) })
        // A refused write changes no document.
        _ = await ground.ask("DELETE", Ground.rescue, token: "anna.g")
        #expect(heard.take().isEmpty)
    }

    @Test func `a new subscriber finds what was told so far`() async throws {
        let ground = try await Ground()
        let found = Mutex<[FoundDocument]>([])
        let subscription = XCAPSubscription(targets: [.collection(["org.openmobilealliance.groups", "global"])])
        await ground.administration.find(
            subscription, for: MCPTTID(Ground.id("anna")), settings: Ground.settings,
            deliver: { documents in found.withLock { $0 = documents } })
        #expect(found.withLock { $0.map(\.uri) } == [FleetDocuments.group(Ground.id("flood"))])
        let etag = await ground.ask("HEAD", Ground.flood, token: "anna.g").header("etag")
        #expect(found.withLock { $0.first?.etag } == etag)
    }
}
