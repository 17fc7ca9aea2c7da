import FloorControl
import MCDocuments
import MCFoundation
import Policy
import SIP
import Testing

/// Every right of the call path, with a call that is refused to whom it is not given and to nobody else.
@Suite struct EnforcedRightsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var right: String
        var refused: [Int]
        var without: @Sendable (inout UserRights) -> Void
        var call: @Sendable (inout ParticipatingFixture) -> SIPRequest
        var testDescription: String { right }
    }

    static let rows = [
        Row(right: "mayCallPrearrangedGroups", refused: [403, 109]) {
            $0.mayCallPrearrangedGroups = false
        } call: {
            $0.call()
        },
        Row(right: "mayCallChatGroups", refused: [403, 108]) {
            $0.mayCallChatGroups = false
        } call: {
            $0.call(ParticipatingFixture.chat, type: .chat)
        },
        Row(right: "mayJoinChatGroups", refused: [403, 106]) {
            $0.mayJoinChatGroups = false
        } call: {
            $0.call(ParticipatingFixture.chat, type: .chat)
        },
        Row(right: "mayCallInEmergency", refused: [403]) {
            $0.mayCallInEmergency = false
        } call: {
            $0.call(emergency: true)
        },
        Row(right: "mayCallInImminentPeril", refused: [403]) {
            $0.mayCallInImminentPeril = false
        } call: { fixture in
            var request = fixture.call()
            request.body = Array(
                String(decoding: request.body, as: UTF8.self).replacing(
                    "<mcptt-client-id",
                    with: "<imminentperil-ind type=\"Normal\"><mcpttBoolean>true</mcpttBoolean></imminentperil-ind>"
                        + "<mcptt-client-id"
                ).utf8)
            return request
        },
        Row(right: "mayCancelEmergency", refused: [403]) {
            $0.mayCancelEmergency = false
        } call: {
            $0.inCall(.invite, MCPTTInfo(emergencyIndicator: false), told: .emergency)
        },
        Row(right: "mayCancelImminentPeril", refused: [403]) {
            $0.mayCancelImminentPeril = false
        } call: { fixture in
            var information = MCPTTInfo()
            information.imminentPerilIndicator = false
            return fixture.inCall(.invite, information, told: .imminentPeril)
        },
        Row(right: "mayForceAutoAnswer", refused: [403, 143]) {
            $0.mayForceAutoAnswer = false
        } call: {
            $0.call { $0.headers.append(.privAnswerMode, "Auto") }
        },
    ]

    private func verdict(_ row: Row, _ rights: UserRights) throws -> (Int, [Int]) {
        var fixture = try ParticipatingFixture { user, _ in user.rights = rights }
        let request = row.call(&fixture)
        let actions = fixture.receive(request)
        return (actions.sent(.invite).count + actions.sent(.publish).count, actions.verdict)
    }

    @Test(arguments: rows)
    func `without the right the call is refused, with it it goes on`(row: Row) throws {
        var rights = UserRights()
        rights.mayForceAutoAnswer = true
        let allowed = try verdict(row, rights)
        #expect(allowed.0 > 0 && allowed.1 != row.refused, "\(allowed)")
        row.without(&rights)
        let denied = try verdict(row, rights)
        #expect(denied.0 == 0 && denied.1 == row.refused, "\(denied)")
    }

    @Test func `no right of the call path is without such a call`() {
        let flags = Mirror(reflecting: UserRights()).children.compactMap(\.label)
        #expect(flags.sorted() == Self.rows.map(\.right).sorted())
    }
}
