import FloorControl
import MCFoundation
import OrderedCollections
import RTP

/// The way through a translator to our media sockets: opened when a call's media begin and kept open while nothing else
/// leaves, on the audio and on the floor socket. An empty RTCP receiver report (RFC 6263 4.3) under the SSRC of our floor
/// messages, by which the server knows whose it is.
extension ResponderClient {
    /// RFC 6263 8.
    static let mediaKeepAliveInterval = Duration.seconds(15)

    /// Nil where no call has media.
    var nextMediaKeepAlive: Instant? {
        calls.values.lazy.compactMap(\.mediaKeepAliveDue).min()
    }

    mutating func keepMediaAlive(_ handle: CallHandle, at now: Now) {
        guard let call = calls[handle], call.remote != nil else { return }
        let report = RTCPPacket.receiverReport(ReceiverReport(ssrc: call.floor.settings.ssrc))
        actions.append(.keepMediaAlive(handle, RTCPPacket.serialize([report])))
        calls[handle]?.mediaKeepAliveDue = now.instant + Self.mediaKeepAliveInterval
    }

    mutating func advanceMediaKeepAlives(at now: Now) {
        for handle in calls.keys {
            guard let due = calls[handle]?.mediaKeepAliveDue, due <= now.instant else { continue }
            keepMediaAlive(handle, at: now)
        }
    }
}
