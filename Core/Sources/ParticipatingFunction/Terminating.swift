import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SDP
import SIP
import SIPUserAgent

/// Calls to users of ours (TS 24.379 6.3.2.2, 10.1.1.3.2).
extension ParticipatingFunction {
    mutating func terminated(_ session: SessionID, _ request: SIPRequest, at now: Now) {
        do throws(Refusal) {
            guard ServiceHeaders.isFocus(request.headers) else { throw Refusal(.isfocusNotAssigned) }
            let body = try CallBody(reading: request)
            guard let information = body.information, let member = information.requestURI.map({ MCPTTID($0) }) else {
                throw Refusal(.invalidCombination)
            }
            try information.requireReadable()
            // Who calls, into which group, in which kind of call: what the rules of the border and the member himself go
            // by. An invitation that leaves it out is none (TS 24.379 6.3.3.1.2).
            guard let group = information.callingGroupID, information.callingUserID != nil,
                let kind = information.sessionType
            else { throw Refusal(.invalidCombination) }
            guard kind == .prearranged || kind == .chat else { throw Refusal(.functionNotAllowed) }
            guard let user = directory.user(member), user.servingSystem == system.id else {
                throw Refusal(.userUnknown)
            }
            let candidates = try called(user, information.clientID, group)
            let reachable = try reachable(candidates, user, group)
            guard let hops = request.headers.integer(.maxForwards), hops > 0 else { throw Refusal(status: 483) }
            var branches: OrderedDictionary<SessionID, MCPTTClientID> = [:]
            for (id, client, device) in reachable {
                let out = invitation(request, body, user, client, device, hops: hops - 1)
                branches[agent.invite(out, at: now)] = id
            }
            let home = directory.routing.owner(of: group) ?? system.id
            enter(
                PassedCall(
                    id: CallID(value: numbers.next()), user: member, group: group, home: home, affiliates: false,
                    declaredTier: .normal, toldTier: information.tier, asked: .byFunction,
                    stage: .offering(.init(server: session, branches: branches, offer: body.sessionDescription)),
                    reference: Observation.call(meantBy: request).first?.value),
                at: now)
        } catch {
            refuse(session, error, request, isInvitation: true, at: now)
        }
    }

    private typealias Candidate = (id: MCPTTClientID, client: ServedClient, device: RegisteredContact)

    /// The clients that a call is for: the one it names, else all that are affiliated with the group.
    private func called(
        _ user: User, _ named: MCPTTClientID?, _ group: MCPTTGroupID
    ) throws(Refusal) -> [Candidate] {
        let clients = users[user.mcpttID]?.clients ?? [:]
        let meant = clients.filter { id, client in
            named.map { $0 == id } ?? (client.groups[group] != nil)
        }
        let willing = meant.filter { $0.value.answerMode != nil }
        guard !willing.isEmpty else { throw Refusal(.noServiceSettings) }
        let present = willing.compactMap { id, client in client.device.map { (id, client, $0) } }
        guard !present.isEmpty else { throw Refusal(status: 480) }
        return present
    }

    /// Those of the clients that may have one call more; where none may, why the last of them may not.
    private func reachable(
        _ candidates: [Candidate], _ user: User, _ group: MCPTTGroupID
    ) throws(Refusal) -> [Candidate] {
        var reachable: [Candidate] = []
        var last: Refusal?
        for candidate in candidates {
            do throws(Refusal) {
                try checkLimits(user, candidate.id, besides: group)
                reachable.append(candidate)
            } catch {
                last = error
            }
        }
        if reachable.isEmpty, let last { throw last }
        return reachable
    }

    /// TS 24.379 6.3.2.2.3: the INVITE to a client.
    private func invitation(
        _ request: SIPRequest, _ body: CallBody, _ user: User, _ client: ServedClient, _ device: RegisteredContact,
        hops: UInt32
    ) -> SIPRequest {
        var out = SIPRequest(method: .invite, uri: device.uri)
        out.headers.append(.maxForwards, "\(hops)")
        out.headers.append(.from, "<\(ownURI)>")
        out.headers.append(.to, "<\(user.publicIdentity.value)>")
        out.headers.append(.sessionExpires, SessionTimers.header())
        out.headers.append(.minSE, "\(SessionTimers.minimumSeconds)")
        var passed = body
        if client.isLegacy {
            // A telephone is not bothered with what it cannot know; it sees one more m= line and refuses it.
            out.headers.append(.contact, "<\(ownURI)>")
            out.headers.append(.supported, "timer")
            out.headers.copy([.pAssertedIdentity], from: request.headers)
            passed = CallBody(sessionDescription: body.sessionDescription)
        } else {
            out.headers.append(.contact, ServiceHeaders.contact(presented(request.headers), isFocus: true))
            out.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
            out.headers.copy(CopyingRole.terminatingParticipating.requestHeaders, from: request.headers)
            for tag in ["timer", "tdialog", "norefersub"] { out.headers.append(.supported, tag) }
            out.headers.append(.answerMode, client.answerMode == .manual ? "Manual" : "Auto")
        }
        out.body = passed.write(into: &out.headers)
        return out
    }

    /// Our session identity for the one in a message of the controlling function (TS 24.379 4.5). Where that is none,
    /// our bare identity: the call stands, but cannot be rejoined.
    func presented(_ headers: Headers) -> SIPURI {
        guard let theirs = headers.contacts.first?.uri, let token = SessionIdentity.token(standingFor: theirs),
            let mine = SessionIdentity.uri(service: system.services.participating.value, token: token)
        else { return ownURI }
        return mine
    }

    /// The answer of a client as the controlling function gets it. Some telephones leave out the m= lines they do not
    /// know; RFC 3264 6 wants each of them answered.
    static func completed(_ answer: [UInt8], to offer: [UInt8]?) -> [UInt8] {
        guard let offer, var answered = try? SessionDescription(parsing: answer),
            let offered = try? SessionDescription(parsing: offer), answered.media.count < offered.media.count
        else { return answer }
        for media in offered.media[answered.media.count...] {
            answered.media.append(
                MediaDescription(kind: media.kind, port: 0, transport: media.transport, formats: media.formats))
        }
        return answered.serialized()
    }
}
