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

    /// A connection that stands, and what was told of it.
    private func connected(seed: UInt64) -> (VirtualNetwork, HostID, HostID, ConnectionID) {
        var (network, left, right) = world(seed: seed)
        network.listen(right, on: address(2))
        let connection = network.connect(left, from: address(1), to: address(2))
        _ = rest(of: &network, until: 1)
        return (network, left, right, connection)
    }

    private func rest(of network: inout VirtualNetwork, until seconds: Int64 = 60) -> [Delivery] {
        var seen: [Delivery] = []
        while let delivery = network.next(before: Instant(nanoseconds: seconds * 1_000_000_000)) {
            seen.append(delivery)
        }
        return seen
    }

    @Test func `a partition loses datagrams, and who sends on a connection gives up after a while and alone`() {
        var (network, left, _, connection) = connected(seed: 4)
        network.partition(0, from: 1)
        network.send([1], from: address(1), to: address(2))
        network.send([1], on: connection, from: left)
        #expect(rest(of: &network, until: 8) == [])
        #expect(rest(of: &network) == [.closed(left, connection)])
        #expect(network.counters.datagramsLost == 1)
    }

    @Test func `a connection outlives a partition that is short, and what waited arrives in order`() {
        var (network, left, right, connection) = connected(seed: 4)
        network.partition(0, from: 1)
        for number in 1...3 { network.send([UInt8(number)], on: connection, from: left) }
        #expect(rest(of: &network, until: 4) == [])
        network.heal(0, and: 1)
        #expect(rest(of: &network) == (1...3).map { .message(right, connection, [UInt8($0)]) })
    }

    @Test func `one way alone may be cut`() {
        var (network, left, right, connection) = connected(seed: 6)
        network.cut(from: 1, to: 0)
        network.send([1], from: address(1), to: address(2))
        network.send([2], from: address(2), to: address(1))
        network.send([3], on: connection, from: left)
        let seen = rest(of: &network)
        #expect(seen.contains(.datagram(right, [1], from: address(1), to: address(2))))
        #expect(seen.contains(.message(right, connection, [3])))
        // No acknowledgement comes back.
        #expect(seen.last == .closed(left, connection))
        #expect(seen.count == 3)
    }

    @Test func `faults that overlap heal apart`() {
        var (network, _, right) = world(seed: 6)
        network.partition(0, from: 1)
        network.cut(from: 0, to: 1)
        network.heal(0, and: 1)
        network.send([1], from: address(1), to: address(2))
        #expect(rest(of: &network, until: 1) == [])
        network.restore(from: 0, to: 1)
        network.send([2], from: address(1), to: address(2))
        #expect(rest(of: &network) == [.datagram(right, [2], from: address(1), to: address(2))])
    }

    @Test func `a process that ends resets its connections and loses what was under way`() {
        var (network, left, right, connection) = connected(seed: 5)
        network.send([1], on: connection, from: left)
        network.crash(right)
        network.restart(right)
        #expect(rest(of: &network) == [.closed(left, connection)])
    }

    @Test(arguments: [Crash.process, .power])
    func `across a partition nobody learns of a crash or of a closing`(_ crash: Crash) {
        var (network, left, right, connection) = connected(seed: 7)
        network.partition(0, from: 1)
        network.crash(right, crash)
        network.restart(right)
        #expect(rest(of: &network, until: 20) == [])
        network.heal(0, and: 1)
        #expect(rest(of: &network, until: 30) == [])
        // Whoever says something on a connection that the other end knows no more is told.
        network.send([1], on: connection, from: left)
        #expect(rest(of: &network) == [.closed(left, connection)])
    }

    @Test func `a closing that finds no way leaves the peer with half a connection`() {
        var (network, left, right, connection) = connected(seed: 8)
        network.partition(0, from: 1)
        network.close(connection, by: left)
        #expect(rest(of: &network, until: 20) == [])
        network.heal(0, and: 1)
        network.ping(connection, from: right)
        #expect(rest(of: &network) == [.closed(right, connection)])
    }

    @Test func `a power failure is told to nobody, and keep-alive finds it`() {
        var (network, left, right, connection) = connected(seed: 9)
        network.ping(connection, from: left)
        #expect(rest(of: &network, until: 2) == [.pong(left, connection)])
        network.crash(right, .power)
        #expect(rest(of: &network, until: 20) == [])
        network.ping(connection, from: left)
        #expect(rest(of: &network) == [.closed(left, connection)])
    }

    @Test func `a host out of coverage is neither heard nor told`() {
        var (network, left, right, connection) = connected(seed: 10)
        network.setCoverage(left, false)
        network.send([1], from: address(2), to: address(1))
        network.send([2], on: connection, from: left)
        #expect(rest(of: &network, until: 3) == [])
        network.setCoverage(left, true)
        #expect(rest(of: &network) == [.message(right, connection, [2])])
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
