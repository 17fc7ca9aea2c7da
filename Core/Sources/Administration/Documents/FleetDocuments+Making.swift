import ConfigurationDocuments
internal import MCFoundation
internal import Policy

/// The octets of documents.
extension FleetDocuments {
    func octets(_ uri: XCAPURI) -> [UInt8]? {
        switch uri.auid {
        case ApplicationUsage.groups.auid:
            return groupKey(uri).flatMap { fleet.group($0) }.map { document(of: $0).serialized() }
        case ApplicationUsage.directory.auid:
            guard case .user(let user) = uri.tree, uri.path == [Self.directoryName] else { return nil }
            return activeUser(user).map { directory(of: $0) }
        case ApplicationUsage.ueInitialConfiguration.auid: return initialConfiguration(uri)
        case ApplicationUsage.ueConfiguration.auid: return ueConfiguration(uri)
        case ApplicationUsage.userProfile.auid:
            guard case .user(let user) = uri.tree, let record = activeUser(user),
                let index = record.profileIndices.first(where: {
                    uri.path == Self.userProfile(of: user, index: $0).path
                })
            else { return nil }
            return profile(of: record, index).serialized()
        case ApplicationUsage.serviceConfiguration.auid: return serviceConfiguration(uri)
        default: return videoOctets(uri)
        }
    }

    func document(of group: GroupRecord) -> GroupDocument {
        var document = GroupDocument(group: group.group) { member in
            // Whose name a partner's user has is not known here.
            fleet.user(member.mcpttID.value).flatMap { $0.displayName.isEmpty ? nil : $0.displayName }
        }
        document.video = group.video
        document.data = group.data
        document.constituents = group.temporary?.constituents.map { MCPTTGroupID($0) }
        if let key = group.regroupedInto, let joined = fleet.group(key), let temporary = joined.temporary {
            document.regrouped = GroupDocument.Regrouped(
                temporaryGroup: joined.groupID, requestor: MCPTTID(temporary.requestor),
                constituents: temporary.constituents.map { MCPTTGroupID($0) }, priority: joined.priority)
        }
        return document
    }

    func profile(of user: UserRecord, _ index: UInt8 = 0) -> UserProfileDocument {
        let groups = fleet.groups(ofMember: user.id).compactMap { fleet.group($0) }.map { group in
            UserProfileDocument.Entry(group.id, displayName: group.displayName.isEmpty ? nil : group.displayName)
        }
        let rights = fleet.rights(of: user, profile: index)
        let known = fleet.policyUser(user, of: system)
        var policyUser = known.selecting(index) ?? known
        // What is allowed comes from his rights below, and nothing else.
        policyUser.rights.mayCallInEmergency = false
        policyUser.rights.mayCallInImminentPeril = false
        policyUser.rights.mayCancelEmergency = false
        policyUser.rights.mayCancelImminentPeril = false
        policyUser.rights.mayForceAutoAnswer = false
        var document = UserProfileDocument(user: policyUser, index: index, groups: groups)
        let name = user.profile(of: index)
        document.profileName = name
        // A client begins with it (TS 24.484 8.3.2.7); where it is the only one there is nothing to choose.
        document.isPreselected = index == 0 && user.otherProfiles != nil
        document.maximumGroupCalls = Self.positive(rights.maxima.groupCallsN6)
        document.maximumTransmissions =
            user.maxima.transmissionsN7 ?? name.flatMap { fleet.profile($0)?.maxima.transmissionsN7 }
        // Both are named by the elements of the schema.
        document.allow(rights.all.compactMap { UserProfileDocument.Action(rawValue: $0.rawValue) })
        return document
    }

    /// The same for every device, whether the fleet map has it or not: who asks has not proved anything yet, so nothing
    /// is told of what exists.
    private func initialConfiguration(_ uri: XCAPURI) -> [UInt8]? {
        guard case .user(let xui) = uri.tree, uri.path.count == 1, xui.hasPrefix("sip:"),
            xui.utf8.count <= FleetLimits.identity, uri.path[0].utf8.count <= FleetLimits.identity
        else { return nil }
        var document = settings.initialConfiguration
        document.owner = xui
        if uri.path[0].hasPrefix("urn:") { document.instanceID = uri.path[0] }
        return document.serialized()
    }

    /// OPEN: the name of the document; here it is the ID of a device that was given to the user.
    private func ueConfiguration(_ uri: XCAPURI) -> [UInt8]? {
        guard case .user(let key) = uri.tree, uri.path.count == 1, let device = fleet.device(uri.path[0]) else {
            return nil
        }
        return ueConfiguration(of: key, device, groups: fleet.groups(ofMember: key).compactMap { fleet.group($0) })?
            .serialized()
    }

    /// nil where the device is not the user's, and without a group: the schemas ask for one at least.
    func ueConfiguration(of key: String, _ device: DeviceRecord, groups: [GroupRecord]) -> UEConfiguration? {
        guard let user = activeUser(key), device.user == key, !groups.isEmpty else { return nil }
        // The device may be used with any of them; the system holds each client to its own.
        let maxima = user.profileIndices.map { fleet.rights(of: user, profile: $0).maxima.groupCallsPerClientN4 }
        var document = UEConfiguration(
            domain: system.domain, maximumPrivateCalls: settings.privateCallsN10,
            maximumGroupCalls: Self.positive(maxima.max() ?? 0),
            maximumTransmissions: settings.transmissionsN5,
            groupPriorities: groups.map { .init(group: $0.groupID, level: UInt32($0.priority)) },
            prefersIPv6: settings.prefersIPv6)
        document.owner = key
        document.instanceID = device.instance
        document.name = device.name.isEmpty ? nil : device.name
        return document
    }

    /// The schemas have no 0 for N4 and N6. Whom none are allowed is told of one, and refused that one when he calls.
    private static func positive(_ maximum: Int) -> Int { max(1, maximum) }

    /// One for the system; an organisation has the same under its name.
    private func serviceConfiguration(_ uri: XCAPURI) -> [UInt8]? {
        guard uri.tree == .global, uri.path.last == Self.serviceConfigurationName else { return nil }
        switch uri.path.count {
        case 1: break
        case 2: guard fleet.organisation(uri.path[0]) != nil else { return nil }
        default: return nil
        }
        return settings.serviceConfiguration.serialized()
    }
}
