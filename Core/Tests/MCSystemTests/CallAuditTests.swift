import Audit
import CallAudit
import CallControl
import MCDocuments
import MCFoundation
import MCSystem
import Policy
import Testing

/// What a running system leaves in the log of its nation.
@Suite struct CallAuditTests {
    static let fire = MCPTTGroupID("sip:fire@mc.it.example")
    static let names = ["anna", "bruno", "carla"]
    let audit = CallAudit(system: MCSystemID("it"), country: "IT")

    private func lab() throws -> Lab {
        var lab = Lab()
        let members = Self.names.prefix(2).map { MCPTTID("sip:\($0)@mc.it.example") }
        try lab.addSite("it", users: Self.names, groups: [Lab.group("fire", of: "it", members: members)])
        for name in Self.names { lab.addHandset(name, at: 0) }
        for index in 0..<3 { lab.ready(index, groups: index < 2 ? [Self.fire] : []) }
        return lab
    }

    private func entries(_ lab: Lab, site: Int = 0, from first: Int = 0) -> [AuditEntry] {
        lab.sites[site].notes.dropFirst(first).compactMap { audit.entry(for: $0) }
    }

    private func id(_ name: String) -> String { "sip:\(name)@mc.it.example" }

    @Test func `log-in, service and affiliation are told in the order in which they happened`() throws {
        let lab = try lab()
        let anna = entries(lab).prefix(3)
        #expect(anna.map(\.action) == ["registration.added", "service.bound", "affiliation.changed"])
        #expect(anna.map(\.kind) == [.login, .authorisation, .affiliation])
        #expect(anna.map(\.actor.role) == ["responder", "responder", "responder"])
        #expect(anna.last?.actor.identity == id("anna"))
        #expect(anna.last?.details.contains(AuditDetail("groups-added", Self.fire.value, isPersonal: true)) == true)
    }

    @Test func `a call is told from its start to its end, under one reference`() throws {
        var lab = try lab()
        let before = lab.sites[0].notes.count
        let session = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        lab.act(0) { $0.hangUp(session, at: $1) }
        lab.pass(.seconds(5))
        let told = entries(lab, from: before)
        #expect(told.map(\.action) == ["call.started", "call.joined", "call.left", "call.released"])
        #expect(told.allSatisfy { $0.kind == .call && $0.outcome == .done })
        #expect(told.map(\.actor.identity) == [id("anna"), id("bruno"), id("anna"), "it"])
        #expect(told.map(\.actor.role) == ["responder", "responder", "responder", "system"])
        let references = told.map { entry in entry.details.first { $0.name == AuditDetailName.call }?.value }
        #expect(Set(references).count == 1)
        #expect(references.first??.isEmpty == false)
        #expect(told.first?.details.contains(AuditDetail("system", "it")) == true)
        #expect(told.last?.details.contains(AuditDetail("cause", "one participant left")) == true)
    }

    @Test func `an emergency is told as one, also where a call is raised to it`() throws {
        var lab = try lab()
        var before = lab.sites[0].notes.count
        let emergency = lab.act(0) { handset, now in
            handset.call(Self.fire, at: now) { $0.emergencyIndicator = true }
        }
        lab.pass(.seconds(1))
        let declared = entries(lab, from: before)
        #expect(declared.first?.action == "call.started")
        #expect(declared.allSatisfy { $0.kind == .emergency })
        #expect(declared.first?.details.contains(AuditDetail("tier", "emergency")) == true)
        lab.act(0) { $0.hangUp(emergency, at: $1) }
        lab.pass(.seconds(5))
        _ = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        before = lab.sites[0].notes.count
        _ = lab.act(1) { handset, now in handset.call(Self.fire, at: now) { $0.emergencyIndicator = true } }
        lab.pass(.seconds(1))
        let raised = entries(lab, from: before).first { $0.action == "call.tierRaised" }
        #expect(raised?.kind == .emergency)
        #expect(raised?.actor.identity == id("bruno"))
    }

    /// What an export of one incident holds, by the action and who acted.
    private func incident(_ name: String, in entries: [AuditEntry]) -> [String] {
        var chain = AuditChain(system: MCSystemID("it"), created: UTCTime(microseconds: 1))
        var random = SeededGenerator(seed: 1)
        return entries.compactMap { entry in
            let chained = chain.append(entry, at: UTCTime(microseconds: 1), using: &random)
            let recorded = RecordedEntry(record: chained.record, personal: chained.personal)
            let isMeant = AuditQuery(incident: name).matches(recorded)
            return isMeant ? "\(entry.action) \(entry.actor.identity)" : nil
        }
    }

