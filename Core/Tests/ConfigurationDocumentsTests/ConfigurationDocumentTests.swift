import ConfigurationDocuments
import FloorControl
import MCDocuments
import MCFoundation
import Policy
import Testing

func sampleUser() -> User {
    var user = User(
        mcpttID: MCPTTID("sip:alice@example.org"), publicIdentity: PublicUserIdentity("sip:a@ims.example.org"),
        privateIdentity: PrivateUserIdentity("a@ims.example.org"),
        credentials: DigestSecrets(realm: "example.org", md5: nil, sha256: nil), displayName: "Alice <1>",
        organisation: "Fire", priority: 12, homeSystem: MCSystemID("example.org"))
    user.rights.mayCallInImminentPeril = false
    user.maxima.affiliationsN2 = 3
    return user
}

func sampleProfile() -> UserProfileDocument {
    var profile = UserProfileDocument(
        user: sampleUser(), index: 2, groups: [.init("sip:fire@example.org", displayName: "Fire")],
        implicitAffiliations: [.init("sip:fire@example.org")],
        privateCallRecipients: [.init("sip:bob@example.org", displayName: "Bob")])
    profile.name = "day"
    profile.profileName = "Day shift"
    profile.aliases = ["chief"]
    profile.participantType = "commander"
    profile.maximumTransmissions = 2
    profile.emergencyCall = .init("sip:fire@example.org", info: .dedicatedGroup)
    profile.imminentPerilCall = .init("sip:fire@example.org", info: .useCurrentlySelectedGroup)
    profile.emergencyAlert = .init("sip:fire@example.org", info: .locallyDetermined)
    profile.allow([.firstToAnswerCall])
    return profile
}

func sampleInitialConfiguration() -> UEInitialConfiguration {
    var document = UEInitialConfiguration(
        domain: "example.org", homeNetwork: "00101",
        connectivity: .init(mcptt: "mcptt", commonCore: "core", identityManagement: "idm"),
        servers: .init(
            authorisationEndpoint: "https://idms.example.org/authorize",
            tokenEndpoint: "https://idms.example.org/token", httpProxy: "https://proxy.example.org",
            groupManagement: "https://gms.example.org", configurationManagement: "https://cms.example.org",
            keyManagement: "https://kms.example.org"),
        groupManagementURI: "sip:gms@example.org", groupCreationXUI: "sip:groups@example.org",
        groupManagementRoot: "https://gms.example.org/xcap", configurationManagementRoot: "https://cms.example.org/xcap"
    )
    document.owner = "sip:ue1@example.org"
    document.instanceID = "urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"
    document.name = "Device 1"
    document.defaultUserProfiles = [.init(userID: "sip:alice@example.org", index: 3)]
    document.timers.t100 = 5
    return document
}

func sampleUEConfiguration() -> UEConfiguration {
    var document = UEConfiguration(
        domain: "example.org", maximumPrivateCalls: 1, maximumGroupCalls: 4, maximumTransmissions: 2,
        groupPriorities: [.init(group: MCPTTGroupID("sip:fire@example.org"), level: 1)], prefersIPv6: true)
    document.owner = "sip:ue1@example.org"
    document.instanceID = "urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"
    document.name = "Device 1"
    document.isRelay = true
    document.relayedGroups = [.init(group: MCPTTGroupID("sip:fire@example.org"), serviceCode: "12")]
    return document
}

func sampleServiceConfiguration() -> ServiceConfiguration {
    var document = ServiceConfiguration(
        domain: "example.org", emergencyPriority: .init(namespace: "mcpttp", priority: "15"),
        imminentPerilPriority: .init(namespace: "mcpttp", priority: "12"),
        normalPriority: .init(namespace: "mcpttp", priority: "4"))
    document.minimumAliasLength = 4
    document.groupHierarchyLevels = 2
    document.userHierarchyLevels = 3
    document.privateEmergencyCancelTimeout = .seconds(60)
    document.groupEmergencyTimeLimit = .seconds(600)
    document.privateCallHangTime = .seconds(15)
    document.privateCallWithFloorControl = .seconds(300)
    document.privateCallWithoutFloorControl = .seconds(301)
    document.priorityLevels = 8
    document.talkLimit = .seconds(30)
    document.talkLimitWarning = .seconds(5)
    document.hangTimeWarning = .seconds(6)
    document.queueDepth = 7
    document.queueTimeLimit = .seconds(90)
    document.floorControl.t1EndOfRTPMedia = .milliseconds(4_250)
    document.floorControl.c56Disconnect = 9
    return document
}

