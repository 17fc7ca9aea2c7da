import CallControl
import MCFoundation
import Policy
import SIP
import SIPUserAgent

/// Why a REGISTER is refused.
private struct Refusal: Error {
    var status: Int
    var headers: [(HeaderName, String)] = []
    var cause: String
}

/// What one Contact value asks for.
private struct ContactRequest {
    var contact: NameAddress
    var instance: InstanceID?
    var registrationID: UInt32?
    /// Seconds; 0 removes.
    var expires: UInt32
}

// RFC 3261 10.3 in its order: domain, authentication, authorisation, identity, contacts, answer.
extension Registrar {
    mutating func register(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ hop: RegistrationHop, at now: Now
    ) -> [RegistrarAction] {
        do throws(Refusal) {
            let user = try authenticate(request, at: now)
            return try bind(request, transaction, hop, user: user, at: now)
        } catch {
            var response = request.response(error.status, toTag: random.token(10))
            for (name, value) in error.headers { response.headers.append(name, value) }
            let note = Observation(
                error.status == 401 ? "registration.challenged" : "registration.refused",
                [
                    // Whom the device says it is of: nothing is proved yet.
                    .init("user", request.headers.addresses(.to).first?.uri.description ?? "", isPersonal: true),
                    .init("status", "\(error.status)"), .init("cause", error.cause),
                ])
            return [.respond(response, transaction), .note(note)]
        }
    }

    /// Steps 1 to 5.
    private mutating func authenticate(_ request: SIPRequest, at now: Now) throws(Refusal) -> User {
        guard directory.system.domains.contains(request.uri.host.lowercased()) else {
            throw Refusal(status: 404, cause: "domain")
        }
        let realm = digest.realm
        let given = request.headers.values(.authorization).compactMap { DigestCredentials($0) }
        guard let credentials = given.first(where: { $0.realm == realm }) else {
            throw challenge(to: request, isStale: false, at: now)
        }
        let directory = self.directory
        let verdict = digest.verify(credentials, method: .register, requestURI: request.uri, at: now) {
            name, algorithm in
            let secrets = directory.user(privateIdentity: PrivateUserIdentity(name))?.credentials
            guard let secrets, secrets.realm == realm else { return nil }
            switch algorithm {
            case .md5: return secrets.md5
            case .sha256: return secrets.sha256
            }
        }
        switch verdict {
        case .stale: throw challenge(to: request, isStale: true, at: now)
        case .refused: throw Refusal(status: 403, cause: "credentials")
        case .accepted: break
        }
        // Who proved a password may bind devices to his own identity and to no other (RFC 3261 10.3 step 4).
        guard let user = directory.user(privateIdentity: PrivateUserIdentity(credentials.user)),
            let to = request.headers.to?.uri, let own = SIPURI(user.publicIdentity.value), own.isEquivalent(to: to)
        else { throw Refusal(status: 403, cause: "identity") }
        return user
    }

    /// The same whoever is named, so that nobody learns which accounts there are: what the system has hashes for. A
    /// plain telephone that has MD5 alone is the exception: some look no further than the first challenge.
    private mutating func challenge(to request: SIPRequest, isStale: Bool, at now: Now) -> Refusal {
        let named = request.headers.to.flatMap {
            directory.user(publicIdentity: PublicUserIdentity($0.uri.description))
        }
        var provable = provable
        if let named, named.endpoint.isLegacy, named.credentials.sha256 == nil { provable = [.md5] }
        let challenges = digest.challenges(isStale: isStale, at: now) { provable.contains($0) }
        return Refusal(
            status: 401, headers: challenges.map { (.wwwAuthenticate, $0.description) },
            cause: isStale ? "stale" : "challenge")
    }

