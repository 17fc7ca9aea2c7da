public import Audit

/// Why a request of an administrator is not carried out.
public struct FleetRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// His roles or his organisation do not cover it.
        case notAllowed = "not-allowed"
        case notFound = "not-found"
        /// It exists already, belongs to another one, or something still needs it.
        case conflict
        /// A value is not of its form or out of its range.
        case invalid
        /// A record that the request names is not there.
        case unknownReference = "unknown-reference"
        /// An identity in a domain that is not ours, or nobody's.
        case foreignDomain = "foreign-domain"
        case limitExceeded = "limit-exceeded"
    }

    public var code: Code
    /// The field of the record that it is about; empty where it is about the whole.
    public var field: String
    /// A sentence for the one who asked. It may name identities: not for logs in clear.
    public var text: String

    public init(_ code: Code, field: String = "", _ text: String) {
        self.code = code
        self.field = field
        self.text = text
    }

    public var description: String {
        field.isEmpty ? "\(code.rawValue): \(text)" : "\(code.rawValue) (\(field)): \(text)"
    }

    /// The refusal as a fact: who asked for what, and why he did not get it.
    public func audit(
        of request: FleetRequest, by administrator: AdministratorRecord, in fleet: FleetSnapshot
    ) -> AuditEntry {
        var details = [FleetAudit.subject(request.kind, request.key), AuditDetail("request", request.verb)]
        if !field.isEmpty { details.append(AuditDetail("field", field)) }
        return AuditEntry(
            .refusal, "\(request.kind.rawValue).refused", actor: FleetAudit.party(administrator, in: fleet),
            details: details, authority: administrator.authority, outcome: .refused(code.rawValue))
    }
}
