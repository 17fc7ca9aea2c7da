import CallControl
import FloorControl
import MCFoundation
import MCSystem
import MediaDistribution
import Policy
import SIP
import Testing

/// A device that takes part in two calls from one address with one SSRC for its floor messages, in a whole system:
/// signalling and media cell together.
@Suite struct AmbiguousDeviceTests {
    /// The media cell of one site, with the sockets that its SDP shows.
    private final class Media {
        var cell: MediaCell
        let sockets: [MediaSocket]

        init(_ addresses: MediaAddresses) {
            var sockets: [MediaSocket] = []
            for (face, pairs) in [(MediaFace.access, addresses.access), (.interconnection, addresses.interconnection)] {
                for (pair, ports) in pairs.enumerated() {
                    for (use, address) in [(MediaSocket.Use.audio, ports.audio), (.floor, ports.floor)] {
                        sockets.append(
                            MediaSocket(
                                id: UInt8(sockets.count), use: use, face: face, address: address, pair: UInt8(pair)))
                    }
                }
            }
            self.sockets = sockets
            cell = MediaCell(sockets: sockets)
        }

        /// The port from which a request for the floor to port `port` is granted.
        func grantedFrom(_ handset: Handset, port: UInt16, at now: Now) -> UInt16? {
            guard let socket = sockets.first(where: { $0.use == .floor && $0.address.port == port }) else { return nil }
            let request = FloorMessage(.request, ssrc: handset.floorSSRC).encoded()
            let from = SocketAddress(handset.address.address, port: handset.address.port + 1)
            request.withUnsafeBytes { _ = cell.receive($0, on: socket.id, from: from, at: now) }
            var found: UInt16?
            cell.drainDatagrams { datagram, octets in
                guard datagram.destination.address == from,
                    let messages = try? FloorMessage.decode(Array(octets)),
                    messages.contains(where: { $0.kind == .granted })
                else { return }
                found = sockets[Int(datagram.destination.socket)].address.port
            }
            return found
        }
    }

    /// Lets the signalling and the media of each site talk to each other until neither has anything to say.
    private func settle(_ lab: inout Lab, _ media: [Media]) -> [MediaEvent] {
        var told: [MediaEvent] = []
        for _ in 0..<20 {
            for (site, media) in media.enumerated() {
                let commands = lab.sites[site].media
                lab.sites[site].media = []
                for command in commands { media.cell.handle(command, at: lab.now) }
                for event in media.cell.takeEvents() {
                    told.append(event)
                    lab.tell(site, .media(event))
                }
            }
            lab.pass(.milliseconds(100))
        }
        return told
    }

    private func lab() throws -> (Lab, [Media], [MCPTTGroupID]) {
        var lab = Lab()
        lab.sparePorts = 1
        let members = ["sip:anna@mc.it.example", "sip:bruno@mc.it.example", "sip:elise@mc.fr.example"].map {
            MCPTTID($0)
        }
        let groups = [
            Lab.group("fire", of: "it", members: members), Lab.group("flood", of: "it", members: members),
            Lab.group("feu", of: "fr", members: members),
        ]
        try lab.addSite("it", users: ["anna", "bruno"], groups: Array(groups[..<2]), partners: [Lab.partner("fr")])
        try lab.addSite("fr", users: ["elise"], groups: [groups[2]], partners: [Lab.partner("it")])
        lab.addHandset("anna", at: 0)
        lab.addHandset("bruno", at: 0)
        lab.addHandset("elise", at: 1)
        lab.pass(.seconds(1))
        let media = try (0..<2).map { Media(try lab.settings($0, serializes: false).media.cells[0]) }
        return (lab, media, groups.map(\.id))
    }

    @Test func `in two calls of its own system it is served in both`() throws {
        var (lab, media, groups) = try lab()
        for index in 0..<2 { lab.ready(index, groups: Array(groups[..<2])) }
        for group in groups[..<2] {
            _ = lab.act(0) { $0.call(group, at: $1) }
            _ = settle(&lab, media)
        }
        #expect(lab.handsets[0].establishedAnswers.count == 2)
        // Each of the two was told of other ports for the second call.
        #expect(lab.handsets.prefix(2).map(\.news.count) == [1, 1])
        // Anna called both and has the floor; she is told so through the ports of the call that she asks in.
        #expect(media[0].grantedFrom(lab.handsets[0], port: 20_001, at: lab.now) == 20_001)
        #expect(media[0].grantedFrom(lab.handsets[0], port: 20_003, at: lab.now) == 20_003)
        #expect(lab.sites[0].notes.count { $0.name == "participant.moved" } == 2)
    }

    @Test func `in a call of its own system and one abroad it is served in both, whichever function has the leg`()
        throws
    {
        var (lab, media, groups) = try lab()
        for index in [0, 2] { lab.ready(index, groups: [groups[0], groups[2]]) }
        _ = settle(&lab, media)
        _ = lab.act(0) { $0.call(groups[0], at: $1) }
        _ = settle(&lab, media)
        _ = lab.act(2) { $0.call(groups[2], at: $1) }
        let told = settle(&lab, media)
        #expect(told.contains { if case .legRefused(_, .ambiguous) = $0 { true } else { false } })
        #expect(!told.contains { if case .legRefused(_, .noSocket) = $0 { true } else { false } })
        // Anna is at home in the first call and behind the gateway in the second, Elise the other way round.
        #expect(lab.sites.map { $0.notes.count { $0.name == "border.leg-moved" } }.reduce(0, +) >= 1)
        for site in 0..<2 {
            #expect(
                lab.sites[site].notes.allSatisfy {
                    !["participant.refusedByMedia", "border.leg-refused"].contains($0.name)
                })
        }
        #expect(media[0].grantedFrom(lab.handsets[0], port: 20_001, at: lab.now) == 20_001)
        #expect(media[1].grantedFrom(lab.handsets[2], port: 20_003, at: lab.now) == 20_003)
    }
}
