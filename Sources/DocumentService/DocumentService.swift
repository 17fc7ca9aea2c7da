public import Administration
import ConfigurationDocuments
public import IdentityManagement
import MCDocuments
public import MCFoundation
public import NationalAdministration
import Storage
public import WebServices

/// Group and configuration management over HTTP (TS 24.481, TS 24.484): XCAP (RFC 4825) on the documents of the nation,
/// with bearer tokens (RFC 6750). What is allowed and what comes of it is decided by `FleetDocuments`.
///
/// The initial configuration of a device is read without a token, for nobody is logged in then (TS 24.484 4.2).
public struct DocumentService: WebHandler {
    /// Says whether a token opens a management service, and whose it is.
    public typealias Verifying =
        @Sendable (String, ScopePurpose, MCServiceKind, UTCTime) async -> TokenDecision

    let administration: NationalAdministration
    let settings: DocumentSettings
    /// Path of the XCAP root, without a slash at its end.
    let root: String
    let verify: Verifying
    let now: @Sendable () -> UTCTime

    /// - Parameters:
    ///   - root: Path of the XCAP root, as in the root URIs of the settings.
    public init(
        administration: NationalAdministration, settings: DocumentSettings, root: String = "/xcap",
        verify: @escaping Verifying, now: @escaping @Sendable () -> UTCTime
    ) {
        self.administration = administration
        self.settings = settings
        self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
        self.verify = verify
        self.now = now
    }

    /// Documents are long, and only who shows a token may send them; whether it is one is seen when all has come.
    public func bodyLimit(of head: WebRequest) -> Int {
        guard head.method == "PUT", head.bearerToken != nil else { return DocumentServiceLimits.operationOctets }
        return settings.limits.octets
    }

    public func respond(to request: WebRequest) async -> WebResponse {
        let uri: XCAPURI
        do throws(XCAPURIError) {
            let target = request.query.isEmpty ? request.path : request.path + "?" + request.query
            uri = try XCAPURI(parsing: target, root: root, limits: settings.limits)
        } catch {
            return WebResponse(status: error.status)
        }
        guard let usage = ApplicationUsage.named(uri.auid) else { return WebResponse(status: 404) }
        guard let verb = Verb(request.method, on: usage) else {
            return WebResponse(status: 405, headers: [WebHeader("allow", Verb.allowed(on: usage))])
        }
        let requester: XCAPRequester?
        if usage.access == .bootstrap, verb.isReading {
            requester = nil
        } else {
            switch await Bearer(request, usage, at: now(), verify) {
            case .user(let user): requester = user
            case .refused(let response): return response
            }
        }
        switch verb {
        case .read(let showsBody): return await read(request, uri, requester, showsBody)
        case .write(let method): return await write(request, method, uri, requester)
        case .operate: return await operate(request, uri, requester)
        }
    }

    // MARK: What was asked

    private func read(
        _ request: WebRequest, _ uri: XCAPURI, _ requester: XCAPRequester?, _ showsBody: Bool
    ) async -> WebResponse {
        let wish = XCAPRequest(request, .get, uri)
        let decision = await administration.documents(settings).decide(wish, by: requester)
        var response = WebResponse(decision.response)
        if !showsBody { response.body = [] }
        return response
    }

    private func write(
        _ request: WebRequest, _ method: XCAPMethod, _ uri: XCAPURI, _ requester: XCAPRequester?
    ) async -> WebResponse {
        do {
            let wish = XCAPRequest(request, method, uri)
            let decision = try await administration.perform(wish, by: requester, settings: settings, at: now())
            return WebResponse(decision.response)
        } catch let error as StoreError where error.code == .invalid {
            // Asked again it would be no smaller.
            return WebResponse(
                XCAPResponse(.constraintFailure(phrase: "it is more than the store keeps of a document")))
        } catch {
            // The store cannot keep it now; nothing was changed.
            return WebResponse(status: 503, headers: [WebHeader("retry-after", "5")])
        }
    }

    private func operate(_ request: WebRequest, _ uri: XCAPURI, _ requester: XCAPRequester?) async -> WebResponse {
        guard request.mediaType == GroupManagementOperation.contentType.lowercased() else {
            return WebResponse(status: 415)
        }
        guard request.body.count <= DocumentServiceLimits.operationOctets else { return WebResponse(status: 413) }
        return WebResponse(
            await administration.documents(settings).decideOperation(request.body, on: uri, by: requester).response)
    }
}

/// Bounds on what a peer sends; those of documents are `XCAPLimits`.
enum DocumentServiceLimits {
    /// Octets of a group management operation.
    static let operationOctets = 65_536
    /// Octets of an access token.
    static let tokenOctets = 8_192
}

/// A method of HTTP as this service takes it.
enum Verb: Equatable {
    /// HEAD has no body (RFC 9110 9.3.2).
    case read(showsBody: Bool)
    case write(XCAPMethod)
    /// POST of a group management operation (TS 24.481 6.3.16).
    case operate

    init?(_ method: String, on usage: ApplicationUsage) {
        switch method {
        case "GET": self = .read(showsBody: true)
        case "HEAD": self = .read(showsBody: false)
        case "PUT": self = .write(.put)
        case "DELETE": self = .write(.delete)
        case "POST":
            guard usage.access == .group else { return nil }
            self = .operate
        default: return nil
        }
    }

    var isReading: Bool {
        switch self {
        case .read: true
        case .write, .operate: false
        }
    }

    static func allowed(on usage: ApplicationUsage) -> String {
        usage.access == .group ? "GET, HEAD, PUT, DELETE, POST" : "GET, HEAD, PUT, DELETE"
    }
}
