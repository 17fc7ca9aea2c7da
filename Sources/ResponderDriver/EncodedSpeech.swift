public import SDP
import Speech

/// Something to say, coded and packed beforehand: one RTP payload per frame. Coding ahead keeps the pace of sending
/// free of the encoder's time.
public struct EncodedSpeech: Sendable {
    public var payloads: [[UInt8]]
    /// RTP clock ticks of one frame.
    public var timestampStep: UInt32
    /// Frames are 20 ms long.
    public static let frame = Duration.milliseconds(20)

    public var duration: Duration { EncodedSpeech.frame * payloads.count }

    public init(payloads: [[UInt8]], timestampStep: UInt32) {
        self.payloads = payloads
        self.timestampStep = timestampStep
    }
}

extension EncodedSpeech {
    /// Reads a WAV file and codes it; the last frame is filled up with silence.
    public init(wav path: String, codec: SpeechCodec = .amrWB(octetAlign: true)) throws {
        let samples = try WAVAudio(contentsOf: path).mono(at: 16_000)
        try self.init(samples: samples[...], codec: codec)
    }

    /// Codes 16 kHz mono samples.
    public init(samples: ArraySlice<Int16>, codec: SpeechCodec = .amrWB(octetAlign: true)) throws {
        var encoder = try SpeechEncoder(codec)
        let frame = encoder.samplesPerFrame
        var payloads: [[UInt8]] = []
        var position = samples.startIndex
        while position < samples.endIndex {
            let end = min(position + frame, samples.endIndex)
            var piece = Array(samples[position..<end])
            piece += [Int16](repeating: 0, count: frame - piece.count)
            payloads.append(try encoder.encode(piece))
            position = end
        }
        self.init(payloads: payloads, timestampStep: codec.timestampStep)
    }
}
