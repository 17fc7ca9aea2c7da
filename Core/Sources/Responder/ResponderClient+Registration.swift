import CallControl
import MCFoundation
import OrderedCollections
import SIP
import SIPUserAgent

/// The registration of the client (RFC 3261 10.2, RFC 5626, RFC 5627, RFC 3608; TS 24.229 5.1.1).
struct Registration: Sendable {
    /// The user wants to be registered.
    var isWanted = false
    var isRegistered = false
    /// The REGISTER that waits for its answer.
    var transaction: ClientTransactionID?
    /// It ends the registration.
    var isEnding = false
    var challenges = 0
    var expires: UInt32?
    var refreshAt: Instant?
    var expiresAt: Instant?
    var callID = ""
    var fromTag = ""
    var cseq: UInt32 = 0
    var challenge: DigestChallenge?
    var challengeField = HeaderName.wwwAuthenticate
    var nonceCount: UInt32 = 0
    var serviceRoute: [String] = []
    /// Public GRUU of this device.
    var gruu: SIPURI?

    var nextDeadline: Instant? { earlier(refreshAt, expiresAt) }
}

extension ResponderClient {
    mutating func startRegistration(at now: Now) {
        guard !registration.isWanted else { return }
        registration.isWanted = true
        connection.failures = 0
        if connection.flow == nil { connect() } else { sendRegister(at: now) }
    }

    mutating func endRegistration(at now: Now) {
        guard registration.isWanted else { return }
        registration.isWanted = false
        for call in Array(calls.keys) { leave(call, at: now) }
        endSubscription(at: now)
        connection.retryAt = nil
        if connection.flow != nil, registration.isRegistered {
            if publication.isAuthorised { publishSettings(isEnding: true, at: now) }
            sendRegister(isEnding: true, at: now)
        } else {
            finishDeregistration(at: now)
        }
    }

    private mutating func finishDeregistration(at now: Now) {
        registration.transaction = nil
        loseRegistration()
        if let flow = connection.flow {
            actions.append(.close(flow.id))
            flowClosed(flow.id, at: now)
        }
        notify(.deregistered)
    }

    /// Nothing holds any more that was built on the registration.
    mutating func loseRegistration() {
        registration.isRegistered = false
        registration.refreshAt = nil
        registration.expiresAt = nil
        publication.isAuthorised = false
    }

    mutating func sendRegister(isEnding: Bool = false, isAnswerToChallenge: Bool = false, at now: Now) {
        registration.refreshAt = nil
        if !isAnswerToChallenge { registration.challenges = 0 }
        registration.isEnding = isEnding
        registration.cseq += 1
        let registrar = SIPURI(host: settings.domain)
        var request = SIPRequest(method: .register, uri: registrar)
        request.headers.append(.from, "<\(identity)>;tag=\(registration.fromTag)")
        request.headers.append(.to, "<\(identity)>")
        request.headers.append(.callID, registration.callID)
        request.headers.append(.cseq, CSeq(registration.cseq, .register).description)
        request.headers.append(.contact, registeredContact)
        let expires = isEnding ? 0 : registration.expires ?? settings.registrationExpires
        request.headers.append(.expires, String(expires))
        for tag in ["path", "outbound", "gruu"] { request.headers.append(.supported, tag) }
        if let credentials = credentials(for: request) {
            let field: HeaderName =
                registration.challengeField == .proxyAuthenticate ? .proxyAuthorization : .authorization
            request.headers.append(field, credentials.description)
        }
        registration.transaction = userAgent.send(request, at: now)
    }

    /// A nonce is used again, counted, until the registrar gives another (RFC 7616 3.3).
    private mutating func credentials(for request: SIPRequest) -> DigestCredentials? {
        guard let challenge = registration.challenge else { return nil }
        registration.nonceCount += 1
        return challenge.credentials(
            user: settings.privateIdentity.value, password: settings.password.text, method: .register,
            uri: request.uri.description, nonceCount: registration.nonceCount, clientNonce: random.token(16))
    }

    /// Where this client is: the address counts less than the flow that `ob` asks to be used (RFC 5626 4.3).
    private var localContact: SIPURI {
        let transport = settings.edge.transport
        let port: UInt16? =
            switch transport {
            case .udp: settings.sentBy.udpPort
            case .tcp: settings.sentBy.tcpPort
            case .tls: settings.sentBy.tlsPort
            }
        var uri = SIPURI(user: identity.user, host: settings.sentBy.host, port: port)
        uri.parameters["transport"] = transport.rawValue
        return uri
    }

