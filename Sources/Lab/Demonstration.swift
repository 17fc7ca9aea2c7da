import FloorControl
import Foundation
import HostTime
import MCFoundation
import Responder
import ResponderDriver

/// One person with a device.
struct Player: Sendable {
    var person: LabPerson
    var device: ResponderDevice
    var recorder: SpeechRecorder
}

/// The Liguria flood, played on real systems by devices with recorded voices.
struct Demonstration {
    let stage: Stage
    let players: [String: Player]
    let show: @Sendable (String) -> Void
    var voices: Voices
    private(set) var bursts: [TalkBurst] = []
    private(set) var tierChanges: [TierChange] = []
    private(set) var failures: [String] = []
    /// Who has come in: they must hear what is said in their groups.
    private var present: [LabPerson] = []
    let beganAt = SystemClock.now().instant

    init(stage: Stage, players: [Player], voices: Voices, show: @escaping @Sendable (String) -> Void) {
        self.stage = stage
        self.players = Dictionary(uniqueKeysWithValues: players.map { ($0.person.name, $0) })
        self.voices = voices
        self.show = show
    }

    /// Plays every act; what does not come true is kept in `failures`.
    mutating func play() async throws {
        try await comeIn()
        act("A fire officer in Italy calls the cross-border group; responders of three countries hear")
        try await speak(LabCast.rossi, .flood, seconds: 5)
        act("A French rescuer answers")
        try await speak(LabCast.martin, .flood, seconds: 4)
        act("Two press at once; one is granted, the other waits in the queue")
        try await speakAtOnce(LabCast.bianchi, LabCast.garcia, .flood, seconds: 3)
        act("The control room cuts in with higher priority")
        try await cutIn(LabCast.control, on: LabCast.durand, .flood)
        act("Two responders come late, one of them across the border, and hear the rest")
        try await comeLate(while: LabCast.rossi, .flood)
        act("A French rescuer declares an emergency in the call and talks; the control room calls it off")
        try await declare(.emergency, LabCast.martin, .flood)
        try await speak(LabCast.martin, .flood, seconds: 2)
        try await declare(.normal, LabCast.control, .flood)
        act("A French rescuer calls a group of Spain: the call is set up across the border")
        try await speak(LabCast.durand, .pyrenees, seconds: 3)
        await stage.keepQuiet()
        act("Short bursts within Italy, to measure")
        for number in 0..<12 {
            try await speak(number % 2 == 0 ? LabCast.rossi : LabCast.bianchi, .genoa, seconds: 1.2)
        }
        act("Short bursts across the border, to measure")
        for number in 0..<12 {
            try await speak([LabCast.martin, LabCast.garcia, LabCast.durand][number % 3], .flood, seconds: 1.2)
        }
        // What is still on its way arrives; who was cut off by mistake has been told by now.
        try await Task.sleep(for: .milliseconds(300))
        let cuts = bursts.filter { $0.end == .preempted }.count
        let revocations = await stage.states.values.map(\.revocations.count).reduce(0, +)
        if revocations != cuts { failures.append("the floor was revoked \(revocations) times, and \(cuts) were meant") }
    }

    // MARK: Acts

    private mutating func comeIn() async throws {
        let coming = LabCast.early + LabCast.outsiders
        present = coming
        act(
            "\(coming.count + LabCast.late.count) responders of \(LabCountry.all.count) countries register and affiliate"
        )
        for player in players.values { player.device.command(.register) }
        let names = players.keys.sorted()
        let registered = await stage.wait(.seconds(20)) { states in
            names.allSatisfy { states[$0]?.isRegistered == true }
        }
        if !registered {
            for name in names where await !stage.state(of: name).isRegistered {
                failures.append(
                    "\(name) could not register: \(await stage.state(of: name).trouble.last ?? "no answer")")
            }
        }
        for person in coming {
            players[person.name]?.device.command(.affiliate(person.groups.map(\.id)))
        }
        let affiliated = await stage.wait(.seconds(20)) { states in
            coming.allSatisfy { person in
                person.groups.allSatisfy { states[person.name]?.affiliated.contains($0.id.value) == true }
            }
        }
        if !affiliated {
            for person in coming {
                let state = await stage.state(of: person.name)
                for group in person.groups where !state.affiliated.contains(group.id.value) {
                    failures.append(
                        "\(person.name) is not affiliated to \(group.displayName): \(state.trouble.last ?? "no answer")"
                    )
                }
            }
        }
    }

