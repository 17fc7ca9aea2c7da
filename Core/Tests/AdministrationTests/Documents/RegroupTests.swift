import Administration
import Audit
import ConfigurationDocuments
import MCFoundation
import Policy
import Testing

@Suite("documents of the fleet map: group regroup")
struct RegroupTests {
    private let documents: FleetDocuments
    private static let joint = "org.openmobilealliance.groups/global/byGroupID/sip:joint@mc.it.example"

    /// The fire brigade has the groups flood (anna, bruno) and fire (bruno, dario); elena may regroup, chiara manages
    /// groups and may not.
    init() throws {
        var elena = Italy.user("elena")
        elena.rights = RightsOverride(allowed: [.regroup])
        let fleet = try Italy.with(
            .create(elena.record),
            .create(Italy.group("fire", [Italy.id("bruno"), Italy.id("dario")]).record), in: Italy.withManager())
        documents = try Italy.documents(fleet)
    }

    private func after(_ decision: DocumentDecision, _ before: FleetDocuments? = nil) -> FleetDocuments {
        let documents = before ?? self.documents
        var fleet = documents.fleet
        fleet.apply(decision.fleet.changes)
        return FleetDocuments(fleet: fleet, system: documents.system, settings: documents.settings)
    }

    private static func document(
        _ constituents: [String], name: String = "joint", _ change: (inout GroupDocument) -> Void = { _ in }
    ) -> [UInt8] {
        var document = GroupDocument(id: MCPTTGroupID(Italy.id(name)), displayName: "Joint")
        document.invitesMembers = true
        document.priority = 9
        document.constituents = constituents.map { MCPTTGroupID($0.contains(":") ? $0 : Italy.id($0)) }
        document.rules = [.init(id: "all", condition: .listMembers, actions: [.initiateConference, .join])]
        change(&document)
        return document.serialized()
    }

    private func regroup(
        _ constituents: [String], by name: String = "elena", in documents: FleetDocuments? = nil
    ) throws -> DocumentDecision {
        (documents ?? self.documents).decide(
            try Italy.put(Self.joint, Self.document(constituents)), by: Italy.requester(name))
    }

    private func group(_ name: String, _ documents: FleetDocuments) throws -> GroupDocument {
        let document = try #require(documents.document(FleetDocuments.group(Italy.id(name))))
        return try GroupDocument(parsing: document.octets)
    }

