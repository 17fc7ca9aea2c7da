import CallControl
import FloorControl
import MCFoundation
import MediaDistribution
import Testing

/// Devices that take part in two calls from one address: what tells the calls apart there, and what does where that is
/// not enough.
@Suite struct AmbiguousPeerTests {
    private let fabric = Fabric()
    private let own: UInt32 = 0x0077_0077

    /// The device in two calls; a listener in each.
    private struct TwoCalls {
        var site: Site
        var device: Phone
        /// In each call.
        var listeners: [Phone]
        var legs: [LegID]
        /// The device as seen in each call.
        var remotes: [LegRemote]
    }

    /// - Parameter floorSSRCs: what the device says of its floor messages in either call.
    private func twoCalls(_ floorSSRCs: [UInt32?]) -> TwoCalls {
        let site = fabric.site(1)
        let device = fabric.phone(1)
        var calls = TwoCalls(site: site, device: device, listeners: [], legs: [], remotes: [])
        for (index, floorSSRC) in floorSSRCs.enumerated() {
            let call = TestCall(fabric, at: site, number: UInt64(index + 1))
            let listener = fabric.phone(UInt8(10 + index))
            call.join(listener)
            let leg = call.mintLeg()
            var remote = device.remote()
            remote.floorSSRC = floorSSRC
            calls.listeners.append(listener)
            calls.legs.append(leg)
            calls.remotes.append(remote)
            fabric.tell(
                site, .openLeg(leg, face: .access, floorSSRC: site.mintSSRC()), .connectLeg(leg, remote),
                .join(call.id, leg, call.description(1, ssrc: site.mintSSRC())))
        }
        return calls
    }

    private func press(_ calls: TwoCalls, _ ssrc: UInt32, pair: UInt8 = 0) {
        fabric.sendFloor(FloorMessage(.request, ssrc: ssrc), from: calls.device, to: calls.site, pair: pair)
    }

    private func release(_ calls: TwoCalls, _ ssrc: UInt32) {
        fabric.sendFloor(FloorMessage(.release, ssrc: ssrc), from: calls.device, to: calls.site)
    }

    private func move(_ calls: TwoCalls) {
        fabric.tell(
            calls.site, .moveLeg(calls.legs[1], pair: 1), .connectLeg(calls.legs[1], calls.remotes[1]))
    }

    @Test func `a device whose floor messages are the same in two calls is served in the second on other ports`() {
        let calls = twoCalls([nil, nil])
        #expect(calls.site.events.last == .legRefused(calls.legs[1], .ambiguous))
        press(calls, 5, pair: 1)
        #expect(!calls.device.kinds.contains(.granted))
        move(calls)
        press(calls, 5, pair: 1)
        #expect(calls.device.kinds.last == .granted)
        #expect(fabric.log.last { $0.to == calls.device.floor }?.from == calls.site.address(.floor, .access, pair: 1))
        let granted = calls.device.messages.last?.audioSSRC ?? 0
        fabric.talk(calls.device, to: calls.site, sequence: 1, ssrc: granted, pair: 1)
        #expect(calls.listeners.map(\.heard.count) == [0, 1])
        // What it sends to the first pair is still of the first call.
        press(calls, 5)
        #expect(calls.device.messages.last?.kind == .granted)
        #expect(calls.listeners[0].kinds.last == .taken)
        // And it hears the second call from the ports that it sends to.
        fabric.pass(.seconds(40))
        fabric.pressToTalk(calls.listeners[1], at: calls.site)
        fabric.talk(calls.listeners[1], to: calls.site, sequence: 1)
        #expect(fabric.log.last { $0.to == calls.device.audio }?.from == calls.site.address(.audio, .access, pair: 1))
    }

    @Test func `a leg that is moved stays where it is until signalling has told its peer`() {
        let calls = twoCalls([5, 6])
        fabric.tell(calls.site, .moveLeg(calls.legs[1], pair: 1))
        press(calls, 6)
        #expect(calls.device.kinds.last == .granted)
        fabric.tell(calls.site, .connectLeg(calls.legs[1], calls.remotes[1]))
        release(calls, 6)
        #expect(calls.site.cell.counters.floorUnknownSource == 1)
    }

