import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Calls that clients of ours make (TS 24.379 6.3.2.1, 10.1.1.3.1, 10.1.2.3.1).
extension ParticipatingFunction {
    /// Where a call goes.
    private struct Way {
        var uri: SIPURI
        var home: MCSystemID
    }

    mutating func originated(
        _ session: SessionID, _ request: SIPRequest, _ identity: PublicUserIdentity, _ flow: FlowID, at now: Now
    ) {
        do throws(Refusal) {
            let known = try served(identity)
            guard !known.endpoint.isLegacy else { throw Refusal(.functionNotAllowed) }
            var body = try CallBody(reading: request)
            guard var information = body.information else { throw Refusal(.invalidCombination) }
            try information.requireReadable()
            guard !ServiceHeaders.isFocus(request.headers) else { throw Refusal(.isfocusAlreadyAssigned) }
            let client = try caller(information, known, flow)
            let user = self.user(known, as: client)
            // Also of a session that is rejoined: rights and maxima go by kind and group of the call, and its controlling
            // function holds the client to what it says here.
            guard let kind = information.sessionType else { throw Refusal(.functionNotAllowed) }
            try authorise(kind, user)
            try authoriseTier(information, user)
            try authoriseAnswer(request, user)
            try ResourcePriority.require(atMost: information.tier, in: request.headers)
            guard let group = information.requestURI.map({ MCPTTGroupID($0) }) else {
                throw Refusal(.invalidCombination)
            }
            try checkLimits(known, client, besides: group)
            let joins = kind == .chat || information.raisesTier
            if joins { try checkAffiliation(known, client, group) }
            let way =
                try SessionIdentity.token(request.uri) == nil ? callingWay(group) : rejoiningWay(request.uri, group)
            information.callingUserID = user.mcpttID
            information.clientID = client
            // The token proves the user to us and is nobody else's. Into which group he is called, a controlling function
            // says.
            information.accessToken = nil
            information.callingGroupID = nil
            body.information = information
            let out = try onward(request, body, to: way.uri)
            let server = agent.invite(out, at: now)
            enter(
                PassedCall(
                    id: CallID(value: numbers.next()), user: user.mcpttID, group: group, home: way.home,
                    affiliates: joins, declaredTier: information.tier, asked: .byClient(kind),
                    stage: .calling(.init(client: client, clientSide: session, serverSide: server))), at: now)
        } catch {
            let user = directory.user(publicIdentity: identity)?.mcpttID
            refuse(session, error, request, user: user, isInvitation: false, at: now)
        }
    }

    /// The client that speaks, bound by its service settings (404 "141").
    func caller(_ information: MCPTTInfo?, _ user: User, _ flow: FlowID) throws(Refusal) -> MCPTTClientID {
        guard let served = users[user.mcpttID],
            let client = information?.clientID ?? served.client(on: flow), isBound(client, of: user.mcpttID, over: flow)
        else { throw Refusal(.userUnknown) }
        return client
    }

    /// What the user's profile says of the kind of call (403 "106", "108", "109").
    func authorise(_ kind: MCPTTSessionType, _ user: User) throws(Refusal) {
        switch kind {
        case .chat:
            guard user.rights.mayJoinChatGroups else { throw Refusal(.notAuthorisedToJoinChatGroup) }
            guard user.rights.mayCallChatGroups else { throw Refusal(.notAuthorisedForChatGroupCalls) }
        case .prearranged:
            guard user.rights.mayCallPrearrangedGroups else { throw Refusal(.notAuthorisedForPrearrangedGroupCalls) }
        default: throw Refusal(.functionNotAllowed)
        }
    }

    func authoriseTier(_ information: MCPTTInfo, _ user: User) throws(Refusal) {
        try information.requireCoherentIndicators()
        guard Self.mayCall(information.tier, user.rights) else { throw Refusal(status: 403) }
    }

    /// Who may not make others' devices answer may not ask for it (403 "143", TS 24.379 11.1.1.3.1.1).
    ///
    /// NOTSPEC: the text has it for private calls. A group call is answered as its members have chosen, whatever the
    /// caller asks, and who may not force them is not left to believe that he did.
    func authoriseAnswer(_ request: SIPRequest, _ user: User) throws(Refusal) {
        guard request.headers[.privAnswerMode] == nil || user.rights.mayForceAutoAnswer else {
            throw Refusal(.notAuthorisedToForceAnswer)
        }
    }

