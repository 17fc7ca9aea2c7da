internal import CSpeech
internal import RTP
public import SDP

/// Codes speech into RTP payloads, one frame of 20 ms in each. Belongs to one owner; not shared between threads.
public struct SpeechEncoder: ~Copyable {
    public let codec: SpeechCodec
    /// Samples per second that go in, one channel.
    public let sampleRate: Int
    private let library: Library

    private enum Library {
        case amrWB(UnsafeMutableRawPointer, mode: UInt8, octetAlign: Bool)
        case opus(OpaquePointer)
    }

    /// - Parameters:
    ///   - amrWBMode: 0 (6.60 kbit/s) to 8 (23.85 kbit/s).
    ///   - opusBitsPerSecond: 500 to 512,000.
    ///   - opusSampleRate: 8,000, 12,000, 16,000, 24,000 or 48,000; AMR-WB is always 16,000.
    public init(
        _ codec: SpeechCodec, amrWBMode: UInt8 = 8, opusBitsPerSecond: Int32 = 24_000, opusSampleRate: Int = 16_000
    ) throws(SpeechError) {
        self.codec = codec
        switch codec {
        case .amrWB(let octetAlign):
            guard amrWBMode <= 8, let state = E_IF_init() else { throw .codecUnavailable }
            sampleRate = 16_000
            library = .amrWB(state, mode: amrWBMode, octetAlign: octetAlign)
        case .opus:
            var status: Int32 = 0
            guard let state = opus_encoder_create(Int32(clamping: opusSampleRate), 1, OPUS_APPLICATION_VOIP, &status)
            else { throw .codec(status) }
            let configured = cspeech_opus_set_bit_rate(state, opusBitsPerSecond)
            guard configured == OPUS_OK else {
                opus_encoder_destroy(state)
                throw .codec(configured)
            }
            sampleRate = opusSampleRate
            library = .opus(state)
        }
    }

    deinit {
        switch library {
        case .amrWB(let state, _, _): E_IF_exit(state)
        case .opus(let state): opus_encoder_destroy(state)
        }
    }

    /// Samples in a frame of 20 ms.
    public var samplesPerFrame: Int { sampleRate / 50 }

    /// The RTP payload of a frame.
    public mutating func encode(_ samples: [Int16]) throws(SpeechError) -> [UInt8] {
        guard samples.count == samplesPerFrame else {
            throw .frameLength(expected: samplesPerFrame, got: samples.count)
        }
        switch library {
        case .amrWB(let state, let mode, let octetAlign):
            // A header octet as in files (RFC 4867 5.3) and 477 bits at most.
            var frame = [UInt8](repeating: 0, count: 64)
            let count = E_IF_encode(state, Int32(mode), samples, &frame, 0)
            guard count >= 1, count <= frame.count else { throw .codec(count) }
            let coded = AMRWBPayload.Frame(type: frame[0] >> 3 & 0x0f, data: Array(frame[1..<Int(count)]))
            return AMRWBPayload(frames: [coded]).serialized(octetAligned: octetAlign)
        case .opus(let state):
            // RFC 6716 3.4: no packet of one frame is larger.
            var packet = [UInt8](repeating: 0, count: 1_275)
            let count = opus_encode(state, samples, Int32(samples.count), &packet, Int32(packet.count))
            guard count > 0 else { throw .codec(count) }
            return Array(packet[..<Int(count)])
        }
    }
}
