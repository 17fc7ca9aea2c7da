import CallControl
import FloorControl
import MCFoundation
import MediaDistribution
import Testing

/// What everybody in a call is told leaves in parts, behind what one participant waits for.
@Suite struct AnnouncementTests {
    let fabric = Fabric()

    /// A call with so many members, of which nobody talks.
    func call(_ site: Site, _ number: UInt64, tier: CallTier = .normal, phones numbers: ClosedRange<UInt8>) -> [Phone] {
        let call = TestCall(fabric, at: site, number: number, settings: FloorSettings(tier: tier))
        let phones = numbers.map { fabric.phone($0) }
        for phone in phones { call.join(phone) }
        return phones
    }

    /// Gives the cell a floor message without sending what it causes.
    func tell(_ site: Site, _ kind: FloorMessageKind, from phone: Phone) {
        FloorMessage(kind, ssrc: phone.floorSSRC).encoded().withUnsafeBytes {
            _ = site.cell.receive($0, on: 1, from: phone.floor, at: fabric.now)
        }
    }

    struct Sent {
        var to: SocketAddress
        var kind: FloorMessageKind?

        init(_ datagram: OutgoingDatagram, _ octets: UnsafeRawBufferPointer) {
            to = datagram.destination.address
            kind = FloorMessageKind(rawValue: octets[0] & 0x0f)
        }
    }

    func replies(_ site: Site) -> [Sent] {
        var found: [Sent] = []
        site.cell.drainReplies { found.append(Sent($0, $1)) }
        return found
    }

    func announcements(_ site: Site, _ tier: CallTier, atMost limit: Int) -> [Sent] {
        var found: [Sent] = []
        _ = site.cell.drainAnnouncements(of: tier, atMost: limit) { found.append(Sent($0, $1)) }
        return found
    }

    @Test func `a grant leaves before everybody is told`() {
        let site = fabric.site(1)
        let phones = call(site, 1, phones: 1...40)
        tell(site, .request, from: phones[0])
        let replies = replies(site)
        #expect(replies.map(\.kind) == [.granted])
        #expect(replies.map(\.to) == [phones[0].floor])
        #expect(site.cell.mostUrgentAnnouncement == .normal)
        let first = announcements(site, .normal, atMost: 16)
        let rest = announcements(site, .normal, atMost: 100)
        // The talker is one of the sixteen whose turn it was, and is told nothing.
        #expect(first.count == 15)
        #expect((first + rest).map(\.to) == phones.dropFirst().map(\.floor))
        #expect((first + rest).allSatisfy { $0.kind == .taken })
        #expect(site.cell.mostUrgentAnnouncement == nil)
    }

    @Test func `a grant does not wait for the talker's forward list, which stands before the first packet`() {
        let site = fabric.site(1)
        let phones = call(site, 1, phones: 1...40)
        tell(site, .request, from: phones[0])
        #expect(site.cell.forwardList(in: 0).isEmpty)
        #expect(replies(site).map(\.kind) == [.granted])
        site.cell.prepareTalkers()
        #expect(site.cell.forwardList(in: 0).count == 39)
        let version = rtp(1, ssrc: phones[0].audioSSRC).withUnsafeBytes {
            site.cell.receive($0, on: 0, from: phones[0].audio, at: fabric.now)?.version
        }
        #expect(version == 1)
    }

    @Test func `a small emergency group is told before the rest of a big group`() {
        let site = fabric.site(1)
        let big = call(site, 1, phones: 1...100)
        let small = call(site, 2, tier: .emergency, phones: 150...152)
        tell(site, .request, from: big[0])
        _ = announcements(site, .normal, atMost: 16)
        tell(site, .request, from: small[0])
        #expect(site.cell.mostUrgentAnnouncement == .emergency)
        #expect(announcements(site, .emergency, atMost: 16).map(\.to) == small.dropFirst().map(\.floor))
        #expect(site.cell.mostUrgentAnnouncement == .normal)
    }

    @Test func `calls of one tier take turns in being told`() {
        let site = fabric.site(1)
        let big = call(site, 1, phones: 1...100)
        let small = call(site, 2, phones: 150...152)
        tell(site, .request, from: big[0])
        _ = announcements(site, .normal, atMost: 16)
        tell(site, .request, from: small[0])
        _ = announcements(site, .normal, atMost: 16)
        #expect(announcements(site, .normal, atMost: 16).map(\.to) == small.dropFirst().map(\.floor))
        #expect(announcements(site, .normal, atMost: 1_000).count == 100 - 32)
    }

    @Test func `who was not yet told the last thing is told only the newest`() {
        let site = fabric.site(1)
        let phones = call(site, 1, phones: 1...100)
        tell(site, .request, from: phones[0])
        _ = announcements(site, .normal, atMost: 10)
        tell(site, .release, from: phones[0])
        tell(site, .request, from: phones[99])
        let told = announcements(site, .normal, atMost: 1_000)
        #expect(told.map(\.to) == phones.dropLast().map(\.floor))
        #expect(told.allSatisfy { $0.kind == .taken })
        // The new talker is granted and hears nothing of the talks before.
        #expect(replies(site).last?.kind == .granted)
        #expect(site.cell.mostUrgentAnnouncement == nil)
    }

    @Test func `who left while others were told is not told, and nobody is left out`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let phones = (1...40 as ClosedRange<UInt8>).map { fabric.phone($0) }
        let legs = phones.map { call.join($0) }
        tell(site, .request, from: phones[0])
        let first = announcements(site, .normal, atMost: 20)
        site.cell.handle(.leave(call.id, legs[3]), at: fabric.now)
        site.cell.handle(.leave(call.id, legs[39]), at: fabric.now)
        let rest = announcements(site, .normal, atMost: 100)
        #expect((first + rest).map(\.to) == phones.dropFirst().dropLast().map(\.floor))
    }

    @Test func `what is told is how the floor is when it is told`() {
        let site = fabric.site(1)
        let call = TestCall(fabric, at: site)
        let (talker, listener) = (fabric.phone(1), fabric.phone(2))
        call.join(talker)
        call.join(listener)
        tell(site, .request, from: talker)
        // The talker's first packet shows that it chose another SSRC, before anybody was told of it.
        rtp(1, ssrc: 0xcafe).withUnsafeBytes {
            _ = site.cell.receive($0, on: 0, from: talker.audio, at: fabric.now)
        }
        var told: [FloorMessage] = []
        _ = site.cell.drainAnnouncements(of: .normal, atMost: 10) {
            told += (try? FloorMessage.decode(Array($1))) ?? []
        }
        #expect(told.map(\.audioSSRC) == [0xcafe])
        #expect(site.cell.mostUrgentAnnouncement == nil)
    }

    @Test func `a call that is closed tells nobody any more`() {
        let site = fabric.site(1)
        let phones = call(site, 1, phones: 1...20)
        tell(site, .request, from: phones[0])
        site.cell.handle(.closeCall(MediaCallID(1)), at: fabric.now)
        #expect(site.cell.mostUrgentAnnouncement == nil)
    }
}
