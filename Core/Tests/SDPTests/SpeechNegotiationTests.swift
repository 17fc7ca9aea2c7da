import MCFoundation
import SDP
import Testing

private let clientAudio = SocketAddress(IPAddress(v4: 0xc000_0202), port: 40_000)
private let clientFloor = SocketAddress(IPAddress(v4: 0xc000_0202), port: 40_002)
private let serverAudio = SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1), port: 50_000)
private let serverFloor = SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1), port: 50_002)

private let offered = SpeechOffer(
    audio: clientAudio, floor: clientFloor,
    floorParameters: FloorControlParameters(
        queueing: true, priority: 5, granted: true, implicitRequest: true, floorSSRC: 77),
    trunk: "t1")

/// Why an offer in these lines cannot be served.
private func failure(_ lines: [String], accepting: [SpeechCodec] = SpeechCodec.all) throws -> SpeechNegotiationError? {
    let head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    let session = try SessionDescription(parsing: Array((head + lines).joined(separator: "\r\n").utf8))
    do throws(SpeechNegotiationError) {
        _ = try SpeechOffer(reading: session, accepting: accepting)
        return nil
    } catch {
        return error
    }
}

@Suite("Offer and answer of speech")
struct SpeechNegotiationTests {
    @Test("an offer is written as audio labelled speech and a floor control channel")
    func offerText() {
        let text = String(decoding: offered.session(id: 10, version: 3).serialized(), as: UTF8.self)
        let expected = [
            "v=0", "o=- 10 3 IN IP4 192.0.2.2", "s=-", "c=IN IP4 192.0.2.2", "t=0 0", "m=audio 40000 RTP/AVP 97",
            "i=speech", "a=rtpmap:97 AMR-WB/16000", "a=fmtp:97 octet-align=1", "a=ptime:20", "a=sendrecv", "a=rtcp-mux",
            "a=x-mc-trunk:t1", "m=application 40002 udp MCPTT",
            "a=fmtp:MCPTT mc_queueing;mc_priority=5;mc_granted;mc_implicit_request;mc_floor_ssrc=77", "",
        ]
        #expect(text == expected.joined(separator: "\r\n"))
    }

    @Test("what is offered is what the other end reads", arguments: SpeechCodec.all)
    func offerRoundTrip(codec: SpeechCodec) throws {
        var offer = offered
        offer.codec = codec
        offer.floor = SocketAddress(IPAddress(v4: 0xc000_0203), port: 40_004)
        let octets = offer.session(id: 1).serialized()
        #expect(try SpeechOffer(reading: SessionDescription(parsing: octets), accepting: [codec]) == offer)
    }

