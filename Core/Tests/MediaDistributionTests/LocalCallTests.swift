import CallControl
import FloorControl
import MCFoundation
import MediaDistribution
import Testing

@Suite struct LocalCallTests {
    let fabric = Fabric()

    @Test func `what the talker says reaches every listener unchanged and once, and not the talker`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let phones = (1...5).map { fabric.phone($0) }
        for phone in phones { call.join(phone) }
        #expect(fabric.pressToTalk(phones[0], at: site) == phones[0].audioSSRC)
        let packets = (100..<120).map { fabric.talk(phones[0], to: site, sequence: $0) }
        for listener in phones.dropFirst() { #expect(listener.heard == packets) }
        #expect(phones[0].heard.isEmpty)
        #expect(site.cell.counters.audioPacketsForwarded == 20)
        #expect(site.cell.counters.audioCopiesSent == 80)
    }

    @Test func `the list of a burst is made once`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let phones = (1...3).map { fabric.phone($0) }
        for phone in phones { call.join(phone) }
        fabric.pressToTalk(phones[0], at: site)
        for sequence in 1...10 as ClosedRange<UInt16> { fabric.talk(phones[0], to: site, sequence: sequence) }
        #expect(Set(site.references).count == 1)
        call.join(fabric.phone(9))
        fabric.talk(phones[0], to: site, sequence: 11)
        #expect(site.references.last?.version != site.references.first?.version)
        #expect(site.references.last?.count == 3)
    }

    @Test func `nobody hears who has no permission, and the sender is told so`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, intruder, listener) = (fabric.phone(1), fabric.phone(2), fabric.phone(3))
        for phone in [talker, intruder, listener] { call.join(phone) }
        fabric.pressToTalk(talker, at: site)
        fabric.talk(intruder, to: site, sequence: 1)
        #expect(listener.heard.isEmpty)
        #expect(site.cell.counters.audioWithoutPermission == 1)
        #expect(intruder.messages.last?.kind == .revoke)
        #expect(intruder.messages.last?.rejectCause?.value == FloorRevokeCause.noPermission.rawValue)
    }

    @Test func `a talker whose time is over is heard for the grace time and not longer`() {
        let site = fabric.site(1)
        var settings = FloorSettings()
        settings.timers.stopTalking = .seconds(2)
        settings.timers.stopTalkingGrace = .seconds(1)
        let call = TestCall(fabric, at: site, settings: settings)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        for phone in [talker, listener] { call.join(phone) }
        fabric.pressToTalk(talker, at: site)
        fabric.talk(talker, to: site, sequence: 1)
        fabric.pass(.milliseconds(2_001))
        #expect(talker.messages.last?.kind == .revoke)
        fabric.talk(talker, to: site, sequence: 2)
        #expect(listener.heard.count == 2)
        fabric.pass(.seconds(1))
        fabric.talk(talker, to: site, sequence: 3)
        #expect(listener.heard.count == 2)
    }

    @Test func `who joins late is told who talks and hears the rest`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener, late) = (fabric.phone(1), fabric.phone(2), fabric.phone(3))
        for phone in [talker, listener] { call.join(phone) }
        fabric.pressToTalk(talker, at: site)
        fabric.talk(talker, to: site, sequence: 1)
        call.join(late)
        let second = fabric.talk(talker, to: site, sequence: 2)
        #expect(late.kinds == [.taken])
        #expect(late.messages.last?.grantedParty == MCPTTID("sip:user1@example.org"))
        #expect(late.heard == [second])
        #expect(listener.heard.count == 2)
    }

    @Test func `a leg that is connected anew hears at its new address only, and talks from there only`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        let leg = call.join(listener)
        fabric.pressToTalk(talker, at: site)
        fabric.talk(talker, to: site, sequence: 1)
        let moved = fabric.phone(22)
        var remote = moved.remote()
        remote.floorSSRC = listener.floorSSRC
        fabric.tell(site, .connectLeg(leg, remote))
        fabric.talk(talker, to: site, sequence: 2)
        #expect(listener.heard.count == 1)
        #expect(moved.heard.count == 1)
        // The first sign of life at the new address closes the way for the old one.
        for phone in [moved, listener] {
            fabric.sendFloor(FloorMessage(.queuePositionRequest, ssrc: listener.floorSSRC), from: phone, to: site)
        }
        #expect(site.cell.counters.floorUnknownSource == 1)
    }

    @Test func `who holds the call hears nothing until it resumes, and is told who talks all the while`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        let leg = call.join(listener)
        fabric.pressToTalk(talker, at: site)
        fabric.talk(talker, to: site, sequence: 1)
        var remote = listener.remote()
        remote.hears = false
        fabric.tell(site, .connectLeg(leg, remote))
        fabric.talk(talker, to: site, sequence: 2)
        #expect(listener.heard.count == 1)
        #expect(site.cell.counters.audioWithoutListeners == 1)
        fabric.release(talker, at: site)
        #expect(listener.kinds.last == .idle)
        fabric.pressToTalk(talker, at: site)
        #expect(listener.kinds.last == .taken)
        fabric.tell(site, .connectLeg(leg, listener.remote()))
        fabric.talk(talker, to: site, sequence: 3)
        #expect(listener.heard.count == 2)
    }

    @Test func `who says that it does not send cannot have the floor`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (mute, other) = (fabric.phone(1), fabric.phone(2))
        let leg = call.join(mute)
        call.join(other)
        var remote = mute.remote()
        remote.speaks = false
        fabric.tell(site, .connectLeg(leg, remote))
        #expect(fabric.pressToTalk(mute, at: site) == nil)
        #expect(mute.messages.last?.kind == .deny)
        fabric.tell(site, .connectLeg(leg, mute.remote()))
        #expect(fabric.pressToTalk(mute, at: site) == mute.audioSSRC)
    }

    @Test func `who left or whose leg is closed hears nothing more, and the floor is free if it was the talker`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, first, second) = (fabric.phone(1), fabric.phone(2), fabric.phone(3))
        let talkerLeg = call.join(talker)
        let firstLeg = call.join(first)
        call.join(second)
        fabric.pressToTalk(talker, at: site)
        fabric.tell(site, .leave(call.id, firstLeg))
        fabric.talk(talker, to: site, sequence: 1)
        #expect(first.heard.isEmpty)
        #expect(second.heard.count == 1)
        fabric.tell(site, .closeLeg(talkerLeg))
        fabric.talk(talker, to: site, sequence: 2)
        #expect(second.heard.count == 1)
        #expect(second.messages.last?.kind == .idle)
        #expect(site.cell.counters.audioUnknownSource == 1)
        #expect(site.events.last == .talkerChanged(call.id, nil, nil))
    }

    @Test func `a peer without floor control hears and is never asked`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, radio) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        call.join(radio, hasFloor: false)
        fabric.pressToTalk(talker, at: site)
        let packet = fabric.talk(talker, to: site, sequence: 1)
        fabric.talk(radio, to: site, sequence: 1)
        #expect(radio.heard == [packet])
        #expect(radio.messages.isEmpty)
        #expect(talker.heard.isEmpty)
        #expect(site.cell.counters.audioWithoutPermission == 1)
    }

    @Test func `each address family leaves through its own socket`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, four, six) = (fabric.phone(1), fabric.phone(2), fabric.phone(3, isIPv6: true))
        for phone in [talker, four, six] { call.join(phone) }
        fabric.pressToTalk(talker, at: site)
        let packet = fabric.talk(talker, to: site, sequence: 1)
        #expect(four.heard == [packet])
        #expect(six.heard == [packet])
        #expect(fabric.log.last { $0.to == six.audio }?.from == site.address(.audio, .access, isIPv6: true))
        fabric.release(talker, at: site)
        fabric.pressToTalk(six, at: site)
        fabric.talk(six, to: site, sequence: 9)
        #expect(talker.heard.count == 1)
    }

    @Test func `calls and legs come and go and leave nothing behind`() {
        let site = fabric.site(1)
        for number in 1...20 as ClosedRange<UInt64> {
            let call = TestCall(fabric, at: site, number: number)
            let phones = [fabric.phone(1), fabric.phone(2)]
            let legs = phones.map { call.join($0) }
            fabric.pressToTalk(phones[0], at: site)
            fabric.talk(phones[0], to: site, sequence: 1)
            #expect(phones[1].heard.count == 1)
            fabric.tell(site, .closeCall(call.id))
            for leg in legs { fabric.tell(site, .closeLeg(leg)) }
        }
        #expect(site.cell.population == (0, 0))
        #expect(site.references.map(\.slot).max() == 0)
        #expect(Set(site.references.map(\.version)).count == 20)
        #expect(site.cell.counters.commandsForUnknown == 0)
    }
}
