public import MCFoundation

/// The documents of MCPTT that configuration and group management keep for devices (TS 24.484 7.2, 8.2, 8.3 and 8.4;
/// TS 24.481 7.2).
public enum ManagedDocument: Hashable, Sendable, CaseIterable {
    case ueInitialConfiguration, ueConfiguration, userProfile, serviceConfiguration, group

    /// Application unique ID (RFC 4825 5.1).
    public var auid: String {
        switch self {
        case .ueInitialConfiguration: "org.3gpp.mcptt.ue-init-config"
        case .ueConfiguration: "org.3gpp.mcptt.ue-config"
        case .userProfile: "org.3gpp.mcptt.user-profile"
        case .serviceConfiguration: "org.3gpp.mcptt.service-config"
        case .group: "org.openmobilealliance.groups"
        }
    }

    /// Media type, without parameters.
    public var contentType: String {
        switch self {
        case .ueInitialConfiguration: "application/vnd.3gpp.mcptt-ue-init-config+xml"
        case .ueConfiguration: "application/vnd.3gpp.mcptt-ue-config+xml"
        case .userProfile: "application/vnd.3gpp.mcptt-user-profile+xml"
        case .serviceConfiguration: "application/vnd.3gpp.mcptt-service-config+xml"
        case .group: "application/vnd.oma.poc.groups+xml"
        }
    }
}

extension ManagedDocument: CustomStringConvertible {
    /// In words, for messages to people.
    public var description: String {
        switch self {
        case .ueInitialConfiguration: "UE initial configuration"
        case .ueConfiguration: "UE configuration"
        case .userProfile: "user profile"
        case .serviceConfiguration: "service configuration"
        case .group: "group document"
        }
    }
}

extension XCAPURI {
    /// The document of a group below the global tree (TS 24.481 7.2.10.2).
    public static func group(_ group: MCPTTGroupID) -> XCAPURI {
        XCAPURI(auid: ManagedDocument.group.auid, tree: .global, path: ["byGroupID", group.value])
    }

    /// A profile of a user (TS 24.484 8.3.2.8).
    public static func userProfile(of user: MCPTTID, index: UInt8 = 0) -> XCAPURI {
        XCAPURI(
            auid: ManagedDocument.userProfile.auid, tree: .user(user.value),
            path: ["mcptt-user-profile-\(index).xml"])
    }

    /// OPEN: the name of the document; here it is the ID of the device.
    public static func ueConfiguration(of user: MCPTTID, device: String) -> XCAPURI {
        XCAPURI(auid: ManagedDocument.ueConfiguration.auid, tree: .user(user.value), path: [device])
    }

    /// The service configuration of the system (TS 24.484 8.4.2.8).
    public static let serviceConfiguration = XCAPURI(
        auid: ManagedDocument.serviceConfiguration.auid, tree: .global, path: ["service-config.xml"])
}
