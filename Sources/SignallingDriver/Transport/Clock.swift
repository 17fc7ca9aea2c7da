import MCFoundation
import NIOCore

extension Duration {
    var amount: TimeAmount { .nanoseconds(wholeNanoseconds) }
}

extension NIODeadline {
    init(_ instant: Instant) {
        self = .uptimeNanoseconds(UInt64(clamping: instant.nanoseconds))
    }
}