    @Test("who may regroup joins groups to a temporary one; its document and theirs say so")
    func create() throws {
        let decision = try regroup(["flood", "fire"])
        #expect(decision.response.status == 201)
        let now = after(decision)
        let joint = try group("joint", now)
        #expect(joint.constituents?.map(\.value) == [Italy.id("fire"), Italy.id("flood")])
        #expect(joint.entries.map(\.mcpttID.value) == ["anna", "bruno", "dario"].map { Italy.id($0) })
        for name in ["flood", "fire"] {
            let regrouped = try #require(try group(name, now).regrouped)
            #expect(
                regrouped.temporaryGroup.value == Italy.id("joint") && regrouped.requestor.value == Italy.id("elena"))
            #expect(regrouped.constituents == joint.constituents && regrouped.priority == 9)
        }
        #expect(try group("flood", documents).regrouped == nil)
        #expect(decision.fleet.audit.map(\.action) == ["group.created", "group.changed", "group.changed"])
        let entry = try #require(decision.fleet.audit.first)
        #expect(entry.authority == "allow-regroup" && entry.actor.identity == Italy.id("elena"))
        #expect(entry.details.contains { $0.name == "constituents" && $0.value.contains("flood") })
        // Kept, and read again.
        for change in decision.fleet.changes {
            let stored = try change.recordChange(by: JSONCoding())
            #expect(try FleetChange(stored, by: JSONCoding()) == change)
        }
        // The call path knows it.
        let directory = try now.fleet.directory(of: Italy.system, partners: [Italy.partner])
        let policy = try #require(directory.group(MCPTTGroupID(Italy.id("joint"))))
        #expect(policy.constituents.count == 2 && policy.members.count == 3)
        #expect(directory.group(MCPTTGroupID(Italy.id("fire")))?.regroupedInto == policy.id)
    }

    @Test("members are told of the new document and of those of its constituents, and when they go")
    func notified() throws {
        let decision = try regroup(["flood", "fire"])
        let now = after(decision)
        let told = now.changes(by: decision.fleet.changes, since: documents)
        for name in ["joint", "flood", "fire"] {
            let change = try #require(told.first { $0.uri == FleetDocuments.group(Italy.id(name)) })
            #expect(change.seen(by: MCPTTID(Italy.id("bruno"))) != nil)
        }
        let delete = XCAPRequest(method: .delete, uri: try Italy.uri(Self.joint))
        let gone = now.decide(delete, by: Italy.requester("elena"))
        #expect(gone.response.status == 200)
        #expect(gone.fleet.audit.map(\.action) == ["group.deleted", "group.changed", "group.changed"])
        let end = after(gone, now)
        #expect(end.fleet.group(Italy.id("joint")) == nil)
        #expect(try group("flood", end) == group("flood", documents))
        let ended = end.changes(by: gone.fleet.changes, since: now)
        let joint = try #require(ended.first { $0.uri == FleetDocuments.group(Italy.id("joint")) })
        #expect(try #require(joint.seen(by: MCPTTID(Italy.id("anna")))).newETag == nil)
        #expect(ended.contains { $0.uri == FleetDocuments.group(Italy.id("fire")) })
    }

    @Test("nobody without the right regroups or ends it, and the right makes nobody a manager of groups")
    func rights() throws {
        for name in ["anna", "chiara", "carla"] {
            let refused = try regroup(["flood", "fire"], by: name)
            #expect(refused.response.status == 403 && refused.fleet.changes.isEmpty, "\(name)")
            #expect(refused.fleet.audit.count == 1, "\(name)")
        }
        let plain = documents.decide(
            try Italy.put(Italy.rescue, Italy.groupDocument("rescue", ["anna"])), by: Italy.requester("elena"))
        #expect(plain.response.status == 403 && plain.fleet.changes.isEmpty)
        let flood = XCAPRequest(method: .delete, uri: try Italy.uri(Italy.flood))
        #expect(documents.decide(flood, by: Italy.requester("elena")).response.status == 403)
        let now = after(try regroup(["flood", "fire"]))
        let delete = XCAPRequest(method: .delete, uri: try Italy.uri(Self.joint))
        for name in ["anna", "chiara", "carla"] {
            #expect(now.decide(delete, by: Italy.requester(name)).response.status == 403, "\(name)")
        }
    }

    @Test("nested, regrouped, repeated, unknown and foreign groups are refused, and nothing is told of foreign ones")
    func constituents() throws {
        func refusal(_ decision: DocumentDecision) -> String {
            #expect(decision.response.status == 409 && decision.fleet.changes.isEmpty)
            return String(decoding: decision.response.body, as: UTF8.self)
        }
        let unknown = refusal(try regroup(["flood", "nowhere"]))
        let foreign = refusal(try regroup(["flood", "patrol"]))
        #expect(unknown.replacing("nowhere", with: "patrol") == foreign)
        _ = refusal(try regroup(["flood", "sip:feu@mc.fr.example"]))
        #expect(refusal(try regroup(["flood", "flood"])).contains("twice"))
        #expect(refusal(try regroup([])).contains("1 to"))
        #expect(refusal(try regroup((0...FleetLimits.constituents).map { "g\($0)" })).contains("1 to"))
        let now = after(try regroup(["flood", "fire"]))
        let again = now.decide(
            try Italy.put(
                Self.joint.replacing("joint", with: "other"), Self.document(["flood"], name: "other")),
            by: Italy.requester("elena"))
        #expect(refusal(again).contains("regrouped already"))
        let nested = now.decide(
            try Italy.put(
                Self.joint.replacing("joint", with: "other"), Self.document(["joint"], name: "other")),
            by: Italy.requester("elena"))
        #expect(refusal(nested).contains("temporary group itself"))
        // Of a group that is there, it is not made one.
        let turned = now.decide(
            try Italy.put(Italy.flood, Self.document(["fire"], name: "flood")), by: Italy.requester("chiara"))
        _ = refusal(turned)
    }

    @Test("members of a temporary group come and go with its constituents, and no other way")
    func members() throws {
        let now = after(try regroup(["flood", "fire"]))
        let joins = try Italy.with(
            .setMember(group: Italy.id("fire"), GroupMember(id: Italy.id("chiara"))),
            .removeMember(group: Italy.id("flood"), user: Italy.id("bruno")),
            .removeMember(group: Italy.id("flood"), user: Italy.id("anna")), in: now.fleet)
        let members = joins.group(Italy.id("joint"))?.members.map(\.id)
        #expect(members == ["bruno", "chiara", "dario"].map { Italy.id($0) })
        #expect(joins.groups(ofMember: Italy.id("anna")).isEmpty)
        let direct = Italy.refusal(
            .setMember(group: Italy.id("joint"), GroupMember(id: Italy.id("chiara"))), in: now.fleet)
        #expect(direct?.code == .conflict && direct?.field == "members")
        #expect(Italy.refusal(.delete(.group, key: Italy.id("fire")), in: now.fleet)?.code == .conflict)
        // An administrator who replaces a constituent does not free it, and a renamed temporary group stays one.
        let renamed = try Italy.with(.replace(Italy.group("fire", [Italy.id("bruno")]).record), in: now.fleet)
        #expect(renamed.group(Italy.id("fire"))?.regroupedInto == Italy.id("joint"))
        let put = now.decide(
            try Italy.put(Self.joint, Self.document(["flood", "fire"]) { $0.displayName = "Both" }),
            by: Italy.requester("elena"))
        #expect(put.response.status == 200)
        #expect(after(put, now).fleet.group(Italy.id("joint"))?.members.count == 3)
        #expect(after(put, now).fleet.group(Italy.id("joint"))?.temporary?.constituents.count == 2)
        // A user who is deleted leaves both.
        let gone = try Italy.with(.delete(.user, key: Italy.id("dario")), in: now.fleet)
        #expect(gone.group(Italy.id("joint"))?.member(Italy.id("dario")) == nil)
    }

    @Test("a temporary group has no more members than any other, whichever way they come")
    func bounds() throws {
        func crowd(_ name: String, _ numbers: Range<Int>) -> GroupRecord {
            Italy.group(name, numbers.map { "sip:u\($0)@mc.fr.example" })
        }
        let fleet = try Italy.with(
            .create(crowd("north", 0..<6_000).record), .create(crowd("south", 6_000..<9_999).record),
            .create(crowd("west", 20_000..<20_002).record), in: documents.fleet)
        let before = try Italy.documents(fleet)
        let tooMany = try regroup(["north", "south", "west"], in: before)
        #expect(tooMany.response.status == 409 && tooMany.fleet.changes.isEmpty)
        let now = after(try regroup(["north", "south"], in: before), before)
        #expect(now.fleet.group(Italy.id("joint"))?.members.count == 9_999)
        let one = try Italy.with(
            .setMember(group: Italy.id("south"), GroupMember(id: "sip:x@mc.fr.example")), in: now.fleet)
        let full = Italy.refusal(
            .setMember(group: Italy.id("south"), GroupMember(id: "sip:y@mc.fr.example")), in: one)
        #expect(full?.code == .limitExceeded)
    }

    @Test("the priority of a temporary group stands in the documents of its constituents: they change with it")
    func priority() throws {
        let now = after(try regroup(["flood", "fire"]))
        let put = now.decide(
            try Italy.put(Self.joint, Self.document(["flood", "fire"]) { $0.priority = 3 }),
            by: Italy.requester("elena"))
        let then = after(put, now)
        #expect(try group("flood", then).regrouped?.priority == 3)
        let told = then.changes(by: put.fleet.changes, since: now)
        #expect(told.contains { $0.uri == FleetDocuments.group(Italy.id("flood")) })
    }

    @Test("tables are of standing groups: a temporary one is in none")
    func tables() throws {
        let now = after(try regroup(["flood", "fire"]))
        #expect(!String(decoding: FleetExport.csv(.groups, of: now.fleet), as: UTF8.self).contains("joint"))
        #expect(!String(decoding: FleetExport.yaml([.groups], of: now.fleet), as: UTF8.self).contains("joint"))
        let table = try FleetTable(csv: FleetExport.csv(.groups, of: now.fleet), .groups)
        let plan = try FleetImport.plan([table], by: Italy.nation, in: now.fleet, system: Italy.system)
        #expect((plan.created, plan.changed) == (0, 0))
    }

    @Test("the operation of the group management for it is not known here")
    func operation() throws {
        let body = """
            <document xmlns="urn:3gpp:ns:mcpttGMOP:1.0"><request><group-regroup-creation/></request></document>
            """
        let answer = documents.decideOperation(
            Array(body.utf8), on: try Italy.uri(Italy.flood), by: Italy.requester("anna"))
        #expect(answer.response.status == 501)
    }
}
