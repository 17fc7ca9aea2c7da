import Foundation
import HostTime
import Logging
import MCFoundation
import MediaDriver
import RTP
import Responder
import Synchronization

/// What the signalling thread of a device asks of its media thread.
enum MediaOrder: Sendable {
    case open(CallHandle)
    case connect(CallHandle, RemoteMedia)
    case close(CallHandle)
    case sendFloor(CallHandle, [UInt8], to: SocketAddress)
    case keepAlive(CallHandle, [UInt8])
    case startTalking(CallHandle, ssrc: UInt32)
    case stopTalking(CallHandle)
    /// What will be said as soon as the floor is there; it replaces what was not yet begun.
    case say(EncodedSpeech)
    case stop
}

/// What the media thread tells the signalling thread.
enum MediaReport: Sendable {
    case ready(CallHandle, audio: SocketAddress, floor: SocketAddress)
    case failed(CallHandle)
    case floor(CallHandle, [UInt8])
    case audio(CallHandle)
    /// Everything that was to be said is said: the button comes up.
    case saidAll(CallHandle)
}

/// Sockets, pace and ears of one device, on a thread of its own.
final class DeviceMedia: Sendable {
    private let orders = Mutex<[MediaOrder]>([])
    private let poller: DatagramPoller
    private let ended = DispatchSemaphore(value: 0)

    init(
        address: IPAddress, recorder: SpeechRecorder?, logger: Logger,
        report: @escaping @Sendable (MediaReport) -> Void, notice: @escaping @Sendable (DeviceNotice) -> Void
    ) throws {
        poller = try DatagramPoller()
        let loop = DeviceMediaLoop(
            address: address, recorder: recorder, logger: logger, report: report, notice: notice)
        // The thread keeps itself alive until it is told to stop.
        nonisolated(unsafe) let owned = loop
        let thread = Thread { [self] in
            run(owned)
            ended.signal()
        }
        thread.name = "device media"
        thread.start()
    }

    func carryOut(_ order: MediaOrder) {
        orders.withLock { $0.append(order) }
        poller.wake()
    }

    /// Returns once the thread has ended.
    func stop() {
        carryOut(.stop)
        ended.wait()
    }

    private func run(_ loop: DeviceMediaLoop) {
        while true {
            let waiting = orders.withLock { orders in
                defer { orders.removeAll(keepingCapacity: true) }
                return orders
            }
            for order in waiting {
                if case .stop = order { return loop.end() }
                loop.carryOut(order, poller)
            }
            loop.speak(at: SystemClock.now().instant)
            let ready = (try? poller.wait(until: loop.nextFrameAt)) ?? []
            for number in ready { loop.receive(number) }
        }
    }
}

/// The state of the media thread; it never leaves it.
final class DeviceMediaLoop {
    private struct Call {
        var audio: DatagramSocket
        var floor: DatagramSocket
        var remote: RemoteMedia?
        var talk: Talk?
        /// Where the stream of an SSRC goes on: its sequence numbers run through all talks (RFC 3550 5.1).
        var stream: Stream?
        var lastHeard: (ssrc: UInt32, at: Instant)?
        var audioOrigin = ExpectedOrigin()
        var floorOrigin = ExpectedOrigin()
        /// What came before signalling said where the peer is, in order; judged as soon as it does.
        var early: [EarlyDatagram] = []
    }

    private struct EarlyDatagram {
        var octets: [UInt8]
        var from: SocketAddress
        var at: Now
        var isAudio: Bool
    }

    private struct Stream {
        var ssrc: UInt32
        var sequence: UInt16
        var timestamp: UInt32
        /// When the timestamp was true.
        var at: Instant
    }

    private struct Talk {
        var ssrc: UInt32
        var speech: EncodedSpeech
        var beganAt: Instant
        var sent: [TalkRecord.Packet] = []
    }

    private let address: IPAddress
    private let recorder: SpeechRecorder?
    private let logger: Logger
    private let report: @Sendable (MediaReport) -> Void
    private let notice: @Sendable (DeviceNotice) -> Void
    private var calls: [CallHandle: Call] = [:]
    private var sockets: [UInt32: (call: CallHandle, isAudio: Bool)] = [:]
    private var nextSocket: UInt32 = 0
    private var speech: EncodedSpeech?
    private var random = SystemRandomNumberGenerator()
    /// A listener is told anew who it hears after this much silence.
    private static let silence = Duration.milliseconds(500)
    /// Datagrams kept per call until signalling says where the peer is: a second of speech and some floor messages.
    private static let mostEarly = 64

