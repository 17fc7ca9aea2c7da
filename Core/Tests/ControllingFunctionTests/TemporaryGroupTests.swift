import CallControl
import ControllingFunction
import FloorControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import Testing

/// Calls of a temporary group of groups and of its constituents.
@Suite struct TemporaryGroupTests {
    private static let fireID = ControllingFixture.fireID
    private static let floodID = MCPTTGroupID("sip:flood@it.example")
    private static let jointID = MCPTTGroupID("sip:joint@it.example")
    private static func id(_ name: String) -> MCPTTID { ControllingFixture.id(name) }

    private static func members(_ names: String...) -> [Member] { names.map { Member(mcpttID: id($0)) } }

    /// fire (anna, bruno, carla) and flood (carla, dario), regrouped into joint.
    private static var groups: [Group] {
        var fire = Group(id: fireID, kind: .prearranged, members: members("anna", "bruno", "carla"))
        var flood = Group(id: floodID, kind: .prearranged, members: members("carla", "dario"))
        var joint = Group(
            id: jointID, kind: .prearranged, members: members("anna", "bruno", "carla", "dario"))
        joint.constituents = [fireID, floodID]
        fire.regroupedInto = jointID
        flood.regroupedInto = jointID
        return [fire, flood, joint]
    }

    private func fixture() throws -> ControllingFixture {
        var fixture = try ControllingFixture(groups: Self.groups)
        for name in ["anna", "bruno"] { _ = fixture.publish(Self.id(name), groups: [Self.fireID]) }
        _ = fixture.publish(Self.id("carla"), groups: [Self.fireID, Self.floodID])
        return fixture
    }

    private func invited(_ actions: [FunctionAction]) -> [String] {
        actions.sent(.invite).compactMap { $0.information?.requestURI }.sorted()
    }

    @Test func whoIsAffiliatedWithAConstituentIsCalledOnceAndMayCall() throws {
        var fixture = try fixture()
        let actions = fixture.receive(fixture.invitation(Self.id("anna"), group: Self.jointID))
        #expect(invited(actions) == ["bruno", "carla"].map { Self.id($0).value })
        #expect(actions.sent(.invite).allSatisfy { $0.information?.callingGroupID == Self.jointID })
    }

    @Test func floorControlIsToldThatTheGroupIsTemporary() throws {
        var fixture = try fixture()
        let actions = fixture.receive(fixture.invitation(Self.id("anna"), group: Self.jointID))
        let settings = actions.commands.compactMap { command -> FloorSettings? in
            if case .openCall(_, let settings) = command { settings } else { nil }
        }
        #expect(settings.map(\.isTemporaryGroup) == [true])
        var plain = try ControllingFixture()
        plain.affiliate("anna")
        let others = plain.receive(plain.invitation(Self.id("anna"))).commands.compactMap { command -> Bool? in
            if case .openCall(_, let settings) = command { settings.isTemporaryGroup } else { nil }
        }
        #expect(others == [false])
    }

    @Test func whoIsAffiliatedWithNoConstituentMayNotCall() throws {
        var fixture = try fixture()
        #expect(fixture.receive(fixture.invitation(Self.id("dario"), group: Self.jointID)).verdict == [403, 120])
    }

    @Test func aCallToAConstituentIs403With148ForItsMembers() throws {
        var fixture = try fixture()
        #expect(fixture.receive(fixture.invitation(Self.id("anna"))).verdict == [403, 148])
        #expect(fixture.receive(fixture.invitation(Self.id("dario"))).verdict == [403, 116])
        var free = Self.groups
        free.removeLast()
        for index in free.indices { free[index].regroupedInto = nil }
        _ = try fixture.replaceGroups(free)
        #expect(
            invited(fixture.receive(fixture.invitation(Self.id("anna"))))
                == ["bruno", "carla"].map { Self.id($0).value })
    }

    @Test func whoAffiliatesWithAConstituentComesIntoTheCallAndWhoLeavesTheLastOneLeavesIt() throws {
        var fixture = try fixture()
        let began = fixture.receive(fixture.invitation(Self.id("anna"), group: Self.jointID))
        for invitation in began.sent(.invite) { _ = fixture.answer(invitation, 200) }
        let late = fixture.publish(Self.id("dario"), groups: [Self.floodID])
        #expect(invited(late) == [Self.id("dario").value])
        for invitation in late.sent(.invite) { _ = fixture.answer(invitation, 200) }
        #expect(fixture.publish(Self.id("carla"), groups: [Self.floodID]).sent(.bye).isEmpty)
        #expect(fixture.publish(Self.id("carla"), groups: []).sent(.bye).count == 1)
    }

    @Test func theCallEndsWithTheTemporaryGroup() throws {
        var fixture = try fixture()
        let began = fixture.receive(fixture.invitation(Self.id("anna"), group: Self.jointID))
        for invitation in began.sent(.invite) { _ = fixture.answer(invitation, 200) }
        var free = Self.groups
        free.removeLast()
        for index in free.indices { free[index].regroupedInto = nil }
        #expect(try fixture.replaceGroups(free).isReleasing)
    }
}
