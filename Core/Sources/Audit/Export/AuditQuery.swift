public import MCFoundation

/// A record together with those of its personal values that are still there.
public struct RecordedEntry: Hashable, Sendable {
    public var record: AuditRecord
    public var personal: [AuditPersonal]

    public init(record: AuditRecord, personal: [AuditPersonal]) {
        self.record = record
        self.personal = personal
    }

    /// Throws `AuditRecordError` where the stored octets are no record.
    public init(_ stored: StoredAuditRecord, personal: [AuditPersonal]) throws(AuditRecordError) {
        self.init(record: try AuditRecord(encoding: stored.encoding), personal: personal)
    }

    /// The value of field `index`, 0 being the actor's identity; nil where it was erased or there is no such field.
    public func value(at index: Int) -> String? {
        if index > 0, index <= record.fields.count, case .clear(let value) = record.fields[index - 1].content {
            return value
        }
        return personal.first { $0.index == index }?.value
    }
}

/// Which records to read. Every condition that is set must hold.
public struct AuditQuery: Hashable, Sendable {
    /// From this time on.
    public var from: UTCTime?
    /// Before this time.
    public var until: UTCTime?
    /// The identity of whoever acted or was acted upon: any personal value that is or names exactly this.
    public var identity: String?
    /// The identifier of a call, exactly.
    public var call: String?
    /// The identifier of an incident, exactly.
    public var incident: String?
    /// One of these; none stands for all.
    public var classes: [AuditClass]

    public init(
        from: UTCTime? = nil, until: UTCTime? = nil, identity: String? = nil, call: String? = nil,
        incident: String? = nil, classes: [AuditClass] = []
    ) {
        self.from = from
        self.until = until
        self.identity = identity
        self.call = call
        self.incident = incident
        self.classes = classes
    }

    public func matches(_ recorded: RecordedEntry) -> Bool {
        let record = recorded.record
        if let from, record.at < from { return false }
        if let until, record.at >= until { return false }
        if !classes.isEmpty, !classes.contains(record.kind) { return false }
        if let identity, !recorded.personal.contains(where: { $0.names([identity]) }) { return false }
        if let call, !names(recorded, AuditDetailName.call, call) { return false }
        if let incident, !names(recorded, AuditDetailName.incident, incident) { return false }
        return true
    }

    /// The entry that reading the log leaves in the log (Directive 2016/680 art. 25: consultation and disclosure).
    public func entry(by actor: AuditParty, as reader: AuditReader, rows: Int, authority: String) -> AuditEntry {
        var details = [AuditDetail("reader", reader.rawValue), AuditDetail("rows", String(rows))]
        if let from { details.append(AuditDetail("from", utcText(from))) }
        if let until { details.append(AuditDetail("until", utcText(until))) }
        if let identity { details.append(AuditDetail(AuditDetailName.user, identity, isPersonal: true)) }
        if let call { details.append(AuditDetail(AuditDetailName.call, call)) }
        if let incident { details.append(AuditDetail(AuditDetailName.incident, incident)) }
        if !classes.isEmpty {
            details.append(AuditDetail("classes", classes.map(\.rawValue).joined(separator: " ")))
        }
        return AuditEntry(.administration, "audit.consulted", actor: actor, details: details, authority: authority)
    }

    private func names(_ recorded: RecordedEntry, _ name: String, _ value: String) -> Bool {
        recorded.record.fields.enumerated().contains { position, field in
            field.name == name && recorded.value(at: position + 1).map { same($0, value) } == true
        }
    }

    // Identities are octets: no two spellings of one are taken for each other.
    private func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
