internal import CSpeech
internal import RTP
public import SDP

/// Turns RTP payloads into speech. Belongs to one owner; not shared between threads.
public struct SpeechDecoder: ~Copyable {
    public let codec: SpeechCodec
    /// Samples per second that come out, one channel.
    public let sampleRate: Int
    private let library: Library

    private enum Library {
        case amrWB(UnsafeMutableRawPointer, octetAlign: Bool)
        case opus(OpaquePointer)
    }

    /// - Parameter opusSampleRate: 8,000, 12,000, 16,000, 24,000 or 48,000; AMR-WB is always 16,000.
    public init(_ codec: SpeechCodec, opusSampleRate: Int = 16_000) throws(SpeechError) {
        self.codec = codec
        switch codec {
        case .amrWB(let octetAlign):
            guard let state = D_IF_init() else { throw .codecUnavailable }
            sampleRate = 16_000
            library = .amrWB(state, octetAlign: octetAlign)
        case .opus:
            var status: Int32 = 0
            guard let state = opus_decoder_create(Int32(clamping: opusSampleRate), 1, &status) else {
                throw .codec(status)
            }
            sampleRate = opusSampleRate
            library = .opus(state)
        }
    }

    deinit {
        switch library {
        case .amrWB(let state, _): D_IF_exit(state)
        case .opus(let state): opus_decoder_destroy(state)
        }
    }

    /// Samples in a frame of 20 ms.
    public var samplesPerFrame: Int { sampleRate / 50 }

    /// The samples of a packet: 20 ms for each frame in it.
    public mutating func decode(_ payload: [UInt8]) throws(SpeechError) -> [Int16] {
        switch library {
        case .amrWB(let state, let octetAlign):
            var samples: [Int16] = []
            for frame in try frames(of: payload, octetAlign: octetAlign) {
                samples += Self.decode(type: frame.type, isGood: frame.isGood, data: frame.data, with: state)
            }
            return samples
        case .opus(let state):
            // RFC 6716 3.1: at most 120 ms in a packet.
            var samples = [Int16](repeating: 0, count: sampleRate / 1_000 * 120)
            let count = opus_decode(
                state, payload, Int32(clamping: payload.count), &samples, Int32(samples.count), 0)
            guard !payload.isEmpty, count > 0 else { throw .malformedPayload }
            return Array(samples[..<Int(count)])
        }
    }

    /// 20 ms in place of a packet that never came.
    public mutating func conceal() throws(SpeechError) -> [Int16] {
        switch library {
        case .amrWB(let state, _): return Self.decode(type: 14, isGood: true, data: [], with: state)
        case .opus(let state):
            var samples = [Int16](repeating: 0, count: samplesPerFrame)
            let count = opus_decode(state, nil, 0, &samples, Int32(samples.count), 0)
            guard count > 0 else { throw .codec(count) }
            return Array(samples[..<Int(count)])
        }
    }

    private func frames(of payload: [UInt8], octetAlign: Bool) throws(SpeechError) -> [AMRWBPayload.Frame] {
        do throws(AMRWBPayload.ParseError) {
            return try AMRWBPayload(parsing: payload, octetAligned: octetAlign).frames
        } catch {
            throw .malformedPayload
        }
    }

    private static func decode(
        type: UInt8, isGood: Bool, data: [UInt8], with state: UnsafeMutableRawPointer
    ) -> [Int16] {
        // The library takes a frame as it stands in files (RFC 4867 5.3): a header octet, then the bits. It reads as
        // many octets as the type has, so the buffer is as large as the largest type.
        var stored = [UInt8](repeating: 0, count: 64)
        stored[0] = type << 3 | (isGood ? 0x04 : 0)
        for (index, octet) in data.prefix(63).enumerated() { stored[index + 1] = octet }
        var samples = [Int16](repeating: 0, count: 320)
        D_IF_decode(state, stored, &samples, 0)
        return samples
    }
}
