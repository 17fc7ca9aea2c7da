import SIP
import Testing

@Suite("Framing of streams")
struct StreamFramerTests {
    static func message(_ number: Int, body: Int) -> [UInt8] {
        let text = """
            OPTIONS sip:a@b SIP/2.0
            v: SIP/2.0/TCP h;branch=z9hG4bK\(number)
            f: <sip:c@d>;tag=1
            t: <sip:a@b>
            i: \(number)
            CSeq: \(number) OPTIONS
            Content-Type: application/octet-stream
            l : \(body)


            """
        return Array(text.replacing("\n", with: "\r\n").utf8) + [UInt8](repeating: 13, count: body)
    }

    static func frames(_ framer: inout StreamFramer) throws -> [Frame] {
        var frames: [Frame] = []
        while let frame = try framer.next() { frames.append(frame) }
        return frames
    }

    @Test("messages come out whole, however the stream is cut", arguments: [1, 2, 3, 7, 64, 1000])
    func pieces(_ size: Int) throws {
        let messages = [Self.message(1, body: 0), Self.message(2, body: 17), Self.message(3, body: 400)]
        let stream = Array(messages.joined())
        var framer = StreamFramer()
        var frames: [Frame] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            framer.append(stream[start..<min(start + size, stream.count)])
            frames += try Self.frames(&framer)
        }
        #expect(frames == messages.map { .message($0) })
        #expect(framer.bufferedOctets == 0)
    }

    @Test("a double line break is a ping, in one piece or in two")
    func pings() throws {
        var framer = StreamFramer()
        framer.append(Array("\r\n\r\n".utf8))
        #expect(try Self.frames(&framer) == [.keepAlivePing])
        framer.append(Array("\r\n".utf8))
        #expect(try Self.frames(&framer).isEmpty)
        framer.append(Array("\r\n".utf8))
        #expect(try Self.frames(&framer) == [.keepAlivePing])
    }

    @Test("a single line break is a pong to who opened the connection, and nothing before a message")
    func pongs() throws {
        var opened = StreamFramer(side: .opened)
        opened.append(Array("\r\n".utf8))
        #expect(try Self.frames(&opened) == [.keepAlivePong])
        var accepted = StreamFramer()
        let message = Self.message(1, body: 3)
        accepted.append(Array("\r\n".utf8) + message)
        #expect(try Self.frames(&accepted) == [.message(message)])
    }

    @Test("a header section that does not end is refused at the limit, and for ever")
    func endless() throws {
        var limits = SIPLimits()
        limits.headerOctets = 1000
        var framer = StreamFramer(limits: limits)
        framer.append([UInt8](repeating: 65, count: 999))
        #expect(try framer.next() == nil)
        framer.append([65])
        #expect(throws: SIPParseError.self) { try framer.next() }
        framer.append(Self.message(1, body: 0))
        #expect(throws: SIPParseError.self) { try framer.next() }
        #expect(framer.bufferedOctets == 0)
    }

    @Test("a body above the limit is refused with 413 before it is stored")
    func tooLarge() throws {
        var limits = SIPLimits()
        limits.bodyOctets = 100
        var framer = StreamFramer(limits: limits)
        framer.append(Self.message(1, body: 101).dropLast(101))
        let error = #expect(throws: SIPParseError.self) { try framer.next() }
        #expect(error?.status == 413)
        #expect(error?.partial?.headers.callID == "1")
    }

    @Test(
        "a length that is missing, negative, too large or no number is refused",
        arguments: ["X: 1", "l: -1", "l: 99999999999999999999", "l: 1x", "l: ", "l: 0\r\nContent-Length: 0", "l: 1, 2"])
    func badLengths(_ field: String) throws {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/TCP h\r\n\(field)\r\n\r\n"
        var framer = StreamFramer()
        framer.append(Array(text.utf8))
        let error = #expect(throws: SIPParseError.self) { try framer.next() }
        #expect(error?.status == 400)
    }

    @Test("a length on a folded line is read")
    func foldedLength() throws {
        var framer = StreamFramer()
        framer.append(Array("OPTIONS sip:a@b SIP/2.0\r\nContent-Length:\r\n 2\r\n\r\nok".utf8))
        guard case .message(let message)? = try framer.next() else {
            Issue.record("no message")
            return
        }
        #expect(message.suffix(2) == Array("ok".utf8)[...])
    }
}
