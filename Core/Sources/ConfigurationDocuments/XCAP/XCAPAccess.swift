internal import MCDocuments

/// Who asks, as the access token says.
public struct XCAPRequester: Hashable, Sendable {
    /// The mission critical service ID of the service that the document belongs to.
    public var serviceID: String
    /// Scopes of the token (TS 33.180 B.4.2).
    public var scopes: [String]
    /// May write configuration documents of others.
    public var isAdministrator: Bool

    public init(serviceID: String, scopes: [String], isAdministrator: Bool = false) {
        self.serviceID = serviceID
        self.scopes = scopes
        self.isAdministrator = isAdministrator
    }
}

/// What a requester is to the group whose document is meant.
public struct GroupStanding: Hashable, Sendable {
    public var isMember: Bool
    /// May change the document: who was given the group, or who may create it where it does not exist.
    public var isAdministrator: Bool

    public init(isMember: Bool = false, isAdministrator: Bool = false) {
        self.isMember = isMember
        self.isAdministrator = isAdministrator
    }
}

public enum XCAPAccess: Hashable, Sendable {
    case allowed
    /// 403 to the peer, whatever the reason; the reason is for the record.
    case refused(Reason)

    public enum Reason: String, Hashable, Sendable {
        case noToken, scope, notOwner, notMember, notAdministrator, tree
    }

    /// nil where access is allowed.
    public var response: XCAPResponse? {
        switch self {
        case .allowed: nil
        case .refused: XCAPResponse(status: 403)
        }
    }
}

extension ApplicationUsage {
    /// Whether a requester may do this to this document (RFC 4825 5.7, TS 24.481 6, TS 24.484 6).
    ///
    /// - Parameters:
    ///   - requester: nil where the request has no token.
    ///   - standing: For group documents.
    public func access(
        _ requester: XCAPRequester?, _ method: XCAPMethod, _ uri: XCAPURI, standing: GroupStanding = .init()
    ) -> XCAPAccess {
        // A device without a user fetches where to log in: it has no token yet (TS 24.484 4.2).
        if access == .bootstrap, method == .get { return .allowed }
        guard let requester else { return .refused(.noToken) }
        guard requester.scopes.contains(where: { scopes.contains($0) }) else { return .refused(.scope) }
        switch access {
        case .bootstrap: return requester.isAdministrator ? .allowed : .refused(.notAdministrator)
        case .ownReadOnly:
            if requester.isAdministrator { return .allowed }
            guard uri.tree == .user(requester.serviceID) else { return .refused(.notOwner) }
            // A profile is what others let the user do.
            return method == .get ? .allowed : .refused(.notAdministrator)
        case .common:
            guard uri.tree == .global else { return .refused(.tree) }
            return method == .get || requester.isAdministrator ? .allowed : .refused(.notAdministrator)
        case .group:
            if requester.isAdministrator || standing.isAdministrator { return .allowed }
            guard method == .get else { return .refused(.notAdministrator) }
            return standing.isMember ? .allowed : .refused(.notMember)
        }
    }

    /// Scopes of which the token needs one: those of release 14 and, for MCPTT, that of release 13.
    var scopes: [String] {
        switch service {
        case .mcptt: ["3gpp:mc:ptt_config_management_service", "3gpp:mcptt:config_management_server"]
        case .mcvideo: ["3gpp:mc:video_config_management_service"]
        case .mcdata: ["3gpp:mc:data_config_management_service"]
        case .groups:
            [
                "3gpp:mc:ptt_group_management_service", "3gpp:mc:video_group_management_service",
                "3gpp:mc:data_group_management_service", "3gpp:mcptt:group_management_server",
            ]
        }
    }
}
