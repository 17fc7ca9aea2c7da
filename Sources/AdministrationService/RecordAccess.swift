import Administration
import IdentityManagement
public import MCFoundation
public import NationalAdministration
import Storage
import WebServices

/// The records of a nation for whoever may write its store, and so act as any of its administrators: the JSON, the
/// rules and the audit entries of the interface over HTTP, without a session.
public struct RecordAccess: Sendable {
    /// The names of the kinds, as they stand in a path. Of `policy` there is one record, without a key.
    public static let kinds = AdministrationRoute.kinds.map(\.name) + [policy]
    public static let policy = "policy"

    /// Which rights of users and profiles have an effect, for people.
    public static let rightsInEffect = RecordSchemas.inEffect

    private let service: AdministrationService
    private let administration: NationalAdministration
    private let administrator: String

    /// - Parameter administrator: in whose name it is done.
    public init(
        _ administration: NationalAdministration, as administrator: String, clock: @escaping @Sendable () -> Now
    ) {
        service = AdministrationService(administration, clock: clock)
        self.administration = administration
        self.administrator = administrator
    }

    /// Why it was not done. It never holds a secret.
    public struct Refused: Error, Hashable, Sendable, CustomStringConvertible {
        /// A constant word: `not-found`, `invalid`.
        public var code: String
        /// The field or parameter that it is about; empty where it is about the whole.
        public var field: String
        public var detail: String

        public var description: String { field.isEmpty ? "\(code): \(detail)" : "\(code) (\(field)): \(detail)" }

        /// Whoever holds the store is its operator: what the store says is for him.
        init(_ error: any Error) {
            let problem = Problem(error)
            (code, field, detail) = (problem.code.rawValue, problem.field, problem.detail)
            if let error = error as? StoreError { detail = "\(error)" }
        }
    }

    /// What became of a record that was put.
    public enum Put: Hashable, Sendable {
        case made([UInt8])
        case replaced([UInt8])
        /// As it would be.
        case rehearsed([UInt8])
    }

    /// One record, as JSON.
    public func get(_ kind: String, _ key: String?) async throws(Refused) -> [UInt8] {
        try await answer("GET", kind, key).body
    }

    /// Makes a record of its JSON, or replaces it whole.
    ///
    /// - Parameter isDry: say what it would be; keep nothing.
    public func put(_ kind: String, _ key: String?, _ body: [UInt8], isDry: Bool = false) async throws(Refused) -> Put {
        let answer = try await answer("PUT", kind, key, query: isDry ? "dry_run=true" : "", body: body)
        if isDry { return .rehearsed(answer.body) }
        return answer.status == 201 ? .made(answer.body) : .replaced(answer.body)
    }

    public func delete(_ kind: String, _ key: String?) async throws(Refused) {
        _ = try await answer("DELETE", kind, key)
    }

    /// Every record of a kind that the administrator may see, in the order of their keys, each as JSON.
    public func list(
        _ kind: String, organisation: String? = nil, _ take: ([UInt8]) throws -> Void
    ) async throws {
        var after: String?
        repeat {
            var query = ["limit=\(service.limits.page)"]
            if let after { query.append("after=\(Self.encoded(after))") }
            if let organisation { query.append("organisation=\(Self.encoded(organisation))") }
            let page = try JSONReader.read(
                try await answer("GET", kind, nil, query: query.joined(separator: "&")).body)
            if case .array(let items)? = page["items"] {
                for item in items { try take(item.octets) }
            }
            after = page["next"]?.text
        } while after != nil
    }

    private func answer(
        _ method: String, _ kind: String, _ key: String?, query: String = "", body: [UInt8] = []
    ) async throws(Refused) -> WebResponse {
        let path = AdministrationRoute.prefix + kind + (key.map { "/" + RequestTarget.encoded($0) } ?? "")
        let request = WebRequest(
            method: method, path: path, query: query,
            headers: body.isEmpty ? [] : [WebHeader("content-type", "application/json")], body: body)
        do {
            let route = try service.route(of: request)
            switch route {
            case .collection, .record: break
            case .session, .description, .suspension, .login, .withdrawal, .member, .password, .importing, .export,
                .auditVerification:
                throw Problem.notFound
            }
            let fleet = try await administration.current()
            guard let acting = fleet.administrator(administrator) else {
                throw FleetRefusal.nobody(administrator)
            }
            let caller = AdministrationService.Caller(
                administrator: acting, fleet: fleet, token: IdentitySecret(""), source: request.origin)
            return try await service.answer(
                request, route, try service.parameters(of: request, route), by: caller)
        } catch {
            throw Refused(error)
        }
    }

    /// Within a query a plus sign would be a space.
    private static func encoded(_ text: String) -> String {
        RequestTarget.encoded(text).replacing("+", with: "%2B")
    }
}
