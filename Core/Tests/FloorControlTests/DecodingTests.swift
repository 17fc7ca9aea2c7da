import FloorControl
import MCFoundation
import Testing

/// A packet around the given fields.
private func packet(subtype: UInt8 = 0x02, packetType: UInt8 = 204, name: String = "4d435054", _ fields: String)
    -> [UInt8]
{
    let body = octets(fields)
    let words = (12 + body.count) / 4 - 1
    return [0x80 | subtype, packetType, UInt8(words >> 8), UInt8(words & 255)] + octets("12345678" + name) + body
}

@Suite struct DecodingTests {
    @Test func `Field identifiers of early releases are read`() throws {
        let current = try FloorMessage.decode(packet("000205000b0a010246520000010203040d028000"))
        let legacy = try FloorMessage.decode(packet("66020500720a0102465200000102030474028000"))
        #expect(legacy == current)
        #expect(current.first?.trackInfo?.references == [0x0102_0304])
    }

    @Test(arguments: [
        (102, 0), (103, 1), (104, 2), (105, 3), (108, 5), (110, 7), (111, 8), (113, 10), (115, 12), (116, 13),
    ])
    func `A legacy identifier means its successor`(_ legacy: UInt8, _ current: UInt8) throws {
        var fields = packet("00020001")
        fields[12] = legacy
        let read = try FloorMessage.decode(fields)
        fields[12] = current
        #expect(try FloorMessage.decode(fields) == read)
        #expect(read != [FloorMessage(.taken, ssrc: 0x1234_5678)])
    }

    @Test func `Unknown fields are skipped, also those with a length of two octets`() throws {
        let messages = try FloorMessage.decode(packet("1e0301020300 0000 c0 0005 0102030405 0802 0007"))
        #expect(messages.first?.sequenceNumber == 7)
    }

    @Test(arguments: [0x0c, 0x0d, 0x10, 0x16, 0x17, 0x18, 0x1a, 0x1f])
    func `A message or acknowledgement variant outside the table is ignored and the next one read`(_ subtype: UInt8)
        throws
    {
        let datagram = packet(subtype: subtype, "") + packet(subtype: 0x05, "08020001")
        #expect(try FloorMessage.decode(datagram).map(\.kind) == [.idle])
    }

    @Test func `An APP packet of another name is ignored`() throws {
        #expect(try FloorMessage.decode(packet(name: "4d435043", "")).isEmpty)
    }

    @Test func `A message without fields decodes`() throws {
        #expect(try FloorMessage.decode(packet(subtype: 0x04, "")) == [FloorMessage(.release, ssrc: 0x1234_5678)])
    }

    @Test(
        arguments: [
            ("10 02 0000 00000001 00000002", [1, 2]), ("10 0a 02 00 00000001 00000002", [1, 2]),
            ("10 0b 02 0000 00000001 00000002 000000", [1, 2]), ("10 00 00 00", []), ("10 02 00 00", []),
        ] as [(String, [UInt32])])
    func `Every layout of List of SSRCs is read and what follows it too`(_ hex: String, _ ssrcs: [UInt32]) throws {
        let isLast = hex == "10 02 00 00"
        let message = try #require(try FloorMessage.decode(packet(hex + (isLast ? "" : "08020009"))).first)
        #expect(message.ssrcs == ssrcs)
        #expect(message.sequenceNumber == (isLast ? nil : 9))
    }

    @Test func `Track Info with a participant type of a multiple of four octets has no padding`() throws {
        let message = try #require(try FloorMessage.decode(packet("0b0e 01 04 41424344 00000001 00000002")).first)
        #expect(message.trackInfo == TrackInfo(supportsQueueing: true, participantType: "ABCD", references: [1, 2]))
    }

    @Test func `Locations are read bare and nested`() throws {
        let expected: [FloorLocation] = [.notProvided, .mbmsServiceArea(0x0102), .plmn(.init(octets: 0x00f110))]
        let bare = try FloorMessage.decode(packet("14 09 03 00 04 0102 03 00f110 00")).first?.locations
        let nested = try FloorMessage.decode(packet("14 0f 03 130100 1303040102 13040300f110 000000")).first?.locations
        #expect(bare == expected)
        #expect(nested == expected)
    }

    @Test func `A location of unknown type is no reason to drop the message`() throws {
        let message = try FloorMessage.decode(packet("13 02 09 01 08020003")).first
        #expect(message?.location == nil)
        #expect(message?.sequenceNumber == 3)
    }