@Suite("Configuration documents")
struct ConfigurationDocumentTests {
    @Test("each document comes back as it was written")
    func roundTrips() throws {
        #expect(try UserProfileDocument(parsing: sampleProfile().serialized()) == sampleProfile())
        #expect(
            try UEInitialConfiguration(parsing: sampleInitialConfiguration().serialized())
                == sampleInitialConfiguration())
        #expect(try UEConfiguration(parsing: sampleUEConfiguration().serialized()) == sampleUEConfiguration())
        #expect(
            try ServiceConfiguration(parsing: sampleServiceConfiguration().serialized()) == sampleServiceConfiguration()
        )
    }

    @Test func clientsAreToldOfTheFloorWhatTheServerGoesBy() throws {
        var timers = FloorServerTimers()
        timers.endOfMedia = .milliseconds(5_500)
        timers.stopTalkingGrace = .zero
        timers.floorIdleLimit = 100_000
        var document = sampleServiceConfiguration()
        document.floorControl = .init(timers)
        let told = try ServiceConfiguration(parsing: document.serialized()).floorControl
        #expect(told.t1EndOfRTPMedia == .milliseconds(5_500))
        #expect(told.t3StopTalkingGrace == .zero)
        #expect(told.t20FloorGranted == timers.floorGranted)
        #expect(told.c7FloorIdle == .max)
    }

    @Test("a profile carries the rights and bounds of its user, and gives them back")
    func rights() throws {
        let profile = try UserProfileDocument(parsing: sampleProfile().serialized())
        #expect(profile.allows(.emergencyGroupCall))
        #expect(!profile.allows(.imminentPerilCall))
        #expect(profile.allows(.privateCall))
        var user = sampleUser()
        user.rights.mayCallInImminentPeril = true
        user.rights.mayCallInEmergency = false
        user.maxima.affiliationsN2 = 99
        user.displayName = ""
        profile.apply(to: &user)
        #expect(user == sampleUser())
    }

    @Test("an action that the rules do not name, deny or bind to a condition is not allowed")
    func missingIsFalse() throws {
        let text = """
            <mcptt-user-profile xmlns="urn:3gpp:mcptt:user-profile:1.0" xmlns:cp="urn:ietf:params:xml:ns:common-policy" \
            XUI-URI="sip:a@x" user-profile-index="0"><Common><MCPTTUserID><uri-entry>sip:a@x</uri-entry></MCPTTUserID>\
            </Common><cp:ruleset><cp:rule id="1"><cp:actions><allow-regroup>false</allow-regroup>\
            <allow-private-call>true</allow-private-call></cp:actions></cp:rule><cp:rule id="2"><cp:conditions>\
            <cp:validity/></cp:conditions><cp:actions><allow-revoke-transmit>true</allow-revoke-transmit></cp:actions>\
            </cp:rule></cp:ruleset></mcptt-user-profile>
            """
        #expect(try UserProfileDocument(parsing: Array(text.utf8)).allowed == [.privateCall])
    }

    @Test("protection of the service configuration is an explicit false, and true where it is missing")
    func protection() throws {
        let text = String(decoding: sampleServiceConfiguration().serialized(), as: UTF8.self)
        #expect(text.contains("<confidentiality-protection>false</confidentiality-protection>"))
        let start = try #require(text.firstRange(of: "<signalling-protection>"))
        let end = try #require(text.firstRange(of: "</protection-between-mcptt-servers>"))
        let without = String(text[..<start.lowerBound]) + String(text[end.upperBound...])
        let document = try ServiceConfiguration(parsing: Array(without.utf8))
        #expect(document.protectsConfidentiality && document.protectsIntegrity)
        #expect(document.allowsServerSignallingProtection && document.allowsServerFloorControlProtection)
    }

    @Test(
        "a document of another kind, or without what its schema asks for, is refused",
        arguments: [
            "<mcptt-UE-initial-configuration xmlns='urn:3gpp:mcptt:mcpttUEinitConfig:1.0' domain='x'/>",
            "<mcptt-UE-configuration xmlns='urn:3gpp:mcptt:mcpttUEConfig:1.0' domain='x'/>", "<service/>", "<a",
            "<mcptt-user-profile xmlns='urn:3gpp:mcptt:user-profile:1.0' XUI-URI='x' user-profile-index='256'/>",
            "<!DOCTYPE group [<!ENTITY a 'b'>]><group xmlns='urn:oma:xml:poc:list-service'>&a;</group>",
        ])
    func refusals(text: String) {
        let octets = Array(text.utf8)
        #expect(throws: DocumentError.self) { try UEInitialConfiguration(parsing: octets) }
        #expect(throws: DocumentError.self) { try UEConfiguration(parsing: octets) }
        #expect(throws: DocumentError.self) { try ServiceConfiguration(parsing: octets) }
        #expect(throws: DocumentError.self) { try UserProfileDocument(parsing: octets) }
        #expect(throws: DocumentError.self) { try GroupDocument(parsing: octets) }
    }
}
