import Administration
import Audit
import MCDocuments
import MCFoundation
import Policy
import Testing

@Suite("documents of the fleet map: writing groups")
struct GroupWritingTests {
    private let documents: FleetDocuments

    init() throws { documents = try Italy.documents() }

    private func after(_ decision: DocumentDecision) -> FleetDocuments {
        var fleet = documents.fleet
        fleet.apply(decision.fleet.changes)
        return FleetDocuments(fleet: fleet, system: documents.system, settings: documents.settings)
    }

    @Test("a user who manages groups creates one in his organisation; the tag is that of the document as it is kept")
    func create() throws {
        let body = Italy.groupDocument("rescue", ["anna", "dario"])
        let decision = documents.decide(try Italy.put(Italy.rescue, body), by: Italy.requester("chiara"))
        #expect(decision.response.status == 201)
        let kept = after(decision)
        let group = try #require(kept.fleet.group(Italy.id("rescue")))
        #expect(group.organisation == "vvf" && group.members.map(\.id) == [Italy.id("anna"), Italy.id("dario")])
        #expect(group.displayName == "Rescue" && group.type == .prearranged)
        #expect(decision.response.etag == kept.document(try Italy.uri(Italy.rescue))?.etag)
        let entry = try #require(decision.fleet.audit.first)
        #expect(entry.action == "group.created" && entry.actor.role == "user")
        #expect(entry.actor.identity == Italy.id("chiara") && entry.authority == "manage-groups")
        // The new members read it.
        let read = kept.decide(
            XCAPRequest(method: .get, uri: try Italy.uri(Italy.rescue)), by: Italy.requester("dario"))
        #expect(read.response.status == 200 && read.response.etag == decision.response.etag)
    }

    @Test("new groups may be put below the tree for them")
    func creationTree() throws {
        let uri = "org.openmobilealliance.groups/users/sip:groups@mc.it.example/sip:rescue@mc.it.example"
        let body = Italy.groupDocument("rescue", ["anna"])
        let decision = documents.decide(try Italy.put(uri, body), by: Italy.requester("chiara"))
        #expect(decision.response.status == 201)
        #expect(after(decision).fleet.group(Italy.id("rescue")) != nil)
        let other = documents.decide(
            try Italy.put(uri.replacing("sip:rescue", with: "rescue"), body), by: Italy.requester("chiara"))
        #expect(other.response.status == 409 && other.fleet.changes.isEmpty)
    }

