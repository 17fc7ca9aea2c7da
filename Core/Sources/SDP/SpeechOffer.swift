public import MCFoundation

/// Why two descriptions cannot become a call. The requester is told 488 (Not Acceptable Here, RFC 3261 21.4.26).
public enum SpeechNegotiationError: Error, Hashable, Sendable {
    /// No `m=audio` with a port.
    case noAudio
    /// No literal address for the audio or the floor control channel.
    case noAddress
    /// None of the offered formats is an acceptable codec profile with 20 ms in a packet.
    case noCommonCodec
    /// Only protected media (`RTP/SAVP`) is offered.
    case protectedMedia
    /// `a=fmtp:MCPTT` cannot be read.
    case malformedFloorParameters
    /// An answer whose media descriptions are not those of the offer, in number and order (RFC 3264 6).
    case answerDoesNotFitOffer
}

/// The vendor attribute by which gateways agree to carry the audio of a call once.
public let trunkAttributeName = "x-mc-trunk"

/// What one end offers for a call: audio (`m=audio`, `i=speech`) and, beside it, a floor control channel
/// (`m=application <port> udp MCPTT`), TS 24.379 6.2.1 and TS 24.380 clause 14.
public struct SpeechOffer: Hashable, Sendable {
    /// Where the offerer receives audio.
    public var audio: SocketAddress
    /// Where it receives floor control messages; nil: a call without floor control.
    public var floor: SocketAddress?
    /// The parameters of the floor control channel.
    public var floorParameters: FloorControlParameters
    public var codec: SpeechCodec
    /// RTP payload type of the codec. An answer adopts it, and one call has one for all.
    public var payloadType: UInt8
    /// `mode-set` of AMR-WB where the offerer restricts it; an answer repeats it (RFC 4867 8.3.1).
    public var modeSet: String?
    public var direction: MediaDirection
    /// True: RTCP comes to the audio port too (RFC 5761).
    public var multiplexesRTCP: Bool
    /// The trunk that the audio belongs to, offered by gateways.
    public var trunk: String?

    public init(
        audio: SocketAddress, floor: SocketAddress?, floorParameters: FloorControlParameters = .init(),
        codec: SpeechCodec = .amrWB(octetAlign: true), payloadType: UInt8 = 97,
        direction: MediaDirection = .sendReceive, multiplexesRTCP: Bool = true, trunk: String? = nil
    ) {
        self.audio = audio
        self.floor = floor
        self.floorParameters = floorParameters
        self.codec = codec
        self.payloadType = payloadType
        self.direction = direction
        self.multiplexesRTCP = multiplexesRTCP
        self.trunk = trunk
    }

    /// Reads an offer. The codec is the first one offered that is in `profiles`; a controlling function passes the one
    /// profile of the group, a function that does not know it leaves them all.
    public init(
        reading session: SessionDescription, accepting profiles: [SpeechCodec] = SpeechCodec.all
    ) throws(SpeechNegotiationError) {
        let channel = try SpeechChannel(reading: session, accepting: profiles)
        self = channel.offer
    }

    /// The description that says this. The caller keeps session ID and version per dialog (RFC 3264 8: same session,
    /// version one higher with each change).
    public func session(id: UInt64, version: UInt64 = 1, username: String = "-") -> SessionDescription {
        var audioMedia = MediaDescription.speech(
            port: audio.port, transport: "RTP/AVP", codec: codec, payloadType: payloadType, modeSet: modeSet)
        audioMedia.attributes.append(SDPAttribute(direction.rawValue))
        if multiplexesRTCP { audioMedia.attributes.append(SDPAttribute("rtcp-mux")) }
        if let trunk { audioMedia.attributes.append(SDPAttribute(trunkAttributeName, trunk)) }
        var session = SessionDescription(
            origin: Origin(username: username, sessionID: id, version: version, address: audio.address),
            connection: Connection(audio.address), media: [audioMedia])
        if let floor {
            session.media.append(.floorControl(floor, besides: audio.address, parameters: floorParameters))
        }
        return session
    }
}

