import CallControl
import MCFoundation
import Policy
import Registrar
import SIP
import SIPUserAgent

/// A registrar with two users, and devices that speak to it.
struct Desk {
    static let system = SystemIdentity(id: MCSystemID("it"), domain: "it.example")
    static let anna = PublicUserIdentity("sip:anna@it.example")
    let directory: DirectorySnapshot
    var registrar: Registrar
    var now = Now(instant: Instant(nanoseconds: 1_000_000_000), utc: UTCTime(microseconds: 0))
    private var transactions: UInt64 = 0
    private var nonceCount: UInt32 = 0

    static func user(_ name: String) -> User {
        User(
            mcpttID: MCPTTID("sip:\(name)@mc.it.example"), publicIdentity: PublicUserIdentity("sip:\(name)@it.example"),
            privateIdentity: PrivateUserIdentity("\(name)@it.example"),
            credentials: DigestSecrets(
                realm: "it.example",
                md5: Digest.ha1(
                    user: "\(name)@it.example", realm: "it.example", password: "pw-\(name)", algorithm: .md5),
                sha256: Digest.ha1(
                    user: "\(name)@it.example", realm: "it.example", password: "pw-\(name)", algorithm: .sha256)),
            homeSystem: system.id)
    }

    init(_ change: (inout RegistrarSettings) -> Void = { _ in }) throws {
        var settings = RegistrarSettings()
        change(&settings)
        directory = try DirectorySnapshot(
            system: Desk.system, users: ["anna", "bruno"].map(Desk.user), groups: [])
        registrar = Registrar(settings: settings, directory: directory, random: SeededGenerator(seed: 7))
    }

    mutating func pass(_ duration: Duration) { now.instant = now.instant + duration }

    /// REGISTER of a device as it leaves, without credentials.
    static func request(
        _ name: String = "anna", instance: String? = "urn:uuid:1", registration: UInt32? = 1,
        contact: String = "sip:anna@192.0.2.1:5070", expires: UInt32? = 600, callID: String = "c1", cseq: UInt32 = 1,
        supported: [String] = ["path", "outbound", "gruu"]
    ) -> SIPRequest {
        var request = SIPRequest(method: .register, uri: SIPURI(host: "it.example"))
        request.headers.append(.via, "SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bK1")
        request.headers.append(.from, "<sip:\(name)@it.example>;tag=f")
        request.headers.append(.to, "<sip:\(name)@it.example>")
        request.headers.append(.callID, callID)
        request.headers.append(.cseq, "\(cseq) REGISTER")
        var value = "<\(contact)>"
        if let instance { value += ";+sip.instance=\"<\(instance)>\"" }
        if let registration { value += ";reg-id=\(registration)" }
        request.headers.append(.contact, value)
        if let expires { request.headers.append(.expires, "\(expires)") }
        for option in supported { request.headers.append(.supported, option) }
        return request
    }

    static func hop(_ flow: UInt64, isFirstHop: Bool = true) -> RegistrationHop {
        var uri = SIPURI(user: "token\(flow)", host: "edge.it.example", port: 5060)
        uri.parameters.setFlag("lr")
        uri.parameters.setFlag("ob")
        var service = SIPURI(host: "edge.it.example", port: 5060)
        service.parameters.setFlag("lr")
        return RegistrationHop(
            flow: FlowID(flow), path: NameAddress(uri: uri), serviceRoute: NameAddress(uri: service),
            isFirstHop: isFirstHop)
    }

    mutating func send(_ request: SIPRequest, flow: UInt64 = 1, isFirstHop: Bool = true) -> [RegistrarAction] {
        transactions += 1
        return registrar.handle(
            .registerReceived(request, ServerTransactionID(transactions), Desk.hop(flow, isFirstHop: isFirstHop)),
            at: now)
    }

    /// The request with credentials for a fresh challenge.
    mutating func authorized(
        _ request: SIPRequest, as name: String = "anna", password: String? = nil, algorithm: DigestAlgorithm = .sha256
    ) throws -> SIPRequest {
        var bare = request
        bare.headers.remove(.authorization)
        let challenge = send(bare).response.flatMap { response in
            response.headers.values(.wwwAuthenticate).compactMap { DigestChallenge($0) }
                .first { $0.algorithm == algorithm }
        }
        let credentials = challenge?.credentials(
            user: "\(name)@it.example", password: password ?? "pw-\(name)", method: .register,
            uri: request.uri.description, nonceCount: 1, clientNonce: "abc")
        var request = request
        request.headers.append(.authorization, credentials?.description ?? "")
        return request
    }

    @discardableResult
    mutating func register(_ request: SIPRequest, flow: UInt64 = 1, as name: String = "anna") throws
        -> [RegistrarAction]
    {
        send(try authorized(request, as: name), flow: flow)
    }
}

extension [RegistrarAction] {
    var response: SIPResponse? {
        for case .respond(let response, _) in self { return response }
        return nil
    }

    var status: Int? { response?.status }

    var promises: [Duration] {
        compactMap { action in
            guard case .expectKeepAlive(_, let silence) = action else { return nil }
            return silence
        }
    }

    var changes: [RegistrationChange] {
        compactMap { action in
            guard case .registrationChanged(_, let change) = action else { return nil }
            return change
        }
    }
}
