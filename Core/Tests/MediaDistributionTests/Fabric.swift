import CallControl
import FloorControl
import MCFoundation
import MediaDistribution

/// A network in memory: systems with media cells, phones, and datagrams between them by address.
final class Fabric {
    struct Datagram {
        var from: SocketAddress
        var to: SocketAddress
        var octets: [UInt8]
    }

    private var sites: [SocketAddress: (Site, UInt8)] = [:]
    private var phones: [SocketAddress: Phone] = [:]
    private var allSites: [Site] = []
    private var queue: [Datagram] = []
    /// Every datagram that was sent, in order.
    private(set) var log: [Datagram] = []
    /// Datagrams for which this holds are lost on the way.
    var loses: (Datagram) -> Bool = { _ in false }
    private(set) var now = Now(instant: Instant(nanoseconds: 1_000_000_000), utc: UTCTime(microseconds: 0))

    func site(_ number: UInt8, limits: MediaLimits = .init()) -> Site {
        let site = Site(number, limits: limits)
        for socket in site.sockets { sites[socket.address] = (site, socket.id) }
        allSites.append(site)
        return site
    }

    func phone(_ number: UInt8, isIPv6: Bool = false) -> Phone {
        let phone = Phone(number, isIPv6: isIPv6)
        plug(phone)
        return phone
    }

    func plug(_ phone: Phone) {
        phones[phone.audio] = phone
        phones[phone.floor] = phone
    }

    /// Carries out commands and delivers whatever they cause.
    func tell(_ site: Site, _ commands: MediaCommand...) { tell(site, commands) }

    func tell(_ site: Site, _ commands: [MediaCommand]) {
        for command in commands { site.cell.handle(command, at: now) }
        deliver()
    }

    func send(_ octets: [UInt8], from: SocketAddress, to: SocketAddress) {
        queue.append(Datagram(from: from, to: to, octets: octets))
        deliver()
    }

    func sendFloor(_ message: FloorMessage, from phone: Phone, to site: Site, pair: UInt8 = 0) {
        var octets: [UInt8] = []
        message.encode(into: &octets)
        send(octets, from: phone.floor, to: site.address(.floor, .access, isIPv6: phone.isIPv6, pair: pair))
    }

    /// Asks for the floor and tells the SSRC that was granted.
    @discardableResult
    func pressToTalk(_ phone: Phone, at site: Site, pair: UInt8 = 0) -> UInt32? {
        sendFloor(FloorMessage(.request, ssrc: phone.floorSSRC), from: phone, to: site, pair: pair)
        if let ssrc = phone.messages.last(where: { $0.kind == .granted })?.audioSSRC { phone.audioSSRC = ssrc }
        return phone.messages.last { $0.kind == .granted }?.audioSSRC
    }

    func release(_ phone: Phone, at site: Site) {
        sendFloor(FloorMessage(.release, ssrc: phone.floorSSRC), from: phone, to: site)
    }

    @discardableResult
    func talk(
        _ phone: Phone, to site: Site, sequence: UInt16, ssrc: UInt32? = nil, type: UInt8 = 96, pair: UInt8 = 0
    ) -> [UInt8] {
        let packet = rtp(sequence, ssrc: ssrc ?? phone.audioSSRC, type: type)
        send(packet, from: phone.audio, to: site.address(.audio, .access, isIPv6: phone.isIPv6, pair: pair))
        return packet
    }

    func pass(_ duration: Duration) {
        let end = now.instant + duration
        while let next = allSites.compactMap({ $0.cell.nextDeadline }).min(), next <= end {
            now.instant = max(next, now.instant)
            for site in allSites { site.cell.advance(to: now) }
            deliver()
        }
        now.instant = end
    }

    private func deliver() {
        repeat {
            for site in allSites {
                site.events += site.cell.takeEvents()
                site.cell.drainDatagrams { datagram, octets in
                    queue.append(
                        Datagram(
                            from: site.addressOfSocket(datagram.destination.socket), to: datagram.destination.address,
                            octets: Array(octets)))
                }
            }
            guard !queue.isEmpty else { return }
            let datagram = queue.removeFirst()
            log.append(datagram)
            if loses(datagram) { continue }
            if let phone = phones[datagram.to] {
                phone.receive(datagram)
            } else if let (site, socket) = sites[datagram.to] {
                let reference = datagram.octets.withUnsafeBytes {
                    site.cell.receive($0, on: socket, from: datagram.from, at: now)
                }
                guard let reference else { continue }
                site.references.append(reference)
                for destination in site.cell.forwardList(in: reference.slot) {
                    queue.append(
                        Datagram(
                            from: site.addressOfSocket(destination.socket), to: destination.address,
                            octets: datagram.octets))
                }
            }
        } while true
    }

