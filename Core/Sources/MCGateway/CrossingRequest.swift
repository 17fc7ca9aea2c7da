import CallControl
import MCFoundation
import Policy
import SIP
import SIPUserAgent

/// Where a request crosses to.
struct CrossingRoute {
    var crossing: Crossing
    var partner: Partner
    /// The function on the far side: a service identity, or a session identity that was sealed.
    var uri: SIPURI
    var role: ServiceRole?
    /// `uri` was sealed by us: the request names a session that was shown to its sender.
    var isSealed = false
    /// The group of the call that the session belongs to, where it is sealed.
    var sealedGroup: MCPTTGroupID?
    /// What the INVITE concerns, once it is read.
    var admitted = AdmittedCall(BorderSubject(), role: nil)
}

// Finding the way of a request and writing what the other side is shown of it (TS 24.379 6.8).
extension MCGateway {
    /// Recognises the target system and applies the rules of that border.
    func route(
        _ request: SIPRequest, from origin: RequestOrigin
    ) throws(BorderRefusal) -> CrossingRoute {
        var route: CrossingRoute
        switch origin {
        case .system: route = try leaving(request)
        case .partner(let system, _): route = try entering(request, from: system)
        case .user, .stranger: throw BorderRefusal(403, cause: "origin")
        }
        var subject = try BorderSubject(request)
        // Whatever a rejoin or subscription says of itself: it concerns the group whose session it names.
        if route.role == .controllingGroup, let group = route.sealedGroup { subject.requested = group.value }
        let rules = BorderRules(directory: directory, partner: route.partner, crossing: route.crossing)
        try rules.check(subject, role: route.role, method: request.method, rejoins: route.isSealed)
        route.admitted = AdmittedCall(subject, role: route.role)
        return route
    }

    private func leaving(_ request: SIPRequest) throws(BorderRefusal) -> CrossingRoute {
        let uri = request.uri
        let route: CrossingRoute
        if let origin = identities.origin(of: uri) {
            guard origin.crossing == .leaving, let partner = directory.partner(origin.partner) else {
                throw BorderRefusal(404, cause: "target")
            }
            // Only the contact of a call's owner is presented outside of a dialog: to rejoin, or to ask who takes part.
            // What it looks like is the partner's affair.
            route = CrossingRoute(
                crossing: .leaving, partner: partner, uri: origin.uri, role: .controllingGroup, isSealed: true,
                sealedGroup: origin.group)
        } else {
            guard let partner = directory.partner(domain: uri.host) else {
                throw BorderRefusal(404, .controllingFunctionUnknown, cause: "target")
            }
            route = CrossingRoute(
                crossing: .leaving, partner: partner, uri: uri,
                role: partner.services.role(user: uri.user, host: uri.host))
        }
        guard state(of: route.partner.system) != .lost else { throw BorderRefusal(503, cause: "partner-lost") }
        return route
    }

    private func entering(_ request: SIPRequest, from system: MCSystemID) throws(BorderRefusal) -> CrossingRoute {
        guard let partner = directory.partner(system) else { throw BorderRefusal(403, cause: "origin") }
        let services = directory.system.services
        if let origin = identities.origin(of: request.uri) {
            guard origin.crossing == .entering, origin.partner == system else {
                throw BorderRefusal(404, cause: "target")
            }
            let role = services.role(user: origin.uri.user, host: origin.uri.host)
            return CrossingRoute(
                crossing: .entering, partner: partner, uri: origin.uri, role: role, isSealed: true,
                sealedGroup: origin.group)
        }
        guard let role = services.role(user: request.uri.user, host: request.uri.host), role != .gateway,
            let uri = SIPURI(services[role].value)
        else { throw BorderRefusal(404, cause: "target") }
        return CrossingRoute(crossing: .entering, partner: partner, uri: uri, role: role)
    }

