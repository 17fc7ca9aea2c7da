import Administration
import Credentials
import Foundation
import IdentityManagement
public import MCFoundation
public import NationalAdministration
import Synchronization
public import WebServices

/// What a nation's administrators do over HTTP, below `/admin/v1/`: they log in, read and change the records of the fleet
/// map, hand in and take out tables, and verify the audit log. Every request is decided by the rules that the command
/// line goes by (`FleetDecision`), inside the writer's transaction, and audited.
///
/// It has to be reached by TLS or loopback only (`WebServer` sees to it): tokens and passwords come in clear.
public struct AdministrationService: WebHandler {
    let administration: NationalAdministration
    let clock: @Sendable () -> Now
    let limits: AdministrationLimits
    /// nil where this process serves no log-in of users.
    let logins: LoginAccess?
    private let workers: PasswordPool
    let desk: Desk

    /// What changes between requests.
    final class Desk: Sendable {
        let sessions: Mutex<AdministratorSessions>
        let isVerifyingAudit = Mutex(false)
        /// What is compared for who has no verifier, so that it takes as long. Made when it is needed first.
        let dummy = Mutex<Administration.PasswordVerifier?>(nil)

        init(_ limits: SessionLimits) { sessions = Mutex(AdministratorSessions(limits: limits)) }
    }

    /// - Parameters:
    ///   - logins: the log-in of users, where this process serves it.
    ///   - clock: monotonic time ends sessions, UTC goes into the audit log.
    public init(
        _ administration: NationalAdministration, logins: LoginAccess? = nil, clock: @escaping @Sendable () -> Now,
        limits: AdministrationLimits = AdministrationLimits()
    ) {
        self.administration = administration
        self.clock = clock
        self.limits = limits
        self.logins = logins
        workers = PasswordPool(threads: limits.passwordsAtOnce, waiting: limits.passwordsWaiting)
        desk = Desk(limits.sessions)
    }

    /// Does what is slow on purpose apart from everything else, and never too much of it.
    func slowly<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(Problem) -> Value {
        do {
            return try await workers.run(work)
        } catch {
            throw Problem(.unavailable, "too many passwords are being looked at", headers: [.init("retry-after", "1")])
        }
    }

    /// Records and tables are long, and only who has a session may send them: who has none is known by his name and
    /// password, which are short.
    public func bodyLimit(of head: WebRequest) -> Int {
        guard let token = head.bearerToken, desk.sessions.withLock({ $0.isOpen(token, at: clock().instant) }) else {
            return limits.loginBytes
        }
        return max(limits.importBytes, limits.recordBytes)
    }

    public func respond(to request: WebRequest) async -> WebResponse {
        var response: WebResponse
        do {
            response = try await answer(request)
        } catch {
            response = Problem(error).response
        }
        // Who reads it and when is decided here and nowhere in between.
        if response.header("cache-control") == nil { response.headers.append(WebHeader("cache-control", "no-store")) }
        return response
    }

    /// What is asked for, where there is such a thing and it can be done with it.
    func route(of request: WebRequest) throws -> AdministrationRoute {
        guard
            let segments = try RequestTarget.segments(
                of: request.path, below: AdministrationRoute.prefix, limit: limits.segmentOctets),
            let route = AdministrationRoute(segments)
        else { throw Problem.notFound }
        guard route.methods.contains(request.method) else {
            throw Problem(
                .methodNotAllowed, "expected \(route.methods.joined(separator: ", "))",
                headers: [WebHeader("allow", route.methods.joined(separator: ", "))])
        }
        return route
    }

    private func answer(_ request: WebRequest) async throws -> WebResponse {
        let route = try route(of: request)
        switch (route, request.method) {
        case (.description, _): return Self.described
        case (.session, "POST"):
            _ = try parameters(of: request, route)
            return try await logIn(request)
        default:
            let caller = try await caller(of: request)
            let parameters = try parameters(of: request, route)
            return try await answer(request, route, parameters, by: caller)
        }
    }