    @Test func `there are no more ports than the cell has sockets`() {
        let calls = twoCalls([nil, nil])
        fabric.tell(
            calls.site, .moveLeg(calls.legs[1], pair: 2), .connectLeg(calls.legs[1], calls.remotes[1]))
        #expect(calls.site.events.last == .legRefused(calls.legs[1], .noSocket))
        fabric.tell(calls.site, .moveLeg(LegID(9_999), pair: 1))
        #expect(calls.site.cell.counters.commandsForUnknown == 1)
    }

    @Test func `speech under an SSRC that nobody assigned is of the only call in which it may be`() {
        let calls = twoCalls([5, 6])
        press(calls, 6)
        fabric.talk(calls.device, to: calls.site, sequence: 1, ssrc: own)
        #expect(calls.listeners.map(\.heard.count) == [0, 1])
        #expect(!calls.site.events.contains(.legAmbiguous(calls.legs[1])))
    }

    @Test func `a call across the border in which nothing was granted does not take a device's own SSRC`() {
        let calls = twoCalls([5, 6])
        let partner = fabric.phone(90)
        let (inside, outside) = (LegID(70_001), LegID(70_002))
        var remote = calls.device.remote()
        remote.floorSSRC = 7
        fabric.tell(
            calls.site, .openLeg(inside, face: .access, floorSSRC: calls.site.mintSSRC()),
            .openLeg(outside, face: .interconnection, floorSSRC: calls.site.mintSSRC()),
            .connectLeg(inside, remote), .connectLeg(outside, partner.remote()),
            .relay(inside: inside, outside: outside))
        fabric.talk(calls.device, to: calls.site, sequence: 1, ssrc: own)
        press(calls, 5)
        fabric.talk(calls.device, to: calls.site, sequence: 2, ssrc: own)
        #expect(calls.listeners.map(\.heard.count) == [1, 0])
        #expect(partner.heard.isEmpty)
    }

    @Test func `and is nobody's where it may be in none`() {
        let calls = twoCalls([5, 6])
        fabric.talk(calls.device, to: calls.site, sequence: 1, ssrc: own)
        #expect(calls.listeners.map(\.heard.count) == [0, 0])
        #expect(calls.site.cell.counters.audioForeignSSRC == 1)
    }

    @Test func `where it may be in two, the second gets ports of its own`() {
        let calls = twoCalls([5, 6])
        press(calls, 5)
        press(calls, 6)
        for number in 1...3 { fabric.talk(calls.device, to: calls.site, sequence: UInt16(number), ssrc: own) }
        #expect(calls.site.cell.counters.audioAmbiguousSource == 3)
        #expect(calls.listeners.map(\.heard.count) == [0, 0])
        #expect(calls.site.events.filter { $0 == .legAmbiguous(calls.legs[1]) }.count == 1)
        move(calls)
        fabric.talk(calls.device, to: calls.site, sequence: 4, ssrc: own)
        fabric.talk(calls.device, to: calls.site, sequence: 5, ssrc: own, pair: 1)
        #expect(calls.listeners.map(\.heard.count) == [1, 1])
    }

    @Test func `an SSRC of its own that a device uses in both calls costs it neither`() {
        let calls = twoCalls([5, 6])
        press(calls, 5)
        fabric.talk(calls.device, to: calls.site, sequence: 1, ssrc: own)
        release(calls, 5)
        fabric.pass(.seconds(1))
        press(calls, 6)
        fabric.talk(calls.device, to: calls.site, sequence: 2, ssrc: own)
        #expect(calls.listeners.map(\.heard.count) == [1, 0])
        #expect(calls.site.events.last == .legAmbiguous(calls.legs[1]))
        move(calls)
        fabric.talk(calls.device, to: calls.site, sequence: 3, ssrc: own, pair: 1)
        #expect(calls.listeners.map(\.heard.count) == [1, 1])
    }

    // MARK: Behind network address translation

    /// Where a translator shows the device, whatever port of ours it sends to.
    private func translated(_ calls: TwoCalls) -> Phone {
        let outer = fabric.phone(51)
        outer.audioSSRC = calls.device.audioSSRC
        return outer
    }

    private func press(_ outer: Phone, _ ssrc: UInt32, at site: Site, pair: UInt8 = 0) {
        fabric.sendFloor(FloorMessage(.request, ssrc: ssrc), from: outer, to: site, pair: pair)
    }

