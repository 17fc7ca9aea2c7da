/// The mission critical services that have scopes of their own.
public enum MCServiceKind: Hashable, Sendable, CaseIterable {
    case ptt, video, data
}

/// What a resource server is there for; a request to it needs a scope of that purpose.
public enum ScopePurpose: Hashable, Sendable {
    /// The server of the service itself: REGISTER, PUBLISH of the service settings.
    case service
    case keyManagement
    case configurationManagement
    case groupManagement
}

/// The scopes of TS 33.180 Annex B, in the spelling of Release 13 and in that of Release 14 and later. The order of the
/// cases is the order in which we write them.
///
/// OPEN: the scopes of location management and functional aliases of later releases; other values are ignored in a
/// request (OpenID Connect Core 3.1.2.1).
public enum IdentityScope: String, Hashable, Sendable, CaseIterable {
    case openID = "openid"
    case release13Service = "3gpp:mcptt:ptt_server"
    case release13KeyManagement = "3gpp:mcptt:key_management_server"
    case release13ConfigurationManagement = "3gpp:mcptt:config_management_server"
    case release13GroupManagement = "3gpp:mcptt:group_management_server"
    case pttService = "3gpp:mc:ptt_service"
    case pttKeyManagement = "3gpp:mc:ptt_key_management_service"
    case pttConfigurationManagement = "3gpp:mc:ptt_config_management_service"
    case pttGroupManagement = "3gpp:mc:ptt_group_management_service"
    case videoService = "3gpp:mc:video_service"
    case videoKeyManagement = "3gpp:mc:video_key_management_service"
    case videoConfigurationManagement = "3gpp:mc:video_config_management_service"
    case videoGroupManagement = "3gpp:mc:video_group_management_service"
    case dataService = "3gpp:mc:data_service"
    case dataKeyManagement = "3gpp:mc:data_key_management_service"
    case dataConfigurationManagement = "3gpp:mc:data_config_management_service"
    case dataGroupManagement = "3gpp:mc:data_group_management_service"

    /// Nil for `openid`, which opens no server.
    public var opens: (purpose: ScopePurpose, service: MCServiceKind)? {
        switch self {
        case .openID: nil
        case .release13Service, .pttService: (.service, .ptt)
        case .release13KeyManagement, .pttKeyManagement: (.keyManagement, .ptt)
        case .release13ConfigurationManagement, .pttConfigurationManagement: (.configurationManagement, .ptt)
        case .release13GroupManagement, .pttGroupManagement: (.groupManagement, .ptt)
        case .videoService: (.service, .video)
        case .videoKeyManagement: (.keyManagement, .video)
        case .videoConfigurationManagement: (.configurationManagement, .video)
        case .videoGroupManagement: (.groupManagement, .video)
        case .dataService: (.service, .data)
        case .dataKeyManagement: (.keyManagement, .data)
        case .dataConfigurationManagement: (.configurationManagement, .data)
        case .dataGroupManagement: (.groupManagement, .data)
        }
    }
}

/// A set of scopes, in the order of `IdentityScope`.
public struct ScopeSet: Hashable, Sendable, CustomStringConvertible {
    /// Without repetition, in the order of the cases.
    public let scopes: [IdentityScope]

    public init(_ scopes: [IdentityScope]) {
        self.scopes = IdentityScope.allCases.filter(scopes.contains)
    }

    /// Reads a scope parameter or claim (RFC 6749 3.3): values that we do not know are left out; nil where it is not
    /// a list of values at all.
    public init?(parsing text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard !parts.isEmpty else { return nil }
        for octet in text.utf8 {
            // scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
            guard (0x20...0x7e).contains(octet), octet != 0x22, octet != 0x5c else { return nil }
        }
        self.init(parts.compactMap { IdentityScope(rawValue: String($0)) })
    }

    public var description: String { scopes.map(\.rawValue).joined(separator: " ") }

    public func contains(_ scope: IdentityScope) -> Bool { scopes.contains(scope) }

    public func isSubset(of other: ScopeSet) -> Bool { scopes.allSatisfy(other.contains) }

    /// Whether one of them opens that server, in either release's spelling.
    public func opens(_ purpose: ScopePurpose, of service: MCServiceKind) -> Bool {
        scopes.contains { $0.opens.map { $0 == (purpose, service) } ?? false }
    }

    /// Whether one of them is for that service.
    public func concerns(_ service: MCServiceKind) -> Bool {
        scopes.contains { $0.opens?.service == service }
    }

    /// Those that a user may have: a service's scopes only with that service's identity.
    public func granted(to user: LoginUser) -> ScopeSet {
        ScopeSet(scopes.filter { scope in scope.opens.map { user.has($0.service) } ?? true })
    }
}
