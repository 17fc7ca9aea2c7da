import ArgumentParser
import FloorControl
import Foundation
import Logging
import MCFoundation
import Responder
import ResponderDriver
import SDP
import Speech

/// One responder's device at the command line.
struct ResponderCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "responder", abstract: "Be one responder: register, affiliate, call, talk, listen.",
        subcommands: [Register.self, Affiliate.self, Listen.self, Talk.self, Call.self])
}

struct DeviceOptions: ParsableArguments {
    @Option(help: "Who you are and where your system is: a profile file (the lab writes some).")
    var profile: String

    @Option(help: "How long to stay, in seconds; without it until Ctrl-C.")
    var seconds: Double?

    @Option(help: "Write what is heard to this WAV file.")
    var record: String?

    func readProfile() throws -> DeviceProfile {
        do { return try DeviceProfile(contentsOf: URL(fileURLWithPath: profile)) } catch {
            Terminal.complain("\(error)")
            throw ExitCode(2)
        }
    }
}

/// Waits for what a command needs, shows the rest.
actor Handheld {
    private let device: ResponderDevice
    private let told: Told
    /// That of the profile, where it says one.
    private let codec: SpeechCodec?

    static func start(_ options: DeviceOptions) async throws -> Handheld {
        let profile = try options.readProfile()
        let recorder: SpeechRecorder?
        do {
            recorder = try options.record.map { try SpeechRecorder(path: $0) }
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(2)
        }
        let (notices, tell) = AsyncStream.makeStream(of: DeviceNotice.self)
        // What is read before there is a device is shown too.
        let told = Told()
        Task { for await notice in notices { await told.take(notice) } }
        let device: ResponderDevice
        do {
            device = try await ResponderDevice.start(
                DeviceConfiguration(profile: profile, recorder: recorder),
                logger: Terminal.logger("responder", level: .warning), notice: { tell.yield($0) })
        } catch let error as BootstrapError {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
        let codec: SpeechCodec? = if case .profile(let said) = profile.knowledge { said.codec } else { nil }
        return Handheld(device: device, told: told, codec: codec)
    }

    private init(device: ResponderDevice, told: Told, codec: SpeechCodec?) {
        self.device = device
        self.told = told
        self.codec = codec
    }

    /// In which speech to a group is to be coded.
    func codec(of group: String) -> SpeechCodec {
        codec ?? device.configuration?.group(MCPTTGroupID(group))?.codec ?? .amrWB(octetAlign: true)
    }

    func command(_ command: ResponderCommand) { device.command(command) }
    func say(_ speech: EncodedSpeech) { device.say(speech) }

    func call(_ group: String, _ options: CallOptions, requestsFloor: Bool) {
        command(
            .call(
                CallRequest(
                    group: MCPTTGroupID(group), kind: options.chat ? .chat : .prearranged,
                    requestsFloor: requestsFloor, tier: options.tier)))
    }

    /// Declares the tier in a call that stands, or calls off what it is in.
    func change(_ call: CallHandle, to tier: CallTier) async throws {
        command(.changeTier(call, tier))
        try await expect("change of the call", failing: { if case .changeRefused = $0 { true } else { false } }) {
            // Imminent peril that is declared in an emergency leaves it one.
            if case .callChanged(call, let found, by: _) = $0 {
                tier == .normal ? found == tier : found >= tier
            } else {
                false
            }
        }
    }

    /// How many packets were said, once the talk is over; nil where the floor was refused, or did not come within the time.
    func talked(within time: Duration) async throws -> Int? {
        for _ in 0..<Int(time.inSeconds * 20) {
            if let said = await told.said { return said }
            if await told.isFloorRefused { return nil }
            try await Task.sleep(for: .milliseconds(50))
        }
        return await told.said
    }

    func end() async {
        device.command(.deregister)
        try? await Task.sleep(for: .milliseconds(300))
        await device.stop()
    }

    /// Registers and affiliates; says why where that fails.
    func comeIn(_ groups: [String]) async throws {
        command(.register)
        try await expect("registration", failing: { if case .registrationFailed = $0 { true } else { false } }) {
            $0 == .registered
        }
        guard !groups.isEmpty else { return }
        command(.affiliate(groups.map { MCPTTGroupID($0) }))
        for group in groups {
            try await expect(
                "affiliation to \(group)", failing: { if case .affiliationRefused = $0 { true } else { false } }
            ) { $0 == .affiliation(MCPTTGroupID(group), .affiliated) }
        }
    }

    func expect(
        _ what: String, failing: @Sendable (ResponderNotice) -> Bool, until: @Sendable (ResponderNotice) -> Bool
    ) async throws {
        for _ in 0..<400 {
            let seen = await told.seen
            if seen.contains(where: until) { return }
            if seen.contains(where: failing) { break }
            try await Task.sleep(for: .milliseconds(25))
        }
        Terminal.complain("no \(what)")
        throw ExitCode.failure
    }

    /// The call of a group that is up, if any.
    func call(of group: String) async -> CallHandle? {
        var calls: [CallHandle] = []
        for notice in await told.seen {
            if case .callStarted(let call, let facts) = notice, facts.group?.value == group { calls.append(call) }
            if case .callEnded(let call, _) = notice { calls.removeAll { $0 == call } }
        }
        return calls.last
    }

    /// What a call is in, as far as it was told.
    func tier(of call: CallHandle) async -> CallTier {
        var tier = CallTier.normal
        for notice in await told.seen {
            if case .called(call, let incoming, needsAnswer: _) = notice { tier = incoming.tier }
            if case .callChanged(call, let changed, by: _) = notice { tier = changed }
        }
        return tier
    }
}

/// What a device told, shown as it comes.
actor Told {
    private static let mostSeen = 1_000
    private(set) var seen: [ResponderNotice] = []
    /// Packets of the last talk.
    private(set) var said: Int?
    /// The floor was asked for in vain.
    private(set) var isFloorRefused = false

    func take(_ notice: DeviceNotice) {
        switch notice {
        case .responder(let responderNotice, at: _):
            // What a command waits for came lately: who stays for weeks must not remember everything.
            if seen.count >= Self.mostSeen { seen.removeFirst(Self.mostSeen / 2) }
            seen.append(responderNotice)
            switch responderNotice {
            case .floor(_, .denied), .floor(_, .requestUnanswered): isFloorRefused = true
            default: break
            }
            if let line = ResponderLine.text(responderNotice) { Terminal.show(line) }
        case .document(let bootstrapNotice, at: _): Terminal.show(ResponderLine.text(bootstrapNotice))
        case .configured(let configuration, at: _): Terminal.show(ResponderLine.text(configuration))
        case .talking: Terminal.show("you have the floor and talk")
        case .talked(let talk):
            said = talk.packets.count
            Terminal.show("you talked \(Double(talk.packets.count) / 50) s")
        case .hearing(_, let ssrc, at: _): Terminal.show("speech arrives (SSRC \(ssrc))")
        }
    }
}

/// Notices in words.
enum ResponderLine {
    static func text(_ notice: BootstrapNotice) -> String {
        switch notice {
        case .read(let document, let url): "\(document) read: \(url)"
        case .changed(let document, let url): "\(document) fetched: \(url)"
        case .unchanged(let document, let url): "\(document) is as it was: \(url)"
        case .gone(let document, let url): "\(document) is gone: \(url)"
        case .unavailable(let error): "goes on without: \(error)"
        }
    }

    static func text(_ configuration: UserConfiguration) -> String {
        let groups = configuration.groups.map { group in
            "\(group.id) (\(group.members.count) members, your priority \(group.priority.map { "\($0)" } ?? "-"))"
        }
        return "you have priority \(configuration.priority.map { "\($0)" } ?? "-"), groups: "
            + (groups.isEmpty ? "none" : groups.joined(separator: ", "))
    }

    static func text(_ notice: ResponderNotice) -> String? {
        switch notice {
        case .registered: "registered"
        case .registrationFailed(let status): "registration was refused: \(status)"
        case .deregistered: "deregistered"
        case .connectionLost: "the connection is lost; it is tried again"
        case .serviceSettingsRefused(let status, let warning):
            "service settings were refused: \(status)\(text(warning))"
        case .affiliation(let group, let state): "\(group): \(state)"
        case .affiliationRefused(let status, let warning): "affiliation was refused: \(status)\(text(warning))"
        // What is fetched for it is told.
        case .documentChanged: nil
        case .documentsRefused(let status): "documents are not told: \(status)"
        case .calling(_, let group): "calling \(group)"
        case .called(_, let call, needsAnswer: _):
            "called by \(call.caller?.value ?? "somebody") in \(call.group?.value ?? "a call")"
        case .callStarted(_, let facts): "in the call of \(facts.group?.value ?? "a group")"
        case .callChanged(_, let tier, by: let declarer):
            "the call is now \(tier)\(declarer.map { ", by \($0.value)" } ?? "")"
        case .changeRefused(_, let status, let warning): "the call stays as it is: \(status)\(text(warning))"
        case .callFailed(_, let status, let warning): "the call failed: \(status)\(text(warning))"
        case .callEnded(_, let reason): "the call ended: \(reason)"
        case .floor(_, let indication):
            switch indication {
            case .talker(let talker): "\(talker.mcpttID?.value ?? "somebody") talks"
            case .queued(let info): "you wait in the queue\(info.map { ", place \($0.position)" } ?? "")"
            case .denied: "the floor was denied"
            case .revoked: "the floor was taken from you"
            case .idle: "nobody talks"
            case .granted, .grantOffered, .requestUnanswered, .queuePositionUnanswered, .mediaEnded: nil
            }
        }
    }

    private static func text(_ warning: Int?) -> String {
        warning.map { ", warning \($0)" } ?? ""
    }
}

extension DeviceOptions {
    /// Comes in, does the work, and takes leave, however the work ends: what was heard is whole on disk.
    func run(_ groups: [String], _ work: @escaping @Sendable (Handheld) async throws -> Void) async throws {
        let end = EndSignal()
        let handheld = try await Handheld.start(self)
        let outcome: Result<Void?, any Error>
        do {
            outcome = .success(
                try await end.cancelling {
                    try await handheld.comeIn(groups)
                    try await work(handheld)
                })
        } catch { outcome = .failure(error) }
        await handheld.end()
        _ = try outcome.get()
    }

    /// Stays for the time asked for, or until Ctrl-C.
    func stay() async throws {
        try await Task.sleep(for: seconds.map { .seconds($0) } ?? .seconds(Int.max / 2))
    }
}

/// In which way a group is called.
struct CallOptions: ParsableArguments {
    @Flag(help: "The group is a chat group.") var chat = false
    @Flag(help: "Declare an emergency.") var emergency = false
    @Flag(help: "Declare imminent peril.") var imminentPeril = false

    func validate() throws {
        if emergency, imminentPeril { throw ValidationError("a call is in emergency or in imminent peril") }
    }

    var tier: CallTier {
        if emergency { return .emergency }
        return imminentPeril ? .imminentPeril : .normal
    }
}

extension ResponderCommands {
    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Register and stay so.")
        @OptionGroup var device: DeviceOptions

        func run() async throws {
            try await device.run([]) { _ in try await device.stay() }
        }
    }

    struct Affiliate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Be affiliated to groups and stay so.")
        @OptionGroup var device: DeviceOptions
        @Option(help: "MCPTT group ID; may be given several times.") var group: [String]

        func run() async throws {
            try await device.run(group) { _ in try await device.stay() }
        }
    }

    struct Listen: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Hear a group: calls are answered by themselves.")
        @OptionGroup var device: DeviceOptions
        @Option(help: "MCPTT group ID; may be given several times.") var group: [String]

        func run() async throws {
            try await device.run(group) { _ in
                Terminal.show("listening")
                try await device.stay()
            }
        }
    }

    struct Call: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Call a group, or join its call, without talking.")
        @OptionGroup var device: DeviceOptions
        @Option(help: "MCPTT group ID.") var group: String
        @OptionGroup var options: CallOptions
        @Flag(help: "Call off the emergency or imminent peril that the call is in.") var callOff = false

        func validate() throws {
            if callOff, options.tier > .normal { throw ValidationError("--call-off ends what the others declare") }
        }

        func run() async throws {
            try await device.run([group]) { handheld in
                await handheld.call(group, options, requestsFloor: false)
                try await handheld.expect("call", failing: { if case .callFailed = $0 { true } else { false } }) {
                    if case .callStarted = $0 { true } else { false }
                }
                if callOff, let call = await handheld.call(of: group) { try await handheld.change(call, to: .normal) }
                try await device.stay()
            }
        }
    }

    struct Talk: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Press the button, say what a WAV file holds, and release.")
        @OptionGroup var device: DeviceOptions
        @Option(help: "MCPTT group ID.") var group: String
        @Option(help: "What to say: PCM, 16 bit, any rate.") var wav: String
        @OptionGroup var options: CallOptions

        func run() async throws {
            // A file that is none is refused before anybody is bothered.
            _ = try speech(.amrWB(octetAlign: true))
            try await device.run([group]) { handheld in
                let speech = try speech(await handheld.codec(of: group))
                await handheld.say(speech)
                if let call = await handheld.call(of: group) {
                    if options.tier > (await handheld.tier(of: call)) {
                        try await handheld.change(call, to: options.tier)
                    }
                    await handheld.command(.press(call))
                } else {
                    await handheld.call(group, options, requestsFloor: true)
                }
                guard let said = try await handheld.talked(within: speech.duration + .seconds(30)) else {
                    Terminal.complain("the floor did not come")
                    throw ExitCode.failure
                }
                guard said >= speech.payloads.count else {
                    let whole = Double(speech.payloads.count) / 50
                    Terminal.complain("the floor was taken away: \(Double(said) / 50) s of \(whole) s were said")
                    throw ExitCode.failure
                }
                if device.seconds != nil { try await device.stay() }
            }
        }

        private func speech(_ codec: SpeechCodec) throws -> EncodedSpeech {
            do { return try EncodedSpeech(wav: wav, codec: codec) } catch {
                Terminal.complain("\(wav): \(error)")
                throw ExitCode(2)
            }
        }
    }
}
