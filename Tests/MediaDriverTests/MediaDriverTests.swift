import CallControl
import FloorControl
import HostTime
import MCFoundation
import MediaDistribution
import MediaDriver
import Testing

@Suite struct MediaDriverTests {
    @Test(arguments: [IPAddress.loopback, IPAddress(v6High: 0, low: 1)])
    func `twenty listeners receive every octet of a talker, in order and once`(_ host: IPAddress) throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration(host)) { log.append($0) }
        let phones = try (0...20 as ClosedRange<UInt32>).map { try LoopbackPhone($0, host: host) }
        let (audio, floor) = try addresses(driver)
        driver.send(call(phones))
        for phone in phones { #expect(try phone.wait { !$0.messages.isEmpty }) }
        let talker = phones[0]
        try talker.floor.send(FloorMessage(.request, ssrc: talker.floorSSRC).encoded(), to: floor)
        #expect(try talker.wait { $0.messages.last?.kind == .granted })
        let ssrc = try #require(talker.messages.last?.audioSSRC)
        let packets = (0..<300).map { speech(UInt16($0), ssrc: ssrc) }
        for burst in 0..<30 {
            for packet in packets[burst * 10..<burst * 10 + 10] { try talker.audio.send(packet, to: audio) }
            #expect(try phones[20].wait { $0.heard.count >= burst * 10 + 10 })
        }
        for listener in phones.dropFirst() {
            #expect(try listener.wait { $0.heard.count >= packets.count })
            #expect(listener.heard == packets)
            #expect(try listener.wait { $0.messages.contains { $0.kind == .taken } })
        }
        #expect(talker.heard.isEmpty)
        driver.stop()
        let counters = driver.counters()
        #expect(counters.copiesSent == 6_000)
        #expect(counters.media.audioCopiesSent == 6_000)
        #expect(counters.copiesFailed + counters.copiesGivenUp + counters.floorDatagramsFailed == 0)
        #expect(log.all.contains(.talkerChanged(MediaCallID(1), LegID(10_000), MCPTTID("sip:user0@example.org"))))
    }

    @Test func `garbage is counted and nothing else happens`() throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration()) { log.append($0) }
        let phones = try [LoopbackPhone(1), LoopbackPhone(2)]
        let (audio, floor) = try addresses(driver)
        driver.send(call(phones))
        #expect(try phones[1].wait { !$0.messages.isEmpty })
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let octets = (0..<Int(random.next() % 100)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            try phones[0].floor.send(octets, to: floor)
            try phones[0].audio.send(octets, to: audio)
        }
        try phones[0].audio.send([UInt8](repeating: 0x80, count: 3_000), to: audio)
        // A request behind the garbage shows that all of it was read.
        try phones[1].floor.send(FloorMessage(.request, ssrc: phones[1].floorSSRC).encoded(), to: floor)
        #expect(try phones[1].wait { $0.messages.last?.kind == .granted })
        driver.send([.openCall(MediaCallID(1), FloorSettings())])
        #expect(try log.wait(for: .callRefused(MediaCallID(1), .taken)))
        driver.stop()
        let counters = driver.counters()
        #expect(counters.datagramsReceived == 402)
        #expect(counters.datagramsTruncated == 1)
        #expect(counters.media.floorMalformed == 200)
        #expect(counters.copiesSent == 0)
        #expect(phones[1].heard.isEmpty)
    }

    @Test func `commands of a flood are carried out in order and none is dropped`() throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration()) { log.append($0) }
        var commands: [MediaCommand] = []
        for number in 1...20_000 as ClosedRange<UInt64> {
            let call = MediaCallID(number)
            let leg = LegID(number)
            commands += [
                .openCall(call, FloorSettings()), .openLeg(leg, face: .access, floorSSRC: UInt32(number)),
                .join(
                    call, leg,
                    FloorParticipantDescription(mcpttID: MCPTTID("sip:a@b"), audioSSRC: UInt32(number))),
                .leave(call, leg), .closeLeg(leg), .closeCall(call),
            ]
            if number % 7 == 0 {
                driver.send(commands)
                commands = []
            }
        }
        driver.send(commands + [.openCall(MediaCallID(99_999), .init()), .openCall(MediaCallID(99_999), .init())])
        #expect(try log.wait(for: .callRefused(MediaCallID(99_999), .taken)))
        driver.stop()
        let counters = driver.counters()
        #expect(counters.commandsCarriedOut == 120_002)
        #expect(counters.media.commandsForUnknown == 0)
        #expect(counters.media.commandsRefused == 1)
    }

    @Test func `what was commanded before the stop is carried out, and the ports are free afterwards`() throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration()) { log.append($0) }
        let (audio, _) = try addresses(driver)
        #expect(throws: NetworkFailure.self) { try DatagramSocket(bind: audio) }
        driver.send((1...1_000).map { .openLeg(LegID($0), face: .access, floorSSRC: 1) })
        driver.stop()
        driver.stop()
        #expect(driver.counters().commandsCarriedOut == 1_000)
        driver.send([.closeLeg(LegID(1))])
        #expect(driver.counters().commandsCarriedOut == 1_000)
        let again = try DatagramSocket(bind: audio)
        #expect(again.localAddress == audio)
    }

    @Test func `streams of several calls to one partner leave together and arrive apart`() throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration()) { log.append($0) }
        let (audio, floor) = try addresses(driver)
        // One listener socket is the only other member of eight calls; the talkers differ.
        let listener = try LoopbackPhone(100)
        let talkers = try (1...8 as ClosedRange<UInt32>).map { try LoopbackPhone($0) }
        for (index, talker) in talkers.enumerated() {
            var commands = call([talker], number: UInt64(index + 1))
            let leg = LegID(500_000 + UInt64(index))
            var remote = listener.remote
            remote.floorSSRC = 0xe000_0000 | UInt32(index)
            commands += [
                .openLeg(leg, face: .access, floorSSRC: 0xd000_0000 | UInt32(index)), .connectLeg(leg, remote),
                .join(
                    MediaCallID(UInt64(index + 1)), leg,
                    FloorParticipantDescription(mcpttID: MCPTTID("sip:l@b"), audioSSRC: 0xc000_0000 | UInt32(index))),
            ]
            driver.send(commands)
            #expect(try talker.wait { !$0.messages.isEmpty })
            try talker.floor.send(FloorMessage(.request, ssrc: talker.floorSSRC).encoded(), to: floor)
            #expect(try talker.wait { $0.messages.last?.kind == .granted })
        }
        var sent: Set<[UInt8]> = []
        for sequence in 0..<100 as Range<UInt16> {
            for talker in talkers {
                let packet = speech(sequence, ssrc: talker.messages.last?.audioSSRC ?? 0)
                sent.insert(packet)
                try talker.audio.send(packet, to: audio)
            }
            #expect(try listener.wait { $0.heard.count >= 8 * (Int(sequence) + 1) })
        }
        #expect(listener.heard.count == 800)
        #expect(Set(listener.heard) == sent)
        driver.stop()
        #expect(driver.counters().copiesSent == 800)
    }

    @Test func `a phone in two calls with one SSRC is served in the second through ports of its own`() throws {
        let log = try EventLog()
        var two = configuration()
        two.sockets += two.sockets
        let driver = try MediaDriver.start(two) { log.append($0) }
        #expect(driver.sockets.map(\.pair) == [0, 0, 1, 1])
        let phones = try [LoopbackPhone(1), LoopbackPhone(2)]
        let talker = try LoopbackPhone(3)
        driver.send(call(phones) + call([phones[0], talker], number: 2))
        let leg = LegID(20_000)
        #expect(try log.wait(for: .legRefused(leg, .ambiguous)))
        driver.send([.moveLeg(leg, pair: 1), .connectLeg(leg, phones[0].remote)])
        // Told of the floor in both calls.
        #expect(try phones[0].wait { $0.messages.count >= 2 })
        try phones[0].floor.send(
            FloorMessage(.request, ssrc: phones[0].floorSSRC).encoded(), to: driver.sockets[3].address)
        #expect(try phones[0].wait { $0.messages.last?.kind == .granted })
        let packet = speech(1, ssrc: try #require(phones[0].messages.last?.audioSSRC))
        try phones[0].audio.send(packet, to: driver.sockets[2].address)
        #expect(try talker.wait { $0.heard == [packet] })
        #expect(phones[1].heard.isEmpty)
        driver.stop()
    }

    @Test func `time passes in the cell: a talker that says nothing loses the floor`() throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration()) { log.append($0) }
        let (_, floor) = try addresses(driver)
        let phones = try [LoopbackPhone(1), LoopbackPhone(2)]
        var settings = FloorSettings()
        settings.timers.endOfMedia = .milliseconds(50)
        driver.send(call(phones) + [.configureCall(MediaCallID(1), settings)])
        #expect(try phones[1].wait { !$0.messages.isEmpty })
        try phones[0].floor.send(FloorMessage(.request, ssrc: phones[0].floorSSRC).encoded(), to: floor)
        #expect(try phones[1].wait { $0.messages.map(\.kind).suffix(2) == [.taken, .idle] })
        #expect(try log.wait(for: .talkerChanged(MediaCallID(1), nil, nil)))
        driver.stop()
    }

    @Test func `speech that waited too long is not sent, and counted`() throws {
        let log = try EventLog()
        var configuration = configuration()
        // Whatever waits at all waits too long.
        configuration.longestWait = .milliseconds(-1)
        let driver = try MediaDriver.start(configuration) { log.append($0) }
        let (audio, floor) = try addresses(driver)
        let phones = try (0...4 as ClosedRange<UInt32>).map { try LoopbackPhone($0) }
        driver.send(call(phones))
        try phones[0].floor.send(FloorMessage(.request, ssrc: phones[0].floorSSRC).encoded(), to: floor)
        #expect(try phones[0].wait { $0.messages.last?.kind == .granted })
        let ssrc = try #require(phones[0].messages.last?.audioSSRC)
        for sequence in 0..<5 as Range<UInt16> { try phones[0].audio.send(speech(sequence, ssrc: ssrc), to: audio) }
        // Speech that came before this was read with it.
        try phones[1].floor.send(
            FloorMessage(.queuePositionRequest, ssrc: phones[1].floorSSRC).encoded(), to: floor)
        #expect(try phones[1].wait { $0.messages.last?.kind == .queuePositionInfo })
        driver.stop()
        #expect(driver.counters().media.audioCopiesSent == 20)
        #expect(driver.counters().copiesTooOld == 20)
        #expect(driver.counters().copiesSent == 0)
    }

    @Test func `what happened last is counted for others though nothing happens any more`() throws {
        let log = try EventLog()
        var configuration = configuration()
        configuration.measuresReplies = true
        let driver = try MediaDriver.start(configuration) { log.append($0) }
        let (_, floor) = try addresses(driver)
        let phones = try [LoopbackPhone(1), LoopbackPhone(2)]
        driver.send(call(phones))
        for phone in phones { #expect(try phone.wait { !$0.messages.isEmpty }) }
        try phones[0].floor.send(FloorMessage(.request, ssrc: phones[0].floorSSRC).encoded(), to: floor)
        #expect(try phones[0].wait { $0.messages.last?.kind == .granted })
        let deadline = SystemClock.now().instant + .seconds(5)
        let pause = try DatagramPoller()
        while driver.counters().media.floorMessagesReceived == 0, SystemClock.now().instant < deadline {
            _ = try pause.wait(until: SystemClock.now().instant + .milliseconds(10))
        }
        #expect(driver.counters().media.floorMessagesReceived == 1)
        #expect(driver.counters().replyTimes.count == 1)
        #expect(driver.counters().replyTimes.longest < .seconds(5))
        driver.stop()
    }

    @Test func `a grant does not wait until hundreds have been told, and all of them are`() throws {
        let log = try EventLog()
        let driver = try MediaDriver.start(configuration()) { log.append($0) }
        let (_, floor) = try addresses(driver)
        let talker = try LoopbackPhone(0)
        let crowd = try LoopbackPhone(1)
        var commands = call([talker])
        for number in 1...300 as ClosedRange<UInt64> {
            let leg = LegID(20_000 + number)
            var remote = crowd.remote
            remote.floorSSRC = 0xd000_0000 | UInt32(number)
            commands += [
                .openLeg(leg, face: .access, floorSSRC: 0xc000_0000 | UInt32(number)), .connectLeg(leg, remote),
                .join(
                    MediaCallID(1), leg,
                    FloorParticipantDescription(
                        mcpttID: MCPTTID("sip:c@b"), audioSSRC: 0xb000_0000 | UInt32(number))),
            ]
        }
        driver.send(commands)
        #expect(try crowd.wait { $0.messages.count == 300 })
        try talker.floor.send(FloorMessage(.request, ssrc: talker.floorSSRC).encoded(), to: floor)
        #expect(try talker.wait { $0.messages.last?.kind == .granted })
        #expect(try crowd.wait { $0.messages.count { $0.kind == .taken } == 300 })
        driver.stop()
        #expect(driver.counters().floorDatagramsFailed == 0)
    }

    @Test func `a datagram's arrival lies between its sending and its reading`() throws {
        let (sender, receiver) = try (
            DatagramSocket(bind: SocketAddress(.loopback, port: 0)),
            DatagramSocket(bind: SocketAddress(.loopback, port: 0))
        )
        let poller = try DatagramPoller()
        try poller.add(receiver, number: 7)
        let before = SystemClock.now()
        try sender.send([1, 2, 3], to: receiver.localAddress)
        #expect(try poller.wait(until: before.instant + .seconds(5)) == [7])
        var arrivals: [Now] = []
        try receiver.receive { arrival in
            #expect(Array(arrival.octets) == [1, 2, 3])
            #expect(arrival.from == sender.localAddress)
            arrivals.append(arrival.at)
        }
        let after = SystemClock.now()
        let arrival = try #require(arrivals.first)
        // The two clocks are read one after the other: a millisecond covers that.
        #expect(arrival.instant >= before.instant + .milliseconds(-1))
        #expect(arrival.instant <= after.instant + .milliseconds(1))
    }

    private func addresses(_ driver: MediaDriver) throws -> (audio: SocketAddress, floor: SocketAddress) {
        let isIPv6 = driver.sockets.first?.address.address.isIPv6 ?? false
        return (
            try #require(driver.address(.audio, .access, isIPv6: isIPv6)),
            try #require(driver.address(.floor, .access, isIPv6: isIPv6))
        )
    }
}
