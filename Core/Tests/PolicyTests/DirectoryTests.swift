import MCFoundation
import Policy
import Testing

private let italy = SystemIdentity(id: MCSystemID("it"), domain: "it.example")
private let france = Partner(
    system: MCSystemID("fr"), domains: ["FR.example", "sdis.fr.example"],
    gateways: [GatewayTarget(host: "198.51.100.1", serverName: "gw.fr.example")])

private func user(_ name: String, domain: String = "it.example", serving: MCSystemID? = nil) -> User {
    User(
        mcpttID: MCPTTID("sip:\(name)@\(domain)"), publicIdentity: PublicUserIdentity("sip:ims-\(name)@\(domain)"),
        privateIdentity: PrivateUserIdentity("\(name)@\(domain)"),
        credentials: DigestSecrets(realm: domain, md5: String(repeating: "a", count: 32), sha256: nil),
        homeSystem: italy.id, servingSystem: serving)
}

@Suite struct DirectoryTests {
    @Test func aUserIsFoundByEachOfHisThreeIdentities() throws {
        let directory = try DirectorySnapshot(system: italy, users: [user("anna"), user("bruno")], groups: [])
        #expect(directory.user(MCPTTID("sip:anna@it.example")) == user("anna"))
        #expect(directory.user(publicIdentity: PublicUserIdentity("sip:ims-anna@it.example")) == user("anna"))
        #expect(directory.user(privateIdentity: PrivateUserIdentity("bruno@it.example")) == user("bruno"))
        #expect(directory.user(MCPTTID("sip:ims-anna@it.example")) == nil)
    }

