import CallControl
import FloorControl
import MCFoundation
import MediaDistribution
import Testing

@Suite struct HostilePacketTests {
    let fabric = Fabric()

    /// A call with a talker that has the floor and a listener.
    func talking(_ site: Site) -> (talker: Phone, listener: Phone, call: TestCall) {
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        call.join(listener)
        fabric.pressToTalk(talker, at: site)
        return (talker, listener, call)
    }

    @Test func `a packet that was seen is not heard again, one that comes late in order is`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        for sequence in [1_000, 1_001, 1_001, 1_003, 1_002, 1_002, 1_000, 1_003] as [UInt16] {
            fabric.talk(talker, to: site, sequence: sequence)
        }
        #expect(listener.heard.count == 4)
        #expect(site.cell.counters.audioReplayed == 4)
        fabric.talk(talker, to: site, sequence: 1_003 - 128)
        #expect(site.cell.counters.audioTooOld == 1)
        fabric.talk(talker, to: site, sequence: 1_003 - 127)
        #expect(listener.heard.count == 5)
    }

    @Test func `sequence numbers that wrap are no replay`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        for step in 0..<200 as Range<UInt16> { fabric.talk(talker, to: site, sequence: 65_500 &+ step) }
        #expect(listener.heard.count == 200)
    }

    @Test func `a gap of any length keeps the window right`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        var sequence: UInt16 = 0
        for gap in [0, 1, 63, 64, 65, 127, 128, 129, 3_000] as [UInt16] {
            sequence &+= gap
            fabric.talk(talker, to: site, sequence: sequence)
            fabric.talk(talker, to: site, sequence: sequence)
        }
        // The second talk of the first step and each repetition were seen before.
        #expect(listener.heard.count == 9)
        #expect(site.cell.counters.audioReplayed == 9)
        fabric.talk(talker, to: site, sequence: sequence &- 1)
        #expect(listener.heard.count == 10)
    }

    @Test func `a client that was restarted may begin a lower count with its next grant, once`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        fabric.talk(talker, to: site, sequence: 30_000)
        fabric.talk(talker, to: site, sequence: 5)
        #expect(listener.heard.count == 1)
        fabric.release(talker, at: site)
        fabric.pressToTalk(talker, at: site)
        fabric.talk(talker, to: site, sequence: 5)
        fabric.talk(talker, to: site, sequence: 6)
        #expect(listener.heard.count == 3)
        fabric.talk(talker, to: site, sequence: 50_000)
        #expect(site.cell.counters.audioTooOld == 2)
    }

    @Test(arguments: [0, 1, 5, 63, 127, 128, 4_000] as [UInt16])
    func `a new talk loses nothing wherever below the last one its count begins`(_ distance: UInt16) {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        for sequence in 900...1_000 as ClosedRange<UInt16> { fabric.talk(talker, to: site, sequence: sequence) }
        fabric.release(talker, at: site)
        fabric.pressToTalk(talker, at: site)
        let start = 1_000 &- distance
        for step in 0..<150 as Range<UInt16> { fabric.talk(talker, to: site, sequence: start &+ step) }
        #expect(listener.heard.count == 101 + 150)
        // What was said in this talk is not heard twice.
        for step in 100..<150 as Range<UInt16> { fabric.talk(talker, to: site, sequence: start &+ step) }
        #expect(listener.heard.count == 101 + 150)
        #expect(site.cell.counters.audioReplayed == 50)
    }

    @Test func `the rest of the last talk, behind the new grant, does not use up the new beginning`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        for sequence in [30_000, 30_001, 30_003] as [UInt16] { fabric.talk(talker, to: site, sequence: sequence) }
        fabric.release(talker, at: site)
        fabric.pressToTalk(talker, at: site)
        for sequence in [30_002, 30_004, 30_005] as [UInt16] { fabric.talk(talker, to: site, sequence: sequence) }
        for sequence in 5...20 as ClosedRange<UInt16> { fabric.talk(talker, to: site, sequence: sequence) }
        #expect(listener.heard.count == 6 + 16)
    }

    @Test func `RTCP ends here`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        fabric.send(rtcp(ssrc: talker.audioSSRC), from: talker.audio, to: site.address(.audio, .access))
        #expect(listener.heard.isEmpty)
        #expect(site.cell.counters.controlPackets == 1)
    }

    @Test func `strangers, wrong payload types and wrong SSRCs are counted by reason and never heard`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        fabric.talk(talker, to: site, sequence: 1)
        let stranger = fabric.phone(77)
        fabric.talk(stranger, to: site, sequence: 2, ssrc: talker.audioSSRC)
        fabric.talk(stranger, to: site, sequence: 2, ssrc: 12)
        #expect(site.cell.counters.audioUnknownSource == 2)
        fabric.talk(talker, to: site, sequence: 2, type: 8)
        #expect(site.cell.counters.audioWrongPayloadType == 1)
        fabric.talk(talker, to: site, sequence: 2, ssrc: 99)
        fabric.talk(talker, to: site, sequence: 2, ssrc: listener.audioSSRC)
        #expect(site.cell.counters.audioForeignSSRC == 2)
        fabric.sendFloor(FloorMessage(.release, ssrc: talker.floorSSRC), from: stranger, to: site)
        fabric.sendFloor(FloorMessage(.release, ssrc: 4), from: talker, to: site)
        #expect(site.cell.counters.floorUnknownSource == 2)
        #expect(listener.heard.count == 1)
        fabric.talk(talker, to: site, sequence: 3)
        #expect(listener.heard.count == 2)
    }

    @Test func `a client that chooses its own SSRC is heard, unless it takes another's`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        fabric.talk(talker, to: site, sequence: 1, ssrc: listener.audioSSRC)
        #expect(listener.heard.isEmpty)
        #expect(site.cell.counters.audioForeignSSRC == 1)
        fabric.talk(talker, to: site, sequence: 1, ssrc: 0xcafe)
        fabric.talk(talker, to: site, sequence: 2, ssrc: 0xcafe)
        #expect(listener.heard.count == 2)
        fabric.talk(talker, to: site, sequence: 3, ssrc: 0xbeef)
        #expect(listener.heard.count == 2)
    }

    @Test func `an SSRC that the talker chose is announced to those who listen and to those who join later`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener, late) = (fabric.phone(1), fabric.phone(2), fabric.phone(3))
        let leg = call.join(talker)
        call.join(listener)
        fabric.pressToTalk(talker, at: site)
        let assigned = talker.audioSSRC
        fabric.talk(talker, to: site, sequence: 1, ssrc: 0xcafe)
        #expect(listener.messages.last?.kind == .taken)
        #expect(listener.messages.last?.audioSSRC == 0xcafe)
        // A new description, as an emergency brings it, goes on with what the talker chose.
        var description = call.description(1, ssrc: assigned)
        description.tier = .emergency
        let messages = listener.messages.count
        fabric.tell(site, .join(call.id, leg, description))
        #expect(listener.messages.count == messages)
        fabric.talk(talker, to: site, sequence: 2, ssrc: 0xcafe)
        call.join(late)
        #expect(late.messages.last?.audioSSRC == 0xcafe)
        #expect(listener.heard.count == 2)
    }

    @Test func `an address behind translation is learned once, by the SSRC that was assigned`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(listener)
        call.join(talker)
        // What signalling said is not where the phone is seen.
        let outer = fabric.phone(51)
        outer.audioSSRC = talker.audioSSRC
        let request = FloorMessage(.request, ssrc: talker.floorSSRC).encoded()
        fabric.send(request, from: outer.floor, to: site.address(.floor, .access))
        #expect(outer.messages.last?.kind == .granted)
        fabric.talk(outer, to: site, sequence: 1, ssrc: 0xdead)
        #expect(listener.heard.isEmpty)
        fabric.talk(outer, to: site, sequence: 1)
        #expect(listener.heard.count == 1)
        #expect(site.cell.counters.addressesLatched == 2)
        let thief = fabric.phone(52)
        fabric.talk(thief, to: site, sequence: 2, ssrc: talker.audioSSRC)
        fabric.send(
            FloorMessage(.release, ssrc: talker.floorSSRC).encoded(), from: thief.floor,
            to: site.address(.floor, .access))
        fabric.talk(talker, to: site, sequence: 2)
        #expect(listener.heard.count == 1)
        #expect(site.cell.counters.addressesLatched == 2)
        #expect(site.cell.counters.audioUnknownSource == 3)
        fabric.talk(outer, to: site, sequence: 2)
        #expect(listener.heard.count == 2)
    }

    @Test func `a member that names another's SSRCs does not get that one's leg`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        // The listener was not heard from yet. The talker sends from its own known addresses.
        for from in [talker.audio, talker.floor] {
            fabric.send(rtcp(ssrc: listener.floorSSRC), from: from, to: site.address(.audio, .access))
            let request = FloorMessage(.request, ssrc: listener.floorSSRC).encoded()
            fabric.send(request, from: from, to: site.address(.floor, .access))
        }
        #expect(site.cell.counters.addressesLatched == 0)
        fabric.talk(talker, to: site, sequence: 1)
        #expect(listener.heard.count == 1)
    }

    @Test func `a leg whose one stream was heard is not learned from another host for the other`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        fabric.sendFloor(
            FloorMessage(.queuePositionRequest, ssrc: listener.floorSSRC), from: listener, to: site)
        let thief = fabric.phone(51)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: thief.audio, to: site.address(.audio, .access))
        fabric.talk(talker, to: site, sequence: 1)
        #expect(thief.heard.isEmpty)
        #expect(listener.heard.count == 1)
        #expect(site.cell.counters.addressesNotLatched == 1)
        // Another port of the host that was heard is what a translator gives.
        let other = SocketAddress(listener.audio.address, port: 6_000)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: other, to: site.address(.audio, .access))
        #expect(site.cell.counters.addressesLatched == 1)
    }

    @Test(arguments: [0xc633_6401, 0x7f00_0001, 0xac20_0001, 0x6480_0001] as [UInt32])
    func `a peer that named a public address is learned at another port of it only`(_ host: UInt32) {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let listener = fabric.phone(2)
        listener.audio.address = IPAddress(v4: host)
        listener.floor.address = IPAddress(v4: host)
        fabric.plug(listener)
        let leg = call.join(listener)
        let thief = fabric.phone(51)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: thief.audio, to: site.address(.audio, .access))
        #expect(site.cell.remote(of: leg).audio == listener.audio)
        let other = SocketAddress(listener.audio.address, port: 6_000)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: other, to: site.address(.audio, .access))
        #expect(site.cell.remote(of: leg).audio == other)
    }

    @Test func `an address that was heard from where signalling said stays there`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        fabric.talk(talker, to: site, sequence: 1)
        let thief = fabric.phone(52)
        fabric.talk(thief, to: site, sequence: 2, ssrc: talker.audioSSRC)
        fabric.send(
            FloorMessage(.request, ssrc: talker.floorSSRC).encoded(), from: thief.floor,
            to: site.address(.floor, .access))
        #expect(site.cell.counters.addressesLatched == 0)
        #expect(listener.heard.count == 1)
        #expect(thief.messages.isEmpty)
    }

    @Test func `who only listens behind translation shows its address with RTCP`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        let outer = fabric.phone(51)
        fabric.send(rtcp(ssrc: 5), from: outer.audio, to: site.address(.audio, .access))
        fabric.talk(talker, to: site, sequence: 1)
        #expect(outer.heard.isEmpty)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: outer.audio, to: site.address(.audio, .access))
        fabric.talk(talker, to: site, sequence: 2)
        #expect(outer.heard.count == 1)
        #expect(listener.heard.count == 1)
    }

    @Test func `who asks for nothing behind translation shows its floor address with RTCP, which goes no further`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        let outer = fabric.phone(51)
        let socket = site.address(.floor, .access)
        fabric.send(rtcp(ssrc: 5), from: outer.floor, to: socket)
        #expect(site.cell.counters.controlPackets == 1)
        #expect(site.cell.counters.floorUnknownSource == 0)
        #expect(site.cell.counters.addressesLatched == 0)
        var long = rtcp(ssrc: listener.floorSSRC)
        long[3] = 2
        fabric.send(long, from: outer.floor, to: socket)
        #expect(site.cell.counters.floorMalformed == 1)
        fabric.release(talker, at: site)
        #expect(outer.messages.isEmpty)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: outer.floor, to: socket)
        fabric.pressToTalk(talker, at: site)
        #expect(outer.kinds.last == .taken)
        #expect(listener.kinds.last == .idle)
        #expect(site.cell.counters.addressesLatched == 1)
    }

    @Test func `a session refresh does not undo a learned address, a new one does`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        let leg = call.join(listener)
        let outer = fabric.phone(51)
        fabric.send(rtcp(ssrc: listener.floorSSRC), from: outer.audio, to: site.address(.audio, .access))
        fabric.tell(site, .connectLeg(leg, listener.remote()))
        #expect(site.cell.remote(of: leg).audio == outer.audio)
        var remote = listener.remote()
        remote.payloadType = 97
        fabric.tell(site, .connectLeg(leg, remote))
        #expect(site.cell.remote(of: leg).audio == outer.audio)
        remote.audio = fabric.phone(60).audio
        fabric.tell(site, .connectLeg(leg, remote))
        #expect(site.cell.remote(of: leg).audio == remote.audio)
    }

    @Test func `two legs whose packets could not be told apart are refused, and the first one stays`() {
        let site = fabric.site(1)
        let (talker, listener, call) = talking(site)
        let leg = call.mintLeg()
        fabric.tell(site, .openLeg(leg, face: .access, floorSSRC: 3), .connectLeg(leg, listener.remote()))
        #expect(site.events.last == .legRefused(leg, .ambiguous))
        fabric.talk(talker, to: site, sequence: 1)
        #expect(listener.heard.count == 1)
    }

    @Test func `a flood of floor messages of one leg is cut and others are served`() {
        let site = fabric.site(1, limits: MediaLimits(floorMessagesPerSecond: 10, floorBurst: 5))
        let (talker, listener, _) = talking(site)
        for _ in 0..<100 {
            fabric.sendFloor(FloorMessage(.queuePositionRequest, ssrc: listener.floorSSRC), from: listener, to: site)
        }
        #expect(site.cell.counters.floorTooMany == 95)
        fabric.release(talker, at: site)
        #expect(listener.messages.last?.kind == .idle)
        fabric.pass(.seconds(1))
        fabric.pressToTalk(listener, at: site)
        #expect(listener.messages.last?.kind == .granted)
    }

    @Test func `a datagram of many messages counts as so many`() {
        let site = fabric.site(1)
        let (_, listener, _) = talking(site)
        let one = FloorMessage(.queuePositionRequest, ssrc: listener.floorSSRC).encoded()
        for _ in 0..<10 {
            fabric.send(
                Array(repeatElement(one, count: 16).joined()), from: listener.floor,
                to: site.address(.floor, .access))
        }
        // Two of them are within the burst of forty.
        #expect(listener.messages.count { $0.kind == .queuePositionInfo } == 32)
        #expect(site.cell.counters.floorTooMany == 8)
    }

    @Test func `a member that takes and gives the floor in turns as fast as it can is slowed down`() {
        let site = fabric.site(1, limits: MediaLimits(floorMessagesPerSecond: 1_000, floorBurst: 1_000))
        let call = TestCall(fabric, at: site)
        let phones = (1...3).map { fabric.phone($0) }
        for phone in phones { call.join(phone) }
        for _ in 0..<1_000 {
            fabric.sendFloor(FloorMessage(.request, ssrc: phones[0].floorSSRC), from: phones[0], to: site)
            fabric.sendFloor(FloorMessage(.release, ssrc: phones[0].floorSSRC), from: phones[0], to: site)
            fabric.pass(.milliseconds(10))
        }
        // In ten seconds: ten at once and two a second.
        #expect((20...31).contains(phones[1].messages.count { $0.kind == .taken }))
        // Others are not.
        fabric.pressToTalk(phones[2], at: site)
        #expect(phones[2].messages.last?.kind == .granted)
    }

    @Test func `commands for what is closed or was never opened are counted`() {
        let site = fabric.site(1)
        let phone = fabric.phone(1)
        fabric.tell(
            site, .configureCall(MediaCallID(9), .init()), .closeCall(MediaCallID(9)),
            .connectLeg(LegID(9), phone.remote()),
            .closeLeg(LegID(9)), .leave(MediaCallID(9), LegID(9)), .relay(inside: LegID(8), outside: LegID(9)),
            .join(MediaCallID(9), LegID(9), TestCall(fabric, at: fabric.site(3)).description(1, ssrc: 1)))
        #expect(site.cell.counters.commandsForUnknown == 7)
        #expect(site.cell.population == (0, 0))
    }

    @Test func `limits refuse and say so`() {
        let site = fabric.site(1, limits: MediaLimits(calls: 1, legs: 2, membersPerCall: 1))
        let call = TestCall(fabric, at: site)
        fabric.tell(site, .openCall(MediaCallID(2), .init()))
        #expect(site.events.last == .callRefused(MediaCallID(2), .limit))
        call.join(fabric.phone(1))
        let second = call.join(fabric.phone(2))
        #expect(site.events.last == .legRefused(second, .limit))
        let third = call.mintLeg()
        fabric.tell(site, .openLeg(third, face: .access, floorSSRC: 1))
        #expect(site.events.last == .legRefused(third, .limit))
        #expect(site.cell.counters.commandsRefused == 3)
    }

    @Test func `octets at random on every socket are all accounted for`() {
        let site = fabric.site(1)
        let (talker, listener, _) = talking(site)
        var random = SeededGenerator(seed: 7)
        let before = site.cell.counters
        let template = FloorMessage(.request, ssrc: talker.floorSSRC).encoded()
        for round in 0..<4_000 {
            var octets: [UInt8]
            switch round % 3 {
            case 0: octets = (0..<Int(random.next() % 80)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            case 1:
                octets = rtp(UInt16(round), ssrc: listener.audioSSRC)
                octets[Int(random.next() % 12)] = UInt8(truncatingIfNeeded: random.next())
            default:
                octets = template
                octets[Int(random.next() % UInt64(octets.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            let sender = [talker.audio, talker.floor, listener.audio, listener.floor][Int(random.next() % 4)]
            let socket = site.sockets[Int(random.next() % UInt64(site.sockets.count))]
            octets.withUnsafeBytes { _ = site.cell.receive($0, on: socket.id, from: sender, at: fabric.now) }
            site.cell.drainDatagrams { _, _ in }
        }
        let counters = site.cell.counters
        let audio =
            counters.audioPacketsForwarded + counters.controlPackets + counters.audioWithoutListeners
            + counters.audioMalformed + counters.audioUnknownSource + counters.audioAmbiguousSource
            + counters.audioForeignSSRC + counters.audioWrongPayloadType + counters.audioReplayed
            + counters.audioTooOld + counters.audioWithoutPermission
        let floor =
            counters.floorMalformed + counters.floorUnknownSource + counters.floorTooMany
            + counters.floorMessagesReceived + counters.floorWithoutDestination
        let audioBefore = before.audioPacketsForwarded
        let floorBefore = before.floorMessagesReceived
        #expect(audio - audioBefore + floor - floorBefore >= 4_000)
        #expect(counters.audioMalformed > 0)
        #expect(counters.floorMalformed > 0)
        fabric.pass(.seconds(10))
        #expect(site.cell.nextDeadline.map { $0 > fabric.now.instant } ?? true)
    }

    @Test func `an unknown socket number is counted`() {
        let site = fabric.site(1)
        let reference = rtp(1, ssrc: 1).withUnsafeBytes {
            site.cell.receive($0, on: 200, from: SocketAddress(.loopback, port: 1), at: fabric.now)
        }
        #expect(reference == nil)
        #expect(site.cell.counters.unknownSocket == 1)
    }
}