    @Test("one member is added and removed by a node, guarded by the tag")
    func nodes() throws {
        let entry = Italy.flood + "/~~/group/list-service/list/entry%5b@uri=%22sip:dario@mc.it.example%22%5d"
        let markup = Array(#"<entry uri="sip:dario@mc.it.example" xmlns="urn:oma:xml:poc:list-service"/>"#.utf8)
        var put = try Italy.put(entry, markup, type: "application/xcap-el+xml")
        put.ifMatch = .tags(["\"stale\""])
        #expect(documents.decide(put, by: Italy.requester("chiara")).response.status == 412)
        put.ifMatch = documents.document(try Italy.uri(Italy.flood)).map { .tags([$0.etag]) }
        let added = documents.decide(put, by: Italy.requester("chiara"))
        #expect(added.response.status == 201)
        let now = after(added)
        #expect(now.fleet.group(Italy.id("flood"))?.member(Italy.id("dario")) != nil)
        #expect(added.response.etag == now.document(try Italy.uri(Italy.flood))?.etag)
        let removed = now.decide(
            XCAPRequest(method: .delete, uri: try Italy.uri(entry)), by: Italy.requester("chiara"))
        #expect(removed.response.status == 200)
        #expect(removed.fleet.audit.first?.details.contains { $0.name == "removed" } == true)
    }

    @Test("what is not kept is not said to be: such a node is refused")
    func unkept() throws {
        let base = Italy.flood + "/~~/group/list-service/"
        let namespace = "?xmlns(i=urn:3gpp:ns:mcpttGroupInfo:1.0)"
        let markup = #"<i:owner xmlns:i="urn:3gpp:ns:mcpttGroupInfo:1.0">x</i:owner>"#
        let put = documents.decide(
            try Italy.put(base + "i:owner" + namespace, Array(markup.utf8), type: "application/xcap-el+xml"),
            by: Italy.requester("chiara"))
        #expect(put.response.status == 409 && put.fleet.changes.isEmpty)
        let delete = documents.decide(
            XCAPRequest(method: .delete, uri: try Italy.uri(base + "i:on-network-hang-timer" + namespace)),
            by: Italy.requester("chiara"))
        #expect(delete.response.status == 409 && delete.fleet.changes.isEmpty)
        #expect(String(decoding: delete.response.body, as: UTF8.self).contains("cannot-delete"))
    }

    @Test(
        "a manager deletes a group of his organisation; nobody else changes or deletes it, and the refusal is audited")
    func delete() throws {
        let uri = try Italy.uri(Italy.flood)
        let delete = XCAPRequest(method: .delete, uri: uri)
        let done = documents.decide(delete, by: Italy.requester("chiara"))
        #expect(done.response.status == 200 && after(done).fleet.group(Italy.id("flood")) == nil)
        for name in ["anna", "carla", "dario"] {
            let refused = documents.decide(delete, by: Italy.requester(name))
            #expect(refused.response.status == 403 && refused.fleet.changes.isEmpty)
            let entry = try #require(refused.fleet.audit.first)
            #expect(entry.action == "document.refused" && entry.outcome == .refused("notAdministrator"))
        }
        let patrol = XCAPRequest(method: .delete, uri: try Italy.uri(Italy.patrol))
        #expect(documents.decide(patrol, by: Italy.requester("chiara")).response.status == 403)
    }

    @Test("members of another organisation and of nowhere are refused alike; partners' users may be members")
    func members() throws {
        func put(_ members: [String]) throws -> DocumentDecision {
            documents.decide(
                try Italy.put(Italy.rescue, Italy.groupDocument("rescue", members)), by: Italy.requester("chiara"))
        }
        let police = try put(["carla"])
        let nobody = try put(["nobody"])
        #expect(police.response.status == 409 && police.fleet.changes.isEmpty)
        #expect(police.response == nobody.response)
        #expect(police.fleet.audit.first?.outcome == .refused("not-allowed"))
        var document = GroupDocument(
            id: MCPTTGroupID(Italy.id("rescue")), displayName: "Rescue",
            entries: [.init(mcpttID: MCPTTID("sip:pierre@mc.fr.example"))])
        document.invitesMembers = true
        let partner = documents.decide(
            try Italy.put(Italy.rescue, document.serialized()), by: Italy.requester("chiara"))
        #expect(partner.response.status == 201)
    }

    @Test("the ID of a user is taken, and one of a partner's domain is not ours to give")
    func identities() throws {
        let base = "org.openmobilealliance.groups/global/byGroupID/"
        let taken = documents.decide(
            try Italy.put(base + Italy.id("anna"), Italy.groupDocument("anna", [])), by: Italy.requester("chiara"))
        #expect(taken.response.status == 409)
        #expect(String(decoding: taken.response.body, as: UTF8.self).contains("uniqueness-failure"))
        var document = GroupDocument(id: MCPTTGroupID("sip:g@mc.fr.example"))
        document.invitesMembers = true
        let foreign = documents.decide(
            try Italy.put(base + "sip:g@mc.fr.example", document.serialized()), by: Italy.requester("chiara"))
        #expect(foreign.response.status == 409 && foreign.fleet.changes.isEmpty)
    }

    @Test(
        "profiles, configurations and directories are nobody's to write",
        arguments: [
            "org.3gpp.mcptt.user-profile/users/sip:chiara@mc.it.example/mcptt-user-profile-0.xml",
            "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/mcptt-user-profile-0.xml",
            "org.3gpp.mcptt.service-config/global/service-config.xml",
            "org.3gpp.mcptt.ue-init-config/users/sip:ue@mc.it.example/urn:uuid:1",
            "org.openmobilealliance.xcap-directory/users/sip:chiara@mc.it.example/directory.xml",
            "org.openmobilealliance.groups/users/sip:anna@mc.it.example/sip:flood@mc.it.example",
        ])
    func readOnly(uri: String) throws {
        var manager = Italy.requester("chiara")
        // Nobody is an administrator here, whatever somebody says.
        manager.isAdministrator = true
        for method in [XCAPMethod.put, .delete] {
            var request = try Italy.put(uri, Array("<x/>".utf8))
            request.method = method
            let decision = documents.decide(request, by: manager)
            #expect(decision.response.status == 403 && decision.fleet.changes.isEmpty)
        }
    }
}
