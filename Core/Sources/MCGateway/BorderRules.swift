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
    var sessionType: MCPTTSessionType?
    /// Groups of an affiliation document.
    var affiliations: [MCPTTGroupID] = []
    /// The user whose affiliations it states or asks for: `requested` is he, no group.
    var affiliating: MCPTTID?
    /// It asks to be told of them.
    var asksForAffiliations = false
}

/// The rules of one border between this system and one partner: who may say what, and what the agreement covers.
struct BorderRules {
    let directory: DirectorySnapshot
    let partner: Partner
    let crossing: Crossing

    /// `role`: the function that the request is for, in the system it goes to. `rejoins`: it names a session, so that
    /// the kind of call is known.
    func check(
        _ subject: BorderSubject, role: ServiceRole?, method: Method, rejoins: Bool = false
    ) throws(BorderRefusal) {
        try requireWhole(subject, role: role, method: method, rejoins: rejoins)
        let foreign = Ownership(directory: directory, system: partner.system)
        if crossing == .entering { try checkAssertions(subject, role: role, foreign: foreign) }
        if let user = subject.affiliating {
            try agree(to: user, isForeign: crossing == .entering)
        }
        for group in subject.affiliations { try agree(to: group, isForeign: crossing == .leaving) }
        try requireAgreement(to: AdmittedCall(subject, role: role))
    }

    /// What the agreement says of a call's group and of the user who takes part in it: when it begins, and again when the
    /// agreement changes.
    func requireAgreement(to call: AdmittedCall) throws(BorderRefusal) {
        switch call.role {
        case .controllingGroup:
            let foreign = Ownership(directory: directory, system: partner.system)
            if let user = call.member {
                // Also whom the partner serves for another home.
                let isOurs = directory.user(user) != nil
                if isOurs || foreign.serves(user) { try agree(to: user, isForeign: !isOurs) }
            }
            if let group = call.group { try agree(to: group, isForeign: crossing == .leaving) }
        case .participating, .preEstablished:
            if let member = call.member { try agree(to: member, isForeign: crossing == .leaving) }
            if let group = call.group { try agree(to: group, isForeign: crossing == .entering) }
        case .controllingPrivate:
            if let user = call.caller {
                let foreign = Ownership(directory: directory, system: partner.system)
                try agree(to: user, isForeign: foreign.owns(user))
            }
        case .gateway, .documents, nil:
            // Nothing is agreed about what is no function of the service.
            throw BorderRefusal(404, cause: "target")
        }
    }

    /// Whoever leaves out whom a call or subscription concerns would escape every rule below.
    private func requireWhole(
        _ subject: BorderSubject, role: ServiceRole?, method: Method, rejoins: Bool
    ) throws(BorderRefusal) {
        guard method == .invite || method == .subscribe else { return }
        let isWhole =
            switch role {
            case .controllingGroup: subject.callingUser != nil && subject.requested != nil
            case .participating, .preEstablished:
                subject.callingUser != nil && subject.requested != nil && subject.callingGroup != nil
            case .controllingPrivate, .gateway, .documents, nil: subject.callingUser != nil
            }
        guard isWhole else { throw BorderRefusal(403, .invalidCombination, cause: "subject") }
        guard method == .invite else { return }
        switch subject.sessionType {
        case .prearranged?, .chat?: break
        case nil where rejoins: break
        case nil: throw BorderRefusal(403, .invalidCombination, cause: "subject")
        // Private calls and what else later releases know are not agreed with anybody.
        default: throw BorderRefusal(403, crossing.warning, cause: "kind")
        }
    }

    /// What is said inside a session is about the member and the group that the session was admitted for. Only the
    /// group's owner may name others: it tells who talks.
    func check(
        _ subject: BorderSubject, inside admitted: AdmittedCall, fromMember: Bool
    ) throws(BorderRefusal) {
        if let group = subject.callingGroup, group != admitted.group {
            throw BorderRefusal(403, crossing.warning, cause: "assertion-group")
        }
        if fromMember, let user = subject.callingUser, user != admitted.member {
            throw BorderRefusal(403, crossing.warning, cause: "assertion-user")
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
        // What a user is affiliated with is told to who serves him, not to who homes him.
        if subject.asksForAffiliations, let user = subject.affiliating,
            directory.routing.route(of: user)?.serving != partner.system
        {
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
        func serves(_ user: MCPTTID) -> Bool { directory.routing.speaks(system, for: user) }
    }
}

/// What the INVITE of a session across the border was let through for.
struct AdmittedCall: Hashable, Sendable {
    /// Who is said to call.
    var caller: MCPTTID?
    /// nil where the far function is not one of groups.
    var group: MCPTTGroupID?
    /// The user who takes part: the caller towards a controlling function, the invited one towards a participating one.
    var member: MCPTTID?
    /// The function that the INVITE was for.
    var role: ServiceRole?

    init(_ subject: BorderSubject, role: ServiceRole?) {
        self.role = role
        caller = subject.callingUser
        switch role {
        case .controllingGroup:
            // The groups of a publication stand in its document.
            group = subject.affiliating == nil ? subject.requested.map { MCPTTGroupID($0) } : nil
            member = subject.callingUser
        case .participating, .preEstablished:
            group = subject.callingGroup
            member = subject.requested.map { MCPTTID($0) }
        case .controllingPrivate, .gateway, .documents, nil:
            member = subject.callingUser
        }
    }

    /// What records of the session say of it.
    var fields: [Observation.Field] {
        [("user", caller?.value), ("group", group?.value)].compactMap { name, value in
            value.map { .init(name, $0, isPersonal: true) }
        }
    }
}

extension BorderSubject {
    /// Reads the bodies. An identity that is encrypted cannot be checked: the request does not cross.
    init(_ request: SIPRequest) throws(BorderRefusal) {
        let all = request.parts
        // What cannot be taken apart, or hides in a part of a part, is not looked at and so does not cross.
        guard request.body.isEmpty || !all.isEmpty, !all.contains(where: { $0.contentType.type == "multipart" }) else {
            throw BorderRefusal(400, cause: "body")
        }
        let parts = all.filter { $0.contentType.matches(MIMEType.mcpttInfo) }
        // Of two only one would be checked, and nobody knows which of them the far side believes.
        guard parts.count <= 1 else { throw BorderRefusal(403, .invalidCombination, cause: "subject") }
        if let part = parts.first {
            guard let info = try? MCPTTInfo(parsing: part.body) else {
                throw BorderRefusal(400, cause: "mcptt-info")
            }
            guard info.protectedElements.isEmpty else { throw BorderRefusal(403, .cannotDecrypt, cause: "protected") }
            callingUser = info.callingUserID
            requested = info.requestURI
            callingGroup = info.callingGroupID
            sessionType = info.sessionType
        }
        if request.method == .subscribe, request.headers.eventPackage == "presence" {
            affiliating = requested.map { MCPTTID($0) }
            asksForAffiliations = true
        }
        guard request.method == .publish, let part = request.part(MIMEType.presence) else { return }
        guard let document = try? AffiliationDocument(parsing: part.body) else {
            throw BorderRefusal(400, cause: "affiliation")
        }
        affiliating = document.entity
        affiliations = document.clients.flatMap { $0.groups.map(\.group) }
    }
}