    @Test func twoUsersCannotShareAPublicIdentity() {
        var other = user("bruno")
        other.publicIdentity = user("anna").publicIdentity
        #expect(throws: DirectoryError.self) {
            try DirectorySnapshot(system: italy, users: [user("anna"), other], groups: [])
        }
    }

    @Test func aReplacedUserLeavesNoTraceOfHisOldIdentities() throws {
        var directory = try DirectorySnapshot(system: italy, users: [user("anna")], groups: [])
        let before = directory
        var changed = user("anna")
        changed.publicIdentity = PublicUserIdentity("sip:new@it.example")
        changed.endpoint = .legacy(affiliations: [])
        try directory.setUser(changed)
        #expect(directory.user(publicIdentity: user("anna").publicIdentity) == nil)
        #expect(directory.user(publicIdentity: changed.publicIdentity) == changed)
        #expect(directory.userIDs == [changed.mcpttID])
        #expect(directory.legacyUsers == [changed.mcpttID])
        #expect(before.user(publicIdentity: user("anna").publicIdentity) == user("anna"))
        #expect(before.legacyUsers.isEmpty)
    }

    @Test func aTelephoneThatBecomesAClientIsNoLongerListedAsOne() throws {
        var telephone = user("anna")
        telephone.endpoint = .legacy(affiliations: [])
        var directory = try DirectorySnapshot(system: italy, users: [telephone, user("bruno")], groups: [])
        telephone.endpoint = .legacy(affiliations: [MCPTTGroupID("sip:fire@it.example")])
        try directory.setUser(telephone)
        #expect(directory.legacyUsers == [telephone.mcpttID])
        try directory.setUser(user("anna"))
        #expect(directory.legacyUsers.isEmpty)
        #expect(directory.userIDs == [user("anna").mcpttID, user("bruno").mcpttID])
    }

    @Test func groupsAreRoutedByEntryThenByDomain() throws {
        let local = Group(id: MCPTTGroupID("sip:fire@it.example"), kind: .prearranged, members: [])
        let directory = try DirectorySnapshot(system: italy, users: [], groups: [local], partners: [france])
        #expect(directory.controllingGroup(for: local.id)?.identity.value == "sip:mcptt-controlling-group@it.example")
        let theirs = directory.controllingGroup(for: MCPTTGroupID("sip:pompiers@SDIS.fr.example"))
        #expect(theirs?.system == france.system)
        #expect(theirs?.identity.value == "sip:mcptt-controlling-group@fr.example")
        #expect(directory.controllingGroup(for: MCPTTGroupID("sip:x@nowhere.example")) == nil)
        #expect(directory.controllingGroup(for: MCPTTGroupID("tel:+3912345")) == nil)
    }

    @Test func aMigratedUserIsReachedWhereHeIsServed() throws {
        let migrated = user("anna", serving: france.system)
        let directory = try DirectorySnapshot(
            system: italy, users: [migrated, user("bruno")], groups: [], partners: [france])
        #expect(directory.routing.route(of: migrated.mcpttID)?.home == italy.id)
        #expect(directory.participating(for: migrated.mcpttID)?.system == france.system)
        #expect(directory.participating(for: user("bruno").mcpttID)?.system == italy.id)
        #expect(directory.participating(for: MCPTTID("sip:luc@fr.example"))?.system == france.system)
    }

    private static let joint = RoutingExceptions(
        groups: [MCPTTGroupID("sip:alps@joint.example")],
        users: [MCPTTID("sip:anne@joint.example"), MCPTTID("sip:max@ch.example")],
        servedUsers: [MCPTTID("sip:pat@ch.example")], aliases: [FunctionalAlias("sip:chief@it.example")])

    @Test func whatIsRoutedByItselfGoesBeforeDomains() throws {
        var partner = france
        partner.exceptions = Self.joint
        let swiss = Partner(system: MCSystemID("ch"), domains: ["ch.example"], gateways: [])
        var directory = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [partner, swiss])
        #expect(directory.controllingGroup(for: Self.joint.groups[0])?.system == france.system)
        #expect(directory.participating(for: Self.joint.users[0])?.system == france.system)
        #expect(directory.routing.route(of: Self.joint.users[1]) == .init(home: france.system, serving: france.system))
        let visitor = directory.routing.route(of: Self.joint.servedUsers[0])
        #expect(visitor == .init(home: swiss.system, serving: france.system))
        #expect(directory.routing.owner(of: Self.joint.aliases[0]) == france.system)
        let alone = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [partner])
        #expect(alone.routing.route(of: Self.joint.servedUsers[0])?.serving == france.system)
        // Others of these domains go where their domain says, or nowhere.
        #expect(directory.controllingGroup(for: MCPTTGroupID("sip:other@joint.example")) == nil)
        #expect(directory.routing.route(of: MCPTTID("sip:sam@ch.example"))?.serving == swiss.system)
        try directory.setPartner(france)
        #expect(directory.controllingGroup(for: Self.joint.groups[0]) == nil)
        #expect(directory.routing.route(of: Self.joint.servedUsers[0])?.serving == swiss.system)
        #expect(directory.routing.owner(of: Self.joint.aliases[0]) == italy.id)
    }

    @Test func whatIsRoutedByItselfHasOneHome() throws {
        var partner = france
        partner.exceptions = Self.joint
        var rival = Partner(system: MCSystemID("ch"), domains: ["ch.example"], gateways: [])
        for take in [
            { $0.groups = Self.joint.groups }, { $0.users = Self.joint.users },
            { $0.servedUsers = Self.joint.servedUsers }, { $0.aliases = Self.joint.aliases },
        ] as [(inout RoutingExceptions) -> Void] {
            rival.exceptions = RoutingExceptions()
            take(&rival.exceptions)
            #expect(throws: DirectoryError.self) {
                try DirectorySnapshot(system: italy, users: [], groups: [], partners: [partner, rival])
            }
        }
        #expect(throws: DirectoryError.self) {
            var directory = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [partner])
            try directory.setAlias(Self.joint.aliases[0])
        }
        // What somebody else took over meanwhile is not taken from him.
        var handed = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [france])
        try handed.setAlias(Self.joint.aliases[0])
        handed.removeAlias(FunctionalAlias("sip:other@it.example"))
        #expect(throws: DirectoryError.self) { try handed.setPartner(partner) }
        #expect(handed.routing.owner(of: Self.joint.aliases[0]) == italy.id)
        // A partner that says the same again, or less, is no rival of itself.
        var directory = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [partner])
        try directory.setPartner(partner)
        // Nor does a user or group of ours stand beside such an entry, whichever comes first.
        let own = Group(id: Self.joint.groups[0], kind: .chat, members: [])
        #expect(throws: DirectoryError.self) { try directory.setGroup(own) }
        let anna = user("anna")
        partner.exceptions = RoutingExceptions(users: [anna.mcpttID])
        #expect(throws: DirectoryError.self) {
            try DirectorySnapshot(system: italy, users: [anna], groups: [], partners: [partner])
        }
        directory = try DirectorySnapshot(system: italy, users: [anna], groups: [own])
        #expect(throws: DirectoryError.self) { try directory.setPartner(partner) }
        partner.exceptions = RoutingExceptions(groups: [own.id])
        #expect(throws: DirectoryError.self) { try directory.setPartner(partner) }
        #expect(directory.partners.isEmpty)
    }

    @Test func aGroupInAPartnersDomainIsRefused() throws {
        var directory = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [france])
        #expect(throws: DirectoryError.self) {
            try directory.setGroup(Group(id: MCPTTGroupID("sip:g@fr.example"), kind: .chat, members: []))
        }
    }

    @Test func aPartnerCannotTakeOurDomain() throws {
        var directory = DirectorySnapshot(system: italy)
        #expect(throws: DirectoryError.self) {
            try directory.setPartner(Partner(system: MCSystemID("xx"), domains: ["it.example"], gateways: []))
        }
        try directory.setPartner(france)
        directory.removePartner(france.system)
        #expect(directory.partner(domain: "fr.example") == nil)
        #expect(directory.routing.system(domain: "fr.example") == nil)
    }

    @Test func membersAreFoundByBisection() {
        let members = (0..<100).map { Member(mcpttID: MCPTTID("sip:u\($0)@it.example"), priority: UInt8($0)) }
        var group = Group(id: MCPTTGroupID("sip:g@it.example"), kind: .chat, members: members.reversed())
        for member in members { #expect(group.member(member.mcpttID) == member) }
        #expect(group.member(MCPTTID("sip:u100@it.example")) == nil)
        group.setMembers([Member(mcpttID: MCPTTID("a"), priority: 1), Member(mcpttID: MCPTTID("a"), priority: 2)])
        #expect(group.members == [Member(mcpttID: MCPTTID("a"), priority: 2)])
    }
}

