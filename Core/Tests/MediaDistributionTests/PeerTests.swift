import CallControl
import FloorControl
import MCFoundation
import MediaDistribution
import Testing

/// What a leg knows of its peer beside addresses: how its speech is protected, which floor control it speaks.
@Suite struct PeerTests {
    private let fabric = Fabric()

    private func protected(_ phone: Phone) -> LegRemote {
        var remote = phone.remote()
        remote.protection = .endToEnd
        return remote
    }

    /// Opens, connects, joins.
    private func join(_ call: TestCall, _ phone: Phone, _ remote: LegRemote) -> LegID {
        let leg = call.mintLeg()
        phone.audioSSRC = call.home.mintSSRC()
        fabric.tell(
            call.home, .openLeg(leg, face: .access, floorSSRC: call.home.mintSSRC()), .connectLeg(leg, remote),
            .join(call.id, leg, call.description(phone.number, ssrc: phone.audioSSRC)))
        return leg
    }

    @Test func `protected speech passes as it is, and who is in clear cannot come in`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener, stranger) = (fabric.phone(1), fabric.phone(2), fabric.phone(3))
        let legs = [talker, listener].map { join(call, $0, protected($0)) }
        let refused = join(call, stranger, stranger.remote())
        #expect(site.events.last == .legRefused(refused, .protection))
        fabric.pressToTalk(talker, at: site)
        let sent = fabric.talk(talker, to: site, sequence: 1)
        #expect(listener.heard == [sent])
        #expect(stranger.heard.isEmpty)
        // The call is as its members are: whoever comes first after all have gone decides anew.
        fabric.tell(site, .closeLeg(refused))
        for leg in legs { fabric.tell(site, .closeLeg(leg)) }
        let (later, last) = (fabric.phone(4), fabric.phone(5))
        _ = join(call, later, later.remote())
        _ = join(call, last, last.remote())
        #expect(site.events.filter { if case .legRefused = $0 { true } else { false } }.count == 1)
        fabric.pressToTalk(later, at: site)
        #expect(later.kinds.last == .granted)
    }

    @Test func `a member who begins to protect his speech is refused where the others do not`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        let leg = call.join(listener)
        fabric.tell(site, .connectLeg(leg, protected(listener)))
        #expect(site.events.last == .legRefused(leg, .protection))
    }

    /// One client behind the gateway and the floor control server of a partner.
    private func border(_ dialect: FloorDialect) -> (site: Site, client: Phone, partner: Phone, inside: UInt32) {
        let site = fabric.site(1)
        let (client, partner) = (fabric.phone(1), fabric.phone(90))
        let (inside, outside) = (LegID(1), LegID(2))
        let shown = site.mintSSRC()
        var remote = partner.remote()
        remote.dialect = dialect
        fabric.tell(
            site, .openLeg(inside, face: .access, floorSSRC: shown),
            .openLeg(outside, face: .interconnection, floorSSRC: site.mintSSRC()),
            .connectLeg(inside, client.remote()), .connectLeg(outside, remote),
            .relay(inside: inside, outside: outside))
        return (site, client, partner, shown)
    }

    @Test func `a relay joins no speech that is protected to speech that is not`() {
        let site = fabric.site(1)
        let (client, partner) = (fabric.phone(1), fabric.phone(90))
        fabric.tell(
            site, .openLeg(LegID(1), face: .access, floorSSRC: 1),
            .openLeg(LegID(2), face: .interconnection, floorSSRC: 2), .connectLeg(LegID(1), client.remote()),
            .connectLeg(LegID(2), protected(partner)), .relay(inside: LegID(1), outside: LegID(2)))
        talk(client, of: partner, at: site)
        #expect(partner.heard.isEmpty)
        #expect(site.events.isEmpty)
        // Both change over, one after the other: from then on they hear each other.
        fabric.tell(site, .connectLeg(LegID(1), protected(client)))
        talk(client, of: partner, at: site)
        #expect(partner.heard.count == 1)
        #expect(site.events.isEmpty)
        fabric.tell(site, .connectLeg(LegID(1), client.remote()))
        talk(client, of: partner, at: site)
        #expect(partner.heard.count == 1)
    }

    /// A client's packet after the partner's floor control gave it the floor.
    private func talk(_ client: Phone, of partner: Phone, at site: Site) {
        var granted = FloorMessage(.granted, ssrc: partner.floorSSRC)
        granted.audioSSRC = 0xaabb_0001
        granted.duration = 30
        fabric.send(granted.encoded(), from: partner.floor, to: site.address(.floor, .interconnection))
        client.audioSSRC = 0xaabb_0001
        sequence.next += 1
        fabric.talk(client, to: site, sequence: sequence.next)
    }

    private final class Sequence { var next: UInt16 = 0 }
    private let sequence = Sequence()

    private var taken: FloorMessage {
        var message = FloorMessage(.taken, ssrc: 0)
        message.grantedParty = MCPTTID("sip:denis@fr.example")
        message.sequenceNumber = 1
        message.indicator = .multiTalker
        message.audioSSRC = 0xaabb_ccdd
        message.ssrcs = [0xaabb_ccdd, 0xaabb_ccde]
        return message
    }

    @Test(arguments: [
        SSRCListLayout.withoutLength, .withLengthAndSpareOctet, .withLengthAndTwoSpareOctets,
    ]) func `a list of SSRCs is written for whom it is for`(layout: SSRCListLayout) {
        let dialect = FloorDialect(ssrcList: layout)
        let (site, client, partner, shown) = border(dialect)
        var message = taken
        message.ssrc = partner.floorSSRC
        fabric.send(
            message.encoded(for: dialect), from: partner.floor, to: site.address(.floor, .interconnection))
        message.ssrc = shown
        #expect(fabric.log.last { $0.to == client.floor }?.octets == message.encoded())
    }

    @Test func `a partner of an early release is told nothing that it does not know`() throws {
        let (site, client, partner, _) = border(FloorDialect(release: 13))
        var request = FloorMessage(.request, ssrc: client.floorSSRC)
        request.priority = 3
        request.functionalAlias = FunctionalAlias("sip:chief@it.example")
        request.location = .notProvided
        fabric.sendFloor(request, from: client, to: site)
        let told = try #require(partner.messages.last)
        #expect(told.priority == 3)
        #expect(told.functionalAlias == nil)
        #expect(told.location == nil)
    }

    @Test func `what needs no other form passes with its unknown fields`() {
        let (site, client, partner, shown) = border(.current)
        var message = taken
        message.ssrc = partner.floorSSRC
        // A field 200 of four octets, whose length has two.
        var octets = message.encoded() + [200, 0, 4, 1, 2, 3, 4, 0]
        octets[3] += 2
        fabric.send(octets, from: partner.floor, to: site.address(.floor, .interconnection))
        let received = fabric.log.last { $0.to == client.floor }?.octets ?? []
        #expect(received.count == octets.count)
        #expect(received.suffix(8) == octets.suffix(8))
        #expect(received[4..<8].elementsEqual(withBigEndian(shown)))
    }

    @Test func `messages that only a later release knows pass to the other side`() {
        let (site, client, partner, _) = border(.current)
        var octets = FloorMessage(.idle, ssrc: partner.floorSSRC).encoded()
        octets[0] = 0x8c
        fabric.send(octets, from: partner.floor, to: site.address(.floor, .interconnection))
        #expect(fabric.log.last { $0.to == client.floor }?.octets.first == 0x8c)
        #expect(site.cell.counters.floorMalformed == 0)
    }

    private func withBigEndian(_ word: UInt32) -> [UInt8] {
        ([24, 16, 8, 0] as [UInt32]).map { UInt8(truncatingIfNeeded: word >> $0) }
    }
}
