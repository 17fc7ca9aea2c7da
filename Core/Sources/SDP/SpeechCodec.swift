/// The codec profile of a group: every member sends and receives exactly this, because nobody transcodes.
/// One frame of 20 ms per packet.
public enum SpeechCodec: Hashable, Sendable {
    /// AMR-WB (RFC 4867) at 16 kHz, one channel, no interleaving, no CRC.
    case amrWB(octetAlign: Bool)
    /// Opus (RFC 7587), 48 kHz RTP clock, mono sent.
    case opus

    /// Every profile, the preferred first.
    public static let all: [SpeechCodec] = [.amrWB(octetAlign: true), .amrWB(octetAlign: false), .opus]

    public static let packetTimeMilliseconds = 20

    /// RTP timestamp units per second.
    public var clockRate: UInt32 {
        switch self {
        case .amrWB: 16_000
        case .opus: 48_000
        }
    }

    /// RTP timestamp units in one packet.
    public var timestampStep: UInt32 { clockRate / 1_000 * UInt32(Self.packetTimeMilliseconds) }

    func rtpMap(payloadType: UInt8) -> RTPMap {
        switch self {
        case .amrWB: RTPMap(payloadType: payloadType, encoding: "AMR-WB", clockRate: 16_000)
        // RFC 7587 7: two channels are stated always, whatever is sent.
        case .opus: RTPMap(payloadType: payloadType, encoding: "opus", clockRate: 48_000, channels: 2)
        }
    }

    /// Parameters for `a=fmtp`; nil where the defaults say all.
    func formatParameters(modeSet: String?) -> String? {
        switch self {
        case .amrWB(let octetAlign):
            var parts = octetAlign ? ["octet-align=1"] : []
            if let modeSet { parts.append("mode-set=\(modeSet)") }
            return parts.isEmpty ? nil : parts.joined(separator: ";")
        case .opus: return "useinbandfec=0;stereo=0;sprop-stereo=0"
        }
    }

    /// True where an offered or answered format is this profile.
    func matches(_ map: RTPMap, _ parameters: CodecParameters) -> Bool {
        switch self {
        case .amrWB(let octetAlign):
            guard map.encoding.lowercased() == "amr-wb", map.clockRate == 16_000, map.channels ?? 1 == 1 else {
                return false
            }
            // RFC 4867 8.2: crc, robust-sorting and interleaving each imply octet-align and another packet layout.
            guard !parameters.isOn("crc"), !parameters.isOn("robust-sorting"), parameters["interleaving"] == nil else {
                return false
            }
            // The mode set binds what may be sent to the author; a group's talkers may use the highest mode.
            if let modes = parameters["mode-set"],
                !Substring(modes).fields(",").contains(where: { $0.trimmed == "8" })
            {
                return false
            }
            return parameters.isOn("octet-align") == octetAlign
        case .opus:
            return map.encoding.lowercased() == "opus" && map.clockRate == 48_000 && map.channels == 2
        }
    }
}

/// `name=value` pairs of `a=fmtp`, separated by semicolons; names without regard to case.
struct CodecParameters {
    private var pairs: [(name: String, value: String)] = []

    init(_ text: String?) {
        for piece in Substring(text ?? "").fields(";") {
            let parts = piece.fields("=", maxSplits: 1)
            guard let name = parts.first else { continue }
            pairs.append((name.trimmed.lowercased(), parts.count > 1 ? String(parts[1].trimmed) : ""))
        }
    }

    subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    func isOn(_ name: String) -> Bool { self[name] == "1" }
}