@Suite struct ServiceIdentitiesTests {
    @Test func aFunctionIsKnownByUserPartAndHostWhateverElseTheURISays() {
        let services = ServiceIdentities(domain: "IT.example")
        #expect(services.role(user: "mcptt-controlling-group", host: "it.EXAMPLE") == .controllingGroup)
        #expect(services.role(user: "mcptt-gateway", host: "it.example") == .gateway)
        #expect(services.role(user: "mcptt-gateway", host: "fr.example") == nil)
        #expect(services.role(user: nil, host: "it.example") == nil)
        #expect(services.role(user: "anna", host: "it.example") == nil)
    }
}

@Suite struct AssertionRuleTests {
    @Test func aPartnerAssertsItsOwnDomainsOnly() throws {
        let directory = try DirectorySnapshot(system: italy, users: [], groups: [], partners: [france])
        func may(_ identity: String) -> Bool { directory.routing.speaks(france.system, for: MCPTTID(identity)) }
        #expect(may("sip:luc@fr.example"))
        #expect(may("sip:gw@SDIS.FR.example:5061;transport=tls"))
        #expect(!may("sip:anna@it.example"))
        #expect(!may("sip:luc@paris.fr.example"))
        #expect(!may("sip:luc@it.example@evil.example"))
        #expect(!may("tel:+33123"))
    }

    @Test func aPartnerAssertsWhomItHomesOrServesBesideItsDomains() throws {
        var partner = france
        partner.exceptions = RoutingExceptions(
            users: [MCPTTID("sip:anne@joint.example")], servedUsers: [MCPTTID("sip:pat@ch.example")])
        let swiss = Partner(system: MCSystemID("ch"), domains: ["ch.example"], gateways: [])
        let directory = try DirectorySnapshot(
            system: italy, users: [user("anna", serving: france.system)], groups: [], partners: [partner, swiss])
        for identity in ["sip:anne@joint.example", "sip:pat@ch.example", "sip:anna@it.example"] {
            #expect(directory.routing.speaks(france.system, for: MCPTTID(identity)), "\(identity)")
        }
        #expect(!directory.routing.speaks(france.system, for: MCPTTID("sip:sam@ch.example")))
        #expect(!directory.routing.speaks(swiss.system, for: MCPTTID("sip:anne@joint.example")))
    }

    @Test func usersOfPartnersAreForeign() {
        let partner = Partner(
            system: MCSystemID("ch"), domains: ["CH.example"], gateways: [],
            exceptions: RoutingExceptions(
                users: [MCPTTID("sip:anne@joint.example")], servedUsers: [MCPTTID("sip:luc@fr.example")]))
        let foreign = ForeignUsers(of: [partner])
        for identity in ["sip:sam@ch.example", "sip:anne@joint.example", "sip:luc@fr.example"] {
            #expect(foreign.contains(MCPTTID(identity)), "\(identity)")
        }
        for identity in ["sip:eve@joint.example", "sip:lea@fr.example", "sip:x@sub.ch.example", "tel:+1"] {
            #expect(!foreign.contains(MCPTTID(identity)), "\(identity)")
        }
    }

    @Test func agreementsAdmitWhatTheyList() {
        let listed = Admission.only([MCPTTGroupID("sip:a@it.example")])
        #expect(listed.admits(MCPTTGroupID("sip:a@it.example")))
        #expect(!listed.admits(MCPTTGroupID("sip:b@it.example")))
        #expect(!Admission<MCPTTID>.none.admits(MCPTTID("sip:x@y")))
        #expect(Admission<MCPTTID>.all.admits(MCPTTID("sip:x@y")))
    }

    @Test func secretsDoNotPrint() {
        let secrets = DigestSecrets(realm: "it.example", md5: "0123456789abcdef0123456789abcdef", sha256: nil)
        var dumped = ""
        dump(secrets, to: &dumped)
        #expect(!"\(secrets)".contains("0123456789abcdef"))
        #expect(!dumped.contains("0123456789abcdef"))
        #expect(!String(reflecting: secrets).contains("0123456789abcdef"))
    }
}
