import Administration
import ConfigurationDocuments
import IdentityManagement
import IdentityService
import MCFoundation
import Policy
import Testing

/// The list of rights that have an effect against what they have an effect on: the call path, documents and tokens.
/// What the call path makes of each of its own is in the tests of the participating function.
@Suite struct EnforcedRightsTests {
    private static func id(_ name: String) -> String { "sip:\(name)@mc.it.example" }
    private static let system = SystemIdentity(id: MCSystemID("mc.it.example"), domain: "mc.it.example")
    private static let settings = DocumentSettings(
        initialConfiguration: UEInitialConfiguration(
            domain: "mc.it.example", homeNetwork: "22299",
            connectivity: .init(mcptt: "a", commonCore: "b", identityManagement: "c"),
            servers: .init(
                authorisationEndpoint: "https://a", tokenEndpoint: "https://a", httpProxy: "https://a",
                groupManagement: "https://a", configurationManagement: "https://a", keyManagement: "https://a"),
            groupManagementURI: "sip:gms@mc.it.example", groupCreationXUI: "sip:groups@mc.it.example",
            groupManagementRoot: "https://a", configurationManagementRoot: "https://a"),
        serviceConfiguration: ServiceConfiguration(
            domain: "mc.it.example", emergencyPriority: .init(namespace: "mcpttp", priority: "15"),
            imminentPerilPriority: .init(namespace: "mcpttp", priority: "8"),
            normalPriority: .init(namespace: "mcpttp", priority: "0")))

    /// Everything that may depend on what anna may.
    private struct Seen: Hashable {
        var callPath: UserRights
        var hasVideo: Bool?
        var hasData: Bool?
        /// Of documents that she asks for: a group that she makes, one that she regroups, her MCVideo profile.
        var statuses: [Int]
    }

    private func seen(_ rights: [UserRight]) throws -> Seen {
        let anna = UserRecord(
            id: Self.id("anna"), loginName: "anna", organisation: "vvf", rights: RightsOverride(allowed: rights))
        func group(_ name: String) -> FleetRecord {
            .group(
                GroupRecord(
                    id: Self.id(name), organisation: "vvf", type: .prearranged, members: [GroupMember(id: anna.id)]))
        }
        let fleet = FleetSnapshot([
            .organisation(OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT")), .user(anna),
            group("flood"), group("fire"),
        ])
        let documents = FleetDocuments(fleet: fleet, system: Self.system, settings: Self.settings)
        func made(_ name: String, of constituents: [String]? = nil) throws -> Int {
            var document = GroupDocument(
                id: MCPTTGroupID(Self.id(name)),
                entries: constituents == nil ? [.init(mcpttID: anna.mcpttID)] : [])
            document.invitesMembers = true
            document.constituents = constituents.map { $0.map { MCPTTGroupID(Self.id($0)) } }
            document.rules = [.init(id: "all", condition: .listMembers, actions: [.initiateConference, .join])]
            return try status(
                .put, "org.openmobilealliance.groups/global/byGroupID/\(Self.id(name))", document.serialized())
        }
        func status(_ method: XCAPMethod, _ uri: String, _ body: [UInt8]) throws -> Int {
            let request = XCAPRequest(
                method: method, uri: try XCAPURI(parsing: "/" + uri, root: "/"),
                contentType: body.isEmpty ? nil : "application/vnd.oma.poc.groups+xml", body: body)
            let services = ["ptt_config", "ptt_group", "video_config"]
            let requester = XCAPRequester(
                serviceID: anna.id, scopes: ["openid"] + services.map { "3gpp:mc:\($0)_management_service" })
            return documents.decide(request, by: requester).response.status
        }
        let token = FleetIdentities(fleet).loginUser(named: "anna")
        return Seen(
            callPath: fleet.policyUser(anna, of: Self.system).rights, hasVideo: token?.has(.video),
            hasData: token?.has(.data),
            statuses: [
                try made("rescue"), try made("joint", of: ["flood", "fire"]),
                try status(
                    .get, "org.3gpp.mcvideo.user-profile/users/\(anna.id)/mcvideo-user-profile-0.xml", []),
            ])
    }

    @Test(arguments: UserRight.allCases)
    func `a right changes something exactly where it is said to be in effect`(right: UserRight) throws {
        let (with, without) = (try seen([right]), try seen([]))
        #expect((with != without) == right.isEnforced, "\(with)")
        #expect(UserRight.enforced.contains(right) == right.isEnforced)
    }

    @Test func `who has no right has nothing`() throws {
        let nothing = try seen([])
        #expect(nothing.hasVideo == false && nothing.hasData == false)
        #expect(nothing.statuses.allSatisfy { $0 >= 400 }, "\(nothing.statuses)")
        for flag in Mirror(reflecting: nothing.callPath).children { #expect(flag.value as? Bool == false) }
        let all = try seen(UserRight.enforced)
        #expect(all.hasVideo == true && all.hasData == true && all.statuses == [201, 201, 200])
        for flag in Mirror(reflecting: all.callPath).children { #expect(flag.value as? Bool == true) }
    }

    @Test func `an ordinary responder is given nothing that is refused to him or cannot be done`() {
        #expect(ProfileRecord.responder.rights.allSatisfy { $0.isEnforced })
        #expect(ProfileRecord.responder.rights.count == 7)
    }
}
