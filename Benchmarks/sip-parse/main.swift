import Foundation
import Peers
import SIP

let octets = Array(try Data(contentsOf: URL(filePath: CommandLine.arguments[1])))
let rounds = 9
let count = 20_000

/// Processor time, which other work on the machine disturbs least.
func nanoseconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return Double(now.tv_sec) * 1e9 + Double(now.tv_nsec)
}

func benchmarkOurs(_ octets: [UInt8], _ count: Int) -> Double {
    let start = nanoseconds()
    for _ in 0..<count {
        guard case .request(let request)? = try? SIPMessage.parse(octets), request.headers.from != nil,
            request.headers.to != nil, request.headers.cseq != nil, request.headers.topVia != nil,
            request.headers.contacts.count == 1
        else { return -1 }
    }
    return (nanoseconds() - start) / Double(count)
}

func benchmarkParseAlone(_ octets: [UInt8], _ count: Int) -> Double {
    let start = nanoseconds()
    for _ in 0..<count {
        guard (try? SIPMessage.parse(octets)) != nil else { return -1 }
    }
    return (nanoseconds() - start) / Double(count)
}

var best = [Double](repeating: .infinity, count: 4)
for _ in 0..<rounds {
    let results = octets.withUnsafeBytes { raw -> [Double] in
        let text = raw.bindMemory(to: CChar.self).baseAddress
        return [
            benchmarkParseAlone(octets, count), benchmarkOurs(octets, count),
            benchmark_osip(text, raw.count, Int32(count)), benchmark_sofia(text, raw.count, Int32(count)),
        ]
    }
    guard results.allSatisfy({ $0 > 0 }) else {
        print("a parser refused the message: \(results)")
        exit(1)
    }
    best = zip(best, results).map(min)
}
print("INVITE of \(octets.count) octets, best of \(rounds) rounds of \(count)")
for (name, time) in zip(["ours, parse alone", "ours, with typed reading", "libosip2", "sofia-sip"], best) {
    let ratio = time / best[1]
    let line = name.padding(toLength: 26, withPad: " ", startingAt: 0)
    print(line + String(format: "%8.0f ns a message  %5.2f x ours", time, ratio))
}
