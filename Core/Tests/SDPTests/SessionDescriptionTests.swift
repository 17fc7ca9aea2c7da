import MCFoundation
import SDP
import Testing

private func parse(_ lines: [String], limits: SDPLimits = .init()) throws(SDPError) -> SessionDescription {
    try SessionDescription(parsing: Array((lines.joined(separator: "\r\n") + "\r\n").utf8), limits: limits)
}

private let head = ["v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", "t=0 0"]

/// What the reader says about these lines; nil where it accepts them.
private func failure(_ lines: [String], limits: SDPLimits = .init()) -> SDPError? {
    do throws(SDPError) {
        _ = try parse(lines, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite("Session descriptions")
struct SessionDescriptionTests {
    static let full = [
        "v=0",
        "o=alice 2890844526 2890842807 IN IP6 2001:db8::1",
        "s=Call",
        "i=A session",
        "u=http://example.org/",
        "e=a@example.org",
        "p=+39 010 1",
        "c=IN IP4 192.0.2.9",
        "b=AS:64",
        "t=2873397496 2873404696",
        "r=7d 1h 0 25h",
        "z=2882844526 -1h",
        "x=future",
        "a=recvonly",
        "a=tool:x y",
        "m=audio 49170/2 RTP/AVP 97 0",
        "i=speech",
        "c=IN IP6 2001:db8::2",
        "b=AS:40",
        "a=rtpmap:97 AMR-WB/16000/1",
        "a=fmtp:97 octet-align=1; mode-set=0,8",
        "a=ptime:20",
        "a=maxptime:240",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc=",
        "a=key-mgmt:mikey AQAFgM0X",
        "a=sendonly",
        "m=application 0 udp MCPTT",
    ]

    @Test("every part of a description is read")
    func everyPart() throws {
        let session = try parse(Self.full)
        #expect(session.origin.username == "alice")
        #expect(session.origin.sessionID == 2_890_844_526)
        #expect(session.origin.version == 2_890_842_807)
        #expect(session.origin.address.ipAddress == IPAddress("2001:db8::1"))
        #expect(session.name == "Call")
        #expect(session.information == "A session")
        #expect(session.time == "2873397496 2873404696")
        #expect(session.otherLines.map(\.type) == ["u", "e", "p", "b", "r", "z", "x"])
        #expect(session.attributes.value(of: "tool") == "x y")
        #expect(session.media.count == 2)
        let audio = session.media[0]
        #expect(audio.port == 49_170)
        #expect(audio.portCount == 2)
        #expect(audio.formats == ["97", "0"])
        #expect(audio.information == "speech")
        #expect(audio.rtpMap(for: "97") == RTPMap(payloadType: 97, encoding: "AMR-WB", clockRate: 16_000, channels: 1))
        #expect(audio.rtpMap(for: "0") == nil)
        #expect(audio.formatParameters(for: "97") == "octet-align=1; mode-set=0,8")
        #expect(audio.packetTimeMilliseconds == 20)
        #expect(audio.maximumPacketTimeMilliseconds == 240)
        #expect(audio.attributes.value(of: "key-mgmt") == "mikey AQAFgM0X")
        #expect(audio.attributes.value(of: "crypto") == "1 AES_CM_128_HMAC_SHA1_80 inline:abc=")
        #expect(session.media[1].isFloorControl)
        #expect(session.media[1].port == 0)
    }

    @Test("a media description's own address and direction win over those of the session")
    func inheritance() throws {
        let session = try parse(Self.full)
        #expect(session.address(of: session.media[0]) == IPAddress("2001:db8::2"))
        #expect(session.address(of: session.media[1]) == IPAddress("192.0.2.9"))
        #expect(session.direction(of: session.media[0]) == .sendOnly)
        #expect(session.direction(of: session.media[1]) == .receiveOnly)
    }

    @Test("what is written is what was read, lines in the order of the grammar")
    func roundTrip() throws {
        let session = try parse(Self.full)
        let text = String(decoding: session.serialized(), as: UTF8.self)
        #expect(text == Self.full.joined(separator: "\r\n") + "\r\n")
    }

    @Test("line ends without carriage return and empty lines at the end are accepted")
    func lineEnds() throws {
        let octets = Array((head.joined(separator: "\n") + "\n\r\n\n").utf8)
        #expect(try SessionDescription(parsing: octets) == parse(head))
    }

    @Test(
        "an error names its line",
        arguments: [
            (["o=- 1 2 IN IP4 192.0.2.1"], 1),
            (["v=1"], 1),
            (["v=0", "o=- 1 2 IN IP4"], 2),
            (["v=0", "o=- -1 2 IN IP4 192.0.2.1"], 2),
            (["v=0", "o=- 1 18446744073709551616 IN IP4 192.0.2.1"], 2),
            (["v=0", "", "s=-"], 2),
            (head + ["c=IN IP5 192.0.2.1"], 5),
            (head + ["c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1"], 6),
            (head + ["m=audio 65536 RTP/AVP 0"], 5),
            (head + ["m=audio +5 RTP/AVP 0"], 5),
            (head + ["m=audio 5/0 RTP/AVP 0"], 5),
            (head + ["m=audio 5 RTP/AVP"], 5),
            (head + ["m=audio 5 RTP/AVP 0", "s=late"], 6),
            (head + ["m=audio 5 RTP/AVP 96", "a=rtpmap:96 x"], 6),
            (head + ["m=audio 5 RTP/AVP 96", "a=rtpmap:128 x/8000"], 6),
            (head + ["a="], 5),
            (head + ["a=:x"], 5),
            (head + ["hello"], 5),
            (head + ["a"], 5),
            (head + ["t=0 x"], 5),
            (["v=0", "s=-", "t=0 0"], 0),
            (["v=0", "o=- 1 2 IN IP4 192.0.2.1", "t=0 0"], 0),
            (["v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-"], 0),
        ])
    func errors(lines: [String], line: Int) {
        #expect(failure(lines)?.line == line)
    }

    @Test("text that is not UTF-8, or holds a zero, is refused")
    func text() {
        for octet in [0xff, 0x00, 0x0d] as [UInt8] {
            var octets = Array("v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=".utf8)
            octets += [octet, 0x41, 13, 10]
            octets += "t=0 0\r\n".utf8
            #expect(throws: SDPError.self) { try SessionDescription(parsing: octets) }
        }
    }

    @Test("limits hold")
    func limits() {
        var limits = SDPLimits()
        limits.media = 2
        let media = Array(repeating: "m=audio 5 RTP/AVP 0", count: 3)
        #expect(failure(head + media, limits: limits)?.line == 7)
        #expect(failure(head + media.dropLast(), limits: limits) == nil)
        limits.lines = 5
        #expect(failure(head + media.dropLast(), limits: limits)?.line == 6)
        limits.lineOctets = 30
        #expect(failure(head + ["a=" + String(repeating: "x", count: 29)], limits: limits)?.line == 5)
        limits.formats = 2
        #expect(failure(head + ["m=audio 5 RTP/AVP 0 1 2"], limits: limits)?.line == 5)
        limits.octets = 40
        #expect(failure(head, limits: limits)?.line == 0)
    }

    @Test("a line end in a value cannot start a line of its own")
    func injection() throws {
        var session = try parse(head)
        session.name = "x\r\na=injected"
        let again = try SessionDescription(parsing: session.serialized())
        #expect(again.attributes.isEmpty)
        #expect(again.name == "x  a=injected")
    }

    @Test("an address that is a name gives no address")
    func names() throws {
        let session = try parse(head + ["c=IN IP4 media.example.org", "m=audio 5 RTP/AVP 0"])
        #expect(session.address(of: session.media[0]) == nil)
        let mixed = try parse(head + ["c=IN IP4 2001:db8::1", "m=audio 5 RTP/AVP 0"])
        #expect(mixed.address(of: mixed.media[0]) == nil)
    }

    @Test("an answer's direction mirrors the offer's and never exceeds the wish")
    func directions() {
        #expect(MediaDirection.sendReceive.answered() == .sendReceive)
        #expect(MediaDirection.sendOnly.answered() == .receiveOnly)
        #expect(MediaDirection.receiveOnly.answered() == .sendOnly)
        #expect(MediaDirection.inactive.answered() == .inactive)
        #expect(MediaDirection.sendReceive.answered(wishing: .receiveOnly) == .receiveOnly)
        #expect(MediaDirection.receiveOnly.answered(wishing: .receiveOnly) == .inactive)
    }
}
