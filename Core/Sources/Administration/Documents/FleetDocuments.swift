public import ConfigurationDocuments
internal import MCFoundation
public import Policy

/// The documents of a system, made of its fleet map when they are asked for (TS 24.481, TS 24.484): nothing is kept
/// twice, so that a document and what the call path decides by cannot differ.
public struct FleetDocuments: Sendable {
    public let fleet: FleetSnapshot
    public let system: SystemIdentity
    public let settings: DocumentSettings

    public init(fleet: FleetSnapshot, system: SystemIdentity, settings: DocumentSettings) {
        self.fleet = fleet
        self.system = system
        self.settings = settings
    }

    /// The document that a URI names, as it is now, whoever may read it; nil where there is none. A node selector in the
    /// URI does not matter.
    public func document(_ uri: XCAPURI) -> XCAPDocument? {
        octets(uri).map { XCAPDocument(octets: $0) }
    }

    /// What a user may read, as URIs of documents: his configuration and the groups that he is a member of. In order.
    /// Empty for a suspended user and for one who does not exist.
    public func listing(of user: String) -> [XCAPURI] {
        guard let record = activeUser(user) else { return [] }
        var uris = [Self.serviceConfiguration] + record.profileIndices.map { Self.userProfile(of: user, index: $0) }
        let groups = fleet.groups(ofMember: user)
        if !groups.isEmpty {
            uris += fleet.devices(ofUser: record.id).map { Self.ueConfiguration(of: user, device: $0) }
        }
        return uris + videoListing(of: record) + groups.map { Self.group($0) }
    }

    // MARK: Addresses

    public static let serviceConfiguration = XCAPURI.serviceConfiguration

    /// TS 24.481 7.2.10.2
    public static func group(_ id: String) -> XCAPURI {
        .group(MCPTTGroupID(id))
    }

    /// The same document in the tree of a member.
    public static func group(_ id: String, ofMember user: String) -> XCAPURI {
        XCAPURI(auid: ApplicationUsage.groups.auid, tree: .user(user), path: [id])
    }

    /// Each profile of a user has a document of its own (TS 24.484 8.3.2.8).
    public static func userProfile(of user: String, index: UInt8 = 0) -> XCAPURI {
        .userProfile(of: MCPTTID(user), index: index)
    }

    public static func ueConfiguration(of user: String, device: String) -> XCAPURI {
        .ueConfiguration(of: MCPTTID(user), device: device)
    }

    public static func directory(of user: String) -> XCAPURI {
        XCAPURI(auid: ApplicationUsage.directory.auid, tree: .user(user), path: [directoryName])
    }

    static let serviceConfigurationName = "service-config.xml"
    static let directoryName = "directory.xml"

    /// The key of the group that a URI names, whether it is there or not; nil where the URI names none. Below the tree of
    /// a user stand the groups that he is a member of, and below that for new groups all.
    func groupKey(_ uri: XCAPURI) -> String? {
        guard uri.auid == ApplicationUsage.groups.auid else { return nil }
        switch uri.tree {
        case .global:
            guard uri.path.count == 2, uri.path[0] == "byGroupID" else { return nil }
            return uri.path[1]
        case .user(let xui):
            guard uri.path.count == 1 else { return nil }
            if xui == settings.groupCreationXUI { return uri.path[0] }
            return fleet.group(uri.path[0])?.member(xui) == nil ? nil : uri.path[0]
        }
    }

    /// A suspended user is nobody.
    func activeUser(_ id: String) -> UserRecord? {
        guard let user = fleet.user(id), !user.isSuspended else { return nil }
        return user
    }
}
