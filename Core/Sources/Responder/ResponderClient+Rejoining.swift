import FloorControl
import MCFoundation
import OrderedCollections
import SIP
import SIPUserAgent

/// A call that this client was cut off from and will join, or call, again.
struct Rejoin: Sendable {
    var request: CallRequest
    /// Attempts that failed, or stood only for a moment.
    var failures: Int
    /// nil while an attempt is under way.
    var at: Instant?
    var attempt: CallHandle?
}

// Nobody is invited into a chat call: whom the loss of a system between cut off has to come back by himself. Members of
// prearranged calls are invited again by the owner of the group, once somebody calls it.
extension ResponderClient {
    /// The server released the call with Reason 503: what stood between is gone, not the call.
    mutating func cutOff(_ call: ResponderCall, _ bye: SIPRequest, at now: Now) {
        guard settings.rejoins, call.kind == .chat, let group = call.group, Self.saysUnavailable(bye),
            !publication.leftGroups.contains(group), rejoins.count < settings.limits.calls
        else { return }
        rejoins.removeAll { $0.request.group == group }
        let stood = call.joinedAt.map { now.instant - $0 } ?? .zero
        let failures = stood < settings.retryLimit ? call.rejoinFailures : 0
        rejoins.append(
            Rejoin(
                request: CallRequest(group: group, kind: .chat, tier: call.declaredTier), failures: failures + 1,
                at: now.instant + wait(after: failures)))
    }

    /// The call that we wanted to come back to is nowhere: the system lost it, or it ended meanwhile. A chat call is joined
    /// anew. A prearranged one is called anew by whoever had called, for as long as it was surely meant to go on; the
    /// others are invited, or come into the call that stands by then.
    mutating func restore(_ call: ResponderCall, at now: Now) {
        guard settings.rejoins, let lost = call.restores, let group = call.group,
            !publication.leftGroups.contains(group), rejoins.count < settings.limits.calls,
            call.kind == .chat || (lost.wasOurs && now.instant - lost.since < settings.restoresCallsWithin)
        else { return }
        rejoins.removeAll { $0.request.group == group }
        rejoins.append(
            Rejoin(
                request: CallRequest(group: group, kind: call.kind, tier: lost.tier), failures: 0,
                at: now.instant + wait(after: 0)))
    }

    static func saysUnavailable(_ bye: SIPRequest) -> Bool {
        bye.headers.values(.reason).contains { value in
            let pieces = value.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return pieces.first == "sip" && pieces.contains("cause=503")
        }
    }

    var nextRejoin: Instant? { rejoins.compactMap(\.at).min() }

    mutating func advanceRejoins(at now: Now) {
        for index in rejoins.indices.reversed() {
            guard let due = rejoins[index].at, due <= now.instant else { continue }
            let rejoin = rejoins[index]
            // The user went there himself, or wants nothing of the service any more.
            guard registration.isWanted, !calls.values.contains(where: { $0.group == rejoin.request.group }) else {
                rejoins.remove(at: index)
                continue
            }
            guard isReady else {
                rejoins[index].at = now.instant + wait(after: rejoin.failures)
                continue
            }
            rejoins[index].at = nil
            startCall(rejoin.request, at: now)
            let handle = CallHandle(lastHandle)
            if calls[handle] == nil {
                retryRejoin(index, at: now)
            } else {
                rejoins[index].attempt = handle
            }
        }
    }

    /// An attempt came to its end: it stands, was refused for good, or is to be made again.
    mutating func rejoinEnded(_ handle: CallHandle, _ status: Int, at now: Now) {
        guard let index = rejoins.firstIndex(where: { $0.attempt == handle }) else { return }
        switch status {
        case 200..<300:
            calls[handle]?.rejoinFailures = rejoins[index].failures
            rejoins.remove(at: index)
        // Not reached, or too much is going on just now.
        case 408, 480, 486, 487, 500..<600: retryRejoin(index, at: now)
        default: rejoins.remove(at: index)
        }
    }

    private mutating func retryRejoin(_ index: Int, at now: Now) {
        rejoins[index].attempt = nil
        rejoins[index].failures += 1
        guard rejoins[index].failures < settings.limits.rejoinAttempts else {
            rejoins.remove(at: index)
            return
        }
        rejoins[index].at = now.instant + wait(after: rejoins[index].failures)
    }
}
