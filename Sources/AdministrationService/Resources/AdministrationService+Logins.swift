import Administration
public import IdentityManagement
import MCFoundation
import NationalAdministration
import WebServices

/// How the log-in of users is reached, where this process serves it.
public struct LoginAccess: Sendable {
    public var tell: @Sendable (IdentityEvent) async -> Void
    /// `kid` of the keys by which tokens are believed now.
    public var signingKeys: @Sendable () async -> [String]
    /// Ends a key at once, and erases it. Throws where it cannot be erased yet.
    public var withdrawKey: @Sendable (String) async throws -> Void

    public init(
        tell: @escaping @Sendable (IdentityEvent) async -> Void,
        signingKeys: @escaping @Sendable () async -> [String],
        withdrawKey: @escaping @Sendable (String) async throws -> Void
    ) {
        self.tell = tell
        self.signingKeys = signingKeys
        self.withdrawKey = withdrawKey
    }
}

/// What changes no record: log-ins that end, lock-outs that are forgiven, keys that are withdrawn. The audit log has it
/// before it is so.
extension AdministrationService {
    /// What is asked of a user's log-in.
    enum LoginOrder: Hashable, Sendable {
        case logOff
        case forgive
    }

    func order(
        _ order: LoginOrder, of user: String, _ request: WebRequest, by caller: Caller
    ) async throws -> WebResponse {
        try requireNoBody(request)
        let logins = try requireLogins()
        let fleet = try await carryOut(.user, user, by: caller) {
            order == .logOff ? .logOff(user: user) : .forgive(user: user)
        }
        guard let record = fleet.user(user) else { throw Problem.notFound }
        await logins.tell(order == .logOff ? .userLoggedOff(record.mcpttID) : .userForgiven(record.mcpttID))
        return WebResponse(status: 204)
    }

    func withdraw(key: String, _ request: WebRequest, by caller: Caller) async throws -> WebResponse {
        try requireNoBody(request)
        guard FleetReading.mayWithdrawKeys(by: caller.administrator) else {
            try await refuse("withdraw-key", nil, by: caller)
        }
        let logins = try requireLogins()
        guard await logins.signingKeys().contains(where: { $0.utf8.elementsEqual(key.utf8) }) else {
            throw Problem.notFound
        }
        try await administration.record(
            [FleetReading.withdrawal(ofKey: key, by: caller.administrator, in: caller.fleet)], at: clock().utc)
        try await logins.withdrawKey(key)
        return WebResponse(status: 204)
    }

    private func requireLogins() throws -> LoginAccess {
        guard let logins else { throw Problem(.unavailable, "this process serves no log-in of users") }
        return logins
    }
}
