import Administration
import Audit
import MCFoundation
import NationalAdministration
import Policy
import Storage
import Synchronization
import Testing

/// A nation over a store in memory.
private struct Ground {
    let disk = MemoryDisk()
    static let identity = SystemIdentity(id: MCSystemID("mc.it.example"), domain: "mc.it.example")
    static let now = UTCTime(microseconds: 1_700_000_000_000_000)
    static let anna = "sip:anna@mc.it.example"
    static let bruno = "sip:bruno@mc.it.example"
    static let group = "sip:flood@mc.it.example"

    /// What `observe` was told.
    final class Heard: Sendable {
        private let list = Mutex<[NationalAdministration.Change]>([])
        func add(_ change: NationalAdministration.Change) { list.withLock { $0.append(change) } }
        var all: [NationalAdministration.Change] { list.withLock { $0 } }
    }

    var limits = StoreLimits()
    var store: MemoryStore { MemoryStore(disk: disk, limits: limits) }

    static func founded(_ limits: StoreLimits = StoreLimits()) throws -> Ground {
        let ground = Ground(limits: limits)
        try NationalAdministration.found(
            NationRecord(name: "Italia", country: "IT", created: now, identity: identity),
            organisation: OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT"),
            administrator: AdministratorRecord(id: "root", roles: AdministratorRole.allCases),
            profile: ProfileRecord(name: "responder", rights: [.callPrearrangedGroup]), in: ground.store, at: now)
        return ground
    }

    func open(_ heard: Heard = Heard()) throws -> NationalAdministration {
        try NationalAdministration(store: store, identity: Self.identity, observe: { heard.add($0) })
    }

    static func user(_ id: String) -> UserRecord {
        UserRecord(
            id: id,
            credentials: CredentialHashes(realm: "mc.it.example", md5: nil, sha256: String(repeating: "a", count: 64)),
            organisation: "vvf", profile: "responder")
    }

    static let making = CredentialMaking(
        hashes: { _, realm, _ in CredentialHashes(realm: realm, md5: nil, sha256: String(repeating: "b", count: 64)) },
        verifier: { _, password in PasswordVerifier("made of \(password.count)") })
}

@Suite struct NationalAdministrationTests {
    private static func partner(_ name: String, domains: [String]) -> Partner {
        Partner(
            system: MCSystemID(name), domains: domains,
            gateways: [GatewayTarget(host: "gw.\(name)", serverName: name)])
    }

    @Test func `partners are replaced while others are served, and their domains count for members`() async throws {
        let heard = Ground.Heard()
        let administration = try Ground.founded().open(heard)
        let france = Self.partner("mc.fr.example", domains: ["mc.fr.example", "loire.example"])
        try await administration.replacePartners([france])
        #expect(heard.all.last?.directory.partners == [france])
        #expect(await administration.fleet.foreignUsers == ForeignUsers(domains: ["loire.example", "mc.fr.example"]))
        // A domain moves from one partner to another, and one partner goes.
        let spain = Self.partner("mc.es.example", domains: ["loire.example"])
        try await administration.replacePartners([spain])
        #expect(await administration.directory.partners == [spain])
        let clashing = Self.partner("mc.xx.example", domains: ["loire.example"])
        await #expect(throws: DirectoryError.self) { try await administration.replacePartners([spain, clashing]) }
        #expect(await administration.directory.partners == [spain])
        #expect(heard.all.count == 2)
    }

    @Test func `what operation records stands in the chain, and nothing else changes`() async throws {
        let heard = Ground.Heard()
        let administration = try Ground.founded().open(heard)
        let before = await administration.position()
        let entry = AuditEntry(
            .system, "certificate.expired", actor: AuditParty(identity: "euccs serve", role: "system"),
            details: [AuditDetail("certificate", "access")], authority: "operation")
        let records = try await administration.verifyAudit().records
        try await administration.record([], at: Ground.now)
        #expect(try await administration.verifyAudit().records == records)
        try await administration.record([entry], at: Ground.now)
        let report = try await administration.verifyAudit()
        #expect(report.isSound)
        #expect(report.records == records + 1)
        #expect(heard.all.isEmpty)
        #expect(before.at == Ground.now)
        #expect(before.sequence > 0)
    }

