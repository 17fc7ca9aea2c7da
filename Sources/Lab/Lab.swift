public import Foundation
import HostTime
public import Logging
import MCFoundation
import Responder
import ResponderDriver
import SDP
import SignallingDriver
import Speech

/// Three national systems, each a process of its own, and the people of the demonstration.
public final class Lab: Sendable {
    private let ground: LabGround
    private let children: [SystemChild]
    private let program: String
    private let logger: Logger
    private let show: @Sendable (String) -> Void

    /// Writes the configuration of each country below `folder` and starts its process.
    ///
    /// - Parameters:
    ///   - program: path of this program, which also serves.
    ///   - tlsKeyLog: file to which the systems write the secrets of their TLS sessions.
    public static func start(
        folder: URL, program: String, tlsKeyLog: String? = nil, logger: Logger,
        show: @escaping @Sendable (String) -> Void
    ) async throws -> Lab {
        let ground = try LabGround(folder: folder, program: program)
        var children: [SystemChild] = []
        do {
            for country in LabCountry.all {
                children.append(
                    try SystemChild(
                        country: country, program: program, configuration: ground.configurationFile(of: country),
                        tlsKeyLog: tlsKeyLog, log: ground.log(of: country)))
            }
            let lab = Lab(ground: ground, children: children, program: program, logger: logger, show: show)
            try await lab.waitUntilReady()
            return lab
        } catch {
            for child in children { child.stop() }
            throw error
        }
    }

    private init(
        ground: LabGround, children: [SystemChild], program: String, logger: Logger,
        show: @escaping @Sendable (String) -> Void
    ) {
        self.ground = ground
        self.children = children
        self.program = program
        self.logger = logger
        self.show = show
    }

    /// A system says `ready` in its log once every socket is bound, and names each partner that it reaches.
    private func waitUntilReady() async throws {
        for child in children {
            let partners = LabCountry.all.filter { $0.code != child.country.code }.map {
                "partner.reachable \($0.domain)"
            }
            let log = ground.log(of: child.country)
            let limit = SystemClock.now().instant + .seconds(30)
            while true {
                let text = try String(contentsOf: log, encoding: .utf8)
                if (["ready"] + partners).allSatisfy({ text.contains($0) }) { break }
                guard child.isRunning, SystemClock.now().instant < limit else {
                    throw LabError("the system of \(child.country.name) did not come up:\n\(text.suffix(2_000))")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            show("    \(child.country.name): \(child.country.domain), process \(child.pid), both partners reached")
        }
    }

    public func stop() {
        for child in children { child.stop() }
    }

    /// Until the task is cancelled; says once of each system that ends by itself.
    public func stayUp() async {
        var gone: Set<String> = []
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            for child in children where !child.isRunning && gone.insert(child.country.code).inserted {
                let log = ground.log(of: child.country).path
                show("the system of \(child.country.name) ended by itself; its log: \(log)")
            }
        }
    }

    /// Plays the Liguria flood and measures it. What each listener heard lies as WAV below the lab's folder.
    public func demonstrate() async throws -> LabReport {
        let stage = Stage(
            countries: Dictionary(LabCast.players.map { ($0.name, $0.country.code) }) { first, _ in first }, show: show)
        let threads = SignallingThreads(sockets: 1, cells: 1)
        var players: [Player] = []
        let recordings = ground.folder.appendingPathComponent("heard")
        try FileManager.default.createDirectory(at: recordings, withIntermediateDirectories: true)
        for person in LabCast.players {
            let path = recordings.appendingPathComponent("\(person.user).wav").path
            let recorder = try SpeechRecorder(path: path)
            let (notices, tell) = AsyncStream.makeStream(of: DeviceNotice.self)
            let device = try await ResponderDevice.start(
                DeviceConfiguration(
                    profile: try DeviceProfile(contentsOf: ground.profileFile(of: person)), recorder: recorder),
                threads: threads, logger: logger, notice: { tell.yield($0) })
            Task { for await notice in notices { await stage.take(notice, of: person.name) } }
            players.append(Player(person: person, device: device, recorder: recorder))
        }
        let voices = try Voices(languages: LabCountry.all.map(\.language))
        var demonstration = Demonstration(stage: stage, players: players, voices: voices, show: show)
        let played: Result<Void, any Error>
        do { played = .success(try await demonstration.play()) } catch { played = .failure(error) }
        for player in players { player.device.command(.deregister) }
        try? await Task.sleep(for: .milliseconds(500))
        for player in players { await player.device.stop() }
        await threads.stop()
        try played.get()
        for child in children where !child.isRunning {
            demonstration.note(failure: "the system of \(child.country.name) ended by itself")
        }
        var received: [String: [HeardPacket]] = [:]
        for player in players { received[player.person.name] = player.recorder.labPackets }
        return LabReport(
            title: "Liguria flood", beganAt: demonstration.beganAt.nanoseconds, bursts: demonstration.bursts,
            tierChanges: demonstration.tierChanges, received: received, failures: demonstration.failures)
    }

    /// How people join the lab by hand, from two other terminals.
    public var joinInstructions: String {
        let guests = LabCast.guests.map { guest in
            (guest.country, ground.profileFile(of: guest).path)
        }
        let group = LabGroup.flood.id
        var lines = ["", "The lab stays up. Join it from other terminals, for example:"]
        if guests.count >= 2 {
            lines.append("  \(program) responder listen --profile \(guests[1].1) --group \(group) --record heard.wav")
            lines.append("  \(program) responder talk --profile \(guests[0].1) --group \(group) --wav YOUR.wav")
        }
        lines.append("Ctrl-C ends it.")
        return lines.joined(separator: "\n")
    }
}
