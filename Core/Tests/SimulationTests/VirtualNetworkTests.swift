import MCFoundation
import Simulation
import Testing

struct VirtualNetworkTests {
    private func address(_ last: UInt32, port: UInt16 = 5000) -> SocketAddress {
        SocketAddress(IPAddress(v4: 0x0a00_0000 + last), port: port)
    }

    private func world(seed: UInt64) -> (VirtualNetwork, HostID, HostID) {
        var network = VirtualNetwork(random: SeededGenerator(seed: seed))
        let left = network.addHost(address(1).address, zone: 0)
        let right = network.addHost(address(2).address, zone: 1)
        return (network, left, right)
    }

    private let end = Instant(nanoseconds: 60_000_000_000)

    @Test func `messages of a connection arrive in order whatever the loss`() {
        var (network, left, right) = world(seed: 3)
        network.setConditions(LinkConditions(jitter: .milliseconds(80), lossPerMille: 300), between: 0, and: 1)
        network.listen(right, on: address(2))
        let connection = network.connect(left, from: address(1), to: address(2))
        var received: [UInt8] = []
        var sent: UInt8 = 0
        while let delivery = network.next(before: end) {
            switch delivery {
            case .connected:
                while sent < 50 {
                    network.send([sent], on: connection, from: left)
                    sent += 1
                }
            case .message(let host, _, let bytes):
                #expect(host == right)
                received += bytes
            default: break
            }
        }
        #expect(received == Array(0..<50))
    }

    @Test func `a partition loses datagrams and breaks a connection that is used`() {
        var (network, left, right) = world(seed: 4)
        network.listen(right, on: address(2))
        let connection = network.connect(left, from: address(1), to: address(2))
        while let delivery = network.next(before: Instant(nanoseconds: 1_000_000_000)) { _ = delivery }
        network.partition(0, from: 1)
        network.send([1], from: address(1), to: address(2))
        network.send([1], on: connection, from: left)
        var closed: [HostID] = []
        while let delivery = network.next(before: end) {
            if case .closed(let host, _) = delivery { closed.append(host) }
            if case .datagram = delivery { Issue.record("a datagram crossed a partition") }
            if case .message = delivery { Issue.record("a message crossed a partition") }
        }
        #expect(closed == [left, right])
        #expect(network.counters.datagramsLost == 1)
    }

    @Test func `a crash closes the connections of the peers and loses what was under way`() {
        var (network, left, right) = world(seed: 5)
        network.listen(right, on: address(2))
        let connection = network.connect(left, from: address(1), to: address(2))
        while let delivery = network.next(before: Instant(nanoseconds: 1_000_000_000)) { _ = delivery }
        network.send([1], on: connection, from: left)
        network.crash(right)
        network.restart(right)
        var seen: [Delivery] = []
        while let delivery = network.next(before: end) { seen.append(delivery) }
        #expect(seen == [.closed(left, connection)])
    }

    @Test func `the same seed gives the same deliveries and another seed does not`() {
        func run(_ seed: UInt64) -> [Delivery] {
            var (network, _, _) = world(seed: seed)
            network.setConditions(
                LinkConditions(jitter: .milliseconds(40), lossPerMille: 100, duplicationPerMille: 100), between: 0,
                and: 1)
            for number in 0..<100 { network.send([UInt8(number)], from: address(1), to: address(2)) }
            var seen: [Delivery] = []
            while let delivery = network.next(before: end) { seen.append(delivery) }
            return seen
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }
}
