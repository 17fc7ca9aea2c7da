import Audit

/// How one observation is told to the log.
struct AuditRule: Sendable {
    enum Actor: Sendable {
        /// The field `user`, as the system knows him.
        case user
        /// The user where the field `cause` says this; else the system acted, and the user is a detail.
        case userWhere(cause: String)
        /// Somebody who says that he is the user.
        case claimed
        /// The field `partner`; the user where it is one of ours who crosses the border.
        case partner
        case system
    }

    enum Outcome: Sendable {
        case done
        case refused(String)
        /// Why, stands in the fields `cause`, `why`, `warning` or `status`.
        case refusedAsTold
    }

    var kind: AuditClass
    var actor: Actor
    var outcome: Outcome

    init(_ kind: AuditClass, by actor: Actor, _ outcome: Outcome = .done) {
        self.kind = kind
        self.actor = actor
        self.outcome = outcome
    }

    static let all: [(name: String, rule: AuditRule)] = [
        ("registration.added", .init(.login, by: .user)),
        ("registration.removed", .init(.login, by: .userWhere(cause: "deregistered"))),
        ("registration.refused", .init(.login, by: .claimed, .refusedAsTold)),
        ("service.bound", .init(.authorisation, by: .user)),
        ("service.profileSelected", .init(.authorisation, by: .user)),
        ("service.profileWithdrawn", .init(.authorisation, by: .system)),
        ("service.left", .init(.authorisation, by: .userWhere(cause: "logged off"))),
        ("authorisation.refused", .init(.authorisation, by: .user, .refusedAsTold)),
        ("authorisation.unanswered", .init(.authorisation, by: .user, .refused("unanswered"))),
        ("request.refused", .init(.refusal, by: .user, .refusedAsTold)),
        ("affiliation.changed", .init(.affiliation, by: .userWhere(cause: "published"))),
        ("affiliation.implicit", .init(.affiliation, by: .user)),
        ("affiliation.refused", .init(.affiliation, by: .user, .refusedAsTold)),
        ("affiliation.refusedByOwner", .init(.affiliation, by: .user, .refusedAsTold)),
        ("affiliation.rightWithdrawn", .init(.affiliation, by: .system)),
        ("affiliation.membershipEnded", .init(.affiliation, by: .system)),
        ("affiliation.endedByOwner", .init(.affiliation, by: .system)),
        ("call.started", .init(.call, by: .user)),
        ("call.joined", .init(.call, by: .user)),
        ("call.tierRaised", .init(.call, by: .user)),
        ("call.tierLowered", .init(.call, by: .user)),
        ("call.left", .init(.call, by: .userWhere(cause: "hung up"))),
        ("call.released", .init(.call, by: .system)),
        ("call.rightWithdrawn", .init(.call, by: .system)),
        ("call.partnerMembersGone", .init(.call, by: .system)),
        ("call.refused", .init(.refusal, by: .user, .refusedAsTold)),
        ("call.refusedByMedia", .init(.call, by: .system, .refusedAsTold)),
        ("participant.refusedByMedia", .init(.call, by: .system, .refusedAsTold)),
        ("participant.moved", .init(.call, by: .system)),
        // He sends speech that nobody granted him the floor for; it is not forwarded.
        ("participant.misbehaves", .init(.refusal, by: .user, .refused("no-floor"))),
        ("invitation.refused", .init(.call, by: .user, .refusedAsTold)),
        ("border.session-started", .init(.interconnection, by: .partner)),
        ("border.session-answered", .init(.interconnection, by: .partner)),
        ("border.session-ended", .init(.interconnection, by: .partner)),
        ("border.leg-moved", .init(.interconnection, by: .system)),
        ("border.leg-refused", .init(.interconnection, by: .system, .refusedAsTold)),
        ("border.refused", .init(.interconnection, by: .partner, .refusedAsTold)),
        ("partner.lost", .init(.interconnection, by: .system)),
        ("partner.reachable", .init(.interconnection, by: .partner)),
        ("partner.certificateRefused", .init(.interconnection, by: .claimed, .refusedAsTold)),
        ("edge.refused", .init(.refusal, by: .claimed, .refusedAsTold)),
        ("edge.stranger", .init(.refusal, by: .claimed, .refused("stranger"))),
        ("edge.flow-refused", .init(.refusal, by: .claimed, .refused("limit"))),
        ("cell.drain-began", .init(.system, by: .system)),
        ("succession.began", .init(.system, by: .system)),
        ("succession.ended", .init(.system, by: .system)),
        ("succession.refused", .init(.system, by: .system, .refusedAsTold)),
        ("edge.flow-cut", .init(.refusal, by: .claimed, .refusedAsTold)),
    ]

    /// Looked up only.
    static let byName = [String: AuditRule](all.map { ($0.name, $0.rule) }) { first, _ in first }
}

extension CallAudit {
    /// Names of the observations that become entries.
    public static let audited = AuditRule.all.map(\.name)

    /// Names of those that do not, and why not.
    public static let notAudited: [(name: String, reason: String)] = [
        ("registration.challenged", "the first half of every log-in (RFC 3261 22.1): nothing has happened yet"),
        ("registration.refreshed", "what was added goes on"),
        ("registration.flow-lost", "each device that does not come back is removed, and that is recorded"),
        ("call.tierUnconfirmed", "what the call is in was recorded; a device that does not say so goes on as it is"),
        ("talker.changed", "who spoke when is for the recording of the call: several a second in a busy one"),
        ("edge.malformed", "octets of nobody; the connection that brings too many is cut, and that is recorded"),
        ("cell.function-silent", "a fault of ours, for the operator's log"),
        ("cell.loop-cut", "a fault of ours, for the operator's log"),
        ("cell.media-unknown", "a fault of ours, for the operator's log"),
        ("cell.message-unreadable", "a fault of ours, for the operator's log"),
    ]
}
