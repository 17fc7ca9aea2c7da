import Logging
import MCFoundation
import NIOConcurrencyHelpers
import NIOCore

/// Says of a peer what was refused once a minute, with the number of times that it was not said.
final class RefusalLog: Sendable {
    private struct Entry {
        var saidAt: NIODeadline
        var unsaid = 0
    }
    private struct Key: Hashable {
        var peer: IPAddress?
        var reason: String
    }
    private let entries = NIOLockedValueBox<[Key: Entry]>([:])
    private let logger: Logger
    private let limit: Int

    init(logger: Logger, limit: Int) {
        self.logger = logger
        self.limit = limit
    }

    /// `detail` is of our making; never octets of the peer.
    func refused(_ peer: IPAddress?, reason: String, detail: String = "") {
        let key = Key(peer: peer, reason: reason)
        let now = NIODeadline.now()
        let unsaid: Int? = entries.withLockedValue { entries in
            if var entry = entries[key], now - entry.saidAt < .minutes(1) {
                entry.unsaid += 1
                entries[key] = entry
                return nil
            }
            let unsaid = entries[key]?.unsaid ?? 0
            if entries.count >= limit, entries[key] == nil {
                entries = entries.filter { now - $0.value.saidAt < .minutes(1) }
                // All places are taken by peers of the last minute: a flood from many sources gets no line each.
                guard entries.count < limit else { return nil }
            }
            entries[key] = Entry(saidAt: now)
            return unsaid
        }
        guard let unsaid else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason)"]
        if let peer { metadata["peer"] = "\(peer)" }
        if !detail.isEmpty { metadata["detail"] = "\(detail)" }
        if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
        logger.warning("signalling peer refused", metadata: metadata)
    }
}
