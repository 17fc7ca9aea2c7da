public import MCFoundation

/// What one end answers to an offer of speech. What the offer did not have is not in it (RFC 3264 6, TS 24.380
/// clause 14): codec and payload type are the offer's, floor control parameters are cut to those offered.
public struct SpeechAnswer: Hashable, Sendable {
    /// Where the answerer receives audio.
    public var audio: SocketAddress
    /// Where it receives floor control messages; nil: port 0, no floor control.
    public var floor: SocketAddress?
    public var floorParameters: FloorControlParameters
    public var codec: SpeechCodec
    public var payloadType: UInt8
    public var modeSet: String?
    /// From the answerer's view.
    public var direction: MediaDirection
    public var multiplexesRTCP: Bool
    /// Repeats the offer's trunk where the answerer is a gateway that understands it.
    public var trunk: String?

    /// An answer to an offer.
    /// - Parameters:
    ///   - floor: nil answers the floor control channel with port 0.
    ///   - floorParameters: the answerer's wishes; only what the offer allows remains.
    ///   - direction: the answerer's wish; only what the offer allows remains.
    ///   - echoesTrunk: true for a gateway that carries the audio of a trunk once.
    public init(
        to offer: SpeechOffer, audio: SocketAddress, floor: SocketAddress?,
        floorParameters: FloorControlParameters = .init(), direction: MediaDirection = .sendReceive,
        echoesTrunk: Bool = false
    ) {
        self.audio = audio
        self.floor = offer.floor == nil ? nil : floor
        self.floorParameters = floorParameters.answering(offer.floorParameters)
        codec = offer.codec
        payloadType = offer.payloadType
        modeSet = offer.modeSet
        self.direction = offer.direction.answered(wishing: direction)
        multiplexesRTCP = offer.multiplexesRTCP
        trunk = echoesTrunk ? offer.trunk : nil
    }

    /// Reads the answer to an offer that this end sent, from the description it sent.
    public init(
        reading answer: SessionDescription, to sent: SessionDescription
    ) throws(SpeechNegotiationError) {
        guard answer.media.count == sent.media.count,
            zip(answer.media, sent.media).allSatisfy({ $0.kind == $1.kind })
        else { throw .answerDoesNotFitOffer }
        let offer = try SpeechOffer(reading: sent)
        let read = try SpeechOffer(reading: answer, accepting: [offer.codec])
        // RFC 3264 6.1 lets an answerer number payloads anew; packets that are forwarded unchanged do not.
        guard read.payloadType == offer.payloadType else { throw .noCommonCodec }
        audio = read.audio
        floor = offer.floor == nil ? nil : read.floor
        floorParameters = read.floorParameters.answering(offer.floorParameters)
        codec = read.codec
        payloadType = read.payloadType
        modeSet = read.modeSet
        direction = read.direction
        multiplexesRTCP = read.multiplexesRTCP && offer.multiplexesRTCP
        trunk = read.trunk == offer.trunk ? read.trunk : nil
    }

    /// The description of the answer: one media description for each of the offer, in its order; what is neither the
    /// speech nor its floor control is refused with port 0 (RFC 3264 6).
    public func session(
        answering offer: SessionDescription, id: UInt64, version: UInt64 = 1, username: String = "-"
    ) throws(SpeechNegotiationError) -> SessionDescription {
        let channel = try SpeechChannel(reading: offer, accepting: [codec])
        var session = SessionDescription(
            origin: Origin(username: username, sessionID: id, version: version, address: audio.address),
            connection: Connection(audio.address))
        session.time = offer.time
        for (index, offered) in offer.media.enumerated() {
            if index == channel.audioIndex {
                session.media.append(audioMedia(answering: offered))
            } else if index == channel.floorIndex, let floor {
                var media = MediaDescription.floorControl(floor, besides: audio.address, parameters: floorParameters)
                media.transport = offered.transport
                session.media.append(media)
            } else {
                session.media.append(
                    MediaDescription(
                        kind: offered.kind, port: 0, transport: offered.transport, formats: offered.formats))
            }
        }
        return session
    }

    private func audioMedia(answering offered: MediaDescription) -> MediaDescription {
        var media = MediaDescription.speech(
            port: audio.port, transport: offered.transport, codec: codec, payloadType: payloadType, modeSet: modeSet)
        media.attributes.append(SDPAttribute(direction.rawValue))
        if multiplexesRTCP { media.attributes.append(SDPAttribute("rtcp-mux")) }
        if let trunk { media.attributes.append(SDPAttribute(trunkAttributeName, trunk)) }
        return media
    }
}
