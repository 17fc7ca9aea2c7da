import MCFoundation
import SIP

/// One subscription (RFC 6665).
struct Subscription: Sendable {
    enum Role: Sendable {
        case subscriber(Subscriber)
        case notifier(Notifier)
    }

    struct Subscriber: Sendable {
        /// As first sent: its header fields stand in every refresh.
        var template: SIPRequest
        var expires: UInt32
        /// SUBSCRIBE without final answer.
        var inFlight: ClientTransactionID?
        var isConfirmed = false
        var isNotified = false
        /// Expires 0 is sent, or will be with the first answer.
        var isEnding = false
        var intervalRetries = 0
    }

    struct Notifier: Sendable {
        /// The longest that was granted.
        var granted: UInt32
        var expiry: Instant
        var inFlight: ClientTransactionID?
        var queue: [Notification] = []
        /// The last notification stands in the queue or is out.
        var isTerminated = false
        /// The subscriber sent Expires 0.
        var isEnding = false
    }

    struct Notification: Sendable {
        var state: NotifiedState
        var headers: Headers
        var body: [UInt8]
    }

    let id: SubscriptionID
    var dialog: Dialog
    var contacts: [String]
    /// Event as it stood in SUBSCRIBE, with its id.
    let event: String
    var role: Role

    /// The event package, without parameters.
    static func package(_ event: String) -> String {
        event.prefix { $0 != ";" && $0 != " " }.lowercased()
    }
}

/// Subscription-State of a NOTIFY (RFC 6665 8.4).
public struct SubscriptionState: Hashable, Sendable {
    /// `active`, `pending`, `terminated`, lower case.
    public var state: String
    public var expires: UInt32?
    public var reason: String?

    public var isTerminated: Bool { state == "terminated" }

    /// Reads a header value; nil where there is no state.
    public init?(_ text: String) {
        let pieces = text.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard let first = pieces.first, !first.isEmpty else { return nil }
        state = first.lowercased()
        for piece in pieces.dropFirst() {
            let pair = piece.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { continue }
            switch pair[0].lowercased() {
            case "expires": expires = UInt32(pair[1])
            case "reason": reason = pair[1].lowercased()
            default: break
            }
        }
    }
}