    @Test func `The queue of an off-network grant is read entry by entry`() throws {
        let hex = "0e0600000001 0000 07020002 0e0600000002 0000 09 01 61 00 03020105 0e0600000003 0000 03020204"
        let message = try #require(try FloorMessage.decode(packet(subtype: 0x01, hex)).first)
        #expect(message.audioSSRC == 1)
        #expect(
            message.handedOverQueue == [
                QueuedUser(ssrc: 2, userID: MCPTTID("a"), info: QueueInfo(position: 1, priority: 5)),
                QueuedUser(ssrc: 3, info: QueueInfo(position: 2, priority: 4)),
            ])
        #expect(try FloorMessage.decode(message.encoded()) == [message])
    }

    @Test(
        arguments: [
            (packet("0802"), .truncated), (packet("08040001"), .truncated), (packet("0101 0100"), .malformedField(1)),
            (packet("0402ff fe"), .malformedField(4)), (packet("0f05 02 01 61 05 62 00"), .malformedField(15)),
            (packet("10 03 05 00"), .malformedField(16)), (packet("1005 0000"), .truncated),
            (packet("0b02 01 05"), .malformedField(11)), (packet(packetType: 200, ""), .notApplicationDefined),
            ([0xa2] + packet("").dropFirst(), .unsupportedHeader),
            ([0x42] + packet("").dropFirst(), .unsupportedHeader),
            (Array(packet("08020001").dropLast()), .truncated), (Array(packet("").prefix(11)), .truncated),
            ([0x85, 204, 0, 1] + octets("123456784d435054"), .truncated),
        ] as [([UInt8], FloorDecodingError.Code)])
    func `Malformed input is refused with its reason`(_ datagram: [UInt8], _ code: FloorDecodingError.Code) {
        let error = #expect(throws: FloorDecodingError.self) { try FloorMessage.decode(datagram) }
        #expect(error?.code == code)
    }

    @Test func `More messages or fields than the limits allow are refused`() {
        let limits = FloorLimits(messagesPerDatagram: 2, fieldsPerMessage: 2)
        let message = packet("08020001")
        #expect(throws: Never.self) { try FloorMessage.decode(message + message, limits: limits) }
        let many = #expect(throws: FloorDecodingError.self) {
            try FloorMessage.decode(message + message + message, limits: limits)
        }
        #expect(many?.code == .tooManyMessages)
        let wide = #expect(throws: FloorDecodingError.self) {
            try FloorMessage.decode(packet("080200010802000108020001"), limits: limits)
        }
        #expect(wide?.code == .tooManyFields)
    }

    @Test func `Octets from a generator never trap and what decodes survives a round trip`() throws {
        var random = SeededGenerator(seed: 7)
        var decoded = 0
        for _ in 0..<20_000 {
            var datagram = octets(messageVectors[Int(random.next() % UInt64(messageVectors.count))].hex)
            for _ in 0..<(1 + random.next() % 3) {
                datagram[Int(random.next() % UInt64(datagram.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let messages = try? FloorMessage.decode(datagram) else { continue }
            decoded += messages.count
            var copy: [UInt8] = []
            for message in messages { message.encode(into: &copy) }
            #expect(try FloorMessage.decode(copy) == messages)
        }
        #expect(decoded > 1_000)
    }
}

@Suite struct EncodingTests {
    @Test func `Every field survives a round trip in each SSRC list layout`() throws {
        var message = FloorMessage(.granted, ssrc: 1, acknowledgementRequested: true)
        message.priority = 1
        message.duration = 2
        message.rejectCause = RejectCause(255, phrase: "why")
        message.queueInfo = QueueInfo(position: 1, priority: 2)
        message.grantedParty = MCPTTID("sip:a@b")
        message.permissionToRequest = false
        message.userID = MCPTTID("sip:user@b")
        message.queueSize = 3
        message.sequenceNumber = 65_535
        message.queuedUserID = MCPTTID("sip:queued@b")
        message.source = .nonControllingFunction
        message.trackInfo = TrackInfo(supportsQueueing: false, participantType: "", references: [])
        message.messageType = 14
        message.indicator = [.temporaryGroupCall, .dualFloor]
        message.audioSSRC = 4
        message.grantedUsers = [MCPTTID("sip:a@b"), MCPTTID("")]
        message.ssrcs = [5, 6, 7]
        message.functionalAlias = FunctionalAlias("sip:chief@b")
        message.functionalAliases = [FunctionalAlias("x")]
        message.location = .ecgi(plmn: .init(octets: 0x00f110), cell: 0x0123_4567)
        message.locations = [
            .trackingArea(plmn: .init(octets: 1), code: 2), .mbsfnArea(3), .altitude(4),
            .geographic(.init(latitude: -44.5, longitude: -8.25)),
        ]
        message.queuedRequestsPurpose = .cancelNotification
        message.queuedUsers = [MCPTTID("sip:q@b")]
        message.queuedRequestsResult = 5
        message.mediaFlowControl = .stop
        message.revokeRequestUserID = MCPTTID("sip:r@b")
        for layout in [SSRCListLayout.withoutLength, .withLengthAndSpareOctet, .withLengthAndTwoSpareOctets] {
            let octets = message.encoded(for: FloorDialect(ssrcList: layout))
            #expect(octets.count % 4 == 0)
            #expect(try FloorMessage.decode(octets) == [message])
        }
    }

    @Test func `A kind without the variant never asks for acknowledgement`() {
        #expect(!FloorMessage(.request, ssrc: 1, acknowledgementRequested: true).acknowledgementRequested)
    }

    @Test func `What a field cannot hold is left out or cut and the message stays whole`() throws {
        var message = FloorMessage(.taken, ssrc: 1)
        message.grantedParty = MCPTTID(String(repeating: "a", count: 256))
        message.grantedUsers = (0..<100).map { MCPTTID("sip:\($0)@mc.example") }
        message.ssrcs = (0..<300).map { UInt32($0) }
        message.rejectCause = RejectCause(1, phrase: String(repeating: "é", count: 200))
        let read = try #require(try FloorMessage.decode(message.encoded()).first)
        #expect(read.grantedParty == nil)
        #expect(read.grantedUsers == Array(message.grantedUsers.prefix(read.grantedUsers.count)))
        #expect(read.grantedUsers.count > 10)
        #expect(read.ssrcs == Array(message.ssrcs.prefix(255)))
        #expect(read.rejectCause?.phrase == String(repeating: "é", count: 126))
    }

    @Test(arguments: [(44.405, 8.946), (-33.9, -70.7), (0, 180), (90, -180), (-90, 0)])
    func `Coordinates come back within the resolution of their code`(_ latitude: Double, _ longitude: Double) {
        let point = FloorLocation.GeographicCoordinates(latitude: latitude, longitude: longitude)
        #expect(abs(point.latitude - latitude) < 90.0 / 8_388_608 * 1.01)
        #expect(abs(point.longitude - longitude) < 360.0 / 16_777_216 * 1.01)
    }
}
