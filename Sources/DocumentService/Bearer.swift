import ConfigurationDocuments
import IdentityManagement
import MCFoundation
import WebServices

/// Who asks: what the token of a request opens (RFC 6750).
enum Bearer {
    case user(XCAPRequester)
    case refused(WebResponse)

    init(
        _ request: WebRequest, _ usage: ApplicationUsage, at now: UTCTime, _ verify: DocumentService.Verifying
    ) async {
        let fields = request.headers.filter { $0.name == "authorization" }
        guard fields.count <= 1 else {
            self = .refused(Self.challenge(400, "invalid_request"))
            return
        }
        // Nothing is said of why where nobody tried (RFC 6750 3.1).
        guard let token = request.bearerToken, !token.isEmpty else {
            self = .refused(Self.challenge(401, nil))
            return
        }
        guard token.utf8.count <= DocumentServiceLimits.tokenOctets else {
            self = .refused(Self.challenge(401, "invalid_token"))
            return
        }
        var refusal: TokenRefusal?
        for kind in usage.kinds {
            switch await verify(token, usage.purpose, kind, now) {
            case .granted(let verified):
                guard let id = verified.serviceID(of: kind, usage) else { continue }
                self = .user(XCAPRequester(serviceID: id, scopes: verified.scopes.scopes.map(\.rawValue)))
                return
            case .refused(.wrongScope): refusal = refusal ?? .wrongScope
            case .refused(let other): refusal = other
            }
        }
        switch refusal {
        case nil, .wrongScope:
            self = .refused(Self.challenge(403, "insufficient_scope", scope: usage.wantedScopes))
        case .incomplete, .wrongIssuer, .wrongAudience, .expired, .notYetValid, .revoked, .unknownUser, .suspended:
            // The same for all: whoever has no valid token learns nothing of users.
            self = .refused(Self.challenge(401, "invalid_token"))
        }
    }

    private static func challenge(_ status: Int, _ error: String?, scope: String? = nil) -> WebResponse {
        var value = "Bearer realm=\"mcx\""
        if let error { value += ", error=\"\(error)\"" }
        if let scope { value += ", scope=\"\(scope)\"" }
        return WebResponse(status: status, headers: [WebHeader("www-authenticate", value)])
    }
}

extension ApplicationUsage {
    fileprivate var purpose: ScopePurpose { service == .groups ? .groupManagement : .configurationManagement }

    /// Groups serve all services: a token for any of them will do.
    fileprivate var kinds: [MCServiceKind] {
        switch service {
        case .mcptt: [.ptt]
        case .mcvideo: [.video]
        case .mcdata: [.data]
        case .groups: MCServiceKind.allCases
        }
    }

    /// In the spelling of Release 14 and later.
    fileprivate var wantedScopes: String {
        let kinds = kinds
        return IdentityScope.allCases.filter { scope in
            guard let opens = scope.opens, scope.rawValue.hasPrefix("3gpp:mc:") else { return false }
            return opens.purpose == purpose && kinds.contains(opens.service)
        }
        .map(\.rawValue).joined(separator: " ")
    }
}

extension VerifiedToken {
    /// The ID under which a document's owner is known: that of its service. Members of groups are known by MCPTT ID.
    fileprivate func serviceID(of kind: MCServiceKind, _ usage: ApplicationUsage) -> String? {
        guard usage.service != .groups else { return mcpttID.value }
        switch kind {
        case .ptt: return mcpttID.value
        case .video: return mcvideoID
        case .data: return mcdataID
        }
    }
}
