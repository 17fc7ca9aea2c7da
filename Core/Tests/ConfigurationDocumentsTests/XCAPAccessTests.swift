import ConfigurationDocuments
import MCDocuments
import Testing

@Suite("XCAP: access, changes and subscriptions")
struct XCAPAccessTests {
    private static let alice = XCAPRequester(
        serviceID: "sip:alice@x",
        scopes: ["openid", "3gpp:mc:ptt_config_management_service", "3gpp:mc:ptt_group_management_service"])
    private static var administrator: XCAPRequester {
        var requester = alice
        requester.serviceID = "sip:admin@x"
        requester.isAdministrator = true
        return requester
    }

    private static func uri(_ text: String) throws -> XCAPURI { try XCAPURI(parsing: "/" + text, root: "/") }

    @Test("a user reads his own profile, and neither writes it nor reads another's")
    func profiles() throws {
        let own = try Self.uri("org.3gpp.mcptt.user-profile/users/sip:alice@x/mcptt-user-profile-0.xml")
        let other = try Self.uri("org.3gpp.mcptt.user-profile/users/sip:bob@x/mcptt-user-profile-0.xml")
        let usage = ApplicationUsage.userProfile
        #expect(usage.access(Self.alice, .get, own) == .allowed)
        #expect(usage.access(Self.alice, .put, own) == .refused(.notAdministrator))
        #expect(usage.access(Self.alice, .get, other) == .refused(.notOwner))
        #expect(usage.access(Self.alice, .delete, other) == .refused(.notOwner))
        #expect(usage.access(nil, .get, own) == .refused(.noToken))
        #expect(usage.access(Self.administrator, .put, other) == .allowed)
        #expect(usage.access(nil, .get, own).response?.status == 403)
        #expect(usage.access(Self.alice, .get, own).response == nil)
    }

    @Test("the token needs a scope of the service that keeps the document")
    func scopes() throws {
        let uri = try Self.uri("org.3gpp.mcvideo.user-profile/users/sip:alice@x/p")
        let video = try #require(ApplicationUsage.named("org.3gpp.mcvideo.user-profile"))
        #expect(video.access(Self.alice, .get, uri) == .refused(.scope))
        let group = try Self.uri("org.openmobilealliance.groups/global/byGroupID/g")
        var old = XCAPRequester(serviceID: "sip:alice@x", scopes: ["3gpp:mcptt:group_management_server"])
        #expect(ApplicationUsage.groups.access(old, .get, group, standing: .init(isMember: true)) == .allowed)
        old.scopes = ["3gpp:mcptt:config_management_server"]
        #expect(ApplicationUsage.groups.access(old, .get, group, standing: .init(isMember: true)) == .refused(.scope))
        // An administrator needs a token of the service too.
        var administrator = Self.administrator
        administrator.scopes = ["openid"]
        #expect(ApplicationUsage.groups.access(administrator, .get, group) == .refused(.scope))
    }

    @Test("members read a group document, its administrators write it")
    func groups() throws {
        let uri = try Self.uri("org.openmobilealliance.groups/global/byGroupID/sip:g@x")
        let usage = ApplicationUsage.groups
        #expect(usage.access(Self.alice, .get, uri) == .refused(.notMember))
        #expect(usage.access(Self.alice, .get, uri, standing: .init(isMember: true)) == .allowed)
        #expect(usage.access(Self.alice, .put, uri, standing: .init(isMember: true)) == .refused(.notAdministrator))
        #expect(usage.access(Self.alice, .put, uri, standing: .init(isAdministrator: true)) == .allowed)
        #expect(usage.access(Self.alice, .get, uri, standing: .init(isAdministrator: true)) == .allowed)
    }

