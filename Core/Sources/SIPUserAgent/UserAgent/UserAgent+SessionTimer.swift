import MCFoundation
import SIP

/// Session timers (RFC 4028).
extension UserAgent {
    /// After a 2xx of the peer. Where it knows no session timer, we refresh alone and so notice when it is gone
    /// (RFC 4028 7.2).
    mutating func startTimer(
        _ id: SessionID, request: SIPRequest, response: SIPResponse, weAsked: Bool, at now: Now
    ) {
        if let granted = SessionExpires(response.headers) {
            setTimer(id, seconds: granted.seconds, weRefresh: granted.refresher != .uas, at: now)
        } else if weAsked, let asked = SessionExpires(request.headers) {
            setTimer(id, seconds: asked.seconds, weRefresh: true, at: now)
        } else {
            stopTimer(id)
        }
    }

    /// Writes Session-Expires into our 2xx and starts the timer.
    mutating func answerTimer(
        _ id: SessionID, _ request: SIPRequest, _ response: inout SIPResponse, wish: SessionExpires?, at now: Now
    ) {
        let current = sessions[id]?.timer
        let wanted = wish ?? current.map { SessionExpires(seconds: $0.seconds) }
        guard
            let answer = SessionExpires.answer(
                to: request, wish: wanted, minimum: limits.minimumSessionIntervalSeconds,
                weRefreshNow: current?.weRefresh)
        else { return stopTimer(id) }
        response.headers.append(.sessionExpires, answer.description)
        addSupported("timer", &response.headers)
        // RFC 4028 9: also where we refresh, if the peer knows what that means.
        if answer.refresher == .uac || request.headers.lists("timer", in: .supported),
            !response.headers.lists("timer", in: .require)
        {
            response.headers.append(.require, "timer")
        }
        setTimer(id, seconds: answer.seconds, weRefresh: answer.refresher == .uas, at: now)
    }

    private mutating func setTimer(_ id: SessionID, seconds: UInt32, weRefresh: Bool, at now: Now) {
        // An answer below the minimum would have us refresh without pause.
        let seconds = max(seconds, limits.minimumSessionIntervalSeconds)
        let interval = Duration.seconds(Int64(seconds))
        // RFC 4028 10: BYE a little early.
        let expiry = now.instant + (interval - min(.seconds(32), interval / 3))
        sessions[id]?.timer = .init(seconds: seconds, weRefresh: weRefresh, expiry: expiry)
        deadlines.set(.expiry(id), at: expiry)
        if weRefresh {
            deadlines.set(.refresh(id), at: now.instant + interval / 2)
        } else {
            deadlines.cancel(.refresh(id))
        }
    }

    private mutating func stopTimer(_ id: SessionID) {
        sessions[id]?.timer = nil
        deadlines.cancel(.expiry(id))
        deadlines.cancel(.refresh(id))
    }

    mutating func expire(_ id: SessionID, at now: Now) {
        tell(id, .ended(id, .sessionExpired))
        closePending(of: id)
        sayFarewell(id, Headers(), at: now)
        remove(id)
    }
}