    mutating func note(failure: String) {
        failures.append(failure)
    }

    private mutating func speak(_ person: LabPerson, _ group: LabGroup, seconds: Double) async throws {
        let press = try await press(person, group, speech: try voices.next(person.country.language, seconds: seconds))
        await finish(press)
    }

    private mutating func speakAtOnce(
        _ first: LabPerson, _ second: LabPerson, _ group: LabGroup, seconds: Double
    ) async throws {
        let speeches = try [first, second].map { try voices.next($0.country.language, seconds: seconds) }
        let one = try await press(first, group, speech: speeches[0])
        let other = try await press(second, group, speech: speeches[1])
        await finish(one)
        await finish(other)
        guard bursts.suffix(2).contains(where: { $0.access == .queued }) else {
            failures.append("two pressed at once and nobody was queued")
            return
        }
    }

    private mutating func cutIn(_ urgent: LabPerson, on talker: LabPerson, _ group: LabGroup) async throws {
        let urgentSpeech = try voices.next(urgent.country.language, seconds: 3)
        let talk = try await press(talker, group, speech: try voices.next(talker.country.language, seconds: 6))
        _ = await stage.wait(.seconds(5)) { $0[talker.name]?.isTalking == true }
        try await Task.sleep(for: .seconds(2))
        let revoked = await stage.state(of: talker.name).revocations.count
        let cut = try await press(urgent, group, speech: urgentSpeech)
        if await !stage.wait(.seconds(5), until: { ($0[talker.name]?.revocations.count ?? 0) > revoked }) {
            failures.append("\(urgent.name) did not take the floor from \(talker.name)")
        }
        let cutAt = await stage.state(of: talker.name).revocations.dropFirst(revoked).first
        await finish(talk, cutAt: cutAt)
        await finish(cut)
    }

    private mutating func comeLate(while talker: LabPerson, _ group: LabGroup) async throws {
        var talk = try await press(talker, group, speech: try voices.next(talker.country.language, seconds: 7))
        _ = await stage.wait(.seconds(5)) { $0[talker.name]?.isTalking == true }
        for person in LabCast.late {
            try await Task.sleep(for: .seconds(1.5))
            let now = SystemClock.now().instant
            show("    \(person.name) (\(person.country.name)) comes in")
            players[person.name]?.device.command(.affiliate(person.groups.map(\.id)))
            talk.late.append(
                TalkBurst.Listener(name: person.name, country: person.country.code, joinedAt: now.nanoseconds))
            present.append(person)
        }
        await finish(talk)
    }

    /// Everybody in the call must hear of it.
    private mutating func declare(_ tier: CallTier, _ person: LabPerson, _ group: LabGroup) async throws {
        guard let player = players[person.name], let call = await stage.state(of: person.name).calls[group.id.value]
        else { return failures.append("\(person.name) is in no call of \(group.displayName)") }
        let names = present.filter { $0.groups.contains(group) }.map(\.name)
        let declaredAt = SystemClock.now().instant
        player.device.command(.changeTier(call, tier))
        let isKnown = await stage.wait(.seconds(5)) { states in
            names.allSatisfy { states[$0]?.tiers[group.id.value]?.tier == tier }
        }
        let states = await stage.states
        let change = TierChange(
            by: person.name, country: person.country.code, group: group.displayName, tier: "\(tier)",
            knownAfterMilliseconds: Dictionary(
                uniqueKeysWithValues: names.compactMap { name in
                    guard let known = states[name]?.tiers[group.id.value], known.tier == tier else { return nil }
                    return (name, (known.since - declaredAt).inSeconds * 1_000)
                }))
        tierChanges.append(change)
        guard isKnown else {
            let missing = names.filter { change.knownAfterMilliseconds[$0] == nil }
            return failures.append("\(missing.joined(separator: ", ")) did not hear that the call is \(tier) now")
        }
        let last = Int((change.knownAfterMilliseconds.values.max() ?? 0).rounded())
        show(
            "    the call is \(tier) now, by \(person.name) (\(person.country.code)); all \(names.count) know after \(last) ms"
        )
    }