    private var registeredContact: String {
        ServiceHeaders.contact(localContact) + ";reg-id=1;+sip.instance=\"<\(settings.instance.value)>\""
    }

    /// Contact of dialogs: the GRUU, which outlives the flow (RFC 5627 4.4), else the flow's own (RFC 5626 4.3).
    var dialogContact: String {
        if let gruu = registration.gruu { return ServiceHeaders.contact(gruu) }
        var uri = localContact
        uri.parameters.setFlag("ob")
        return ServiceHeaders.contact(uri)
    }

    mutating func registerAnswered(_ response: SIPResponse, at now: Now) {
        registration.transaction = nil
        switch response.status {
        case 200..<300:
            if registration.isEnding {
                finishDeregistration(at: now)
            } else {
                registered(response, at: now)
            }
        case 401, 407:
            challenged(response, at: now)
        case 423:
            guard let minimum = response.headers.integer(.minExpires),
                minimum > registration.expires ?? settings.registrationExpires
            else { return refused(response.status, at: now) }
            registration.expires = minimum
            sendRegister(at: now)
        default:
            refused(response.status, at: now)
        }
    }

    private mutating func challenged(_ response: SIPResponse, at now: Now) {
        let field: HeaderName = response.status == 401 ? .wwwAuthenticate : .proxyAuthenticate
        let challenges = response.headers.values(field).compactMap { DigestChallenge($0) }
        // RFC 8760 2.4: the first one understood would do; the stronger hash is preferred whatever the order.
        let challenge = challenges.first { $0.algorithm == .sha256 } ?? challenges.first
        guard let challenge, registration.challenges < settings.limits.challenges,
            registration.challenges == 0 || challenge.isStale
        else { return refused(response.status, at: now) }
        registration.challenges += 1
        registration.challenge = challenge
        registration.challengeField = field
        registration.nonceCount = 0
        sendRegister(isEnding: registration.isEnding, isAnswerToChallenge: true, at: now)
    }

    private mutating func refused(_ status: Int, at now: Now) {
        registration.challenge = nil
        if registration.isEnding || !registration.isWanted { return finishDeregistration(at: now) }
        // A refresh that failed leaves the registration until it expires.
        if !registration.isRegistered || (400..<500).contains(status) && status != 408 {
            loseRegistration()
            notify(.registrationFailed(status: status))
        }
        if status == 408, let flow = connection.flow {
            // RFC 5626 4.2.1: no answer, so the flow is of no use.
            actions.append(.close(flow.id))
            flowClosed(flow.id, at: now)
        } else if connection.flow != nil {
            retryLater(at: now)
        }
    }

    private mutating func registered(_ response: SIPResponse, at now: Now) {
        connection.failures = 0
        registration.serviceRoute = response.headers.values(.serviceRoute)
        let own = response.headers.contacts.first { contact in
            contact.parameters["+sip.instance"] == "<\(settings.instance.value)>"
        }
        registration.gruu = own?.parameters["pub-gruu"].flatMap { SIPURI($0)?.onlySIP }
        let asked = registration.expires ?? settings.registrationExpires
        let granted = own?.parameters["expires"].flatMap { UInt32($0) } ?? response.headers.integer(.expires) ?? asked
        // TS 24.229 5.1.1.4.1: 600 s before the end, or at half-time of what lasts 1200 s or less.
        let after = granted > 1200 ? Duration.seconds(Int64(granted) - 600) : .seconds(Int64(granted)) / 2
        registration.refreshAt = now.instant + max(after, .seconds(1))
        registration.expiresAt = now.instant + max(.seconds(Int64(granted)), .seconds(2))
        startKeepAlive(flowTimer: response.headers.integer(.flowTimer), at: now)
        if !registration.isRegistered {
            registration.isRegistered = true
            // The system may have forgotten what was published before.
            publishSettings(at: now)
        }
    }

    mutating func advanceRegistration(at now: Now) {
        if let refreshAt = registration.refreshAt, refreshAt <= now.instant {
            registration.refreshAt = nil
            if connection.flow != nil, registration.transaction == nil { sendRegister(at: now) }
        }
        if let expiresAt = registration.expiresAt, expiresAt <= now.instant {
            loseRegistration()
            notify(.registrationFailed(status: 408))
        }
    }
}

extension SIPURI {
    /// Nothing for what cannot be called: a server's Contact may be anything.
    var onlySIP: SIPURI? { scheme == .sip || scheme == .sips ? self : nil }
}