    @Test("an answer adopts codec and payload type and echoes only what was offered")
    func answer() throws {
        let sent = offered.session(id: 1)
        let read = try SpeechOffer(reading: sent, accepting: [.amrWB(octetAlign: true)])
        let wish = FloorControlParameters(queueing: true, priority: 200, granted: true, ssrc: 9, floorSSRC: 88)
        let answer = SpeechAnswer(
            to: read, audio: serverAudio, floor: serverFloor, floorParameters: wish, echoesTrunk: true)
        let session = try answer.session(answering: sent, id: 2)
        let received = try SpeechAnswer(reading: SessionDescription(parsing: session.serialized()), to: sent)
        #expect(received == answer)
        #expect(received.audio == serverAudio)
        #expect(received.floor == serverFloor)
        #expect(received.payloadType == 97)
        #expect(received.trunk == "t1")
        #expect(
            received.floorParameters
                == FloorControlParameters(queueing: true, priority: 5, granted: true, floorSSRC: 88))
    }

    @Test("an answerer that knows no trunk does not echo it, and cannot bring up another")
    func trunk() throws {
        let sent = offered.session(id: 1)
        var answer = SpeechAnswer(to: offered, audio: serverAudio, floor: serverFloor)
        #expect(answer.trunk == nil)
        answer.trunk = "t2"
        #expect(try SpeechAnswer(reading: answer.session(answering: sent, id: 2), to: sent).trunk == nil)
    }

    @Test("an answer without floor control has port 0 in its place")
    func noFloorControl() throws {
        let sent = offered.session(id: 1)
        let answer = SpeechAnswer(to: offered, audio: serverAudio, floor: nil)
        let session = try answer.session(answering: sent, id: 2)
        #expect(session.media.map(\.port) == [50_000, 0])
        #expect(session.media[1].formats == ["MCPTT"])
        #expect(try SpeechAnswer(reading: session, to: sent).floor == nil)
        var without = offered
        without.floor = nil
        #expect(SpeechAnswer(to: without, audio: serverAudio, floor: serverFloor).floor == nil)
        #expect(without.session(id: 1).media.count == 1)
    }

    @Test("every other medium of an offer is refused in its place")
    func otherMedia() throws {
        var sent = offered.session(id: 1)
        let video = MediaDescription(kind: "video", port: 9_000, transport: "RTP/AVP", formats: ["31", "32"])
        sent.media.insert(video, at: 0)
        sent.media.append(MediaDescription(kind: "audio", port: 9_002, transport: "RTP/AVP", formats: ["0"]))
        let answer = SpeechAnswer(to: offered, audio: serverAudio, floor: serverFloor)
        let session = try answer.session(answering: sent, id: 2)
        #expect(session.media.map(\.kind) == ["video", "audio", "application", "audio"])
        #expect(session.media.map(\.port) == [0, 50_000, 50_002, 0])
        #expect(session.media[0].formats == ["31", "32"])
        #expect(try SpeechAnswer(reading: session, to: sent).audio == serverAudio)
    }

    @Test("an answer must have the media of the offer and its payload type")
    func answerShape() throws {
        let sent = offered.session(id: 1)
        var session = try SpeechAnswer(to: offered, audio: serverAudio, floor: serverFloor)
            .session(answering: sent, id: 2)
        session.media.swapAt(0, 1)
        #expect(throws: SpeechNegotiationError.answerDoesNotFitOffer) { try SpeechAnswer(reading: session, to: sent) }
        session.media.removeLast()
        #expect(throws: SpeechNegotiationError.answerDoesNotFitOffer) { try SpeechAnswer(reading: session, to: sent) }
        var other = offered
        other.payloadType = 98
        #expect(throws: SpeechNegotiationError.noCommonCodec) {
            try SpeechAnswer(reading: other.session(id: 2), to: sent)
        }
    }

    @Test("a group's one profile decides which of several formats is taken, and a foreign payload type is adopted")
    func profile() throws {
        let lines = [
            "m=audio 5 RTP/AVP 0 96 101 102", "a=rtpmap:96 amr-wb/16000/1", "a=rtpmap:101 AMR-WB/16000",
            "a=fmtp:101 mode-set=0,2,8;octet-align=1", "a=rtpmap:102 OPUS/48000/2",
        ]
        let head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
        let session = try SessionDescription(parsing: Array((head + lines).joined(separator: "\n").utf8))
        #expect(try SpeechOffer(reading: session, accepting: [.opus]).payloadType == 102)
        #expect(try SpeechOffer(reading: session, accepting: [.amrWB(octetAlign: false)]).payloadType == 96)
        let aligned = try SpeechOffer(reading: session, accepting: [.amrWB(octetAlign: true)])
        #expect(aligned.payloadType == 101)
        let answer = try SpeechAnswer(to: aligned, audio: serverAudio, floor: nil).session(answering: session, id: 1)
        #expect(answer.media[0].formats == ["101"])
        #expect(answer.media[0].formatParameters(for: "101") == "octet-align=1;mode-set=0,2,8")
        #expect(!answer.media[0].attributes.contains(named: "rtcp-mux"))
    }

    @Test("what cannot be served has its own error")
    func refusals() throws {
        let amr = ["a=rtpmap:97 AMR-WB/16000", "a=fmtp:97 octet-align=1"]
        #expect(try failure(["m=audio 5 RTP/AVP 97"] + amr) == nil)
        #expect(try failure(["m=audio 0 RTP/AVP 97"] + amr) == .noAudio)
        #expect(try failure(["m=video 5 RTP/AVP 97"] + amr) == .noAudio)
        #expect(try failure(["m=audio 5 RTP/SAVP 97"] + amr) == .protectedMedia)
        #expect(try failure(["m=audio 5 RTP/AVP 97", "c=IN IP4 host.example"] + amr) == .noAddress)
        #expect(try failure(["m=audio 5 RTP/AVP 97"] + amr, accepting: [.opus]) == .noCommonCodec)
        #expect(try failure(["m=audio 5 RTP/AVP 97"] + amr + ["a=maxptime:10"]) == .noCommonCodec)
        #expect(try failure(["m=audio 5 RTP/AVP 97", "a=rtpmap:97 AMR/8000"]) == .noCommonCodec)
        for parameter in ["crc=1", "robust-sorting=1", "interleaving=30", "mode-set=0,1,2"] {
            let lines = [
                "m=audio 5 RTP/AVP 97", "a=rtpmap:97 AMR-WB/16000", "a=fmtp:97 octet-align=1;\(parameter)",
            ]
            #expect(try failure(lines) == .noCommonCodec)
        }
        let floor = ["m=application 6 udp MCPTT", "a=fmtp:MCPTT mc_priority=x"]
        #expect(try failure(["m=audio 5 RTP/AVP 97"] + amr + floor) == .malformedFloorParameters)
    }

    @Test("a hold is answered by its mirror")
    func hold() throws {
        var offer = offered
        offer.direction = .sendOnly
        let sent = offer.session(id: 1)
        let answer = SpeechAnswer(to: try SpeechOffer(reading: sent), audio: serverAudio, floor: nil)
        #expect(answer.direction == .receiveOnly)
        #expect(try answer.session(answering: sent, id: 1).media[0].attributes.direction == .receiveOnly)
    }
}