    @Test("the initial configuration is read before login; the service configuration by every user; nobody writes them")
    func commonDocuments() throws {
        let initial = try Self.uri("org.3gpp.mcptt.ue-init-config/users/sip:ue@x/ue")
        #expect(ApplicationUsage.ueInitialConfiguration.access(nil, .get, initial) == .allowed)
        #expect(ApplicationUsage.ueInitialConfiguration.access(nil, .put, initial) == .refused(.noToken))
        #expect(
            ApplicationUsage.ueInitialConfiguration.access(Self.alice, .put, initial) == .refused(.notAdministrator))
        let service = try Self.uri("org.3gpp.mcptt.service-config/global/service-config.xml")
        let usage = ApplicationUsage.serviceConfiguration
        #expect(usage.access(Self.alice, .get, service) == .allowed)
        #expect(usage.access(Self.alice, .put, service) == .refused(.notAdministrator))
        #expect(
            usage.access(Self.alice, .get, try Self.uri("org.3gpp.mcptt.service-config/users/sip:a@x/s"))
                == .refused(.tree))
    }

    @Test("every usage has its own ID and type")
    func usages() {
        let usages = ApplicationUsage.all
        #expect(usages.count == 12)
        for usage in usages {
            #expect(usages.filter { $0.auid == usage.auid || $0.mimeType == usage.mimeType }.count == 1)
        }
        #expect(
            ApplicationUsage.named("org.3gpp.mcdata.service-config")?.mimeType
                == "application/vnd.3gpp.mcdata-service-config+xml")
    }

    @Test("a change is told by the tags before and after, without quotes")
    func diff() throws {
        let uri = try Self.uri("org.3gpp.mcptt.user-profile/users/sip:alice@x/p%201.xml")
        let (old, new) = (XCAPDocument(octets: [1]), XCAPDocument(octets: [2]))
        let diff = XCAPDiff(
            root: "https://cms.example.org/xcap/",
            documents: [.init(uri, from: old, to: new), .init(uri, from: nil, to: new), .init(uri, from: old, to: nil)])
        #expect(try XCAPDiff(parsing: diff.serialized()) == diff)
        let text = String(decoding: diff.serialized(), as: UTF8.self)
        #expect(text.contains(#"sel="org.3gpp.mcptt.user-profile/users/sip:alice@x/p%201.xml""#))
        #expect(!text.contains("&quot;"))
        #expect(diff.documents[1].previousETag == nil && diff.documents[2].newETag == nil)
        #expect(try XCAPURI(parsingSelector: diff.documents[0].selector) == uri)
    }

    @Test("a subscription names documents or collections, relative or absolute")
    func subscription() throws {
        let lists = ResourceLists(uris: [
            "org.openmobilealliance.groups/global/byGroupID/sip%3Ag@x",
            "https://cms.example.org/xcap/org.3gpp.mcptt.user-profile/users/sip:alice@x/",
            "org.openmobilealliance.groups/global/byGroupID/sip:g@x",
        ])
        let subscription = try XCAPSubscription(
            parsing: lists.serialized(), root: "https://cms.example.org/xcap")
        #expect(subscription.targets.count == 2)
        #expect(subscription.covers(try Self.uri("org.openmobilealliance.groups/global/byGroupID/sip:g@x/~~/group")))
        #expect(!subscription.covers(try Self.uri("org.openmobilealliance.groups/global/byGroupID/sip:h@x")))
        #expect(subscription.covers(try Self.uri("org.3gpp.mcptt.user-profile/users/sip:alice@x/p")))
        #expect(!subscription.covers(try Self.uri("org.3gpp.mcptt.user-profile/users/sip:alice@xy/p")))
    }

    @Test(
        "a subscription to what is no document here is refused",
        arguments: ["https://other.example/xcap/a/global/b", "a", "a/../", "/", "sip:alice@example.org"])
    func refusedSubscriptions(uri: String) {
        #expect(throws: DocumentError.self) {
            try XCAPSubscription(
                parsing: ResourceLists(uris: [uri]).serialized(), root: "https://cms.example.org/xcap")
        }
    }

    @Test("a subscription has a bound")
    func subscriptionBound() {
        var limits = XCAPLimits()
        limits.subscribedTargets = 2
        #expect(throws: DocumentError.self) {
            try XCAPSubscription(
                parsing: ResourceLists(uris: ["a/", "b/", "c/"]).serialized(), root: "", limits: limits)
        }
    }
}
