import CallControl
import FloorControl
import MCFoundation
import MediaDistribution
import Testing

@Suite struct BorderTests {
    let fabric = Fabric()
    let trunk = TrunkID("trunk-1")

    struct World {
        var italy: Site
        var france: Site
        var call: TestCall
        var italians: [Phone]
        var french: [Phone]
    }

    func world(italians: Int, french: Int, trunk: TrunkID?) -> World {
        let italy = fabric.site(1)
        let france = fabric.site(2)
        let call = TestCall(fabric, at: italy)
        let ours = (0..<italians).map { fabric.phone(UInt8(10 + $0)) }
        let theirs = (0..<french).map { fabric.phone(UInt8(100 + $0)) }
        for phone in ours { call.join(phone) }
        for phone in theirs { call.join(phone, of: france, trunk: trunk) }
        return World(italy: italy, france: france, call: call, italians: ours, french: theirs)
    }

    @Test(arguments: [1, 2, 30]) func `one stream crosses the border whatever number listens there`(_ count: Int) {
        let world = world(italians: 2, french: count, trunk: trunk)
        #expect(fabric.pressToTalk(world.italians[0], at: world.italy) != nil)
        let packets = (1...5).map { fabric.talk(world.italians[0], to: world.italy, sequence: $0) }
        for listener in world.french { #expect(listener.heard == packets) }
        #expect(world.italians[1].heard == packets)
        #expect(fabric.audioCrossings(from: world.italy, to: world.france) == 5)
        #expect(fabric.audioCrossings(from: world.france, to: world.italy) == 0)
    }

    @Test func `floor messages cross for each member, unmodified from end to end`() {
        let world = world(italians: 1, french: 3, trunk: trunk)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        for listener in world.french {
            #expect(listener.story == [.idle, .taken])
            #expect(listener.messages.last?.grantedParty == MCPTTID("sip:user10@example.org"))
        }
        let servers = Set(world.french.compactMap { $0.messages.last?.ssrc })
        #expect(servers.count == 3)
    }

    @Test func `a talker abroad is heard everywhere and does not hear its own voice`() {
        let world = world(italians: 2, french: 3, trunk: trunk)
        let talker = world.french[1]
        #expect(fabric.pressToTalk(talker, at: world.france) == talker.audioSSRC)
        let packets = (1...5).map { fabric.talk(talker, to: world.france, sequence: $0) }
        for phone in world.italians + [world.french[0], world.french[2]] { #expect(phone.heard == packets) }
        #expect(talker.heard.isEmpty)
        #expect(fabric.audioCrossings(from: world.france, to: world.italy) == 5)
        #expect(fabric.audioCrossings(from: world.italy, to: world.france) == 5)
    }

    @Test func `nothing comes back to a partner whose only member talks`() {
        let world = world(italians: 2, french: 1, trunk: trunk)
        fabric.pressToTalk(world.french[0], at: world.france)
        fabric.talk(world.french[0], to: world.france, sequence: 1)
        #expect(world.italians.allSatisfy { $0.heard.count == 1 })
        #expect(fabric.audioCrossings(from: world.italy, to: world.france) == 0)
    }

    @Test func `the floor is judged at home: who talks abroad without it is heard by nobody and revoked`() {
        let world = world(italians: 2, french: 2, trunk: trunk)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        fabric.talk(world.french[0], to: world.france, sequence: 1, ssrc: world.french[0].audioSSRC)
        #expect((world.italians + world.french).allSatisfy { $0.heard.isEmpty })
        #expect(world.french[0].messages.last?.kind == .revoke)
        #expect(world.italy.cell.counters.audioWithoutPermission == 1)
    }

    @Test func `a talker may begin a lower count with the next talk, and is heard abroad as at home`() {
        let world = world(italians: 2, french: 2, trunk: trunk)
        let talker = world.italians[0]
        fabric.pressToTalk(talker, at: world.italy)
        fabric.talk(talker, to: world.italy, sequence: 30_000)
        fabric.release(talker, at: world.italy)
        fabric.pressToTalk(talker, at: world.italy)
        for sequence in UInt16(5)...7 { fabric.talk(talker, to: world.italy, sequence: sequence) }
        for listener in [world.italians[1]] + world.french { #expect(listener.heard.count == 4) }
        #expect(world.france.cell.counters.audioTooOld == 0)
        // Once a talk: afterwards the window holds.
        fabric.talk(talker, to: world.italy, sequence: 60_000)
        #expect(world.french.allSatisfy { $0.heard.count == 4 })
    }

    @Test func `the floor passes to and fro and nobody hears the last talker's stream as his own`() {
        let world = world(italians: 1, french: 2, trunk: trunk)
        let everybody = world.italians + world.french
        for (round, talker) in (everybody + everybody).enumerated() {
            let site = talker.number < 100 ? world.italy : world.france
            #expect(fabric.pressToTalk(talker, at: site) == talker.audioSSRC)
            let before = everybody.map(\.heard.count)
            fabric.talk(talker, to: site, sequence: UInt16(round * 10))
            for (phone, count) in zip(everybody, before) {
                #expect(phone.heard.count == (phone === talker ? count : count + 1))
            }
            fabric.release(talker, at: site)
        }
    }

    @Test func `a partner that does not know trunks gets a stream for each member`() {
        let italy = fabric.site(1)
        let call = TestCall(fabric, at: italy)
        let talker = fabric.phone(10)
        call.join(talker)
        // A foreign gateway that opens ports per member: two phones stand for its ports.
        let ports = [fabric.phone(200), fabric.phone(201), fabric.phone(202)]
        for (index, port) in ports.enumerated() {
            let legs = (0..<3).map { _ in call.mintLeg() }
            let ours = italy.mintSSRC()
            port.audioSSRC = italy.mintSSRC()
            func own(_ ssrc: UInt32) -> LegRemote {
                LegRemote(
                    audio: italy.address(.audio, .access), floor: italy.address(.floor, .access), floorSSRC: ssrc,
                    payloadType: 96)
            }
            fabric.tell(
                italy, .openLeg(legs[0], face: .access, floorSSRC: ours),
                .openLeg(legs[1], face: .access, floorSSRC: port.floorSSRC),
                .openLeg(legs[2], face: .interconnection, floorSSRC: ours), .connectLeg(legs[1], own(ours)),
                .connectLeg(legs[2], port.remote()), .relay(inside: legs[1], outside: legs[2]),
                .connectLeg(legs[0], own(port.floorSSRC)),
                .join(call.id, legs[0], call.description(UInt8(200 + index), ssrc: port.audioSSRC)))
        }
        fabric.pressToTalk(talker, at: italy)
        let packet = fabric.talk(talker, to: italy, sequence: 1)
        for port in ports { #expect(port.heard == [packet]) }
        fabric.release(talker, at: italy)
        let granted = FloorMessage(.request, ssrc: ports[1].floorSSRC)
        fabric.send(granted.encoded(), from: ports[1].floor, to: italy.address(.floor, .interconnection))
        #expect(ports[1].messages.last?.kind == .granted)
        fabric.send(
            rtp(1, ssrc: ports[1].audioSSRC), from: ports[1].audio, to: italy.address(.audio, .interconnection))
        #expect(talker.heard.count == 1)
        #expect(ports.map(\.heard.count) == [2, 1, 2])
    }

    @Test func `two of our systems without a trunk: copies that cannot be told apart are heard once`() {
        let world = world(italians: 1, french: 3, trunk: nil)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        let packet = fabric.talk(world.italians[0], to: world.italy, sequence: 1)
        #expect(fabric.audioCrossings(from: world.italy, to: world.france) == 3)
        for listener in world.french { #expect(listener.heard == [packet]) }
        #expect(world.france.cell.counters.audioReplayed == 2)
    }

    @Test func `two calls with the same partner keep their streams apart`() {
        let (italy, france) = (fabric.site(1), fabric.site(2))
        var talkers: [Phone] = []
        var listeners: [Phone] = []
        for number in 1...2 as ClosedRange<UInt8> {
            let call = TestCall(fabric, at: italy, number: UInt64(number))
            talkers.append(fabric.phone(10 + number))
            listeners.append(fabric.phone(100 + number))
            call.join(talkers.last ?? fabric.phone(0))
            call.join(listeners.last ?? fabric.phone(0), of: france, trunk: TrunkID("trunk-\(number)"))
        }
        for talker in talkers { fabric.pressToTalk(talker, at: italy) }
        let first = fabric.talk(talkers[0], to: italy, sequence: 1)
        let second = fabric.talk(talkers[1], to: italy, sequence: 2)
        #expect(listeners[0].heard == [first])
        #expect(listeners[1].heard == [second])
    }

    @Test func `both sides called, so there are two trunks of one call: still one stream crosses, and all hear it`() {
        let (italy, france) = (fabric.site(1), fabric.site(2))
        let call = TestCall(fabric, at: italy)
        let talker = fabric.phone(10)
        let (invited, joined) = (fabric.phone(100), fabric.phone(101))
        call.join(talker)
        call.join(invited, of: france, trunk: TrunkID("offered-by-italy"))
        call.join(joined, of: france, trunk: TrunkID("offered-by-france"))
        fabric.pressToTalk(talker, at: italy)
        let packet = fabric.talk(talker, to: italy, sequence: 1)
        #expect(fabric.audioCrossings(from: italy, to: france) == 1)
        #expect(invited.heard == [packet])
        #expect(joined.heard == [packet])
    }

    /// Orders in which commands of different functions may come: those that open legs first, the rest shuffled.
    @Test(arguments: 0..<40 as Range<UInt64>) func `the way across is found in whatever order it is told`(seed: UInt64)
    {
        let (italy, france) = (fabric.site(1), fabric.site(2))
        let call = TestCall(fabric, at: italy)
        let (talker, listener) = (fabric.phone(10), fabric.phone(100))
        call.join(talker)
        let border = call.border(listener, of: france, trunk: trunk)
        var random = SeededGenerator(seed: seed)
        let opening = border.homeCommands.prefix(3).shuffled(using: &random)
        let rest = border.homeCommands.dropFirst(3)
        // A leg enters one service: joined by its call or relayed by its gateway, never told both.
        fabric.tell(france, border.farCommands)
        fabric.tell(italy, opening + rest.shuffled(using: &random))
        #expect(listener.kinds == [.idle])
        fabric.pressToTalk(talker, at: italy)
        #expect(listener.story == [.idle, .taken])
        let packet = fabric.talk(talker, to: italy, sequence: 1)
        #expect(listener.heard == [packet])
    }

    @Test func `who holds the call abroad hears nothing, and nothing crosses when nobody there hears`() {
        let italy = fabric.site(1)
        let france = fabric.site(2)
        let call = TestCall(fabric, at: italy)
        let (talker, first, second) = (fabric.phone(10), fabric.phone(100), fabric.phone(101))
        call.join(talker)
        let borders = [first, second].map { ($0, call.join($0, of: france, trunk: trunk)) }
        /// As gateways and the controlling function do when a re-INVITE has passed through them.
        func hold(_ index: Int, _ holds: Bool) {
            let (phone, border) = borders[index]
            var near = phone.remote()
            near.hears = !holds
            fabric.tell(france, .connectLeg(border.farInside, near))
            for (leg, command) in [(border.outside, 4), (border.member, 6)] {
                guard case .connectLeg(leg, var remote) = border.homeCommands[command] else {
                    Issue.record("another order of commands")
                    continue
                }
                remote.hears = !holds
                fabric.tell(italy, .connectLeg(leg, remote))
            }
        }
        fabric.pressToTalk(talker, at: italy)
        fabric.talk(talker, to: italy, sequence: 1)
        hold(0, true)
        fabric.talk(talker, to: italy, sequence: 2)
        #expect(first.heard.count == 1)
        #expect(second.heard.count == 2)
        hold(1, true)
        let crossed = fabric.audioCrossings(from: italy, to: france)
        fabric.talk(talker, to: italy, sequence: 3)
        #expect(fabric.audioCrossings(from: italy, to: france) == crossed)
        hold(0, false)
        fabric.talk(talker, to: italy, sequence: 4)
        #expect(first.heard.count == 2)
        #expect(second.heard.count == 2)
    }

    @Test func `closing any leg of the way ends the stream, and the others are heard on`() {
        for closed in 0..<3 {
            let fabric = Fabric()
            let (italy, france) = (fabric.site(1), fabric.site(2))
            let call = TestCall(fabric, at: italy)
            let (talker, stays, goes) = (fabric.phone(10), fabric.phone(11), fabric.phone(100))
            call.join(talker)
            call.join(stays)
            let border = call.join(goes, of: france, trunk: trunk)
            fabric.pressToTalk(talker, at: italy)
            fabric.talk(talker, to: italy, sequence: 1)
            fabric.tell(italy, .closeLeg([border.member, border.inside, border.outside][closed]))
            fabric.talk(talker, to: italy, sequence: 2)
            #expect(stays.heard.count == 2)
            #expect(goes.heard.count == 1)
            #expect(fabric.audioCrossings(from: italy, to: france) == 1)
        }
    }

    @Test func `a client abroad that leaves no longer hears, the others on its trunk do`() {
        let world = world(italians: 1, french: 0, trunk: trunk)
        let (stays, goes) = (fabric.phone(100), fabric.phone(101))
        world.call.join(stays, of: world.france, trunk: trunk)
        let border = world.call.join(goes, of: world.france, trunk: trunk)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        fabric.talk(world.italians[0], to: world.italy, sequence: 1)
        fabric.tell(world.france, .closeLeg(border.farInside), .closeLeg(border.farOutside))
        fabric.talk(world.italians[0], to: world.italy, sequence: 2)
        #expect(stays.heard.count == 2)
        #expect(goes.heard.count == 1)
    }

    @Test func `a gateway mints a floor SSRC where the peer states none and writes it into the header`() {
        let france = fabric.site(2)
        let phone = fabric.phone(100)
        let server = SocketAddress(IPAddress(v4: 0xcb00_7101), port: 9_001)
        let (inside, outside) = (LegID(1), LegID(2))
        var remote = phone.remote()
        remote.floorSSRC = nil
        fabric.tell(
            france, .openLeg(outside, face: .interconnection, floorSSRC: 0xaaaa),
            .openLeg(inside, face: .access, floorSSRC: 7),
            .connectLeg(
                outside,
                LegRemote(
                    audio: SocketAddress(IPAddress(v4: 0xcb00_7101), port: 9_000), floor: server, floorSSRC: 7,
                    payloadType: 96)),
            .connectLeg(inside, remote), .relay(inside: inside, outside: outside))
        fabric.sendFloor(FloorMessage(.request, ssrc: phone.floorSSRC), from: phone, to: france)
        let sent = fabric.log.last { $0.to == server }
        #expect(sent?.octets == FloorMessage(.request, ssrc: 0xaaaa).encoded())
    }

    // MARK: The gate at the border

    /// What arrives at a gateway as if its partner had sent it.
    func inject(_ sequences: ClosedRange<UInt16>, ssrc: UInt32, from: Site, to: Site) {
        for sequence in sequences {
            fabric.send(
                rtp(sequence, ssrc: ssrc), from: from.address(.audio, .interconnection),
                to: to.address(.audio, .interconnection))
        }
    }

    @Test func `a partner's stream that no floor message announced is cut off and counted`() {
        let world = world(italians: 1, french: 2, trunk: trunk)
        inject(1...50, ssrc: 0xbad, from: world.italy, to: world.france)
        // Ten packets might have overtaken their Floor Taken; those of the next stray stream cannot.
        inject(1...50, ssrc: 0xbad2, from: world.italy, to: world.france)
        for listener in world.french { #expect(listener.heard.count == 10) }
        #expect(world.france.cell.counters.audioWithoutPermission == 90)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        for sequence in 1...50 as ClosedRange<UInt16> {
            fabric.talk(world.italians[0], to: world.italy, sequence: sequence)
        }
        for listener in world.french { #expect(listener.heard.count == 60) }
        // While somebody talks, nobody else does.
        inject(51...100, ssrc: 0xbad, from: world.italy, to: world.france)
        inject(101...150, ssrc: 0xbad, from: world.italy, to: world.france)
        for listener in world.french { #expect(listener.heard.count == 70) }
    }

    @Test func `strangers' streams do not make the gateway forget the talker's`() {
        let world = world(italians: 1, french: 1, trunk: trunk)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        fabric.talk(world.italians[0], to: world.italy, sequence: 1)
        for ssrc in 1...100 as ClosedRange<UInt32> { inject(1...1, ssrc: ssrc, from: world.italy, to: world.france) }
        fabric.talk(world.italians[0], to: world.italy, sequence: 2)
        #expect(world.french[0].heard.count == 3)
        #expect(world.france.cell.counters.audioWithoutPermission == 99)
    }

    @Test func `what a partner sends after the floor is idle is heard for a moment only`() {
        let world = world(italians: 1, french: 1, trunk: trunk)
        let talker = world.italians[0]
        fabric.pressToTalk(talker, at: world.italy)
        fabric.talk(talker, to: world.italy, sequence: 1)
        fabric.release(talker, at: world.italy)
        inject(2...3, ssrc: talker.audioSSRC, from: world.italy, to: world.france)
        #expect(world.french[0].heard.count == 3)
        fabric.pass(.milliseconds(201))
        inject(4...50, ssrc: talker.audioSSRC, from: world.italy, to: world.france)
        #expect(world.french[0].heard.count == 13)
    }

    @Test func `a talk whose Floor Taken is lost is heard whole, because it is said again in time`() {
        let world = world(italians: 1, french: 1, trunk: trunk)
        var lost = 0
        let border = world.france.address(.floor, .interconnection)
        fabric.loses = { datagram in
            guard lost < 2, datagram.to == border else { return false }
            lost += 1
            return true
        }
        fabric.pressToTalk(world.italians[0], at: world.italy)
        #expect(world.french[0].kinds == [.idle])
        let packets = (1...150).map { fabric.talk(world.italians[0], to: world.italy, sequence: $0) }
        #expect(world.french[0].heard == packets)
        // With the number of the first one: a client takes it for what it is.
        #expect(world.french[0].kinds == [.idle, .taken, .taken, .taken, .taken])
        #expect(Set(world.french[0].messages.suffix(4).map(\.sequenceNumber)).count == 1)
    }

    @Test func `who comes in amid a talk hears it from then on, also where the Floor Taken for him is lost`() {
        let world = world(italians: 2, french: 0, trunk: trunk)
        fabric.pressToTalk(world.italians[0], at: world.italy)
        for sequence in 1...10 as ClosedRange<UInt16> {
            fabric.talk(world.italians[0], to: world.italy, sequence: sequence)
        }
        let border = world.france.address(.floor, .interconnection)
        var lost = 0
        fabric.loses = { datagram in
            guard lost < 1, datagram.to == border else { return false }
            lost += 1
            return true
        }
        let late = fabric.phone(100)
        world.call.join(late, of: world.france, trunk: trunk)
        // What he is told of his request is no word of who talks.
        fabric.pressToTalk(late, at: world.france)
        #expect(lost == 1 && !late.messages.isEmpty && !late.kinds.contains(.taken))
        let packets = (11...150).map { fabric.talk(world.italians[0], to: world.italy, sequence: $0) }
        #expect(late.heard == packets)
        #expect(late.kinds.filter { $0 == .taken }.count == 4)
    }

    @Test func `a talk that the partner's floor control never stood for ends at our border`() {
        let world = world(italians: 1, french: 1, trunk: trunk)
        let border = world.france.address(.floor, .interconnection)
        fabric.loses = { $0.to == border }
        fabric.pressToTalk(world.italians[0], at: world.italy)
        for sequence in 1...150 as ClosedRange<UInt16> {
            fabric.talk(world.italians[0], to: world.italy, sequence: sequence)
        }
        #expect(world.french[0].heard.count == 10)
    }

    @Test func `a client of ours without the floor does not stream across the border, and is told so from there`() {
        let world = world(italians: 1, french: 2, trunk: trunk)
        let client = world.french[0]
        fabric.pressToTalk(world.italians[0], at: world.italy)
        for sequence in 1...50 as ClosedRange<UInt16> {
            fabric.talk(client, to: world.france, sequence: sequence, ssrc: client.audioSSRC)
        }
        #expect(fabric.audioCrossings(from: world.france, to: world.italy) == 1)
        #expect(world.france.cell.counters.audioWithoutPermission == 49)
        #expect(client.messages.last?.kind == .revoke)
        #expect((world.italians + world.french).allSatisfy { $0.heard.isEmpty })
    }

    @Test func `a talker abroad whose time is over is heard for the grace and crosses no border after it`() {
        let italy = fabric.site(1)
        let france = fabric.site(2)
        var settings = FloorSettings()
        settings.timers.stopTalking = .seconds(2)
        settings.timers.stopTalkingGrace = .seconds(1)
        let call = TestCall(fabric, at: italy, settings: settings)
        let (listener, talker) = (fabric.phone(10), fabric.phone(100))
        call.join(listener)
        call.join(talker, of: france, trunk: trunk)
        fabric.pressToTalk(talker, at: france)
        fabric.talk(talker, to: france, sequence: 1)
        fabric.pass(.milliseconds(2_001))
        #expect(talker.messages.last?.kind == .revoke)
        fabric.talk(talker, to: france, sequence: 2)
        #expect(listener.heard.count == 2)
        fabric.pass(.milliseconds(1_300))
        let before = fabric.audioCrossings(from: france, to: italy)
        for sequence in 3...9 as ClosedRange<UInt16> { fabric.talk(talker, to: france, sequence: sequence) }
        #expect(fabric.audioCrossings(from: france, to: italy) == before)
        #expect(listener.heard.count == 2)
    }

    @Test func `a packet of another application beside a floor message neither hides it nor crosses the border`() {
        let world = world(italians: 1, french: 1, trunk: trunk)
        let phone = world.french[0]
        let request = FloorMessage(.request, ssrc: phone.floorSSRC).encoded()
        let other: [UInt8] = [0x80, 204, 0, 3, 1, 2, 3, 4] + Array("TEST".utf8) + [9, 9, 9, 9]
        fabric.send(
            other + request + other, from: phone.floor, to: world.france.address(.floor, .access))
        #expect(phone.messages.last?.kind == .granted)
        let crossing = fabric.log.last {
            $0.from == world.france.address(.floor, .interconnection)
                && $0.to == world.italy.address(.floor, .interconnection)
        }
        #expect(crossing?.octets.count == request.count)
        fabric.send(other, from: phone.floor, to: world.france.address(.floor, .access))
        #expect(world.france.cell.counters.floorMalformed == 1)
    }

    @Test func `an emergency behind the border is known from what its server says`() {
        let world = world(italians: 1, french: 1, trunk: trunk)
        var settings = FloorSettings()
        settings.tier = .emergency
        fabric.tell(world.italy, .configureCall(world.call.id, settings))
        fabric.pressToTalk(world.italians[0], at: world.italy)
        fabric.talk(world.italians[0], to: world.italy, sequence: 1)
        #expect(world.italy.references.last?.tier == .emergency)
        #expect(world.france.references.last?.tier == .emergency)
    }
}