    static func mayCall(_ tier: CallTier, _ rights: UserRights) -> Bool {
        switch tier {
        case .normal: true
        case .imminentPeril: rights.mayCallInImminentPeril
        case .emergency: rights.mayCallInEmergency
        }
    }

    /// N6 and N4 (486 "103"). What the client has in the group `besides` does not count: it is there once, and a new
    /// session takes the place of the old one.
    func checkLimits(_ user: User, _ client: MCPTTClientID, besides group: MCPTTGroupID) throws(Refusal) {
        let standing = (users[user.mcpttID]?.calls ?? []).compactMap { calls[$0] }.filter {
            $0.group != group || !$0.concerns(client)
        }
        guard standing.count < maximum(\.groupCallsN6, of: user),
            standing.count(where: { $0.concerns(client) }) < self.user(user, as: client).maxima.groupCallsPerClientN4
        else { throw Refusal(.tooManyGroupCalls) }
        guard calls.count < settings.limits.calls else { throw Refusal.noRoom() }
    }

    private func callingWay(_ group: MCPTTGroupID) throws(Refusal) -> Way {
        guard let owner = directory.controllingGroup(for: group), let uri = SIPURI(owner.identity.value) else {
            throw Refusal(.controllingFunctionUnknown)
        }
        return Way(uri: uri, home: owner.system)
    }

    /// The session identity that we presented stands for one of the controlling function, or of the gateway behind
    /// which it is. Nothing else may be reached by it (404 "137").
    private func rejoiningWay(_ uri: SIPURI, _ group: MCPTTGroupID) throws(Refusal) -> Way {
        guard let uri = relayedIdentity(uri), let owner = directory.routing.owner(of: group) else {
            throw Refusal(.groupCallDoesNotExist)
        }
        return Way(uri: uri, home: owner)
    }

    func relayedIdentity(_ uri: SIPURI) -> SIPURI? {
        guard let token = SessionIdentity.token(uri), let inner = SessionIdentity.identity(stoodForBy: token) else {
            return nil
        }
        switch system.services.role(user: inner.user, host: inner.host) {
        case .controllingGroup, .controllingPrivate, .gateway: return inner
        case .participating, .preEstablished, .documents, nil: return nil
        }
    }

    /// TS 24.379 6.3.2.1.3: the INVITE to the controlling function.
    private func onward(_ request: SIPRequest, _ body: CallBody, to uri: SIPURI) throws(Refusal) -> SIPRequest {
        let hops = request.headers.integer(.maxForwards) ?? 70
        guard hops > 0 else { throw Refusal(status: 483) }
        var out = SIPRequest(method: .invite, uri: uri)
        out.headers.append(.maxForwards, "\(hops - 1)")
        out.headers.append(.from, "<\(ownURI)>")
        out.headers.append(.to, "<\(uri)>")
        out.headers.append(.contact, ServiceHeaders.contact(ownURI))
        out.headers.append(.pAssertedIdentity, "<\(ownURI)>")
        out.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
        out.headers.copy(CopyingRole.originatingParticipatingGroup.requestHeaders, from: request.headers)
        for tag in ["timer", "tdialog", "norefersub"] { out.headers.append(.supported, tag) }
        out.headers.append(.sessionExpires, SessionTimers.header())
        out.headers.append(.minSE, "\(SessionTimers.minimumSeconds)")
        out.body = body.write(into: &out.headers)
        return out
    }

    /// - Parameters:
    ///   - user: who is known to call; nil: whom the request names.
    ///   - isInvitation: a controlling function invites a member.
    mutating func refuse(
        _ session: SessionID, _ refusal: Refusal, _ request: SIPRequest, user: MCPTTID? = nil, isInvitation: Bool,
        at now: Now
    ) {
        var headers = refusal.responseHeaders(agent: system.domain)
        var body: [UInt8] = []
        let asked = try? CallBody(reading: request).information
        if refusal.status == 403, let denied = asked?.indicators(asIn: .normal) {
            body = CallBody(information: denied).write(into: &headers)
        }
        agent.reject(session, status: refusal.status, headers: headers, body: body, at: now)
        note(
            "call.refused",
            RefusedCall.fields(asked, user: user ?? asked?.callingUserID, isInvitation: isInvitation) + [
                .init("status", "\(refusal.status)"), .init("warning", refusal.warning.map { "\($0.code)" } ?? ""),
            ] + Observation.call(meantBy: request))
    }
}