    init(
        address: IPAddress, recorder: SpeechRecorder?, logger: Logger,
        report: @escaping @Sendable (MediaReport) -> Void, notice: @escaping @Sendable (DeviceNotice) -> Void
    ) {
        self.address = address
        self.recorder = recorder
        self.logger = logger
        self.report = report
        self.notice = notice
    }

    var nextFrameAt: Instant? {
        calls.values.compactMap { $0.talk.map { $0.beganAt + EncodedSpeech.frame * $0.sent.count } }.min()
    }

    func carryOut(_ order: MediaOrder, _ poller: DatagramPoller) {
        switch order {
        case .open(let handle):
            open(handle, poller)
        case .connect(let handle, let remote):
            connect(handle, remote)
        case .close(let handle):
            finishTalk(handle)
            tellStrangers(of: handle)
            calls[handle] = nil
            sockets = sockets.filter { $0.value.call != handle }
        case .sendFloor(let handle, let octets, to: let remote):
            // A floor message that the kernel does not take is repeated by the machine's timers.
            try? calls[handle]?.floor.send(octets, to: remote)
        case .keepAlive(let handle, let octets):
            // One that the kernel does not take is followed by the next.
            guard let call = calls[handle], let remote = call.remote else { return }
            try? call.audio.send(octets, to: remote.audio)
            if let floor = remote.floor { try? call.floor.send(octets, to: floor) }
        case .startTalking(let handle, let ssrc):
            startTalking(handle, ssrc: ssrc)
        case .stopTalking(let handle):
            finishTalk(handle)
        case .say(let speech):
            self.speech = speech
        case .stop:
            break
        }
    }

    func end() {
        for handle in calls.keys { finishTalk(handle) }
        calls = [:]
        recorder?.finish()
    }

    private func open(_ handle: CallHandle, _ poller: DatagramPoller) {
        let any = SocketAddress(address, port: 0)
        guard let audio = try? DatagramSocket(bind: any), let floor = try? DatagramSocket(bind: any) else {
            return report(.failed(handle))
        }
        for (socket, isAudio) in [(audio, true), (floor, false)] {
            guard (try? poller.add(socket, number: nextSocket)) != nil else { return report(.failed(handle)) }
            sockets[nextSocket] = (handle, isAudio)
            nextSocket &+= 1
        }
        calls[handle] = Call(audio: audio, floor: floor)
        report(.ready(handle, audio: audio.localAddress, floor: floor.localAddress))
    }

    private func connect(_ handle: CallHandle, _ remote: RemoteMedia) {
        guard let early = calls[handle]?.early else { return }
        calls[handle]?.remote = remote
        calls[handle]?.audioOrigin.expect(remote.audio)
        calls[handle]?.floorOrigin.expect(remote.floor)
        calls[handle]?.early = []
        for datagram in early {
            datagram.octets.withUnsafeBytes { octets in
                take(octets, from: datagram.from, at: datagram.at, isAudio: datagram.isAudio, in: handle)
            }
        }
    }

    private func tellStrangers(of handle: CallHandle) {
        guard let call = calls[handle], case let count = call.audioOrigin.strangers + call.floorOrigin.strangers,
            count > 0
        else { return }
        logger.notice("datagrams of strangers were ignored in a call", metadata: ["count": "\(count)"])
    }

    // MARK: Speaking

    private func startTalking(_ handle: CallHandle, ssrc: UInt32) {
        guard let call = calls[handle] else { return }
        if call.talk?.ssrc == ssrc { return }
        finishTalk(handle)
        let now = SystemClock.now().instant
        let speech = speech ?? EncodedSpeech(payloads: [], timestampStep: 320)
        var stream = call.stream
        if let last = stream, last.ssrc == ssrc {
            // Silence counts in the clock of the stream.
            let frames = Int((now - last.at).inSeconds / EncodedSpeech.frame.inSeconds)
            stream?.timestamp &+= UInt32(truncatingIfNeeded: frames) &* speech.timestampStep
        } else {
            stream = Stream(
                ssrc: ssrc, sequence: UInt16.random(in: .min ... .max, using: &random),
                timestamp: UInt32.random(in: .min ... .max, using: &random), at: now)
        }
        calls[handle]?.stream = stream
        calls[handle]?.talk = Talk(ssrc: ssrc, speech: speech, beganAt: now)
        self.speech = nil
        notice(.talking(handle, ssrc: ssrc, at: now))
    }

