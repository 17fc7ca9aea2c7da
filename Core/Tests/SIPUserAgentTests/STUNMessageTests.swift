import MCFoundation
import SIPUserAgent
import Testing

@Suite struct STUNMessageTests {
    static let transaction = (1...12).map { UInt8($0) }

    /// A Binding request with attributes.
    static func request(_ attributes: [UInt8] = [], type: UInt8 = 1) -> [UInt8] {
        [0, type, 0, UInt8(attributes.count), 0x21, 0x12, 0xa4, 0x42] + transaction + attributes
    }

    @Test(arguments: ["192.0.2.1", "2001:db8:1234:5678:11:2233:4455:6677"])
    func `a Binding request is answered with where it came from`(text: String) throws {
        let source = SocketAddress(try #require(IPAddress(text)), port: 32_853)
        let request = STUNMessage.request(transaction: Self.transaction)
        #expect(request == Self.request())
        let answer = try #require(STUNMessage(request)?.answer(to: source))
        let read = try #require(STUNMessage(answer))
        #expect(read.transaction == Self.transaction)
        #expect(read.kind == .success(source))
        #expect(read.answer(to: source) == nil)
    }

    /// RFC 5769 2.2 and 2.3: the XOR-MAPPED-ADDRESS of the sample responses.
    @Test func `the addresses of RFC 5769 are masked as they stand there`() throws {
        let id: [UInt8] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]
        let request: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + id
        let v4 = try #require(IPAddress("192.0.2.1"))
        let v6 = try #require(IPAddress("2001:db8:1234:5678:11:2233:4455:6677"))
        #expect(
            STUNMessage(request)?.answer(to: SocketAddress(v4, port: 32_853))?.dropFirst(20)
                == [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43])
        #expect(
            STUNMessage(request)?.answer(to: SocketAddress(v6, port: 32_853))?.dropFirst(20) == [
                0, 0x20, 0, 0x14, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4,
                0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
            ])
    }

    @Test func `an attribute that must be understood is refused with 420, another is skipped`() throws {
        let source = SocketAddress(.loopback, port: 9)
        let unknown = try #require(STUNMessage(Self.request([0x00, 0x77, 0, 1, 9, 0, 0, 0])))
        #expect(unknown.unknownAttributes == [0x77])
        let refusal = try #require(unknown.answer(to: source))
        #expect(refusal.starts(with: [1, 0x11]))
        #expect(refusal.dropFirst(20).starts(with: [0, 9, 0, 21, 0, 0, 4, 20]))
        #expect(refusal.suffix(8) == [0, 0x0a, 0, 2, 0, 0x77, 0, 0])
        #expect(STUNMessage(refusal)?.kind == .failure)
        // SOFTWARE need not be understood.
        let optional = try #require(STUNMessage(Self.request([0x80, 0x22, 0, 4, 1, 2, 3, 4])))
        #expect(optional.answer(to: source)?.starts(with: [1, 1]) == true)
        #expect(STUNMessage(Self.request(type: 0x11))?.answer(to: source) == nil)
    }

    @Test func `what is no Binding message is none`() throws {
        let good = Self.request([0x80, 0x22, 0, 4, 1, 2, 3, 4])
        #expect(STUNMessage(good) != nil)
        for count in 0..<good.count { #expect(STUNMessage(Array(good.prefix(count))) == nil) }
        #expect(STUNMessage(good + [0, 0, 0, 0]) == nil)
        #expect(STUNMessage([0x40] + good.dropFirst()) == nil)
        #expect(STUNMessage(Array("OPTIONS sip:a SIP/2.0\r\n\r\n".utf8)) == nil)
        // The length of an attribute goes beyond the message.
        #expect(STUNMessage(Self.request([0x80, 0x22, 0, 5, 1, 2, 3, 4])) == nil)
        // More attributes than are looked at, and a message larger than a datagram may be.
        let many = (0..<40).flatMap { _ in [0x80, 0x22, 0, 0] as [UInt8] }
        #expect(STUNMessage(Self.request(many)) == nil)
        let large = STUNMessage.maximumOctets + 4
        let length = large - 20
        let huge: [UInt8] = [0, 1, UInt8(length >> 8), UInt8(length & 255), 0x21, 0x12, 0xa4, 0x42] + Self.transaction
        #expect(
            STUNMessage(
                huge + [0x80, 0x22, UInt8((length - 4) >> 8), UInt8((length - 4) & 255)]
                    + [UInt8](repeating: 0, count: length - 4)) == nil)
    }

    /// Octets turned at random: nothing traps, and what is read can be answered in bounds.
    @Test func `no octets stop the reader`() {
        var random = SeededGenerator(seed: 5)
        let seeds = [
            Self.request(), Self.request([0x00, 0x77, 0, 1, 9, 0, 0, 0]),
            Self.request([0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43], type: 1),
            STUNMessage(Self.request())?.answer(to: SocketAddress(.loopback, port: 7)) ?? [],
        ]
        var read = 0
        for _ in 0..<50_000 {
            var octets = seeds[Int(random.next() % UInt64(seeds.count))]
            for _ in 0..<(random.next() % 4) {
                let at = Int(random.next() % UInt64(octets.count))
                octets[at] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 4 == 0 { octets.removeLast(Int(random.next() % 8)) }
            if random.next() % 4 == 0 {
                octets += (0..<(random.next() % 16)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
            guard let message = STUNMessage(octets) else { continue }
            read += 1
            if let answer = message.answer(to: SocketAddress(.loopback, port: 1)) {
                #expect(answer.count % 4 == 0 && answer.count <= 160)
            }
        }
        #expect(read > 10_000)
    }
}