    // MARK: A press and what came of it

    private struct Press {
        var person: LabPerson
        var group: LabGroup
        var pressedAt: Instant
        var setsUpCall: Bool
        var talksBefore: Int
        /// Who has come into the group when the button goes down.
        var listeners: [TalkBurst.Listener]
        var late: [TalkBurst.Listener] = []
        var seconds: Double
    }

    private func press(_ person: LabPerson, _ group: LabGroup, speech: EncodedSpeech) async throws -> Press {
        guard let player = players[person.name] else { throw LabError("\(person.name) has no device") }
        let listeners = present.filter { $0.name != person.name && $0.groups.contains(group) }
            .map { TalkBurst.Listener(name: $0.name, country: $0.country.code) }
        let state = await stage.state(of: person.name)
        player.device.say(speech)
        let pressedAt = SystemClock.now().instant
        if let call = state.calls[group.id.value] {
            player.device.command(.press(call))
        } else {
            player.device.command(.call(CallRequest(group: group.id, requestsFloor: true)))
        }
        return Press(
            person: person, group: group, pressedAt: pressedAt, setsUpCall: state.calls[group.id.value] == nil,
            talksBefore: state.talks.count, listeners: listeners, seconds: speech.duration.inSeconds)
    }

    private mutating func finish(_ press: Press, cutAt: Instant? = nil) async {
        let name = press.person.name
        let done = await stage.wait(.seconds(20 + press.seconds)) { states in
            (states[name]?.talks.count ?? 0) > press.talksBefore
        }
        // The last packet reaches the ears.
        try? await Task.sleep(for: .milliseconds(120))
        let state = await stage.state(of: name)
        guard done, state.talks.count > press.talksBefore else {
            failures.append("\(name) pressed and did not get the floor: \(state.trouble.last ?? "no answer")")
            show("    \(name) did not get the floor")
            return
        }
        let talk = state.talks[press.talksBefore]
        let access: TalkBurst.Access =
            press.setsUpCall
            ? .withCallSetUp : (state.lastQueued.map { $0 >= press.pressedAt } ?? false) ? .queued : .immediate
        let burst = TalkBurst(
            number: bursts.count + 1, group: press.group.displayName, groupCountry: press.group.owner.code,
            talker: name, country: press.person.country.code, ssrc: talk.ssrc, pressedAt: press.pressedAt.nanoseconds,
            grantedAt: talk.grantedAt.nanoseconds, endedAt: talk.endedAt.nanoseconds, cutAt: cutAt?.nanoseconds,
            access: access,
            packets: talk.packets.map {
                SentPacket(sequence: $0.sequence, sentAt: $0.sentAt.nanoseconds, payload: $0.payload)
            },
            listeners: press.listeners + press.late)
        bursts.append(burst)
        tell(burst)
    }

    private func tell(_ burst: TalkBurst) {
        let until = burst.next(in: bursts)
        let ears = burst.listeners.map { listener -> String in
            let heard = players[listener.name]?.recorder.labPackets ?? []
            let hearing = burst.hearing(by: listener, of: heard, until: until)
            return "\(listener.name) \(listener.country)"
                + (hearing.isWhole ? "" : " (\(hearing.packetsHeard)/\(hearing.packetsSent))")
        }
        let milliseconds = Int(burst.accessMilliseconds.rounded())
        show(
            "    \(burst.talker) (\(burst.country)) talked \(Double(burst.packets.count) / 50) s, floor after \(milliseconds) ms"
                + "; heard by \(ears.joined(separator: ", "))")
    }

    private func act(_ text: String) {
        let elapsed = Int((SystemClock.now().instant - beganAt).inSeconds)
        show("\(elapsed < 10 ? "  " : elapsed < 100 ? " " : "")\(elapsed) s  \(text)")
    }
}

extension SpeechRecorder {
    var labPackets: [HeardPacket] {
        heard.map {
            HeardPacket(
                ssrc: $0.ssrc, sequence: $0.sequence, receivedAt: $0.arrivedAt.nanoseconds, payload: $0.payload)
        }
    }
}