    /// Sends every frame that is due.
    func speak(at now: Instant) {
        for (handle, call) in calls {
            guard let talk = call.talk, let remote = call.remote else { continue }
            var number = talk.sent.count
            while number < talk.speech.payloads.count, talk.beganAt + EncodedSpeech.frame * number <= now {
                send(number, of: handle, to: remote)
                number += 1
            }
            if number == talk.speech.payloads.count, talk.beganAt + EncodedSpeech.frame * number <= now {
                finishTalk(handle)
                report(.saidAll(handle))
            }
        }
    }

    private func send(_ number: Int, of handle: CallHandle, to remote: RemoteMedia) {
        guard let talk = calls[handle]?.talk, let stream = calls[handle]?.stream else { return }
        let payload = talk.speech.payloads[number]
        let packet = RTPPacket(
            payloadType: remote.payloadType, sequenceNumber: stream.sequence, timestamp: stream.timestamp,
            ssrc: talk.ssrc, marker: number == 0, payload: payload
        ).serialized()
        let sentAt = SystemClock.now().instant
        // What the kernel does not take is lost as on any network: the record says it was sent.
        try? calls[handle]?.audio.send(packet, to: remote.audio)
        calls[handle]?.talk?.sent.append(
            TalkRecord.Packet(
                sequence: stream.sequence, sentAt: sentAt, payload: payload.withUnsafeBytes { StableHash.of($0) }))
        calls[handle]?.stream = Stream(
            ssrc: talk.ssrc, sequence: stream.sequence &+ 1,
            timestamp: stream.timestamp &+ talk.speech.timestampStep, at: sentAt)
    }

    private func finishTalk(_ handle: CallHandle) {
        guard let talk = calls[handle]?.talk else { return }
        calls[handle]?.talk = nil
        notice(
            .talked(
                TalkRecord(
                    call: handle, ssrc: talk.ssrc, grantedAt: talk.beganAt, endedAt: SystemClock.now().instant,
                    packets: talk.sent)))
    }

    // MARK: Hearing

    func receive(_ number: UInt32) {
        guard let (handle, isAudio) = sockets[number], let call = calls[handle] else { return }
        let socket = isAudio ? call.audio : call.floor
        _ = try? socket.receive { arrival in
            take(arrival.octets, from: arrival.from, at: arrival.at, isAudio: isAudio, in: handle)
        }
    }

    private func take(
        _ octets: UnsafeRawBufferPointer, from: SocketAddress, at now: Now, isAudio: Bool, in handle: CallHandle
    ) {
        let verdict =
            isAudio ? calls[handle]?.audioOrigin.judge(from) : calls[handle]?.floorOrigin.judge(from)
        switch verdict {
        case nil: return
        case .expected:
            if isAudio {
                hear(octets, in: handle, at: now.instant)
            } else {
                report(.floor(handle, Array(octets)))
            }
        case .tooEarly:
            guard let kept = calls[handle]?.early.count, kept < Self.mostEarly else { return }
            calls[handle]?.early.append(
                EarlyDatagram(octets: Array(octets), from: from, at: now, isAudio: isAudio))
        case .stranger(let isFirst):
            // Once per call and kind, not per packet.
            guard isFirst else { return }
            logger.warning(
                "datagrams from elsewhere than the call's media address are ignored",
                metadata: ["kind": isAudio ? "audio" : "floor"])
        }
    }

    private func hear(_ octets: UnsafeRawBufferPointer, in handle: CallHandle, at instant: Instant) {
        guard let header = try? RTPHeader(reading: octets) else { return }
        let payload = UnsafeRawBufferPointer(rebasing: octets[header.payloadRange])
        let last = calls[handle]?.lastHeard
        if last?.ssrc != header.ssrc || instant - (last?.at ?? .zero) > Self.silence {
            notice(.hearing(handle, ssrc: header.ssrc, at: instant))
        }
        calls[handle]?.lastHeard = (header.ssrc, instant)
        recorder?.heard(header, payload, of: calls[handle]?.remote?.codec, in: handle, at: instant)
        report(.audio(handle))
    }
}