    @Test func `a store without a nation serves nobody, and one that has one is not founded again`() throws {
        let empty = Ground()
        #expect(throws: NationError.self) { _ = try empty.open() }
        let ground = try Ground.founded()
        #expect(throws: NationError.self) {
            try NationalAdministration.found(
                NationRecord(name: "X", country: "FR", created: Ground.now, identity: Ground.identity),
                organisation: OrganisationRecord(id: "x", name: "x", country: "FR"),
                administrator: AdministratorRecord(id: "x", roles: []), profile: ProfileRecord(name: "x"),
                in: ground.store, at: Ground.now)
        }
    }

    @Test func `a configuration of another system does not get the store`() async throws {
        let ground = try Ground.founded()
        let other = SystemIdentity(id: MCSystemID("mc.fr.example"), domain: "mc.fr.example")
        #expect(throws: NationError.self) { _ = try NationalAdministration(store: ground.store, identity: other) }
        #expect(try await ground.open().nation.name == "Italia")
    }

    @Test func `a change is kept, and whoever serves by the directory is told`() async throws {
        let ground = try Ground.founded()
        let heard = Ground.Heard()
        let administration = try ground.open(heard)
        #expect(await administration.directory.userIDs.isEmpty)
        try await administration.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        #expect(heard.all.count == 1)
        #expect(heard.all.last?.directory.user(MCPTTID(Ground.anna))?.rights.mayCallPrearrangedGroups == true)
        #expect(heard.all.last?.directory.user(MCPTTID(Ground.anna))?.rights.mayCallChatGroups == false)
        // Opened anew it is still there.
        #expect(try await ground.open().directory.user(MCPTTID(Ground.anna)) != nil)
        try await administration.perform(.setSuspended(user: Ground.anna, true), by: "root", at: Ground.now)
        #expect(heard.all.last?.directory.user(MCPTTID(Ground.anna)) == nil)
    }

    @Test func `facts that change nothing are kept, and no commit is told`() async throws {
        let ground = try Ground.founded()
        let heard = Ground.Heard()
        let administration = try ground.open(heard)
        let before = try ground.store.sequence()
        try await administration.record(
            [AuditEntry(.login, "administrator.logged-in", actor: AuditParty(identity: "root", role: "administrator"))],
            at: Ground.now)
        try await administration.record([], at: Ground.now)
        #expect(try ground.store.auditHead().sequence == 2)
        #expect(try ground.store.sequence() == before)
        #expect(heard.all.isEmpty)
        let report = try await administration.verifyAudit()
        #expect(report.isSound && report.records == 2)
    }

    @Test func `a request is chosen on what is true inside the transaction, and one that is not made keeps nothing`()
        async throws
    {
        struct Changed: Error {}
        let ground = try Ground.founded()
        let late = try ground.open()
        let early = try ground.open()
        try await early.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        let performed = try await late.perform(by: "root", at: Ground.now) { fleet, acting in
            (.setSuspended(user: Ground.anna, true), (acting.id, fleet.user(Ground.anna) != nil))
        }
        #expect(performed.context == ("root", true))
        #expect(performed.fleet.user(Ground.anna)?.isSuspended == true)
        #expect(try await early.current().user(Ground.anna)?.isSuspended == true)
        let head = try ground.store.auditHead()
        await #expect(throws: Changed.self) {
            _ = try await late.perform(by: "root", at: Ground.now) { _, _ -> (FleetRequest, Void) in throw Changed() }
        }
        #expect(try ground.store.auditHead() == head)
    }

    @Test func `what another process committed is brought in, once, and told`() async throws {
        let ground = try Ground.founded()
        let heard = Ground.Heard()
        let serving = try ground.open(heard)
        try await serving.catchUp()
        #expect(heard.all.isEmpty)
        let other = try ground.open()
        try await other.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        #expect(heard.all.isEmpty)
        try await serving.catchUp()
        #expect(heard.all.count == 1)
        #expect(await serving.directory.user(MCPTTID(Ground.anna)) != nil)
        try await serving.catchUp()
        #expect(heard.all.count == 1)
    }

    @Test func `a decision is made on what others committed, and they are told of theirs even if ours is refused`()
        async throws
    {
        let ground = try Ground.founded()
        let heard = Ground.Heard()
        let late = try ground.open(heard)
        let early = try ground.open()
        try await early.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        let refusal = await #expect(throws: FleetRefusal.self) {
            try await late.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        }
        #expect(refusal?.code == .conflict)
        #expect(heard.all.last?.directory.user(MCPTTID(Ground.anna)) != nil)
    }

    @Test func `who is further behind than the store remembers reads everything anew, and those who are gone are gone`()
        async throws
    {
        var limits = StoreLimits()
        limits.keptCommits = 1
        let ground = try Ground.founded(limits)
        let first = try ground.open()
        try await first.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        let heard = Ground.Heard()
        let late = try ground.open(heard)
        try await first.perform(.create(.user(Ground.user(Ground.bruno))), by: "root", at: Ground.now)
        try await first.perform(.setSuspended(user: Ground.bruno, true), by: "root", at: Ground.now)
        try await first.perform(.setSuspended(user: Ground.bruno, false), by: "root", at: Ground.now)
        try await first.perform(.delete(.user, key: Ground.anna), by: "root", at: Ground.now)
        try await late.catchUp()
        #expect(heard.all.count == 1)
        #expect(heard.all.last?.directory.userIDs == [MCPTTID(Ground.bruno)])
        #expect(await late.fleet.user(Ground.anna) == nil)
        // And it goes on from there.
        try await late.perform(.setSuspended(user: Ground.bruno, true), by: "root", at: Ground.now)
        #expect(heard.all.last?.directory.userIDs == [])
    }

    @Test func `records that give no directory leave the last one, and what mends them brings the rest`() async throws {
        let ground = try Ground.founded()
        let heard = Ground.Heard()
        let serving = try ground.open(heard)
        try await serving.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        var clash = Ground.user(Ground.bruno)
        clash.publicIdentity = Ground.anna
        let coding = JSONRecordCoding()
        func write(_ change: FleetChange) throws {
            let store = ground.store
            _ = try store.write(after: try store.sequence(), at: Ground.now) { _ in
                StoreDecision(changes: [try change.recordChange(by: coding)], result: ())
            }
        }
        try write(.put(.user(clash)))
        await #expect(throws: DirectoryError.self) { try await serving.catchUp() }
        #expect(await serving.directory.userIDs == [MCPTTID(Ground.anna)])
        #expect(heard.all.count == 1)
        try write(.put(.user(Ground.user(Ground.bruno))))
        try await serving.catchUp()
        #expect(heard.all.last?.directory.userIDs == [MCPTTID(Ground.anna), MCPTTID(Ground.bruno)])
    }

    @Test func `every act and every refusal is audited, and the chain is sound`() async throws {
        let ground = try Ground.founded()
        let administration = try ground.open()
        let founded = try await administration.verifyAudit()
        #expect(founded.isSound)
        #expect(founded.records == 1)
        try await administration.perform(.create(.user(Ground.user(Ground.anna))), by: "root", at: Ground.now)
        await #expect(throws: FleetRefusal.self) {
            try await administration.perform(.setSuspended(user: Ground.bruno, true), by: "root", at: Ground.now)
        }
        let report = try await administration.verifyAudit()
        #expect(report.isSound)
        #expect(report.records == 3)
        #expect(report.head.hash != founded.head.hash)
    }

    @Test func `who is no administrator changes nothing`() async throws {
        let administration = try Ground.founded().open()
        let refusal = await #expect(throws: FleetRefusal.self) {
            try await administration.perform(.create(.user(Ground.user(Ground.anna))), by: "nobody", at: Ground.now)
        }
        #expect(refusal?.code == .notAllowed)
        #expect(await administration.fleet.user(Ground.anna) == nil)
    }

    @Test func `tables are carried out whole or not at all`() async throws {
        let administration = try Ground.founded().open()
        let users = "id,organisation,profile,password\n\(Ground.anna),vvf,responder,secret one\n"
        let bad = users + "\(Ground.bruno),nowhere,responder,secret two\n"
        let errors = await #expect(throws: ImportErrors.self) {
            try await administration.carryOut(
                [try FleetTable(csv: Array(bad.utf8), .users)], by: "root", making: Ground.making, at: Ground.now)
        }
        #expect(errors?.errors.first?.line == 3)
        #expect(await administration.fleet.user(Ground.anna) == nil)
        let plan = try await administration.carryOut(
            [try FleetTable(csv: Array(users.utf8), .users)], by: "root", making: Ground.making, at: Ground.now)
        #expect(plan.created == 1)
        #expect(await administration.fleet.user(Ground.anna)?.credentials?.sha256 == String(repeating: "b", count: 64))
        let again = try await administration.plan(
            [try FleetTable(csv: await administration.export(.users), .users)], by: "root")
        #expect(again.unchanged == 1)
        #expect(again.changed + again.created == 0)
    }

    @Test func `an import that was prepared is planned again where others changed something`() async throws {
        let ground = try Ground.founded()
        let (first, second) = (try ground.open(), try ground.open())
        let table = try FleetTable(csv: Array("id,organisation\n\(Ground.anna),vvf\n".utf8), .users)
        let prepared = try await first.prepare([table], by: "root")
        #expect(prepared.plan.created == 1)
        var anna = Ground.user(Ground.anna)
        anna.displayName = "Anna"
        try await second.perform(.create(.user(anna)), by: "root", at: Ground.now)
        let plan = try await first.carryOut(prepared, making: Ground.making, at: Ground.now)
        #expect(plan.created + plan.changed == 0)
        #expect(await first.fleet.user(Ground.anna) == anna)
    }

    @Test func `what a process decided is what another one reads`() async throws {
        let ground = try Ground.founded()
        let administration = try ground.open()
        let users = """
            id,organisation,profile,password,login_name,legacy_affiliations,display_name
            \(Ground.anna),vvf,responder,secret one,anna,,"Anna ""la rossa"" Rossi"
            \(Ground.bruno),vvf,,secret two,,\(Ground.group),Bruno \u{e0}\u{1f692}
            """
        let groups = """
            id,organisation,type,hang_time,members
            \(Ground.group),vvf,chat,7 s,\(Ground.anna);9;recvonly;required \(Ground.bruno);noinitiate;nojoin;noemergency;nosee
            """
        try await administration.carryOut(
            [
                try FleetTable(csv: Array(users.utf8), .users),
                try FleetTable(csv: Array(groups.utf8), .groups),
            ], by: "root", making: Ground.making, at: Ground.now)
        try await administration.perform(
            .create(.device(DeviceRecord(instance: "urn:uuid:1", name: "Radio", organisation: "vvf"))), by: "root",
            at: Ground.now)
        let (own, read) = (await administration.fleet, await (try ground.open()).fleet)
        for kind in FleetKind.allCases {
            #expect(own.keys(of: kind) == read.keys(of: kind))
            for key in own.keys(of: kind) { #expect(own.record(kind, key: key) == read.record(kind, key: key)) }
        }
    }

    @Test func `members are kept in brief, and read as they were kept before`() throws {
        let members = (0..<10_000).map { number in
            GroupMember(
                id: "sip:a-rather-long-name-of-somebody-\(number)@mc.it.example", priority: number == 7 ? 3 : 0,
                mayJoin: number != 9)
        }
        let group = GroupRecord(id: Ground.group, organisation: "vvf", type: .chat, members: members).record
        let brief = try group.stored(by: JSONRecordCoding(isBrief: true))
        #expect(brief.body.count < StoreLimits().bodyOctets)
        #expect(try FleetRecord(brief, by: JSONRecordCoding()) == group)
        let whole = try group.stored(by: JSONRecordCoding())
        #expect(whole.body.count > 2 * brief.body.count)
        #expect(try FleetRecord(whole, by: JSONRecordCoding(isBrief: true)) == group)
    }

    @Test func aTemporaryGroupIsThereAfterARestartAndItsEndTooAndBothAreInTheLog() async throws {
        let ground = try Ground.founded()
        let before = try ground.open()
        for (id, rights) in [(Ground.anna, RightsOverride(allowed: [.regroup])), (Ground.bruno, RightsOverride())] {
            var user = Ground.user(id)
            user.rights = rights
            try await before.perform(.create(user.record), by: "root", at: Ground.now)
        }
        let fire = "sip:fire@mc.it.example"
        for (id, member) in [(Ground.group, Ground.anna), (fire, Ground.bruno)] {
            let group = GroupRecord(
                id: id, organisation: "vvf", type: .prearranged, members: [GroupMember(id: member)])
            try await before.perform(.create(group.record), by: "root", at: Ground.now)
        }
        let joint = "sip:joint@mc.it.example"
        var record = GroupRecord(id: joint, organisation: "vvf", type: .prearranged)
        record.temporary = TemporaryGroup(constituents: [Ground.group, fire], requestor: Ground.anna)
        try await before.perform(.create(record.record), by: "root", at: Ground.now)

        let again = try ground.open()
        let kept = try #require(await again.fleet.group(joint))
        #expect(kept.temporary?.constituents == [fire, Ground.group] && kept.members.count == 2)
        #expect(await again.fleet.group(fire)?.regroupedInto == joint)
        #expect(await again.directory.group(MCPTTGroupID(joint))?.constituents.count == 2)
        #expect(await again.directory.group(MCPTTGroupID(fire))?.regroupedInto == MCPTTGroupID(joint))
        try await again.perform(.delete(.group, key: joint), by: "root", at: Ground.now)
        let end = try ground.open()
        #expect(await end.fleet.group(joint) == nil)
        #expect(await end.fleet.group(fire)?.regroupedInto == nil)
        #expect(await end.directory.group(MCPTTGroupID(fire))?.regroupedInto == nil)
        #expect(try await end.verifyAudit().isSound)
    }
}
