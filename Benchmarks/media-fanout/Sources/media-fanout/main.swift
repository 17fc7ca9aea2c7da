// Processor time per forwarded copy of our media driver and of a plain C loop that does the same sends, in turns in one
// run; and how long a Floor Request waits for its grant. Both servers are charged what their own thread used; talker and
// listeners run on other threads.
import CFanout
import Glibc
import MCFoundation
import MediaDriver

/// Listeners, packets per second, packets. The product of the first two stays at what one core forwards with ease.
let loads = [(10, 2_000, 3_000), (100, 400, 600), (1_000, 50, 100)]
let rounds = 9

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

func text(_ value: Double, _ digits: Int = 2) -> String {
    let scale = pow(10, Double(digits))
    let rounded = (value * scale).rounded() / scale
    return String(rounded)
}

func column(_ text: String, _ width: Int = 12) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

guard fanout_raise_descriptor_limit() >= 1_100 else {
    print("media-fanout: fewer than 1,100 descriptors are allowed here")
    exit(2)
}
var lost = false
print("media-fanout: processor time per forwarded copy, microseconds, median of \(rounds) rounds in turns")
print(["listeners", "ours", "plain C", "ratio", "lowest", "highest", "lost"].map { column($0) }.joined())
// A server's thread has a processor for itself, talker and listeners share what is left: else chance decides whose
// caches are warm.
fanout_place(0)
for (listeners, perSecond, count) in loads {
    guard let sink = fanout_sink_start(UInt32(listeners)) else { throw NetworkFailure(.outOfMemory) }
    let ports = (0..<UInt32(listeners)).map { fanout_sink_port(sink, $0) }
    var ours: [Double] = []
    var plain: [Double] = []
    var missing: UInt64 = 0
    for round in 0..<rounds {
        // Who goes first changes, so that neither always finds a warm machine.
        func measureOurs() throws {
            let server = try Server(listeners: ports)
            let cost = try server.run(sink, listeners: listeners, perSecond: perSecond, count: count)
            server.driver.stop()
            ours.append(cost.perCopy)
            missing += cost.expected - min(cost.copies, cost.expected)
        }
        if round % 2 == 0 { try measureOurs() }
        let cost = try runPlain(sink, listeners: listeners, perSecond: perSecond, count: count)
        plain.append(cost.perCopy)
        missing += cost.expected - min(cost.copies, cost.expected)
        if round % 2 == 1 { try measureOurs() }
    }
    fanout_sink_stop(sink)
    let ratios = zip(ours, plain).map { $0 / $1 }
    lost = lost || missing > 0
    print(
        [
            "\(listeners)", text(median(ours) / 1_000), text(median(plain) / 1_000), text(median(ratios)),
            text(ratios.min() ?? 0), text(ratios.max() ?? 0), "\(missing)",
        ].map { column($0) }.joined())
}

func loadAverage() -> String {
    var loads = [Double](repeating: 0, count: 3)
    guard getloadavg(&loads, 3) == 3 else { return "unknown" }
    return loads.map { text($0) }.joined(separator: " ")
}

print("media-fanout: load average of the machine before the floor is measured: \(loadAverage())")
print("media-fanout: Floor Request to Floor Granted, milliseconds; all are told of the end before the next request")
print("inside the server: from the kernel's stamp on the request until the grant is handed to the kernel")
print("round trip: from before the request is sent until the grant's stamp at the requester, both ways over loopback")
print(
    ["members", "where", "requests", "median", "p99", "worst", "unanswered"].map { column($0, 11) }.joined())
for members in [10, 100, 1_000] {
    guard let sink = fanout_sink_start(UInt32(members)) else { throw NetworkFailure(.outOfMemory) }
    let server = try Server(listeners: (0..<UInt32(members)).map { fanout_sink_port(sink, $0) })
    var times: [Double] = []
    var unanswered = 0
    for _ in 0..<1_000 {
        if let time = try server.requestFloor() { times.append(time.inMilliseconds) } else { unanswered += 1 }
        try server.releaseFloor()
    }
    let inside = try server.counters().replyTimes
    server.driver.stop()
    fanout_sink_stop(sink)
    times.sort()
    let p99 = times.isEmpty ? 0 : times[min(times.count - 1, times.count * 99 / 100)]
    print(
        [
            "\(members)", "inside", "\(inside.count)", text(inside.quantile(0.5).inMilliseconds, 3),
            text(inside.quantile(0.99).inMilliseconds, 3), text(inside.longest.inMilliseconds, 3), "",
        ].map { column($0, 11) }.joined())
    print(
        [
            "\(members)", "round trip", "\(times.count)", text(median(times), 3), text(p99, 3),
            text(times.last ?? 0, 3), "\(unanswered)",
        ].map { column($0, 11) }.joined())
}
for members in [10, 100] as [UInt32] {
    let times = millisecondsPerGrant(members: members)
    let p99 = times.isEmpty ? .nan : times[times.count * 99 / 100]
    print(
        "media-fanout: request to grant and everybody's Floor Taken as octets, the cell alone, \(members) members: "
            + "median \(text(median(times), 3)) ms, p99 \(text(p99, 3)) ms")
}
print("media-fanout: deciding on one packet without any socket: \(text(nanosecondsPerDecision(), 0)) ns")
print("media-fanout: load average of the machine at the end: \(loadAverage())")
if lost { print("media-fanout: copies were lost; the figures above are not comparable") }
exit(lost ? 1 : 0)
