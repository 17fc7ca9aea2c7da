public import Administration
import Audit
import Dispatch
public import MCFoundation
public import Policy
public import Storage

/// Why a store cannot serve as a nation's.
public struct NationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// The fleet map of a nation over its store: every change is decided on what is true inside the writer's transaction,
/// kept with its audit entries or not at all, and told to whoever serves by it. Several processes may do so over one
/// store; `catchUp` brings in what the others committed.
///
/// It runs on a queue of its own, for the store blocks until the disk has answered.
public actor NationalAdministration {
    /// What a commit means for whoever serves by the directory.
    public struct Change: Sendable {
        /// As it was when a change was told last.
        public var before: FleetSnapshot
        public var fleet: FleetSnapshot
        public var directory: DirectorySnapshot
        public var changes: [FleetChange]
    }

    public let nation: NationRecord
    let store: any NationalStore
    private let executor = StoreExecutor()
    let auditing: Auditing
    let identity: SystemIdentity
    let observe: @Sendable (Change) -> Void
    public internal(set) var fleet: FleetSnapshot
    public internal(set) var directory: DirectorySnapshot
    private(set) var sequence: UInt64
    let coding = JSONRecordCoding(isBrief: true)
    /// As they were when the store was read.
    public let signingKeys: [SigningKeyRecord]
    private var lastChange: UInt64?
    /// nil where this process does not seal.
    var sealing: AuditSealing?
    /// Records up to this one have nothing left that their age would take.
    var sweptThrough: UInt64 = 0
    /// Refused writes of documents that the log was told of.
    var documentRefusals = RefusalNews()
    /// Where the log is read that takes its time: beside administration, one reader after the other.
    nonisolated let readers = DispatchQueue(label: "audit-reading", qos: .utility)
    /// The fleet map that was told last.
    private(set) var told: FleetSnapshot
    /// Changes that the directory does not have yet.
    private var untold: [FleetChange] = []

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Reads everything that is kept.
    ///
    /// - Parameters:
    ///   - identity: as the configuration publishes it; domain, name and realm must be those of the store.
    ///   - partners: from the configuration; their users may be members of groups.
    ///   - observe: told of every change of the fleet map, in order, on this actor's queue.
    public init(
        store: any NationalStore, identity: SystemIdentity? = nil, partners: [Partner] = [],
        observe: @escaping @Sendable (Change) -> Void = { _ in }
    ) throws {
        let contents = try store.contents()
        guard let kept = contents.records.first(where: { $0.record.kind == NationRecord.kind }) else {
            throw NationError("the store holds no nation: `euccs admin init` makes one")
        }
        nation = try coding.decode(NationRecord.self, from: kept.record.body)
        let own = nation.identity
        if let identity {
            guard identity.id == own.id, identity.domains == own.domains, identity.realm == own.realm else {
                throw NationError(
                    "the store is of \(own.id) with the domains \(own.domains.joined(separator: ", ")) and the realm "
                        + "\(own.realm); the configuration names another")
            }
        }
        self.identity = identity ?? own
        auditing = Auditing(nation)
        self.store = store
        self.observe = observe
        fleet = FleetSnapshot(
            try KeptFleet.records(of: contents, by: coding), foreignUsers: ForeignUsers(of: partners))
        told = fleet
        directory = try fleet.directory(of: self.identity, partners: partners)
        sequence = contents.sequence
        signingKeys = try contents.records.filter { $0.record.kind == SigningKeyRecord.kind }
            .map { [coding] in try coding.decode(SigningKeyRecord.self, from: $0.record.body) }
    }

    /// Makes a nation in an empty store, with its first organisation and administrator.
    public static func found(
        _ nation: NationRecord, organisation: OrganisationRecord, administrator: AdministratorRecord,
        profile: ProfileRecord, in store: any NationalStore, at now: UTCTime
    ) throws {
        let coding = JSONRecordCoding(isBrief: true)
        let auditing = Auditing(nation)
        let body = StoredRecord(kind: NationRecord.kind, key: NationRecord.key, body: try coding.encode(nation))
        let changes = try [
            FleetChange.put(.organisation(organisation)), .put(.profile(profile)), .put(.administrator(administrator)),
        ].map { try $0.recordChange(by: coding) }
        let entry = AuditEntry(
            .administration, "nation.founded", actor: AuditParty(identity: administrator.id, role: "administrator"),
            details: [AuditDetail("nation", nation.name), AuditDetail("domain", nation.domain)],
            authority: "whoever holds the store")
        _ = try store.write(after: 0, at: now) { others in
            guard others.isEmpty else { throw NationError("the store holds a nation already") }
            return StoreDecision(
                changes: [.put(body)] + changes, audit: auditing.append([entry], at: now), result: ())
        }
    }

    // MARK: Changing

    /// Decides and keeps one request. A refusal is audited and thrown.
    @discardableResult
    public func perform(
        _ request: FleetRequest, by administrator: String, at now: UTCTime
    ) throws -> FleetDecision {
        try commit(at: now) { fleet, identity in
            guard let acting = fleet.administrator(administrator) else { throw FleetRefusal.nobody(administrator) }
            do throws(FleetRefusal) {
                return .success(try FleetDecision.decide(request, by: acting, in: fleet, system: identity))
            } catch {
                return .failure(error, [error.audit(of: request, by: acting, in: fleet)])
            }
        }
    }

    /// What tables would change, with every mistake: nothing is kept.
    public func plan(_ tables: [FleetTable], by administrator: String) throws -> FleetPlan {
        guard let acting = fleet.administrator(administrator) else { throw FleetRefusal.nobody(administrator) }
        return try FleetImport.plan(tables, by: acting, in: fleet, system: identity)
    }

    /// What tables come to, to be carried out once their passwords are made into what is kept.
    public struct PreparedImport: Sendable {
        public let plan: FleetPlan
        fileprivate let tables: [FleetTable]
        fileprivate let administrator: String
        /// What it was planned on.
        fileprivate let sequence: UInt64
        fileprivate let foreignUsers: ForeignUsers
    }

    /// Like `plan`, for `carryOut`: a large table is planned once, unless somebody changes something meanwhile.
    public func prepare(_ tables: [FleetTable], by administrator: String) throws -> PreparedImport {
        PreparedImport(
            plan: try plan(tables, by: administrator), tables: tables, administrator: administrator,
            sequence: sequence, foreignUsers: fleet.foreignUsers)
    }

    /// Carries out all that tables say, or nothing. Their passwords are made into what is kept before the store is asked,
    /// so that nobody waits for that.
    @discardableResult
    public func carryOut(
        _ prepared: PreparedImport, making: CredentialMaking, at now: UTCTime
    ) throws -> FleetPlan {
        var planned = prepared.plan
        try commit(at: now) { [identity] fleet, _ in
            guard let acting = fleet.administrator(prepared.administrator) else {
                throw FleetRefusal.nobody(prepared.administrator)
            }
            // What others committed since may have changed the answer.
            if self.sequence != prepared.sequence || fleet.foreignUsers != prepared.foreignUsers {
                planned = try FleetImport.plan(prepared.tables, by: acting, in: fleet, system: identity)
            }
            return .success(try planned.decision(by: making))
        }
        return planned
    }

    /// Likewise, planned at once.
    @discardableResult
    public func carryOut(
        _ tables: [FleetTable], by administrator: String, making: CredentialMaking, at now: UTCTime
    ) throws -> FleetPlan {
        try carryOut(prepare(tables, by: administrator), making: making, at: now)
    }

    /// What a closure decided on what is true inside the writer's transaction.
    enum Verdict {
        /// To be kept, with its audit entries.
        case success(FleetDecision)
        /// Nothing changes; the entries are kept.
        case failure(FleetRefusal, [AuditEntry])
    }

    @discardableResult
    func commit(
        at now: UTCTime, _ decide: (FleetSnapshot, SystemIdentity) throws -> Verdict
    ) throws -> FleetDecision {
        // Where the store went on further than its commits tell, everything is read anew.
        try bringIn()
        // What others committed is so, whatever becomes of ours. What cannot be told now, `catchUp` tells or says why.
        defer { try? publish() }
        // Decided and written out before the writer's transaction, so that nobody else waits for that; where others
        // committed in between, once more in it.
        let early = Result { try decided(at: now, decide) }
        let outcome = try store.write(after: sequence, at: now) { others in
            try take(others)
            return others.isEmpty ? try early.get() : try decided(at: now, decide)
        }
        let decision = try outcome.result.get()
        // What was decided is what was written: it is not read back.
        if let commit = outcome.commit { take(decision.changes, of: commit.sequence) }
        return decision
    }

    /// What a closure decides now, ready for the store.
    private func decided(
        at now: UTCTime, _ decide: (FleetSnapshot, SystemIdentity) throws -> Verdict
    ) throws -> StoreDecision<Result<FleetDecision, FleetRefusal>> {
        switch try decide(fleet, identity) {
        case .success(let decision):
            return StoreDecision(
                changes: try decision.changes.map { try $0.recordChange(by: coding) },
                audit: decision.audit.isEmpty ? nil : auditing.append(decision.audit, at: now),
                result: .success(decision))
        case .failure(let refusal, let entries):
            return StoreDecision(audit: auditing.append(entries, at: now), result: .failure(refusal))
        }
    }

    // MARK: Following

    /// Brings in what other processes committed, and tells it. Cheap where nobody did.
    public func catchUp() throws {
        try bringIn()
        try publish()
    }

    private func bringIn() throws {
        let now = try store.changed()
        guard now != lastChange else { return }
        do {
            while case let commits = try store.commits(after: sequence, limit: 500), !commits.isEmpty {
                try take(commits)
            }
        } catch let error as StoreError where error.code == .outdated {
            try readAnew()
        }
        lastChange = now
    }

    /// The store was restored, or forgot commits that were not brought in: what differs now is what changed.
    private func readAnew() throws {
        let contents = try store.contents()
        let before = fleet
        fleet = FleetSnapshot(try KeptFleet.records(of: contents, by: coding), foreignUsers: before.foreignUsers)
        sequence = contents.sequence
        for kind in FleetKind.allCases {
            for key in before.keys(of: kind) where fleet.record(kind, key: key) == nil {
                untold.append(.delete(kind, key: key))
            }
            for key in fleet.keys(of: kind) {
                guard let record = fleet.record(kind, key: key), record != before.record(kind, key: key) else {
                    continue
                }
                untold.append(.put(record))
            }
        }
    }

    /// Follows the others until the task is cancelled. What the store cannot say is told once, and asked again.
    public func follow(every pause: Duration, failing: @Sendable (any Error) -> Void) async {
        var isFailing = false
        while !Task.isCancelled {
            do {
                try catchUp()
                isFailing = false
            } catch {
                if !isFailing { failing(error) }
                isFailing = true
            }
            try? await Task.sleep(for: pause)
        }
    }

    func take(_ commits: [Commit]) throws {
        for commit in commits where commit.sequence > sequence {
            take(try commit.changes.compactMap { try FleetChange($0, by: coding) }, of: commit.sequence)
        }
    }

    private func take(_ changes: [FleetChange], of commit: UInt64) {
        fleet.apply(changes)
        untold += changes
        sequence = commit
    }

    /// Throws where the records give no coherent directory (another program may have written them): the last one stays,
    /// and what is not told yet is told with the change that mends it.
    private func publish() throws {
        let delta = DirectoryDelta(untold, in: fleet)
        if !delta.isEmpty { try delta.apply(to: &directory, of: fleet, system: identity) }
        if !untold.isEmpty {
            observe(Change(before: told, fleet: fleet, directory: directory, changes: untold))
        }
        told = fleet
        untold = []
    }

    // MARK: Reading

    public func export(_ kind: FleetTable.Kind, organisation: String? = nil) -> [UInt8] {
        FleetExport.csv(kind, of: fleet, organisation: organisation)
    }
}

extension FleetRefusal {
    /// Nobody of this name acts for the nation.
    public static func nobody(_ name: String) -> FleetRefusal {
        FleetRefusal(.notAllowed, field: "administrator", "\(name) is no administrator of this nation")
    }
}
