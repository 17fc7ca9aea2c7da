public import ConfigurationDocuments

/// What comes of a request on a document: the answer, and what is to be committed before it is given.
public struct DocumentDecision: Hashable, Sendable {
    public var response: XCAPResponse
    /// Changes to commit, and what the audit log is told; of a refused write only the latter.
    public var fleet: FleetDecision
    /// Why there was no access, for the record; the peer sees 403.
    public var refusal: XCAPAccess.Reason?

    public init(_ response: XCAPResponse, fleet: FleetDecision = FleetDecision(), refusal: XCAPAccess.Reason? = nil) {
        self.response = response
        self.fleet = fleet
        self.refusal = refusal
    }
}

extension FleetDocuments {
    /// Decides on a request of a user, or of a device before anybody logged in.
    ///
    /// Group documents are written by users who have the right to manage groups, within their organisation; everything
    /// else is the administrators' and read only here (TS 24.481 6.3, TS 24.484 6.3).
    ///
    /// - Parameter requester: As the token says; nil without a token.
    public func decide(_ request: XCAPRequest, by requester: XCAPRequester?) -> DocumentDecision {
        guard let usage = ApplicationUsage.named(request.uri.auid) else {
            return DocumentDecision(XCAPResponse(status: 404))
        }
        if let reason = refusal(usage, request, requester) {
            let audit =
                request.method == .get
                ? [] : [refused(request, by: requester, reason.rawValue)].compactMap { $0 }
            return DocumentDecision(
                XCAPResponse(status: 403), fleet: FleetDecision(audit: audit), refusal: reason)
        }
        let document = document(request.uri)
        let decision = XCAP.decide(
            request, document: document, rules: usage, root: settings.groupRoot, limits: settings.limits)
        guard decision.change != .none else { return DocumentDecision(decision.response) }
        // Whoever may write is a user of ours, and what he may write is the document of a group.
        guard usage.access == .group, let requester, let user = activeUser(requester.serviceID),
            let key = groupKey(request.uri)
        else { return DocumentDecision(XCAPResponse(status: 403), refusal: .notAdministrator) }
        return write(decision, request, key, by: user, usage)
    }

    /// Group documents without their members, as clients without the right to the list ask for them (TS 24.481 6.3.16).
    ///
    /// - Parameter body: `<get-excluding-memberlist>` of a group management operation; others are not known here (501).
    public func decideOperation(
        _ body: [UInt8], on uri: XCAPURI, by requester: XCAPRequester?
    ) -> DocumentDecision {
        guard uri.auid == ApplicationUsage.groups.auid, uri.node == nil else {
            return DocumentDecision(XCAPResponse(status: 405, allowed: [.get]))
        }
        if let reason = refusal(.groups, XCAPRequest(method: .get, uri: uri), requester) {
            return DocumentDecision(XCAPResponse(status: 403), refusal: reason)
        }
        switch GroupManagementOperation(parsing: body) {
        case nil: return DocumentDecision(XCAPResponse(status: 400))
        case .unknown: return DocumentDecision(XCAPResponse(status: 501))
        case .getExcludingMemberList:
            guard let group = groupKey(uri).flatMap({ fleet.group($0) }) else {
                return DocumentDecision(XCAPResponse(status: 404))
            }
            let octets = self.document(of: group).serialized(includesMembers: false)
            return DocumentDecision(
                XCAPResponse(status: 200, contentType: ApplicationUsage.groups.mimeType, body: octets))
        }
    }

    // MARK: Access

    private func refusal(
        _ usage: ApplicationUsage, _ request: XCAPRequest, _ requester: XCAPRequester?
    ) -> XCAPAccess.Reason? {
        var requester = requester
        // The token may be older than what became of its user. Administrators have their own interface.
        requester?.isAdministrator = false
        if let known = requester, activeUser(known.serviceID) == nil { return .notOwner }
        if usage.access == .group, let requester, case .user(let xui) = request.uri.tree,
            xui != requester.serviceID, xui != settings.groupCreationXUI
        {
            return .notOwner
        }
        let standing = requester.map { self.standing(of: $0.serviceID, request.uri) } ?? GroupStanding()
        guard case .refused(let reason) = usage.access(requester, request.method, request.uri, standing: standing)
        else { return nil }
        return reason
    }

    /// What a user is to the group that a URI names. For one who is neither member nor manager a group that is not there
    /// and one that he must not see are the same.
    func standing(of user: String, _ uri: XCAPURI) -> GroupStanding {
        guard let record = activeUser(user), uri.auid == ApplicationUsage.groups.auid else { return GroupStanding() }
        let group = groupKey(uri).flatMap { fleet.group($0) }
        // Who may regroup makes temporary groups and takes them away, and no others: `write` sees to what is put there.
        let manages = fleet.mayByAnyProfile(record, .manageGroups)
        let regroups = fleet.mayByAnyProfile(record, .regroup) && (group == nil || group?.temporary != nil)
        return GroupStanding(
            isMember: group?.member(user) != nil,
            isAdministrator: (manages || regroups) && (group == nil || group?.organisation == record.organisation))
    }

    /// Whether a user may read a document now.
    public func mayRead(_ user: String, _ uri: XCAPURI) -> Bool {
        guard let usage = ApplicationUsage.named(uri.auid), activeUser(user) != nil else { return false }
        switch usage.access {
        case .bootstrap, .common: return uri.tree == .global || usage.access == .bootstrap
        case .ownReadOnly: return uri.tree == .user(user)
        case .group:
            if case .user(let xui) = uri.tree, xui != user, xui != settings.groupCreationXUI { return false }
            let standing = self.standing(of: user, uri)
            return standing.isMember || standing.isAdministrator
        }
    }
}