    @Test func `behind translation the second call is found on ports of its own`() {
        let calls = twoCalls([5, 5])
        #expect(calls.site.events.last == .legRefused(calls.legs[1], .ambiguous))
        move(calls)
        let outer = translated(calls)
        press(outer, 5, at: calls.site)
        #expect(outer.kinds.last == .granted)
        fabric.talk(outer, to: calls.site, sequence: 1, ssrc: outer.messages.last?.audioSSRC ?? 0)
        press(outer, 5, at: calls.site, pair: 1)
        #expect(outer.kinds.last == .granted)
        fabric.talk(outer, to: calls.site, sequence: 1, ssrc: outer.messages.last?.audioSSRC ?? 0, pair: 1)
        #expect(calls.listeners.map(\.heard.count) == [1, 1])
        #expect(calls.site.cell.counters.addressesLatched == 4)
    }

    @Test func `a device that was found behind translation is told apart in a call that comes later`() {
        let calls = twoCalls([5])
        let outer = translated(calls)
        press(outer, 5, at: calls.site)
        #expect(outer.kinds.last == .granted)
        let second = TestCall(fabric, at: calls.site, number: 2)
        let listener = fabric.phone(20)
        second.join(listener)
        let leg = second.mintLeg()
        fabric.tell(
            calls.site, .openLeg(leg, face: .access, floorSSRC: calls.site.mintSSRC()),
            .connectLeg(leg, calls.remotes[0]),
            .join(second.id, leg, second.description(1, ssrc: calls.site.mintSSRC())))
        #expect(calls.site.events.last == .legRefused(leg, .ambiguous))
        fabric.tell(calls.site, .moveLeg(leg, pair: 1), .connectLeg(leg, calls.remotes[0]))
        press(outer, 5, at: calls.site, pair: 1)
        fabric.talk(outer, to: calls.site, sequence: 1, ssrc: outer.messages.last?.audioSSRC ?? 0, pair: 1)
        #expect(listener.heard.count == 1)
        // Where the first call was, another device may come in under the same words.
        fabric.tell(calls.site, .closeLeg(calls.legs[0]), .moveLeg(leg, pair: 0), .connectLeg(leg, calls.remotes[0]))
        #expect(calls.site.events.filter { $0 == .legRefused(leg, .ambiguous) }.count == 1)
    }

    @Test func `another device does not come to the address of one on another pair`() {
        let calls = twoCalls([5, 6])
        move(calls)
        let outer = translated(calls)
        press(outer, 5, at: calls.site)
        press(outer, 6, at: calls.site, pair: 1)
        #expect(calls.site.cell.counters.addressesLatched == 1)
        #expect(calls.site.cell.counters.addressesNotLatched == 1)
    }

    @Test func `an SSRC of its own that a client uses across two borders costs it neither call`() {
        let site = fabric.site(1)
        let device = fabric.phone(1)
        let partners = [fabric.phone(90), fabric.phone(91)]
        for (index, partner) in partners.enumerated() {
            let (inside, outside) = (LegID(UInt64(index * 2 + 1)), LegID(UInt64(index * 2 + 2)))
            var remote = device.remote()
            remote.floorSSRC = UInt32(index + 5)
            fabric.tell(
                site, .openLeg(inside, face: .access, floorSSRC: site.mintSSRC()),
                .openLeg(outside, face: .interconnection, floorSSRC: site.mintSSRC()), .connectLeg(inside, remote),
                .connectLeg(outside, partner.remote()), .relay(inside: inside, outside: outside))
        }
        func tell(_ kind: FloorMessageKind, _ partner: Phone) {
            fabric.send(
                FloorMessage(kind, ssrc: partner.floorSSRC).encoded(), from: partner.floor,
                to: site.address(.floor, .interconnection))
        }
        tell(.granted, partners[0])
        fabric.talk(device, to: site, sequence: 1, ssrc: own)
        #expect(partners.map(\.heard.count) == [1, 0])
        fabric.pass(.seconds(5))
        tell(.idle, partners[0])
        fabric.pass(.seconds(5))
        tell(.granted, partners[1])
        fabric.talk(device, to: site, sequence: 2, ssrc: own)
        #expect(partners.map(\.heard.count) == [1, 0])
        #expect(site.events == [.legAmbiguous(LegID(3))])
    }
}
