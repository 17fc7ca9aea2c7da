public import ConfigurationDocuments
internal import MCFoundation
internal import Policy

/// MCVideo documents (TS 24.484 9), for users who have the service. Their MCVideo ID is their MCPTT ID.
///
/// OPEN: those of MCData (TS 24.484 10): their roots, namespaces and order of elements are not at hand, so there are none.
extension FleetDocuments {
    static let mcvideoServiceConfigurationName = "mcvideo-service-config.xml"
    static let mcvideoUserProfileName = "mcvideo-user-profile-0.xml"

    public static let mcvideoServiceConfiguration = XCAPURI(
        auid: "org.3gpp.mcvideo.service-config", tree: .global, path: [mcvideoServiceConfigurationName])

    /// A user has one profile here, of index 0.
    public static func mcvideoUserProfile(of user: String) -> XCAPURI {
        XCAPURI(auid: "org.3gpp.mcvideo.user-profile", tree: .user(user), path: [mcvideoUserProfileName])
    }

    public static func mcvideoUEConfiguration(of user: String, device: String) -> XCAPURI {
        XCAPURI(auid: "org.3gpp.mcvideo.ue-config", tree: .user(user), path: [device])
    }

    /// What a user with the service may read, in order; empty without it.
    func videoListing(of user: UserRecord) -> [XCAPURI] {
        guard fleet.mayByAnyProfile(user, .mcvideo) else { return [] }
        var uris = [Self.mcvideoServiceConfiguration, Self.mcvideoUserProfile(of: user.id)]
        if !videoGroups(of: user.id).isEmpty {
            uris += fleet.devices(ofUser: user.id).map { Self.mcvideoUEConfiguration(of: user.id, device: $0) }
        }
        return uris
    }

    /// nil where the URI names no MCVideo document, or its user has not the service.
    func videoOctets(_ uri: XCAPURI) -> [UInt8]? {
        switch (uri.auid, uri.tree) {
        case (Self.mcvideoServiceConfiguration.auid, .global):
            guard uri.path.last == Self.mcvideoServiceConfigurationName else { return nil }
            // That of the system, or the same under the name of an organisation.
            guard uri.path.count == 1 || (uri.path.count == 2 && fleet.organisation(uri.path[0]) != nil) else {
                return nil
            }
            return MCVideoServiceConfiguration.serialized(settings.serviceConfiguration)
        case (Self.mcvideoUserProfile(of: "").auid, .user(let key)):
            guard uri.path == [Self.mcvideoUserProfileName] else { return nil }
            return videoUser(key).map { videoProfile(of: $0).serialized() }
        case (Self.mcvideoUEConfiguration(of: "", device: "").auid, .user(let key)):
            guard uri.path.count == 1, videoUser(key) != nil, let device = fleet.device(uri.path[0]) else { return nil }
            return ueConfiguration(of: key, device, groups: videoGroups(of: key))
                .map { MCVideoUEConfiguration.serialized($0) }
        default: return nil
        }
    }

    private func videoUser(_ key: String) -> UserRecord? {
        guard let user = activeUser(key), fleet.mayByAnyProfile(user, .mcvideo) else { return nil }
        return user
    }

    private func videoGroups(of user: String) -> [GroupRecord] {
        fleet.groups(ofMember: user).compactMap { fleet.group($0) }.filter { $0.video != nil }
    }

    private func videoProfile(of user: UserRecord) -> MCVideoUserProfile {
        let rights = fleet.rights(of: user)
        let policyUser = fleet.policyUser(user, of: system)
        return MCVideoUserProfile(
            owner: user.id, index: 0, profileName: user.profile,
            user: .init(user.id, displayName: user.displayName.isEmpty ? nil : user.displayName),
            organisation: policyUser.organisation.isEmpty ? nil : policyUser.organisation, priority: user.priority,
            maximumGroupCalls: rights.maxima.groupCallsN6, maximumAffiliations: rights.maxima.affiliationsN2,
            groups: videoGroups(of: user.id).map {
                .init($0.id, displayName: $0.displayName.isEmpty ? nil : $0.displayName)
            }, rights: rights.all)
    }
}