/// Where in a description the speech of a call stands: the first usable audio and the first floor control channel.
struct SpeechChannel {
    var offer: SpeechOffer
    var audioIndex: Int
    var floorIndex: Int?

    init(reading session: SessionDescription, accepting profiles: [SpeechCodec]) throws(SpeechNegotiationError) {
        guard let audioIndex = session.media.firstIndex(where: { $0.kind == "audio" && $0.port != 0 }) else {
            throw .noAudio
        }
        let media = session.media[audioIndex]
        let transport = media.transport.uppercased()
        guard transport == "RTP/AVP" || transport == "RTP/AVPF" else {
            throw transport.contains("SAVP") ? .protectedMedia : .noCommonCodec
        }
        guard let address = session.address(of: media) else { throw .noAddress }
        guard media.maximumPacketTimeMilliseconds ?? .max >= SpeechCodec.packetTimeMilliseconds,
            let choice = Self.choose(from: media, accepting: profiles)
        else { throw .noCommonCodec }
        offer = SpeechOffer(
            audio: SocketAddress(address, port: media.port), floor: nil, codec: choice.codec,
            payloadType: choice.payloadType, direction: session.direction(of: media),
            multiplexesRTCP: media.attributes.contains(named: "rtcp-mux"),
            trunk: media.attributes.value(of: trunkAttributeName))
        offer.modeSet = choice.modeSet
        self.audioIndex = audioIndex
        floorIndex = session.media.firstIndex { $0.isFloorControl && $0.port != 0 }
        guard let floorIndex else { return }
        let floor = session.media[floorIndex]
        guard let floorAddress = session.address(of: floor) else { throw .noAddress }
        offer.floor = SocketAddress(floorAddress, port: floor.port)
        do throws(SDPError) {
            offer.floorParameters = try FloorControlParameters(parsing: floor.formatParameters(for: "MCPTT") ?? "")
        } catch {
            throw .malformedFloorParameters
        }
    }

    private static func choose(
        from media: MediaDescription, accepting profiles: [SpeechCodec]
    ) -> (codec: SpeechCodec, payloadType: UInt8, modeSet: String?)? {
        for format in media.formats {
            guard let map = media.rtpMap(for: format) else { continue }
            let parameters = CodecParameters(media.formatParameters(for: format))
            for codec in profiles where codec.matches(map, parameters) {
                let modeSet = if case .amrWB = codec { parameters["mode-set"] } else { nil as String? }
                return (codec, map.payloadType, modeSet)
            }
        }
        return nil
    }
}

extension MediaDescription {
    static func speech(
        port: UInt16, transport: String, codec: SpeechCodec, payloadType: UInt8, modeSet: String?
    ) -> MediaDescription {
        var media = MediaDescription(
            kind: "audio", port: port, transport: transport, formats: ["\(payloadType)"], information: "speech",
            attributes: [SDPAttribute("rtpmap", codec.rtpMap(payloadType: payloadType).description)])
        if let parameters = codec.formatParameters(modeSet: modeSet) {
            media.attributes.append(SDPAttribute("fmtp", "\(payloadType) \(parameters)"))
        }
        media.attributes.append(SDPAttribute("ptime", "\(SpeechCodec.packetTimeMilliseconds)"))
        return media
    }

    static func floorControl(
        _ floor: SocketAddress, besides audio: IPAddress, parameters: FloorControlParameters
    ) -> MediaDescription {
        var media = MediaDescription(kind: "application", port: floor.port, transport: "udp", formats: ["MCPTT"])
        if floor.address != audio { media.connection = Connection(floor.address) }
        let text = parameters.text
        if !text.isEmpty { media.attributes.append(SDPAttribute("fmtp", "MCPTT \(text)")) }
        return media
    }
}
