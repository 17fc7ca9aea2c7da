import CallControl
import MCDocuments
import MCFoundation
import Policy
import SIP

/// Which way a request crosses the border (TS 24.379 6.8).
enum Crossing: Hashable, Sendable {
    /// We are the exit point: from a function of ours to a partner.
    case leaving
    /// We are the entry point: from a partner to a function of ours.
    case entering

    /// What the refused side is told.
    var warning: MCPTTWarning {
        switch self {
        case .leaving: .notAuthorisedWithInterconnectedSystem
        case .entering: .notAuthorisedByInterconnectedSystem
        }
    }
}

/// Why a request does not cross.
struct BorderRefusal: Error, Hashable, Sendable {
    var status: Int
    var warning: MCPTTWarning?
    /// For counters and the log.
    var cause: String

    init(_ status: Int, _ warning: MCPTTWarning? = nil, cause: String) {
        self.status = status
        self.warning = warning
        self.cause = cause
    }
}

/// What a request says about whom it concerns, read once.
struct BorderSubject: Hashable, Sendable {
    var callingUser: MCPTTID?
    /// `mcptt-request-uri` as it stands: a group or a user, which the role of the receiver decides.
    var requested: String?
    var callingGroup: MCPTTGroupID?
    /// Groups of an affiliation document.
    var affiliations: [MCPTTGroupID] = []
    /// The user whose affiliations it states.
    var affiliating: MCPTTID?
}

/// The rules of one border between this system and one partner: who may say what, and what the agreement covers.
struct BorderRules {
    let directory: DirectorySnapshot
    let partner: Partner
    let crossing: Crossing

    /// `role`: the function that the request is for, in the system it goes to.
    func check(_ subject: BorderSubject, role: ServiceRole?, method: Method) throws(BorderRefusal) {
        let foreign = Ownership(directory: directory, system: partner.system)
        if crossing == .entering { try checkAssertions(subject, role: role, foreign: foreign) }
        if let user = subject.affiliating {
            try agree(to: user, isForeign: crossing == .entering)
        }
        for group in subject.affiliations { try agree(to: group, isForeign: crossing == .leaving) }
        switch role {
        case .controllingGroup:
            if let user = subject.callingUser, foreign.owns(user) || directory.user(user) != nil {
                try agree(to: user, isForeign: foreign.owns(user))
            }
            if method != .publish, let group = subject.requested.map({ MCPTTGroupID($0) }) {
                try agree(to: group, isForeign: crossing == .leaving)
            }
        case .participating, .preEstablished:
            if let member = subject.requested.map({ MCPTTID($0) }) {
                try agree(to: member, isForeign: crossing == .leaving)
            }
            if let group = subject.callingGroup { try agree(to: group, isForeign: crossing == .entering) }
        case .controllingPrivate:
            if let user = subject.callingUser { try agree(to: user, isForeign: foreign.owns(user)) }
        case .gateway, nil:
            break
        }
    }

    /// A partner speaks for its own users and groups. As owner of a group it also vouches for whoever talks in a call
    /// of that group, who may come from a third system.
    private func checkAssertions(
        _ subject: BorderSubject, role: ServiceRole?, foreign: Ownership
    ) throws(BorderRefusal) {
        var vouched = false
        if role == .participating || role == .preEstablished, let group = subject.callingGroup {
            guard foreign.owns(group) else { throw BorderRefusal(403, crossing.warning, cause: "assertion-group") }
            vouched = true
        }
        if let user = subject.callingUser, !vouched, !foreign.serves(user) {
            throw BorderRefusal(403, crossing.warning, cause: "assertion-user")
        }
        if let user = subject.affiliating, !foreign.serves(user) {
            throw BorderRefusal(403, crossing.warning, cause: "assertion-user")
        }
    }

    private func agree(to group: MCPTTGroupID, isForeign: Bool) throws(BorderRefusal) {
        let admission = isForeign ? partner.agreement.groupsUsed : partner.agreement.groupsOffered
        guard admission.admits(group) else { throw BorderRefusal(403, crossing.warning, cause: "agreement-group") }
    }

    private func agree(to user: MCPTTID, isForeign: Bool) throws(BorderRefusal) {
        let admission = isForeign ? partner.agreement.usersAdmitted : partner.agreement.usersReleased
        guard admission.admits(user) else { throw BorderRefusal(403, crossing.warning, cause: "agreement-user") }
    }

    /// What the routing table gives to one system.
    private struct Ownership {
        let directory: DirectorySnapshot
        let system: MCSystemID

        func owns(_ group: MCPTTGroupID) -> Bool { directory.routing.owner(of: group) == system }
        func owns(_ user: MCPTTID) -> Bool { directory.routing.route(of: user)?.home == system }
        /// Homed there or, while migrated, served there.
        func serves(_ user: MCPTTID) -> Bool {
            guard let route = directory.routing.route(of: user) else { return false }
            return route.home == system || route.serving == system
        }
    }
}

extension BorderSubject {
    /// Reads the bodies. An identity that is encrypted cannot be checked: the request does not cross.
    init(_ request: SIPRequest) throws(BorderRefusal) {
        if let part = request.part(MIMEType.mcpttInfo) {
            guard let info = try? MCPTTInfo(parsing: part.body) else {
                throw BorderRefusal(400, cause: "mcptt-info")
            }
            guard info.protectedElements.isEmpty else { throw BorderRefusal(403, .cannotDecrypt, cause: "protected") }
            callingUser = info.callingUserID
            requested = info.requestURI
            callingGroup = info.callingGroupID
        }
        guard request.method == .publish, let part = request.part(MIMEType.presence) else { return }
        guard let document = try? AffiliationDocument(parsing: part.body) else {
            throw BorderRefusal(400, cause: "affiliation")
        }
        affiliating = document.entity
        affiliations = document.clients.flatMap { $0.groups.map(\.group) }
    }
}
