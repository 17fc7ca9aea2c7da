import MCFoundation
import Policy
import Testing

@Suite struct DirectoryChangesTests {
    private static let italy = SystemIdentity(id: MCSystemID("it"), domain: "it.example")
    private static let france = Partner(
        system: MCSystemID("fr"), domains: ["fr.example"],
        gateways: [GatewayTarget(host: "198.51.100.1", serverName: "gw.fr.example")])

    private static func id(_ name: String) -> MCPTTID { MCPTTID("sip:\(name)@it.example") }
    private static func user(_ name: String, md5: String? = nil, sha256: String? = nil) -> User {
        User(
            mcpttID: id(name), publicIdentity: PublicUserIdentity("sip:\(name)@it.example"),
            privateIdentity: PrivateUserIdentity("\(name)@it.example"),
            credentials: DigestSecrets(realm: "it.example", md5: md5, sha256: sha256), homeSystem: italy.id)
    }
    private static func group(_ name: String) -> Group {
        Group(id: MCPTTGroupID("sip:\(name)@it.example"), kind: .chat, members: [])
    }

    private static func directory() throws -> DirectorySnapshot {
        try DirectorySnapshot(
            system: italy, users: [user("anna"), user("bruno")], groups: [group("fire"), group("flood")],
            partners: [france])
    }

    @Test func `a few changes are known by name, sorted, once each`() throws {
        let before = try Self.directory()
        var after = before
        try after.setUser(Self.user("zoe"))
        after.removeUser(Self.id("anna"))
        try after.setUser(Self.user("zoe", sha256: "b"))
        after.removeGroup(Self.group("flood").id)
        try after.setGroup(Self.group("fire"))
        let changes = try #require(after.changes(since: before))
        #expect(changes.users == [Self.id("anna"), Self.id("zoe")])
        #expect(changes.groups == [Self.group("fire").id, Self.group("flood").id])
    }

    @Test func `nothing changed where nothing did`() throws {
        var directory = try Self.directory()
        #expect(directory.changes(since: directory) == DirectoryChanges(users: [], groups: []))
        let before = directory
        directory.removeUser(Self.id("nobody"))
        #expect(directory.changes(since: before) == DirectoryChanges(users: [], groups: []))
    }

    @Test func `copies that went different ways know nothing of each other`() throws {
        let common = try Self.directory()
        var (left, right) = (common, common)
        try left.setUser(Self.user("carla"))
        try right.setUser(Self.user("dario"))
        #expect(left.changes(since: right) == nil)
        #expect(right.changes(since: left) == nil)
        #expect(common.changes(since: left) == nil)
        #expect(try Self.directory().changes(since: common) == nil)
    }

    @Test func `partners, routes and aliases concern everybody`() throws {
        let before = try Self.directory()
        var after = before
        after.removePartner(Self.france.system)
        #expect(after.changes(since: before) == nil)
        after = before
        var partner = Self.france
        partner.exceptions.servedUsers = [Self.id("luc")]
        try after.setPartner(partner)
        #expect(after.changes(since: before) == nil)
        after = before
        try after.setAlias(FunctionalAlias("sip:chief@it.example"))
        #expect(after.changes(since: before) == nil)
    }

    @Test func `what was long ago is forgotten and never half remembered`() throws {
        let before = try Self.directory()
        var after = before
        for number in 0..<400 { try after.setUser(Self.user("u\(number)")) }
        #expect(after.changes(since: before)?.users.count == 400)
        for number in 0..<5_000 {
            try after.setUser(Self.user("v\(number)"))
            let known = after.changes(since: before)
            #expect(known == nil || known?.users.count == 401 + number)
        }
        #expect(after.changes(since: before) == nil)
    }

    @Test func `by what users can be proved follows every change`() throws {
        var directory = try Self.directory()
        #expect(!directory.provesByMD5 && !directory.provesBySHA256)
        try directory.setUser(Self.user("anna", md5: "a", sha256: "b"))
        try directory.setUser(Self.user("bruno", md5: "a"))
        #expect(directory.provesByMD5 && directory.provesBySHA256)
        directory.removeUser(Self.id("anna"))
        #expect(directory.provesByMD5 && !directory.provesBySHA256)
        try directory.setUser(Self.user("bruno"))
        #expect(!directory.provesByMD5)
    }
}
