import Administration
import NationalAdministration
import Storage
import WebServices

/// Why a request was not carried out, as `application/problem+json` (RFC 9457). It never holds a secret.
struct Problem: Error, Hashable, Sendable {
    enum Code: String, Hashable, Sendable, CaseIterable {
        case invalid
        case invalidJSON = "invalid-json"
        case invalidPath = "invalid-path"
        case invalidQuery = "invalid-query"
        case invalidTable = "invalid-table"
        case unknownField = "unknown-field"
        case limitExceeded = "limit-exceeded"
        case unauthenticated
        case loginRefused = "login-refused"
        case notAllowed = "not-allowed"
        case foreignDomain = "foreign-domain"
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case conflict
        case unknownReference = "unknown-reference"
        case weakPassword = "weak-password"
        case preconditionFailed = "precondition-failed"
        case tooLarge = "too-large"
        case unsupportedMediaType = "unsupported-media-type"
        case tooManyAttempts = "too-many-attempts"
        case unavailable

        var status: Int {
            switch self {
            case .invalid, .invalidJSON, .invalidPath, .invalidQuery, .unknownField, .limitExceeded: 400
            case .unauthenticated, .loginRefused: 401
            // Whose domain it is decides who may give identities in it.
            case .notAllowed, .foreignDomain: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .conflict, .unknownReference, .weakPassword: 409
            case .preconditionFailed: 412
            case .tooLarge: 413
            case .unsupportedMediaType: 415
            case .invalidTable: 422
            case .tooManyAttempts: 429
            case .unavailable: 503
            }
        }
    }

    var code: Code
    /// The field or parameter that it is about; empty where it is about the whole.
    var field: String
    var detail: String
    var headers: [WebHeader]
    /// What is wrong with tables.
    var mistakes: [ImportError] = []

    init(_ code: Code, field: String = "", _ detail: String, headers: [WebHeader] = []) {
        self.code = code
        self.field = field
        self.detail = detail
        self.headers = headers
    }

    static func invalid(_ field: String, _ detail: String) -> Problem { Problem(.invalid, field: field, detail) }

    static let notFound = Problem(.notFound, "there is no such thing here")
    static let unauthenticated = Problem(
        .unauthenticated, "a session is needed: POST /admin/v1/session", headers: [challenge])
    /// RFC 9110 15.5.2 wants it with every 401; RFC 6750 3 says how.
    static let challenge = WebHeader("www-authenticate", "Bearer realm=\"administration\"")

    /// How many mistakes of tables are told.
    static let mistakesTold = 1_000

    var response: WebResponse {
        var members: [(String, JSONValue)] = [
            ("type", "about:blank"), ("title", .string(code.rawValue)), ("status", .integer(Int64(code.status))),
            ("code", .string(code.rawValue)), ("detail", .string(detail)),
        ]
        if !field.isEmpty { members.append(("field", .string(field))) }
        if !mistakes.isEmpty {
            members.append(("errorCount", .integer(Int64(mistakes.count))))
            members.append(
                (
                    "errors",
                    .array(
                        mistakes.prefix(Self.mistakesTold).map { mistake in
                            [
                                "table": .string(mistake.table?.rawValue ?? ""), "line": .integer(Int64(mistake.line)),
                                "column": .string(mistake.column), "detail": .string(mistake.text),
                            ]
                        })
                ))
        }
        return WebResponse(
            status: code.status, headers: [WebHeader("content-type", "application/problem+json")] + headers,
            body: JSONValue.object(members).octets)
    }
}

extension Problem {
    /// From what the floors below say.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let refusal as FleetRefusal: self.init(refusal)
        case let errors as ImportErrors:
            self.init(.invalidTable, "the tables have \(errors.errors.count) mistakes; nothing was changed")
            mistakes = errors.errors
        case let error as StoreError where error.code == .invalid:
            self.init(.limitExceeded, "it is more than the store takes at once")
        // What a store says is for its operator.
        case is StoreError:
            self.init(.unavailable, "the store does not answer", headers: [WebHeader("retry-after", "5")])
        default: self.init(.unavailable, "it could not be done", headers: [WebHeader("retry-after", "5")])
        }
    }

    init(_ refusal: FleetRefusal) {
        let code: Code =
            switch refusal.code {
            case .notAllowed: .notAllowed
            case .notFound: .notFound
            case .conflict: .conflict
            case .invalid: .invalid
            case .unknownReference: .unknownReference
            case .foreignDomain: .foreignDomain
            case .limitExceeded: .limitExceeded
            }
        self.init(code, field: refusal.field, refusal.text)
    }
}
