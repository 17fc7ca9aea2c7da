public import Audit

/// Who may see what of the fleet map. Whatever somebody may change he may see.
public enum FleetReading {
    /// Whether an administrator may see a record. Users, devices, groups, roles and administrators are their
    /// organisation's; profiles and the policy are everybody's, for records are made of them; of organisations he sees
    /// his own. An auditor reads the audit log only.
    public static func mayRead(_ record: FleetRecord, by administrator: AdministratorRecord) -> Bool {
        guard mayRead(by: administrator) else { return false }
        if administrator.isNational { return true }
        switch record {
        case .profile, .policy: return true
        case .organisation, .user, .device, .group, .functionalAlias, .administrator:
            return record.organisation == administrator.organisation
        }
    }

    /// Whether there is anything of the fleet map that he may see.
    public static func mayRead(by administrator: AdministratorRecord) -> Bool {
        !administrator.isSuspended && administrator.roles.contains { $0 != .auditor }
    }

    /// Whether he may read the audit log. It is one chain of the whole nation, so whom one organisation made an auditor
    /// does not see it.
    public static func mayReadAudit(by administrator: AdministratorRecord) -> Bool {
        !administrator.isSuspended && administrator.isNational && administrator.roles.contains(.auditor)
    }

    /// Whether he may hand in tables at all; what stands in them is decided row by row.
    public static func mayImport(by administrator: AdministratorRecord) -> Bool {
        !administrator.isSuspended && administrator.roles.contains(.administrator)
    }

    /// Whether he may have a key withdrawn by which the nation's tokens are signed: everybody's tokens of it end.
    public static func mayWithdrawKeys(by administrator: AdministratorRecord) -> Bool {
        !administrator.isSuspended && administrator.isNational && administrator.roles.contains(.administrator)
    }

    /// The fact that he had it withdrawn.
    public static func withdrawal(
        ofKey keyID: String, by administrator: AdministratorRecord, in fleet: FleetSnapshot
    ) -> AuditEntry {
        AuditEntry(
            .administration, "key.withdrawal-ordered", actor: FleetAudit.party(administrator, in: fleet),
            details: [AuditDetail("kid", keyID)], authority: administrator.authority)
    }

    /// The fact that somebody asked for what he may not have.
    ///
    /// - Parameter request: what he asked for, as a word: `read`, `import`.
    public static func refusal(
        of request: String, _ kind: FleetKind?, key: String = "", by administrator: AdministratorRecord,
        in fleet: FleetSnapshot
    ) -> AuditEntry {
        var details: [AuditDetail] = []
        if let kind, !key.isEmpty { details.append(FleetAudit.subject(kind, key)) }
        details.append(AuditDetail("request", request))
        return AuditEntry(
            .refusal, "\(kind?.rawValue ?? "fleet").refused", actor: FleetAudit.party(administrator, in: fleet),
            details: details, authority: administrator.authority,
            outcome: .refused(FleetRefusal.Code.notAllowed.rawValue))
    }
}

extension FleetKind {
    /// The key under which a record of this kind is kept: the domain of an identity is in lower case. A text that is no
    /// key of this kind stays as it is, and finds nothing.
    public func canonicalKey(_ text: String) -> String {
        switch self {
        case .user, .group, .functionalAlias: FleetIdentity.canonical(text) ?? text
        case .organisation, .profile, .device, .policy, .administrator: text
        }
    }
}
