public import SIP

/// The value of Session-Expires (RFC 4028 4): the session interval and who refreshes.
public struct SessionExpires: Hashable, Sendable {
    public enum Refresher: String, Hashable, Sendable { case uac, uas }

    public var seconds: UInt32
    public var refresher: Refresher?

    public init(seconds: UInt32, refresher: Refresher? = nil) {
        self.seconds = seconds
        self.refresher = refresher
    }

    /// nil where the header is missing or no number.
    public init?(_ headers: Headers) {
        guard let seconds = headers.integer(.sessionExpires), let text = headers[.sessionExpires] else { return nil }
        self.seconds = seconds
        refresher = nil
        for parameter in text.split(separator: ";").dropFirst() {
            let pair = parameter.split(separator: "=").map { $0.lowercased().filter { $0 != " " && $0 != "\t" } }
            if pair.count == 2, pair[0] == "refresher" { refresher = Refresher(rawValue: pair[1]) }
        }
    }
}

extension SessionExpires: CustomStringConvertible {
    public var description: String {
        refresher.map { "\(seconds);refresher=\($0.rawValue)" } ?? "\(seconds)"
    }
}

extension SessionExpires {
    /// What the receiver of a request answers (RFC 4028 9): never more than asked, never less than Min-SE, the
    /// refresher as asked. nil where nobody wants a session timer.
    static func answer(
        to request: SIPRequest, wish: SessionExpires?, minimum: UInt32, weRefreshNow: Bool?
    ) -> SessionExpires? {
        let asked = SessionExpires(request.headers)
        guard asked != nil || wish != nil else { return nil }
        var seconds = min(asked?.seconds ?? .max, wish?.seconds ?? .max)
        seconds = max(seconds, request.headers.integer(.minSE) ?? 0, minimum)
        if let asked { seconds = min(seconds, max(asked.seconds, minimum)) }
        guard request.headers.lists("timer", in: .supported) else {
            return SessionExpires(seconds: seconds, refresher: .uas)
        }
        let current = weRefreshNow.map { $0 ? Refresher.uas : .uac }
        return SessionExpires(
            seconds: seconds, refresher: asked?.refresher ?? wish?.refresher ?? current ?? .uac)
    }
}
