import Administration
import ConfigurationDocuments
import DocumentService
import IdentityManagement
import MCDocuments
import MCFoundation
import NationalAdministration
import Policy
import Storage
import Testing
import WebServices

/// A nation over a store in memory and its documents. A token is the name of its user, then what it opens: `anna gc`
/// opens group and configuration management of MCPTT.
struct DocumentGround {
    static let identity = SystemIdentity(id: MCSystemID("mc.it.example"), domain: "mc.it.example")
    static let now = UTCTime(microseconds: 1_700_000_000_000_000)
    let administration: NationalAdministration
    let service: DocumentService

    static func id(_ name: String) -> String { "sip:\(name)@mc.it.example" }
    static let flood = "/xcap/org.openmobilealliance.groups/global/byGroupID/sip:flood@mc.it.example"
    static let rescue = "/xcap/org.openmobilealliance.groups/global/byGroupID/sip:rescue@mc.it.example"
    static let groupType = "application/vnd.oma.poc.groups+xml"

    init(
        root: String = "/xcap", limits: StoreLimits = StoreLimits(),
        observe: @escaping @Sendable (NationalAdministration.Change) -> Void = { _ in }
    ) async throws {
        let store = MemoryStore(disk: MemoryDisk(), limits: limits)
        try NationalAdministration.found(
            NationRecord(name: "Italia", country: "IT", created: Self.now, identity: Self.identity),
            organisation: OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT"),
            administrator: AdministratorRecord(id: "root", roles: AdministratorRole.allCases),
            profile: ProfileRecord(name: "responder", rights: [.callPrearrangedGroup]), in: store, at: Self.now)
        administration = try NationalAdministration(store: store, identity: Self.identity, observe: observe)
        service = DocumentService(
            administration: administration, settings: Self.settings, root: root, verify: Self.verify,
            now: { Self.now })
        try await perform(.create(OrganisationRecord(id: "ps", name: "Polizia", country: "IT").record))
        for (name, organisation) in [("anna", "vvf"), ("bruno", "vvf"), ("carla", "ps"), ("chiara", "vvf")] {
            var user = UserRecord(id: Self.id(name), organisation: organisation, profile: "responder")
            if name == "chiara" { user.rights = RightsOverride(allowed: [.manageGroups]) }
            try await perform(.create(user.record))
        }
        try await perform(
            .create(
                GroupRecord(
                    id: Self.id("flood"), organisation: "vvf", type: .prearranged,
                    members: [GroupMember(id: Self.id("anna"))]
                ).record))
    }

    func perform(_ request: FleetRequest) async throws {
        try await administration.perform(request, by: "root", at: Self.now)
    }

    static let settings = DocumentSettings(
        initialConfiguration: UEInitialConfiguration(
            domain: "mc.it.example", homeNetwork: "22299",
            connectivity: .init(mcptt: "mcptt", commonCore: "core", identityManagement: "id"),
            servers: .init(
                authorisationEndpoint: "https://mc.it.example/a", tokenEndpoint: "https://mc.it.example/t",
                httpProxy: "https://mc.it.example", groupManagement: "https://mc.it.example",
                configurationManagement: "https://mc.it.example", keyManagement: "https://mc.it.example"),
            groupManagementURI: "sip:gms@mc.it.example", groupCreationXUI: "sip:groups@mc.it.example",
            groupManagementRoot: "https://mc.it.example/xcap",
            configurationManagementRoot: "https://mc.it.example/xcap"),
        serviceConfiguration: ServiceConfiguration(
            domain: "mc.it.example", emergencyPriority: .init(namespace: "mcpttp", priority: "15"),
            imminentPerilPriority: .init(namespace: "mcpttp", priority: "8"),
            normalPriority: .init(namespace: "mcpttp", priority: "0")))

    private static let verify: DocumentService.Verifying = { token, purpose, kind, now in
        let parts = token.split(separator: ".")
        guard parts.count == 2 else { return .refused(.incomplete) }
        if parts[1] == "expired" { return .refused(.expired) }
        var scopes: [IdentityScope] = [.openID]
        if parts[1].contains("g") { scopes.append(.pttGroupManagement) }
        if parts[1].contains("c") { scopes.append(.pttConfigurationManagement) }
        guard ScopeSet(scopes).opens(purpose, of: kind) else { return .refused(.wrongScope) }
        return .granted(
            VerifiedToken(
                mcpttID: MCPTTID(id(String(parts[0]))), mcvideoID: nil, mcdataID: nil, clientID: "app",
                scopes: ScopeSet(scopes), expires: UTCTime(microseconds: now.microseconds + 1), tokenID: "t"))
    }

    func ask(
        _ method: String, _ path: String, token: String? = nil, type: String? = nil, body: [UInt8] = [],
        headers: [WebHeader] = [], query: String = ""
    ) async -> WebResponse {
        var headers = headers
        if let token { headers.append(WebHeader("authorization", "Bearer \(token)")) }
        if let type { headers.append(WebHeader("content-type", type)) }
        return await service.respond(
            to: WebRequest(method: method, path: path, query: query, headers: headers, body: body))
    }

    static func groupDocument(_ name: String, _ members: [String]) -> [UInt8] {
        var document = GroupDocument(
            id: MCPTTGroupID(id(name)), displayName: "Rescue",
            entries: members.map { .init(mcpttID: MCPTTID(id($0))) })
        document.invitesMembers = true
        return document.serialized()
    }
}