    /// Steps 6 to 8.
    private mutating func bind(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ hop: RegistrationHop, user: User, at now: Now
    ) throws(Refusal) -> [RegistrarAction] {
        guard let callID = request.headers.callID, let cseq = request.headers.cseq?.number else {
            throw Refusal(status: 400, cause: "malformed")
        }
        let identity = user.publicIdentity
        let outbound = request.headers.lists("outbound", in: .supported)
        let path = request.headers.addresses(.path)
        guard path.count <= settings.limits.pathValues else { throw Refusal(status: 403, cause: "limit") }
        var actions: [RegistrarAction] = []
        if request.headers.values(.contact) == ["*"] {
            guard request.headers.integer(.expires) == 0 else { throw Refusal(status: 400, cause: "wildcard") }
            let all = store.bindings(of: identity)
            guard all.allSatisfy({ $0.callID != callID || $0.cseq < cseq }) else {
                throw Refusal(status: 500, cause: "order")
            }
            for binding in all {
                store.remove(binding)
                actions += removed(binding, cause: "deregistered")
            }
        } else {
            let wishes = try contacts(of: request, outbound: outbound)
            try check(wishes, of: identity, callID: callID, cseq: cseq, path: path, hop: hop)
            for wish in wishes {
                actions += carryOut(
                    wish, identity: identity, callID: callID, cseq: cseq, path: path, hop: hop, at: now)
            }
            // Of several contacts nobody could say whose client it is.
            if wishes.count == 1, wishes[0].expires > 0, let presented = PresentedAuthorisation(request),
                let binding = store.bindings(of: identity).first(where: {
                    $0.callID == callID && $0.cseq == cseq && $0.flow == hop.flow
                })
            {
                actions.append(.registrationChanged(identity, .presented(contact(of: binding), presented)))
            }
        }
        let usesOutbound = outbound && store.bindings(of: identity).contains { $0.registrationID != nil }
        let response = answer(request, identity: identity, hop: hop, outbound: usesOutbound, at: now)
        if usesOutbound, hop.isFirstHop {
            let silence = Duration.seconds(Int64(settings.flowTimer)) + settings.flowTimerGrace
            actions.append(.expectKeepAlive(hop.flow, silence))
        }
        return [.respond(response, transaction)] + actions
    }

    private func contacts(of request: SIPRequest, outbound: Bool) throws(Refusal) -> [ContactRequest] {
        let values = request.headers.values(.contact)
        guard values.count <= settings.limits.contactsPerRequest else {
            throw Refusal(status: 403, cause: "limit")
        }
        var wishes: [ContactRequest] = []
        for value in values {
            guard let contact = NameAddress(value), contact.uri.scheme == .sip || contact.uri.scheme == .sips,
                !contact.uri.host.isEmpty
            else { throw Refusal(status: 400, cause: "contact") }
            let asked = contact.parameters["expires"].map { UInt32($0) } ?? request.headers.integer(.expires)
            let expires = asked ?? settings.defaultExpires
            if expires > 0, expires < settings.minimumExpires {
                throw Refusal(
                    status: 423, headers: [(.minExpires, "\(settings.minimumExpires)")], cause: "interval")
            }
            let instance = contact.parameters["+sip.instance"].map { text in
                InstanceID(text.hasPrefix("<") && text.hasSuffix(">") ? String(text.dropFirst().dropLast()) : text)
            }
            // RFC 5626 6: without the option tag a reg-id means nothing.
            var number: UInt32?
            if outbound, instance != nil, let text = contact.parameters["reg-id"] {
                guard let value = UInt32(text), value > 0, value < 1 << 31 else {
                    throw Refusal(status: 400, cause: "reg-id")
                }
                number = value
            }
            let longest =
                number == nil
                ? min(settings.maximumExpires, settings.maximumExpiresWithoutKeepAlive) : settings.maximumExpires
            wishes.append(
                ContactRequest(
                    contact: contact, instance: instance, registrationID: number, expires: min(expires, longest)))
        }
        guard wishes.count < 2 || wishes.allSatisfy({ $0.registrationID == nil || $0.expires == 0 }) else {
            throw Refusal(status: 400, cause: "reg-id")
        }
        return wishes
    }