    /// The request as the far side gets it: made anew, with what may cross.
    mutating func crossed(_ request: SIPRequest, over route: CrossingRoute) throws(BorderRefusal) -> SIPRequest {
        var result = SIPRequest(method: request.method, uri: route.uri, body: request.body)
        let asserted: SIPURI?
        switch route.crossing {
        case .leaving:
            asserted = identities.assertedLeaving(request.headers)
            let callID = random.token(24)
            partnersByCallID[callID] = route.partner.system
            result.headers.append(.callID, callID)
        case .entering:
            asserted = try identities.assertedEntering(request.headers, from: route.partner, by: directory.routing)
        }
        guard let asserted else { throw BorderRefusal(500, cause: "identity") }
        result.headers.append(.from, NameAddress(uri: asserted).description)
        result.headers.append(.to, NameAddress(uri: route.uri).description)
        result.headers.append(.pAssertedIdentity, NameAddress(uri: asserted).description)
        if let contact = shownContact(
            of: request.headers, to: route.crossing, partner: route.partner.system, group: route.admitted.group)
        {
            result.headers.append(.contact, contact)
        }
        result.headers.copy(BorderHeaders.request + BorderHeaders.body, from: request.headers)
        if let seconds = request.headers.integer(.sessionExpires) {
            result.headers.append(.sessionExpires, "\(seconds)")
        }
        result.removeAccessToken(boundary: random.token(16))
        copyReferTo(from: request.headers, to: &result.headers, over: route.crossing, partner: route.partner.system)
        return result
    }

    /// The first Contact with its feature tags, sealed together with the group of the call it stands for.
    func shownContact(
        of headers: Headers, to crossing: Crossing, partner: MCSystemID, group: MCPTTGroupID?
    ) -> String? {
        guard let contact = headers.contacts.first,
            // What a side calls itself is shown to the other: a leaving message shows a contact of ours.
            let uri = identities.shown(
                contact.uri, presentedOn: crossing == .leaving ? .entering : .leaving, partner: partner, group: group)
        else { return nil }
        return NameAddress(uri: uri, parameters: BorderHeaders.features(of: contact)).description
    }

    /// Refer-To names a service, a user, a body part, or a session by its identity; only the last is sealed.
    func copyReferTo(from: Headers, to: inout Headers, over crossing: Crossing, partner: MCSystemID) {
        guard var target = from.addresses(.referTo).first else { return }
        if SessionIdentity.token(target.uri) != nil {
            if let origin = identities.origin(of: target.uri) {
                guard origin.crossing == crossing, origin.partner == partner else { return }
                target.uri = origin.uri
            } else if let shown = identities.shown(
                target.uri, presentedOn: crossing == .leaving ? .entering : .leaving, partner: partner, group: nil)
            {
                target.uri = shown
            }
        }
        to.append(.referTo, target.description)
    }

    /// The header fields of an answer that cross back. `crossing` is that of the request.
    func crossedBack(
        _ response: SIPResponse, of crossing: Crossing, partner: MCSystemID, group: MCPTTGroupID? = nil
    ) -> Headers {
        var headers = Headers()
        let back: Crossing = crossing == .leaving ? .entering : .leaving
        if let contact = shownContact(of: response.headers, to: back, partner: partner, group: group) {
            headers.append(.contact, contact)
        }
        headers.copy(BorderHeaders.response + BorderHeaders.body, from: response.headers)
        let agent = directory.system.domain
        for warning in BorderHeaders.warnings(of: response.headers, agent: agent) {
            headers.append(.warning, warning)
        }
        switch back {
        case .leaving:
            if response.headers.has(.pAssertedIdentity), let uri = identities.assertedLeaving(response.headers) {
                headers.append(.pAssertedIdentity, NameAddress(uri: uri).description)
            }
        case .entering:
            if let known = directory.partner(partner),
                let uri = try? identities.assertedEntering(response.headers, from: known, by: directory.routing)
            {
                headers.append(.pAssertedIdentity, NameAddress(uri: uri).description)
            }
        }
        return headers
    }

    func headers(refusing refusal: BorderRefusal) -> Headers {
        var headers = Headers()
        if let warning = refusal.warning {
            headers.append(.warning, warning.headerValue(agent: directory.system.domain))
        }
        return headers
    }

    func note(_ refusal: BorderRefusal, _ request: SIPRequest, _ origin: RequestOrigin) -> FunctionAction {
        var fields: [Observation.Field] = [
            .init("status", "\(refusal.status)"), .init("cause", refusal.cause),
            .init("method", request.method.description),
        ]
        if case .partner(let system, _) = origin { fields.append(.init("partner", system.value)) }
        // What the request says; that may be just what it is refused for.
        if let user = (try? BorderSubject(request))?.callingUser {
            fields.append(.init("user", user.value, isPersonal: true))
        }
        return observe("border.refused", fields + Observation.call(meantBy: request))
    }
}
