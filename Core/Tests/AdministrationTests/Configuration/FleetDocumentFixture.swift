import Administration
import MCDocuments
import MCFoundation
import Policy

extension DocumentSettings {
    static let italy = DocumentSettings(
        initialConfiguration: UEInitialConfiguration(
            domain: "mc.it.example", homeNetwork: "22299",
            connectivity: .init(mcptt: "mcptt", commonCore: "core", identityManagement: "id"),
            servers: .init(
                authorisationEndpoint: "https://idm.mc.it.example/authorize",
                tokenEndpoint: "https://idm.mc.it.example/token", httpProxy: "https://proxy.mc.it.example",
                groupManagement: "https://xcap.mc.it.example", configurationManagement: "https://xcap.mc.it.example",
                keyManagement: "https://kms.mc.it.example"),
            groupManagementURI: "sip:gms@mc.it.example", groupCreationXUI: "sip:groups@mc.it.example",
            groupManagementRoot: "https://xcap.mc.it.example/xcap",
            configurationManagementRoot: "https://xcap.mc.it.example/xcap"),
        serviceConfiguration: ServiceConfiguration(
            domain: "mc.it.example", emergencyPriority: .init(namespace: "mcpttp", priority: "15"),
            imminentPerilPriority: .init(namespace: "mcpttp", priority: "8"),
            normalPriority: .init(namespace: "mcpttp", priority: "0")))
}

extension Italy {
    /// The fleet of Italy, where chiara of the fire brigade manages groups and has a device.
    static func withManager() throws -> FleetSnapshot {
        var chiara = user("chiara")
        chiara.rights = RightsOverride(allowed: [.manageGroups])
        return try with(
            .create(chiara.record), .create(user("dario").record),
            .create(
                DeviceRecord(instance: device, name: "portable", organisation: "vvf", user: id("anna")).record))
    }

    static let device = "urn:uuid:00000000-0000-4000-8000-000000000001"

    static func documents(_ fleet: FleetSnapshot? = nil) throws -> FleetDocuments {
        FleetDocuments(fleet: try fleet ?? withManager(), system: system, settings: .italy)
    }

    static func requester(_ name: String) -> XCAPRequester {
        XCAPRequester(
            serviceID: id(name),
            scopes: ["openid", "3gpp:mc:ptt_config_management_service", "3gpp:mc:ptt_group_management_service"])
    }

    static func uri(_ text: String) throws -> XCAPURI { try XCAPURI(parsing: "/" + text, root: "/") }
    static let flood = "org.openmobilealliance.groups/global/byGroupID/sip:flood@mc.it.example"
    static let patrol = "org.openmobilealliance.groups/global/byGroupID/sip:patrol@mc.it.example"
    static let rescue = "org.openmobilealliance.groups/global/byGroupID/sip:rescue@mc.it.example"

    static func put(_ uri: String, _ body: [UInt8], type: String = "application/vnd.oma.poc.groups+xml") throws
        -> XCAPRequest
    {
        XCAPRequest(method: .put, uri: try self.uri(uri), contentType: type, body: body)
    }

    static func groupDocument(_ name: String, _ members: [String], displayName: String = "Rescue") -> [UInt8] {
        var document = GroupDocument(
            id: MCPTTGroupID(id(name)), displayName: displayName,
            entries: members.map { .init(mcpttID: MCPTTID(id($0))) })
        document.invitesMembers = true
        document.rules = [.init(id: "all", condition: .listMembers, actions: [.initiateConference, .join])]
        return document.serialized()
    }
}
