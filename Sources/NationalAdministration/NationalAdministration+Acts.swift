import Administration
public import Audit
public import MCFoundation
import Policy
import Storage

/// What an administrator does to the files of a nation, beside its records.
public enum OperatorAct: String, CaseIterable, Hashable, Sendable {
    /// The store is copied: whoever has the copy has everything.
    case backup
    case restore
    case certificateIssue = "certificate-issue"
    case certificateRenewal = "certificate-renewal"
    case sealKeyRotation = "seal-key-rotation"

    /// As the log calls it when it is done.
    var action: String {
        switch self {
        case .backup: "store.backedUp"
        case .restore: "store.restored"
        case .certificateIssue: "certificate.issued"
        case .certificateRenewal: "certificate.renewed"
        case .sealKeyRotation: "audit.keyAdded"
        }
    }

    var refusal: String {
        switch self {
        case .backup: "store.backupRefused"
        case .restore: "store.restoreRefused"
        case .certificateIssue: "certificate.issueRefused"
        case .certificateRenewal: "certificate.renewalRefused"
        case .sealKeyRotation: "audit.keyRefused"
        }
    }
}

/// In whose name something is done, as the log says it.
public struct ActingOperator: Hashable, Sendable {
    public var party: AuditParty
    /// By which right.
    public var authority: String
}

/// Acts of administrators that change no record of the fleet map.
extension NationalAdministration {
    /// The administrator, if he may do it: that takes the role `administrator` of the whole nation. A refusal is an entry
    /// of the log.
    ///
    /// - Throws: `FleetRefusal`, `StoreError`.
    public func operatorActing(
        as administrator: String, for act: OperatorAct, at now: UTCTime
    ) throws -> ActingOperator {
        let (party, authority) = try auditor(administrator, with: .administrator, for: act.refusal, at: now)
        return ActingOperator(party: party, authority: authority)
    }

    /// Keeps that it is done. Before it takes effect, where it can: nothing of it is there of which the log does not
    /// know.
    public func record(
        _ act: OperatorAct, _ details: [AuditDetail], by acting: ActingOperator, at now: UTCTime
    ) throws {
        let entry = AuditEntry(
            .administration, act.action, actor: acting.party, details: details, authority: acting.authority)
        try record([entry], at: now)
    }

    /// Keeps in a store that was restored that it was, and by whom. The administrator may be younger than the backup: the
    /// store that was replaced knew him, or was too damaged to be asked.
    public func recordRestoring(
        of backup: String, by administrator: String, at now: UTCTime
    ) throws {
        let known = fleet.administrator(administrator)
        let organisation = known?.organisation.flatMap { fleet.organisation($0) }
        let party = AuditParty(
            identity: administrator, role: known == nil ? "unknown" : "administrator",
            agency: organisation?.name ?? known?.organisation ?? "",
            country: known == nil ? "" : organisation?.country ?? nation.country)
        try record(
            .restore, [AuditDetail("backup", backup)],
            by: ActingOperator(party: party, authority: known?.authority ?? "whoever holds the store"), at: now)
    }
}
