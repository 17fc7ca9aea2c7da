import MCFoundation
import RTP
import Responder
import SDP
public import Speech
import Synchronization

/// Keeps what a device hears: every packet as a record, and the speech as a WAV file that follows real time, with long
/// silences shortened. Only the media thread of its device feeds it; anybody may read the records.
public final class SpeechRecorder: Sendable {
    private let records = Mutex<[HeardRecord]>([])
    /// Packets of an hour of speech; of more than that the latest are kept.
    private static let mostRecords = 180_000
    private let tape: Mutex<Tape?>

    /// - Parameter path: the WAV file, 16 kHz mono; nil: records only.
    public init(path: String?) throws(WAVError) {
        let tape = try path.map { path throws(WAVError) in try Tape(path: path) }
        self.tape = Mutex(tape)
    }

    /// What was heard so far, at most the last hour of speech, in the order of arrival.
    public var heard: [HeardRecord] { records.withLock { $0 } }

    /// - Parameter codec: of the call; nil is heard as silence.
    func heard(
        _ header: RTPHeader, _ payload: UnsafeRawBufferPointer, of codec: SpeechCodec?, in call: CallHandle,
        at instant: Instant
    ) {
        let record = HeardRecord(
            call: call, ssrc: header.ssrc, sequence: header.sequenceNumber, arrivedAt: instant,
            payload: StableHash.of(payload))
        records.withLock { records in
            if records.count >= Self.mostRecords { records.removeFirst(Self.mostRecords / 10) }
            records.append(record)
        }
        let octets = Array(payload)
        tape.withLock { $0?.play(header, octets, of: codec, at: instant) }
    }

    func finish() {
        tape.withLock { $0?.close() }
    }
}

/// One WAV file being written.
private final class Tape {
    /// A silence between two talks is no longer than this on the tape.
    private static let longestSilence = Duration.milliseconds(700)
    /// More lost frames in a row than this are silence and not concealed.
    private static let mostConcealed = 10

    private var recorder: WAVRecorder
    private var decoder: SpeechDecoder?
    private var last: (ssrc: UInt32, sequence: UInt16, at: Instant)?

    init(path: String) throws(WAVError) {
        recorder = try WAVRecorder(path: path, sampleRate: 16_000)
    }

    /// A packet that cannot be decoded or written is heard as silence; the record of it stands.
    func play(_ header: RTPHeader, _ payload: [UInt8], of codec: SpeechCodec?, at instant: Instant) {
        if let last, last.ssrc == header.ssrc, instant - last.at < .milliseconds(500) {
            let step = Int16(bitPattern: header.sequenceNumber &- last.sequence)
            guard step > 0 else { return }
            if step > 1 {
                for _ in 0..<min(Int(step) - 1, Tape.mostConcealed) { try? append(decoder?.conceal()) }
            }
        } else {
            // Times of arrival come from another clock than the order of arrival, so one may lie before the last.
            let pause = last.map { max(.zero, min(instant - $0.at, Tape.longestSilence)) } ?? .zero
            append([Int16](repeating: 0, count: Int(pause.inSeconds * 16_000)))
            decoder = codec.flatMap { try? SpeechDecoder($0) }
        }
        last = (header.ssrc, header.sequenceNumber, instant)
        try? append(decoder?.decode(payload))
    }

    private func append(_ samples: [Int16]?) {
        guard let samples else { return }
        try? recorder.append(samples)
    }

    func close() {
        try? recorder.close()
    }
}