    func parameters(of request: WebRequest, _ route: AdministrationRoute) throws -> [String: String] {
        try RequestTarget.parameters(
            of: request.query, known: route.parameters(request.method), limit: FleetLimits.identity)
    }

    func answer(
        _ request: WebRequest, _ route: AdministrationRoute, _ parameters: [String: String], by caller: Caller
    ) async throws -> WebResponse {
        switch route {
        case .description: return Self.described
        case .session: return try await logOut(caller)
        case .collection(let kind): return try await list(kind, parameters, by: caller)
        case .record(let kind, let key):
            switch request.method {
            case "PUT": return try await put(kind, key, request, parameters, by: caller)
            case "DELETE": return try await delete(kind, key, request, by: caller)
            default: return try await get(kind, key, request, by: caller)
            }
        case .suspension(let user, let isSuspended):
            return try await suspend(user, isSuspended, request, by: caller)
        case .login(let user, let order): return try await self.order(order, of: user, request, by: caller)
        case .withdrawal(let key): return try await withdraw(key: key, request, by: caller)
        case .member(let group, let user):
            return request.method == "PUT"
                ? try await putMember(user, of: group, request, by: caller)
                : try await removeMember(user, of: group, by: caller)
        case .password(let administrator): return try await setPassword(of: administrator, request, by: caller)
        case .importing: return try await take(request, parameters, by: caller)
        case .export(let table): return try await export(table, parameters, by: caller)
        case .auditVerification: return try await verifyAudit(by: caller)
        }
    }
}

extension AdministrationService {
    /// Who asks, and the fleet map as it is when he does.
    struct Caller: Sendable {
        var administrator: AdministratorRecord
        var fleet: FleetSnapshot
        var token: IdentitySecret
        var source: IPAddress
    }

    private func caller(of request: WebRequest) async throws -> Caller {
        guard let token = request.bearerToken else { throw Problem.unauthenticated }
        let fleet = try await administration.current()
        let instant = clock().instant
        let administrator = desk.sessions.withLock { $0.administrator(of: token, in: fleet, at: instant) }
        guard let administrator else { throw Problem.unauthenticated }
        return Caller(
            administrator: administrator, fleet: fleet, token: IdentitySecret(token), source: request.origin)
    }

    /// The body as JSON.
    func body(of request: WebRequest, limit: Int) throws -> JSONValue {
        guard request.mediaType == "application/json" else {
            throw Problem(.unsupportedMediaType, "expected application/json")
        }
        try requireSize(of: request, limit: limit)
        do throws(JSONError) {
            return try JSONReader.read(request.body)
        } catch {
            throw Problem(.invalidJSON, "octet \(error.offset): \(error.text)")
        }
    }

    func requireSize(of request: WebRequest, limit: Int) throws {
        guard request.body.count <= limit else { throw Problem(.tooLarge, "expected at most \(limit) octets") }
    }

    func requireNoBody(_ request: WebRequest) throws {
        if !request.body.isEmpty { throw Problem(.invalid, "expected no body") }
    }

    /// Refuses what somebody may not see at all, and tells the audit log.
    func refuse(_ what: String, _ kind: FleetKind?, key: String = "", by caller: Caller) async throws -> Never {
        try await administration.record(
            [
                FleetReading.refusal(
                    of: what, kind, key: key, by: caller.administrator, in: caller.fleet)
            ], at: clock().utc)
        throw Problem(.notAllowed, "your roles do not cover it")
    }
}

extension WebRequest {
    /// The content type without its parameters, in lower case.
    var mediaType: String? {
        header("content-type")?.split(separator: ";").first?.lowercased().trimmingCharacters(in: .whitespaces)
    }

    /// Where it came from; a peer without an IP address counts as one source.
    var origin: IPAddress { source ?? IPAddress(v4: 0) }
}

extension WebResponse {
    static func json(_ value: JSONValue, status: Int = 200, headers: [WebHeader] = []) -> WebResponse {
        WebResponse(
            status: status, headers: [WebHeader("content-type", "application/json")] + headers, body: value.octets)
    }
}