    @Test func `an incident is all that happened in a call since it is an emergency, and nothing else`() throws {
        var lab = Lab()
        let flood = MCPTTGroupID("sip:flood@mc.it.example")
        let members = Self.names.prefix(2).map { MCPTTID("sip:\($0)@mc.it.example") }
        let groups = ["fire", "flood"].map { Lab.group($0, of: "it", members: members) }
        try lab.addSite("it", users: Self.names, groups: groups)
        for name in Self.names { lab.addHandset(name, at: 0) }
        for index in 0..<3 { lab.ready(index, groups: index < 2 ? [Self.fire, flood] : []) }
        // Another call in the same time, and a refusal before it is an incident.
        let other = lab.act(1) { $0.call(flood, at: $1) }
        lab.pass(.seconds(1))
        let session = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        _ = lab.act(2) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        _ = lab.act(1) { handset, now in handset.call(Self.fire, at: now) { $0.emergencyIndicator = true } }
        lab.pass(.seconds(1))
        _ = lab.act(2) { $0.call(Self.fire, at: $1) }
        lab.act(1) { $0.hangUp(other, at: $1) }
        lab.pass(.seconds(1))
        lab.act(0) { $0.hangUp(session, at: $1) }
        lab.pass(.seconds(5))
        let all = entries(lab)
        let raised = try #require(all.first { $0.action == "call.tierRaised" })
        let name = try #require(raised.details.first { $0.name == AuditDetailName.incident }?.value)
        #expect(raised.details.contains(AuditDetail(AuditDetailName.call, name)))
        let told = incident(name, in: all)
        #expect(told.first == "call.tierRaised \(id("bruno"))", "\(told)")
        #expect(told.filter { $0 == "call.refused \(id("carla"))" }.count == 1, "\(told)")
        #expect(told.contains("call.left \(id("anna"))") && told.last == "call.released it", "\(told)")
        #expect(all.count { $0.action == "call.refused" } == 2, "\(all.map { "\($0.action) \($0.actor.identity)" })")
        #expect(incident("", in: all).isEmpty)
        let named = all.flatMap(\.details).filter { $0.name == AuditDetailName.incident }
        #expect(named.count == told.count && named.allSatisfy { $0.value == name })
    }

    @Test func `who is refused a call is named, with the group and the reason`() throws {
        var lab = try lab()
        let before = lab.sites[0].notes.count
        _ = lab.act(2) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        let refusal = try #require(entries(lab, from: before).first)
        #expect(refusal.action == "call.refused")
        #expect(refusal.kind == .refusal)
        #expect(refusal.actor.identity == id("carla"))
        #expect(refusal.details.contains(AuditDetail("group", Self.fire.value, isPersonal: true)))
        #expect(refusal.outcome == .refused("warning-116"))
    }

    @Test func `a wrong password is told with whom the device claimed to be of`() throws {
        var lab = try lab()
        let before = lab.sites[0].notes.count
        let index = lab.addHandset("anna", at: 0, password: "guess")
        lab.act(index) { $0.register(at: $1) }
        let refusal = try #require(entries(lab, from: before).first)
        #expect(refusal.action == "registration.refused")
        #expect(refusal.actor == AuditParty(identity: "sip:anna@it.example", role: "unknown"))
        #expect(refusal.outcome == .refused("credentials"))
    }

    @Test func `a call across the border is told on both sides, and the loss of a partner too`() throws {
        var lab = Lab()
        let group = Lab.group("fire", of: "it", members: ["it", "fr"].map { MCPTTID("sip:anna@mc.\($0).example") })
        try lab.addSite("it", users: ["anna"], groups: [group], partners: [Lab.partner("fr")])
        try lab.addSite("fr", users: ["anna"], partners: [Lab.partner("it")])
        for site in 0..<2 { lab.addHandset("anna", at: site) }
        lab.pass(.seconds(60))
        for index in 0..<2 { lab.ready(index, groups: [Self.fire]) }
        lab.pass(.seconds(1))
        let before = lab.sites.map(\.notes.count)
        _ = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        let out = try #require(entries(lab, from: before[0]).first { $0.action == "border.session-started" })
        #expect(out.kind == .interconnection)
        #expect(out.authority == "agreement fr")
        let entered = try #require(
            entries(lab, site: 1, from: before[1]).first { $0.action == "border.session-started" })
        #expect(entered.actor == AuditParty(identity: "it", role: "partner"))
        let joined = try #require(entries(lab, from: before[0]).first { $0.action == "call.joined" })
        #expect(joined.details.contains(AuditDetail("system", "fr")))
        #expect(joined.actor.country == "")
        lab.takeDown(1)
        lab.pass(.seconds(120))
        let after = entries(lab, from: before[0])
        #expect(after.contains { $0.action == "partner.lost" && $0.kind == .interconnection })
        #expect(after.contains { $0.action == "call.left" && $0.actor.role == "system" })
    }

    @Test func `no identity stands in what is chained, and the chain holds`() throws {
        var lab = try lab()
        _ = lab.act(2) { $0.call(Self.fire, at: $1) }
        let session = lab.act(0) { $0.call(Self.fire, at: $1) }
        lab.pass(.seconds(1))
        lab.act(0) { $0.hangUp(session, at: $1) }
        lab.pass(.seconds(5))
        let created = UTCTime(microseconds: 1)
        var chain = AuditChain(system: MCSystemID("it"), created: created)
        var random = SeededGenerator(seed: 1)
        var verifier = AuditVerifier(
            system: MCSystemID("it"), from: .genesis(of: MCSystemID("it"), created: created),
            isGenuine: { _, _, _ in false })
        let all = entries(lab)
        #expect(all.count > 10)
        for entry in all {
            let record = chain.append(entry, at: lab.now.utc, using: &random)
            let text = String(decoding: record.encoding, as: UTF8.self)
            for name in Self.names + ["fire"] { #expect(!text.contains(name), "\(entry.action) names \(name)") }
            verifier.feed(record.stored, personal: record.personal)
        }
        #expect(verifier.finish().isSound)
    }
}
