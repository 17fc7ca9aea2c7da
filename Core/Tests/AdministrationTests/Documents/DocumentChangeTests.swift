import Administration
import ConfigurationDocuments
import MCFoundation
import Policy
import Testing

@Suite("documents of the fleet map: changes")
struct DocumentChangeTests {
    private func changes(_ request: FleetRequest) throws -> [DocumentChange] {
        let fleet = try Italy.withManager()
        let decision = try Italy.decide(request, in: fleet)
        var after = fleet
        after.apply(decision.changes)
        return try Italy.documents(after).changes(by: decision.changes, since: Italy.documents(fleet))
    }

    @Test("who leaves a group sees its document go, who joins sees it come, and who stays sees it change")
    func membership() throws {
        let all = try changes(
            .setMembers(group: Italy.id("flood"), [.init(id: Italy.id("anna")), .init(id: Italy.id("dario"))]))
        let group = try #require(all.first)
        #expect(group.uri == FleetDocuments.group(Italy.id("flood")))
        let stays = try #require(group.seen(by: MCPTTID(Italy.id("anna"))))
        #expect(stays.previousETag == group.previousETag && stays.newETag == group.newETag)
        #expect(try #require(group.seen(by: MCPTTID(Italy.id("bruno")))).newETag == nil)
        #expect(try #require(group.seen(by: MCPTTID(Italy.id("dario")))).previousETag == nil)
        #expect(group.seen(by: MCPTTID(Italy.id("carla"))) == nil)
        // The profiles name the groups; anna's says what it said.
        #expect(
            all.dropFirst().map(\.uri) == [
                FleetDocuments.userProfile(of: Italy.id("bruno")), FleetDocuments.userProfile(of: Italy.id("dario")),
            ])
    }

    @Test("a group that is named anew changes the profiles of its members")
    func displayName() throws {
        var flood = try #require(Italy.fleet.group(Italy.id("flood")))
        flood.displayName = "Flood"
        let uris = try changes(.replace(flood.record)).map(\.uri)
        #expect(
            uris == [
                FleetDocuments.group(Italy.id("flood")), FleetDocuments.userProfile(of: Italy.id("anna")),
                FleetDocuments.userProfile(of: Italy.id("bruno")),
            ])
    }

    @Test("a profile that changes its rights changes the documents of its users, and nothing is told twice")
    func profile() throws {
        let record = ProfileRecord(name: "responder", rights: [.privateCall])
        let all = try changes(.replace(record.record))
        #expect(Set(all.map(\.uri)).count == all.count)
        #expect(all.map(\.uri).contains(FleetDocuments.userProfile(of: Italy.id("carla"))))
        let own = try #require(all.first { $0.uri == FleetDocuments.userProfile(of: Italy.id("anna")) })
        #expect(own.seen(by: MCPTTID(Italy.id("anna"))) != nil && own.seen(by: MCPTTID(Italy.id("bruno"))) == nil)
    }

    @Test("a profile that others select changes their documents of its index, and one that is taken away goes")
    func selectedProfile() throws {
        let fleet = try Italy.inCommand()
        func told(_ request: FleetRequest) throws -> [DocumentChange] {
            let decision = try Italy.decide(request, in: fleet)
            var after = fleet
            after.apply(decision.changes)
            return try Italy.documents(after).changes(by: decision.changes, since: Italy.documents(fleet))
        }
        let uri = FleetDocuments.userProfile(of: Italy.id("anna"), index: 3)
        let changed = try told(.replace(ProfileRecord(name: "commander", rights: [.cancelImminentPeril]).record))
        #expect(changed.map(\.uri) == [uri])
        let gone = try told(.replace(Italy.user("anna").record))
        #expect(gone.first { $0.uri == uri }.map { $0.previousETag != nil && $0.newETag == nil } == true)
    }

    @Test("what no document says changes none")
    func silent() throws {
        #expect(try changes(.setCredentials(user: Italy.id("anna"), nil)).isEmpty)
    }

    @Test("a deleted group is gone for its members; a suspended user's profile too")
    func gone() throws {
        let deleted = try changes(.delete(.group, key: Italy.id("flood")))
        #expect(try #require(deleted.first?.seen(by: MCPTTID(Italy.id("anna")))).newETag == nil)
        let suspended = try changes(.setSuspended(user: Italy.id("anna"), true))
        #expect(suspended.first { $0.uri == FleetDocuments.userProfile(of: Italy.id("anna")) }?.newETag == nil)
    }

    @Test("a subscription begins with what it covers, exists and may be read")
    func found() throws {
        let anna = MCPTTID(Italy.id("anna"))
        let documents = try Italy.documents()
        let subscription = XCAPSubscription(targets: [
            .collection(["org.openmobilealliance.groups"]), .document(FleetDocuments.group(Italy.id("patrol"))),
            .document(FleetDocuments.userProfile(of: Italy.id("bruno"))),
            .document(FleetDocuments.userProfile(of: Italy.id("anna"))),
        ])
        let found = documents.documents(of: subscription, for: anna)
        #expect(
            found.map(\.uri) == [
                FleetDocuments.userProfile(of: anna.value), FleetDocuments.group(Italy.id("flood")),
                FleetDocuments.group(Italy.id("flood"), ofMember: anna.value),
            ])
        #expect(found.allSatisfy { documents.document($0.uri)?.etag == $0.etag })
        #expect(documents.documents(of: subscription, for: MCPTTID(Italy.id("nobody"))).isEmpty)
    }
}