    /// Audio that crossed from one system's border to the other's.
    func audioCrossings(from: Site, to: Site) -> Int {
        log.count {
            $0.from == from.address(.audio, .interconnection) && $0.to == to.address(.audio, .interconnection)
        }
    }
}

/// A system's media cell with its sockets.
final class Site {
    let number: UInt8
    let sockets: [MediaSocket]
    var cell: MediaCell
    var events: [MediaEvent] = []
    var references: [ForwardReference] = []
    private var lastSSRC: UInt32 = 0

    init(_ number: UInt8, limits: MediaLimits) {
        self.number = number
        let access = IPAddress(v4: 0x0a00_0001 | UInt32(number) << 16)
        let border = IPAddress(v4: 0xac10_0001 | UInt32(number) << 8)
        let access6 = IPAddress(v6High: 0xfd00_0000_0000_0000 | UInt64(number), low: 1)
        sockets = [
            MediaSocket(id: 0, use: .audio, face: .access, address: SocketAddress(access, port: 4_000)),
            MediaSocket(id: 1, use: .floor, face: .access, address: SocketAddress(access, port: 4_001)),
            MediaSocket(id: 2, use: .audio, face: .interconnection, address: SocketAddress(border, port: 4_000)),
            MediaSocket(id: 3, use: .floor, face: .interconnection, address: SocketAddress(border, port: 4_001)),
            MediaSocket(id: 4, use: .audio, face: .access, address: SocketAddress(access6, port: 4_000)),
            MediaSocket(id: 5, use: .floor, face: .access, address: SocketAddress(access6, port: 4_001)),
            MediaSocket(id: 6, use: .audio, face: .access, address: SocketAddress(access, port: 4_002), pair: 1),
            MediaSocket(id: 7, use: .floor, face: .access, address: SocketAddress(access, port: 4_003), pair: 1),
        ]
        cell = MediaCell(sockets: sockets, limits: limits)
        lastSSRC = UInt32(number) << 24
    }

    func address(
        _ use: MediaSocket.Use, _ face: MediaFace, isIPv6: Bool = false, pair: UInt8 = 0
    ) -> SocketAddress {
        let socket = sockets.first {
            $0.use == use && $0.face == face && $0.address.address.isIPv6 == isIPv6 && $0.pair == pair
        }
        return socket?.address ?? SocketAddress(.loopback, port: 0)
    }

    func addressOfSocket(_ id: UInt8) -> SocketAddress { sockets[Int(id)].address }

    func mintSSRC() -> UInt32 {
        lastSSRC += 1
        return lastSSRC
    }
}

/// A client: where it is and what it received.
final class Phone {
    let number: UInt8
    let isIPv6: Bool
    var audio: SocketAddress
    var floor: SocketAddress
    let floorSSRC: UInt32
    var audioSSRC: UInt32 = 0
    private(set) var heard: [[UInt8]] = []
    private(set) var messages: [FloorMessage] = []

    init(_ number: UInt8, isIPv6: Bool) {
        self.number = number
        self.isIPv6 = isIPv6
        let host =
            isIPv6
            ? IPAddress(v6High: 0xfd00_0000_0000_ff00, low: UInt64(number))
            : IPAddress(v4: 0xc0a8_0000 | UInt32(number))
        audio = SocketAddress(host, port: 5_000)
        floor = SocketAddress(host, port: 5_001)
        floorSSRC = 0xf000_0000 | UInt32(number)
    }

    func receive(_ datagram: Fabric.Datagram) {
        if datagram.to == audio {
            heard.append(datagram.octets)
        } else if let decoded = try? FloorMessage.decode(datagram.octets) {
            messages += decoded
        }
    }

    func remote(hasFloor: Bool = true) -> LegRemote {
        LegRemote(
            audio: audio, floor: hasFloor ? floor : nil, floorSSRC: hasFloor ? floorSSRC : nil, payloadType: 96)
    }

    var kinds: [FloorMessageKind] { messages.map(\.kind) }
    /// What was told, without what was said again.
    var story: [FloorMessageKind] {
        kinds.enumerated().filter { $0 == 0 || kinds[$0 - 1] != $1 }.map(\.element)
    }
}

func rtp(_ sequence: UInt16, ssrc: UInt32, type: UInt8 = 96) -> [UInt8] {
    var octets: [UInt8] = [0x80, type, UInt8(sequence >> 8), UInt8(sequence & 0xff), 0, 0, 0, 0]
    for shift in [24, 16, 8, 0] as [UInt32] { octets.append(UInt8(truncatingIfNeeded: ssrc >> shift)) }
    for index in 0..<61 { octets.append(UInt8(truncatingIfNeeded: Int(sequence) &* 7 &+ index)) }
    return octets
}

func rtcp(ssrc: UInt32) -> [UInt8] {
    [0x80, 201, 0, 1] + ([24, 16, 8, 0] as [UInt32]).map { UInt8(truncatingIfNeeded: ssrc >> $0) }
}
