import MCFoundation
import SIPUserAgent
import Testing

@Suite struct DeadlineQueueTests {
    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `it answers as a sorted list would`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = DeadlineQueue<Int>()
        var model: [(key: Int, instant: Instant, order: Int)] = []
        for order in 0..<2_000 {
            let key = Int(random.next() % 64)
            let instant = Instant(nanoseconds: Int64(random.next() % 100))
            switch random.next() % 4 {
            case 0:
                queue.cancel(key)
                model.removeAll { $0.key == key }
            case 1:
                let due = model.filter { $0.instant <= instant }.min { ($0.instant, $0.order) < ($1.instant, $1.order) }
                #expect(queue.popDue(at: instant) == due?.key)
                model.removeAll { $0.key == due?.key }
            default:
                queue.set(key, at: instant)
                model.removeAll { $0.key == key }
                model.append((key, instant, order))
            }
            #expect(queue.count == model.count)
            #expect(queue.first == model.map(\.instant).min())
            #expect(queue[key] == model.first { $0.key == key }?.instant)
        }
    }
}
