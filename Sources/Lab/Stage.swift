import FloorControl
import Foundation
import MCFoundation
import Responder
import ResponderDriver

/// What is known of one person's device.
struct PlayerState {
    var isRegistered = false
    var affiliated: Set<String> = []
    /// Calls that are up, by group.
    var calls: [String: CallHandle] = [:]
    /// What these are in, and since when, where it is known to be other than it began.
    var tiers: [String: (tier: CallTier, since: Instant)] = [:]
    var isTalking = false
    /// Talks that ended, in order.
    var talks: [TalkRecord] = []
    var revocations: [Instant] = []
    var lastQueued: Instant?
    var trouble: [String] = []
}

/// Follows every device of the demonstration and lets the script wait for what it expects to see.
actor Stage {
    private var players: [String: PlayerState] = [:]
    private var groupsOfCalls: [String: [CallHandle: String]] = [:]
    private var waiting:
        [(id: Int, condition: ([String: PlayerState]) -> Bool, resume: CheckedContinuation<Bool, Never>)] = []
    private var nextWait = 0
    /// By SSRC.
    private var talkers: [UInt32: String] = [:]
    private var isQuiet = false
    /// Country codes, by name.
    private let countries: [String: String]
    private let show: @Sendable (String) -> Void

    init(countries: [String: String], show: @escaping @Sendable (String) -> Void) {
        self.countries = countries
        self.show = show
    }

    private func placed(_ name: String) -> String { countries[name].map { "\(name) (\($0))" } ?? name }

    func state(of name: String) -> PlayerState { players[name] ?? PlayerState() }
    var states: [String: PlayerState] { players }
    /// From now on it is no longer shown who begins to talk and to hear.
    func keepQuiet() { isQuiet = true }

    /// True once the condition holds; false if it does not within the time.
    func wait(_ timeout: Duration, until condition: @escaping @Sendable ([String: PlayerState]) -> Bool) async -> Bool {
        if condition(players) { return true }
        let id = nextWait
        nextWait += 1
        let alarm = Task {
            try? await Task.sleep(for: timeout)
            giveUp(id)
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiting.append((id, condition, $0)) }
        } onCancel: {
            alarm.cancel()
        }
    }

    private func giveUp(_ id: Int) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).resume.resume(returning: false)
    }

    func take(_ notice: DeviceNotice, of name: String) {
        var state = players[name] ?? PlayerState()
        switch notice {
        case .responder(let responderNotice, let at):
            take(responderNotice, of: name, at: at, &state)
        case .document, .configured: break
        case .talking(_, ssrc: let ssrc, at: _):
            state.isTalking = true
            talkers[ssrc] = name
            if !isQuiet { show("    \(placed(name)) has the floor and talks") }
        case .talked(let talk):
            state.isTalking = false
            state.talks.append(talk)
        case .hearing(_, ssrc: let ssrc, at: _):
            if !isQuiet { show("        \(placed(name)) hears \(talkers[ssrc].map(placed) ?? "somebody")") }
        }
        players[name] = state
        for waiter in waiting where waiter.condition(players) {
            waiting.removeAll { $0.id == waiter.id }
            waiter.resume.resume(returning: true)
        }
    }

    private func take(_ notice: ResponderNotice, of name: String, at instant: Instant, _ state: inout PlayerState) {
        switch notice {
        case .registered:
            state.isRegistered = true
        case .registrationFailed(let status):
            state.trouble.append("registration was refused with \(status)")
        case .serviceSettingsRefused(let status, let warning):
            state.trouble.append("service settings were refused with \(status), warning \(warning ?? 0)")
        case .affiliationRefused(let status, let warning):
            state.trouble.append("affiliation was refused with \(status), warning \(warning ?? 0)")
        case .deregistered, .connectionLost:
            state.isRegistered = false
        case .affiliation(let group, let affiliation):
            if affiliation == .affiliated {
                state.affiliated.insert(group.value)
            } else {
                state.affiliated.remove(group.value)
            }
        case .calling(let call, let group):
            groupsOfCalls[name, default: [:]][call] = group.value
        case .called(let call, let incoming, needsAnswer: _):
            groupsOfCalls[name, default: [:]][call] = incoming.group?.value ?? ""
        case .callStarted(let call, let facts):
            if let group = facts.group?.value { groupsOfCalls[name, default: [:]][call] = group }
            if let group = groupsOfCalls[name]?[call] { state.calls[group] = call }
        case .callFailed(_, let status, let warning):
            state.trouble.append("a call failed with \(status), warning \(warning ?? 0)")
        case .callEnded(let call, _):
            state.calls = state.calls.filter { $0.value != call }
            if let group = groupsOfCalls[name]?[call] { state.tiers[group] = nil }
        case .callChanged(let call, let tier, by: _):
            if let group = groupsOfCalls[name]?[call] { state.tiers[group] = (tier, instant) }
        case .changeRefused(_, let status, let warning):
            state.trouble.append("a change of the call was refused with \(status), warning \(warning ?? 0)")
        case .documentChanged, .documentsRefused:
            break
        case .floor(_, let indication):
            take(indication, of: name, at: instant, &state)
        }
    }

    private func take(_ indication: FloorIndication, of name: String, at instant: Instant, _ state: inout PlayerState) {
        switch indication {
        case .queued:
            state.lastQueued = instant
            show("    \(name) waits in the queue")
        case .revoked:
            state.revocations.append(instant)
            show("    the floor is taken from \(name)")
        case .denied:
            state.trouble.append("the floor was denied")
        case .granted, .grantOffered, .requestUnanswered, .queuePositionUnanswered, .talker, .idle, .mediaEnded:
            break
        }
    }
}