    private func check(
        _ wishes: [ContactRequest], of identity: PublicUserIdentity, callID: String, cseq: UInt32,
        path: [NameAddress], hop: RegistrationHop
    ) throws(Refusal) {
        let existing = store.bindings(of: identity)
        var added = 0
        for wish in wishes {
            let replaced = existing.filter {
                $0.isReplaced(by: wish.contact, instance: wish.instance, registrationID: wish.registrationID)
            }
            // A request that the network delayed must not undo a later one.
            guard replaced.allSatisfy({ $0.callID != callID || $0.cseq < cseq }) else {
                throw Refusal(status: 500, cause: "order")
            }
            guard wish.expires > 0 else { continue }
            // RFC 5626 6: the flow is the device's own, or the proxy that it reached first keeps it.
            if wish.registrationID != nil, !hop.isFirstHop, path.last?.uri.parameters.has("ob") != true {
                throw Refusal(status: 439, cause: "first-hop")
            }
            if settings.requiresOutbound, wish.registrationID == nil {
                throw Refusal(status: 421, headers: [(.require, "outbound")], cause: "outbound")
            }
            added += replaced.isEmpty ? 1 : 0
        }
        let onFlow = store.identities(of: hop.flow)
        guard existing.count + added <= settings.limits.bindingsPerUser,
            onFlow.contains(identity) || onFlow.count < settings.limits.usersPerFlow
        else { throw Refusal(status: 403, cause: "limit") }
        guard store.count + added <= settings.limits.bindings else {
            throw Refusal(status: 503, headers: [(.retryAfter, "60")], cause: "limit")
        }
    }

    private mutating func carryOut(
        _ wish: ContactRequest, identity: PublicUserIdentity, callID: String, cseq: UInt32, path: [NameAddress],
        hop: RegistrationHop, at now: Now
    ) -> [RegistrarAction] {
        let replaced = store.bindings(of: identity).filter {
            $0.isReplaced(by: wish.contact, instance: wish.instance, registrationID: wish.registrationID)
        }
        for binding in replaced { store.remove(binding) }
        guard wish.expires > 0 else { return replaced.flatMap { removed($0, cause: "deregistered") } }
        var contact = wish.contact
        for name in ["expires", "+sip.instance", "reg-id", "pub-gruu", "temp-gruu", "q"] {
            contact.parameters[name] = nil
        }
        let series = replaced.first { $0.callID == callID && $0.instance == wish.instance }?.series
        let binding = Binding(
            identity: identity, contact: contact, instance: wish.instance, registrationID: wish.registrationID,
            flow: hop.flow, path: path, isReachable: true, expires: now.instant + .seconds(Int64(wish.expires)),
            sequence: 0, callID: callID, cseq: cseq, series: series ?? 0)
        store.insert(binding)
        let new = self.contact(of: binding)
        return [
            .registrationChanged(identity, .registered(new)),
            .note(
                Observation(
                    replaced.isEmpty ? "registration.added" : "registration.refreshed",
                    [.init("user", identity.value, isPersonal: true), .init("expires", "\(wish.expires)")])),
        ]
    }

    /// Step 8: every binding with what is left of it.
    private mutating func answer(
        _ request: SIPRequest, identity: PublicUserIdentity, hop: RegistrationHop, outbound: Bool, at now: Now
    ) -> SIPResponse {
        var response = request.response(200, toTag: random.token(10))
        for binding in bindings(of: identity) {
            var contact = binding.contact
            if let instance = binding.instance {
                contact.parameters["+sip.instance"] = "<\(instance.value)>"
                if let gruu = binding.gruu, request.headers.lists("gruu", in: .supported) {
                    contact.parameters["pub-gruu"] = gruu.description
                    contact.parameters["temp-gruu"] = temporaryGRUU(of: binding)?.description
                }
            }
            if let number = binding.registrationID { contact.parameters["reg-id"] = "\(number)" }
            let left = max(1, (binding.expires - now.instant).wholeNanoseconds / 1_000_000_000)
            contact.parameters["expires"] = "\(left)"
            response.headers.append(.contact, contact.description)
        }
        response.headers.append(.path, hop.path.description)
        for value in request.headers.values(.path) { response.headers.append(.path, value) }
        response.headers.append(.serviceRoute, hop.serviceRoute.description)
        response.headers.append(.pAssociatedURI, NameAddress(uri: SIPURI(identity.value) ?? request.uri).description)
        if outbound {
            response.headers.append(.require, "outbound")
            response.headers.append(.flowTimer, "\(settings.flowTimer)")
        }
        response.headers.append(.supported, "path")
        response.headers.append(.supported, "outbound")
        response.headers.append(.supported, "gruu")
        return response
    }
}
