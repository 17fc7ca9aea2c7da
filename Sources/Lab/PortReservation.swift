import Glibc

/// Ports of loopback that stay ours until the systems bind them: below those that the kernel hands out for outgoing
/// connections, and free for TCP and UDP alike.
struct PortReservation: ~Copyable {
    /// Linux hands out 32768 to 60999 by default (net.ipv4.ip_local_port_range).
    private static let range: ClosedRange<UInt16> = 20_000...31_999
    private static let attempts = 2_000
    /// The first port of each run.
    let firsts: [UInt16]
    private let held: [Int32]

    /// - Parameter runs: how many ports beside each other are wanted, each time.
    init(runs: [Int]) throws {
        var firsts: [UInt16] = []
        var held: [Int32] = []
        for _ in 0..<Self.attempts where firsts.count < runs.count {
            let first = UInt16.random(in: Self.range)
            // What is held already is refused by the kernel.
            guard let run = Self.hold(first, count: runs[firsts.count]) else { continue }
            firsts.append(first)
            held += run
        }
        self.firsts = firsts
        self.held = held
        guard firsts.count == runs.count else { throw LabError("no \(runs.reduce(0, +)) free ports on loopback") }
    }

    deinit {
        for descriptor in held { close(descriptor) }
    }

    private static func hold(_ first: UInt16, count: Int) -> [Int32]? {
        var held: [Int32] = []
        for port in Int(first)..<Int(first) + count {
            guard let port = UInt16(exactly: port), let pair = hold(port) else {
                for descriptor in held { close(descriptor) }
                return nil
            }
            held += pair
        }
        return held
    }

    private static func hold(_ port: UInt16) -> [Int32]? {
        var held: [Int32] = []
        for kind in [SOCK_STREAM, SOCK_DGRAM] {
            let descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { break }
            held.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard bound == 0 else { break }
            if held.count == 2 { return held }
        }
        for descriptor in held { close(descriptor) }
        return nil
    }
}
