/// In which role somebody reads the log, hence what is shown.
public enum AuditReader: String, Hashable, Sendable, CaseIterable {
    /// Sees everything that has not been erased.
    case auditor
    /// The data protection authority or officer: who acted and who was acted upon, not other personal content such as
    /// a place or the words of a message.
    case dataProtection = "data-protection"
    /// Numbers for a report: no personal field, no actor, not even that there was one.
    case statistics

    /// Whether the identity of the actor and personal details of this name are shown.
    func sees(_ name: String) -> Bool {
        switch self {
        case .auditor: true
        case .dataProtection: name == AuditRecord.actorName || AuditDetailName.identities.contains(name)
        case .statistics: false
        }
    }
}

/// A field of an exported row.
public enum AuditCell: Hashable, Sendable {
    case number(UInt64)
    case text(String)
    /// There is no such value: erased, withheld or never said.
    case none
    case details([AuditExportedDetail])
}

public struct AuditExportedDetail: Hashable, Sendable {
    public var name: String
    public var value: AuditShown

    public init(name: String, value: AuditShown) {
        self.name = name
        self.value = value
    }
}

/// Whether a value is shown, and if not, why not. It has a column of its own: a user called `[erased]` must not look
/// like one who was.
public enum AuditShown: Hashable, Sendable {
    case shown(String)
    case erased
    case withheld

    /// The word in the export.
    public var state: String {
        switch self {
        case .shown: "shown"
        case .erased: "erased"
        case .withheld: "withheld"
        }
    }
}

/// Turns records into rows for a reader; the columns are the same for every row.
public struct AuditExport: Hashable, Sendable {
    public let reader: AuditReader

    public init(for reader: AuditReader) {
        self.reader = reader
    }

    public var columns: [String] {
        let actor = reader == .statistics ? [] : ["actor", "actor_state"]
        return ["sequence", "time", "class", "action"] + actor
            + ["role", "agency", "country", "authority", "outcome", "reason", "details"]
    }

    /// The cells of one record, a cell per column.
    public func row(_ recorded: RecordedEntry) -> [AuditCell] {
        let record = recorded.record
        var cells: [AuditCell] = [
            .number(record.sequence), .text(utcText(record.at)), .text(record.kind.rawValue), .text(record.action),
        ]
        if reader != .statistics {
            let actor = shown(AuditRecord.actorName, recorded.value(at: 0))
            if case .shown(let identity) = actor { cells.append(.text(identity)) } else { cells.append(.none) }
            cells.append(.text(actor.state))
        }
        cells += [record.role, record.agency, record.country, record.authority].map { .text($0) }
        switch record.outcome {
        case .done: cells += [.text("done"), .none]
        case .refused(let word): cells += [.text("refused"), .text(word)]
        }
        cells.append(.details(details(recorded)))
        return cells
    }

    private func details(_ recorded: RecordedEntry) -> [AuditExportedDetail] {
        recorded.record.fields.enumerated().compactMap { position, field in
            switch field.content {
            case .clear(let value): AuditExportedDetail(name: field.name, value: .shown(value))
            case .personal where reader == .statistics: nil
            case .personal:
                AuditExportedDetail(name: field.name, value: shown(field.name, recorded.value(at: position + 1)))
            }
        }
    }

    private func shown(_ name: String, _ value: String?) -> AuditShown {
        guard reader.sees(name) else { return .withheld }
        return value.map { .shown($0) } ?? .erased
    }
}
