import Administration
import IdentityManagement
import MCFoundation
import NationalAdministration
import Synchronization
import WebServices

/// Logging in and out.
extension AdministrationService {
    static let loginSchema = JSONSchema.object([
        JSONField(
            "name", .text(TextForm(minimum: 1, maximum: FleetLimits.identity, examples: ["admin"])), .required,
            "Of the administrator."),
        JSONField("password", .text(TextForm(minimum: 1, maximum: 1_024)), .required, "His."),
    ])

    func logIn(_ request: WebRequest) async throws -> WebResponse {
        let body = try body(of: request, limit: limits.loginBytes)
        try Self.loginSchema.check(body)
        guard let name = body["name"]?.text, let password = body["password"]?.text else {
            throw Problem.invalid("", "expected a name and a password")
        }
        let secret = IdentitySecret(password)
        let source = request.origin
        let fleet = try await administration.current()
        try await admit(name, from: source, in: fleet)
        do {
            return try await judge(name, secret, from: source, in: fleet)
        } catch let problem as Problem where problem.code == .unavailable {
            // What nobody could judge is no failure of his.
            desk.sessions.withLock { $0.abandoned(name, from: source, in: fleet) }
            throw problem
        }
    }

    private func admit(_ name: String, from source: IPAddress, in fleet: FleetSnapshot) async throws {
        let now = clock()
        let admission = desk.sessions.withLock { $0.admit(name, from: source, in: fleet, at: now.instant) }
        guard case .wait(let until, let isNews) = admission else { return }
        if isNews {
            let entry = AdministratorLogin.refusal("too-many-failures", of: name, from: source, in: fleet)
            try await administration.record([entry], at: now.utc)
        }
        let seconds = Int64((until - now.instant).inSeconds.rounded(.up))
        throw Problem(
            .tooManyAttempts, "too many failed log-ins", headers: [WebHeader("retry-after", String(max(1, seconds)))])
    }

    /// Looks at the password, or at a dummy's: for who is nobody, suspended or has no password it takes as long.
    private func judge(
        _ name: String, _ password: IdentitySecret, from source: IPAddress, in fleet: FleetSnapshot
    ) async throws -> WebResponse {
        let administrator = fleet.administrator(name)
        let verifier = administrator?.isSuspended == false ? administrator?.passwordVerifier : nil
        let desk = desk
        let isProved = try await slowly { () -> Bool? in
            guard let compared = verifier ?? desk.dummyVerifier() else { return nil }
            return PasswordWork.proves(password.revealed, compared) && verifier != nil
        }
        guard let isProved else { throw Problem(.unavailable, "the password cannot be looked at") }
        let now = clock()
        guard isProved, let administrator else {
            let cause =
                switch administrator {
                case nil: "unknown-administrator"
                case .some(let known) where known.isSuspended: "suspended"
                case .some(let known) where known.passwordVerifier == nil: "no-password"
                case .some: "wrong-password"
                }
            try await administration.record(
                [AdministratorLogin.refusal(cause, of: name, from: source, in: fleet)], at: now.utc)
            throw Problem(.loginRefused, "name or password is wrong", headers: [Problem.challenge])
        }
        // He may have been suspended while his password was looked at.
        let latest = try await administration.current()
        var random = SystemRandomNumberGenerator()
        let token = desk.sessions.withLock {
            $0.open(administrator, from: source, in: latest, at: now.instant, using: &random)
        }
        guard let token else {
            try await administration.record(
                [AdministratorLogin.refusal("no-session", of: name, from: source, in: latest)], at: now.utc)
            throw Problem(.unavailable, "no session can be had", headers: [WebHeader("retry-after", "60")])
        }
        do {
            try await administration.record(
                [AdministratorLogin.entry("administrator.logged-in", administrator, from: source, in: latest)],
                at: now.utc)
        } catch {
            // Nobody is in whom the audit log does not know of.
            desk.sessions.withLock { $0.close(token.revealed) }
            throw error
        }
        return .json([
            "token": .string(token.revealed), "expires_in": .integer(Int64(limits.sessions.longest.inSeconds)),
            "idle_timeout": .integer(Int64(limits.sessions.idle.inSeconds)),
        ])
    }

    func logOut(_ caller: Caller) async throws -> WebResponse {
        desk.sessions.withLock { $0.close(caller.token.revealed) }
        try await administration.record(
            [
                AdministratorLogin.entry(
                    "administrator.logged-out", caller.administrator, from: caller.source, in: caller.fleet)
            ], at: clock().utc)
        return WebResponse(status: 204)
    }

    static let passwordSchema = JSONSchema.object([
        JSONField("password", RecordSchemas.password, .required, "The new one.")
    ])

    /// Sets the log-in password of an administrator. His sessions end, the caller's own too if it is his.
    func setPassword(of name: String, _ request: WebRequest, by caller: Caller) async throws -> WebResponse {
        let body = try body(of: request, limit: limits.loginBytes)
        try Self.passwordSchema.check(body)
        let isHidden = isHidden(.administrator, name, from: caller)
        let verifier = try await verifier(of: body["password"]?.text, for: name, in: caller.fleet)
        do {
            try await administration.perform(
                .setPassword(.administrator(name), verifier), by: caller.administrator.id, at: clock().utc)
        } catch is FleetRefusal where isHidden {
            throw Problem.notFound
        }
        return WebResponse(status: 204)
    }

    /// Makes a verifier, slowly and apart.
    func verifier(
        of password: String?, for name: String, in fleet: FleetSnapshot
    ) async throws -> PasswordVerifier? {
        guard let password else { return nil }
        if let objection = fleet.policy.password.objection(to: password, of: name) {
            throw Problem(.weakPassword, field: "password", objection)
        }
        let secret = IdentitySecret(password)
        guard let made = try await slowly({ PasswordWork.verifier(of: secret.revealed) }) else {
            throw Problem(.unavailable, "no verifier can be made of the password")
        }
        return made
    }
}

extension AdministrationService.Desk {
    func dummyVerifier() -> PasswordVerifier? {
        dummy.withLock { dummy in
            if dummy == nil {
                var random = SystemRandomNumberGenerator()
                dummy = PasswordWork.verifier(of: String(random.next(), radix: 36))
            }
            return dummy
        }
    }
}
