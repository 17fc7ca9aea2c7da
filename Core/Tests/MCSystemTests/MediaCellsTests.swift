import CallControl
import MCFoundation
import Policy
import Testing

/// Systems with several media cells: what belongs to one group is in one of them, on both sides of a border.
@Suite struct MediaCellsTests {
    static let groups = (1...6).map { MCPTTGroupID("sip:group\($0)@mc.it.example") }

    /// Anna calls every group in turn; Elise is abroad. Commands of each site from that group's call on.
    private static func calls() throws -> [(group: MCPTTGroupID, sites: [[MediaCommand]])] {
        var lab = Lab()
        lab.mediaCells = 3
        let members = ["sip:anna@mc.it.example", "sip:elise@mc.fr.example"].map { MCPTTID($0) }
        let italian = groups.indices.map { Lab.group("group\($0 + 1)", of: "it", members: members) }
        try lab.addSite("it", users: ["anna"], groups: italian, partners: [Lab.partner("fr")])
        try lab.addSite("fr", users: ["elise"], partners: [Lab.partner("it")])
        lab.addHandset("anna", at: 0)
        lab.addHandset("elise", at: 1)
        lab.pass(.seconds(1))
        for index in 0..<2 { lab.ready(index, groups: groups) }
        return groups.map { group in
            for site in 0..<2 { lab.sites[site].media = [] }
            let session = lab.act(0) { $0.call(group, at: $1) }
            lab.pass(.seconds(2))
            lab.act(0) { $0.hangUp(session, at: $1) }
            lab.pass(.seconds(40))
            return (group, lab.sites.map(\.media))
        }
    }

    @Test func aGroupLivesInOneCellOfEachSystem() throws {
        var used: Set<UInt8> = []
        for (group, sites) in try Self.calls() {
            for (number, commands) in sites.enumerated() {
                let cells = Set(commands.map(\.cell))
                #expect(cells.count == 1, "\(group.value) at site \(number): \(cells.sorted())")
                #expect(commands.contains { if case .relay = $0 { true } else { false } }, "no leg across the border")
                used.formUnion(cells)
            }
        }
        #expect(used.count > 1, "six groups and all in the same cell")
    }

    @Test func theGatewaysLegLooksAtTheLegOfTheOwnersCell() throws {
        for (group, sites) in try Self.calls() {
            let remotes = sites[0].compactMap { command -> UInt16? in
                guard case .connectLeg(let leg, let remote) = command, remote.audio.address.description == "10.0.0.2"
                else { return nil }
                #expect(remote.audio.port == 20_000 + 2 * UInt16(leg.cell), "\(group.value)")
                return remote.audio.port
            }
            #expect(remotes.count == 2, "a leg of the controlling function and one of the gateway look at each other")
        }
    }

    @Test func aPlaneHasOneTo256Cells() {
        let cell = MediaAddresses(access: [], interconnection: [])
        #expect(MediaPlane([]) == nil)
        #expect(MediaPlane(Array(repeating: cell, count: 257)) == nil)
        #expect(MediaPlane(Array(repeating: cell, count: 256)) != nil)
        #expect(MediaPlane([cell, cell])?.cell(of: nil) == 0)
    }

    @Test func whatNamesACellIsReadFromTheIdentifier() {
        var numbers = NumberedCounter(number: 0xab)
        #expect(numbers.next(in: 3) == 0xab03_0000_0000_0001)
        #expect(LegID(0xab03_0000_0000_0001).cell == 3)
        #expect(MediaCommand.closeCall(MediaCallID(numbers.next(in: 255))).cell == 255)
        #expect(MediaCommand.relay(inside: LegID(numbers.next(in: 7)), outside: LegID(numbers.next(in: 7))).cell == 7)
    }
}
