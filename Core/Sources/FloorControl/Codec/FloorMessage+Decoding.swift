import MCFoundation

extension FloorMessage {
    /// Reads all messages of one datagram. Messages and acknowledgement variants that the table does not define, and
    /// APP packets of another name, are left out; unknown fields are skipped.
    public static func decode(
        _ datagram: [UInt8], limits: FloorLimits = .init()
    ) throws(FloorDecodingError) -> [FloorMessage] {
        try decode(datagram.span.bytes, limits: limits)
    }

    /// Reads all messages of one datagram, see above.
    public static func decode(
        _ datagram: RawSpan, limits: FloorLimits = .init()
    ) throws(FloorDecodingError) -> [FloorMessage] {
        var messages: [FloorMessage] = []
        var offset = 0
        while let message = try decodeNext(datagram, at: &offset, limits: limits) {
            guard messages.count < limits.messagesPerDatagram else {
                throw FloorDecodingError(.tooManyMessages, offset: offset)
            }
            messages.append(message)
        }
        return messages
    }

    /// Reads the message at `offset` and moves on behind it; nil at the end of the datagram. Messages without text and
    /// lists are read without allocating.
    public static func decodeNext(
        _ datagram: RawSpan, at offset: inout Int, limits: FloorLimits = .init()
    ) throws(FloorDecodingError) -> FloorMessage? {
        while offset < datagram.byteCount {
            let start = offset
            guard datagram.byteCount - start >= 12 else {
                throw FloorDecodingError(.truncated, offset: start)
            }
            let first = datagram.octet(start)
            guard first & 0xe0 == 0x80 else {
                throw FloorDecodingError(.unsupportedHeader, offset: start)
            }
            guard datagram.octet(start + 1) == RTCPApplication.packetType else {
                throw FloorDecodingError(.notApplicationDefined, offset: start + 1)
            }
            let end = start + 4 * (Int(datagram.word16(start + 2)) + 1)
            guard end - start >= 12, end <= datagram.byteCount else {
                throw FloorDecodingError(.truncated, offset: start + 2)
            }
            offset = end
            let isAcknowledgementVariant = first & RTCPApplication.acknowledgementBit != 0
            guard datagram.word32(start + 8) == RTCPApplication.name,
                let kind = FloorMessageKind(rawValue: first & 0x0f),
                !isAcknowledgementVariant || kind.canRequestAcknowledgement
            else { continue }
            var message = FloorMessage(
                kind, ssrc: datagram.word32(start + 4), acknowledgementRequested: isAcknowledgementVariant)
            try message.readFields(of: datagram, start + 12..<end, limits: limits)
            return message
        }
        return nil
    }

    private mutating func readFields(
        of datagram: RawSpan, _ range: Range<Int>, limits: FloorLimits
    ) throws(FloorDecodingError) {
        var offset = range.lowerBound
        var count = 0
        while offset < range.upperBound {
            count += 1
            guard count <= limits.fieldsPerMessage else {
                throw FloorDecodingError(.tooManyFields, offset: offset)
            }
            let id = FloorFieldID.current(datagram.octet(offset))
            if id == FloorFieldID.listOfSSRCs {
                offset = try readSSRCList(datagram, offset..<range.upperBound)
                continue
            }
            // TS 24.380 8.2.3.1: fields from 192 on have a Length of two octets.
            let head = id < 192 ? 2 : 3
            guard range.upperBound - offset >= head else {
                throw FloorDecodingError(.truncated, offset: offset)
            }
            let length = head == 2 ? Int(datagram.octet(offset + 1)) : Int(datagram.word16(offset + 1))
            guard range.upperBound - offset - head >= length else {
                throw FloorDecodingError(.truncated, offset: offset)
            }
            let value = offset + head..<offset + head + length
            guard readField(id, datagram, value) else {
                throw FloorDecodingError(.malformedField(id), offset: offset)
            }
            // The last field may lack padding only if the packet length is wrong, and then it ends the message.
            offset = min(value.upperBound + (4 - (head + length) % 4) % 4, range.upperBound)
        }
    }

    /// False where the value does not fit the field's table. Octets beyond a fixed-length value are spare.
    private mutating func readField(_ id: UInt8, _ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        let start = value.lowerBound
        if let least = FloorFieldID.leastLength(id), value.count < least { return false }
        switch id {
        case 0: priority = bytes.octet(start)
        case 1: duration = bytes.word16(start)
        case 2:
            guard let phrase = bytes.text(start + 2..<value.upperBound) else { return false }
            rejectCause = RejectCause(bytes.word16(start), phrase: phrase.isEmpty ? nil : phrase)
        case 3: readQueueInfo(QueueInfo(position: bytes.octet(start), priority: bytes.octet(start + 1)))
        case 5: permissionToRequest = bytes.word16(start) != 0
        case 7: queueSize = bytes.word16(start)
        case 8: sequenceNumber = bytes.word16(start)
        case 10: source = FloorMessageSource(rawValue: bytes.word16(start))
        case 11: return readTrackInfo(bytes, value)
        case 12: messageType = bytes.octet(start) & 0x0f
        case 13: indicator = FloorIndicator(rawValue: bytes.word16(start))
        case 14: readAudioSSRC(bytes.word32(start))
        case 19:
            guard let (read, _) = FloorLocation.read(bytes, value) else { return true }
            location = read
        case 20: return readLocations(bytes, value)
        case 21: queuedRequestsPurpose = QueuedFloorRequestsPurpose(rawValue: bytes.word16(start))
        case 23: queuedRequestsResult = bytes.word16(start)
        case 24: mediaFlowControl = bytes.octet(start) & 0x80 != 0 ? .resume : .stop
        case 15, 18, 22: return readTextList(id, bytes, value)
        case 4, 6, 9, 17, 25: return readText(id, bytes, value)
        default: break
        }
        return true
    }

    private mutating func readText(_ id: UInt8, _ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        guard let text = bytes.text(value) else { return false }
        switch id {
        case 4: grantedParty = MCPTTID(text)
        case 6: userID = MCPTTID(text)
        case 17: functionalAlias = FunctionalAlias(text)
        case 25: revokeRequestUserID = MCPTTID(text)
        default:
            if handedOverQueue.isEmpty {
                queuedUserID = MCPTTID(text)
            } else {
                handedOverQueue[handedOverQueue.count - 1].userID = MCPTTID(text)
            }
        }
        return true
    }

    /// In Floor Granted of an off-network call SSRC, Queued User ID and Queue Info repeat per queued user, behind the
    /// SSRC of the one who is granted: there alone order has a meaning.
    private mutating func readAudioSSRC(_ value: UInt32) {
        if kind == .granted, audioSSRC != nil {
            handedOverQueue.append(QueuedUser(ssrc: value))
        } else {
            audioSSRC = value
        }
    }

    private mutating func readQueueInfo(_ value: QueueInfo) {
        if handedOverQueue.isEmpty {
            queueInfo = value
        } else {
            handedOverQueue[handedOverQueue.count - 1].info = value
        }
    }

    private mutating func readTrackInfo(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        let typeStart = value.lowerBound + 2
        let length = Int(bytes.octet(value.lowerBound + 1))
        let typeEnd = typeStart + length
        guard typeEnd <= value.upperBound, let type = bytes.text(typeStart..<typeEnd) else { return false }
        // The participant type is padded to a multiple of four octets of its own length.
        var offset = typeEnd + (4 - length % 4) % 4
        var references: [UInt32] = []
        while offset + 4 <= value.upperBound {
            references.append(bytes.word32(offset))
            offset += 4
        }
        trackInfo = TrackInfo(
            supportsQueueing: bytes.octet(value.lowerBound) != 0, participantType: type, references: references)
        return true
    }

    private mutating func readTextList(_ id: UInt8, _ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        var offset = value.lowerBound + 1
        var texts: [String] = []
        for _ in 0..<bytes.octet(value.lowerBound) {
            guard offset < value.upperBound else { return false }
            let end = offset + 1 + Int(bytes.octet(offset))
            guard end <= value.upperBound, let text = bytes.text(offset + 1..<end) else { return false }
            texts.append(text)
            offset = end
        }
        switch id {
        case 15: grantedUsers = texts.map { MCPTTID($0) }
        case 18: functionalAliases = texts.map { FunctionalAlias($0) }
        default: queuedUsers = texts.map { MCPTTID($0) }
        }
        return true
    }

    /// Items stand bare; one implementation nests whole Location fields instead. A bare item begins with its type,
    /// a nested one with field ID 19, which no type reaches.
    private mutating func readLocations(_ bytes: RawSpan, _ value: Range<Int>) -> Bool {
        var offset = value.lowerBound + 1
        var items: [FloorLocation] = []
        for _ in 0..<bytes.octet(value.lowerBound) {
            guard offset < value.upperBound else { return false }
            let isNested = bytes.octet(offset) == FloorFieldID.location
            let start = isNested ? offset + 2 : offset
            guard start < value.upperBound else { return false }
            // The length of an item of unknown type is unknown: what follows cannot be read.
            guard let (item, end) = FloorLocation.read(bytes, start..<value.upperBound) else { break }
            items.append(item)
            offset = isNested ? max(end, start + Int(bytes.octet(offset + 1))) : end
        }
        locations = items
        return true
    }

    /// Returns the offset behind the field, padding included.
    private mutating func readSSRCList(_ bytes: RawSpan, _ range: Range<Int>) throws(FloorDecodingError) -> Int {
        let start = range.lowerBound
        guard range.count >= 4 else { throw FloorDecodingError(.truncated, offset: start) }
        let first = Int(bytes.octet(start + 1))
        let second = Int(bytes.octet(start + 2))
        var list = start + 4
        var count = first
        var end = start + 4 + 4 * first
        if second != 0 {
            // With Length: what count and SSRCs leave over of it is spare.
            count = second
            end = start + 2 + first
            list = end - 4 * count
            guard list >= start + 3 else {
                throw FloorDecodingError(.malformedField(FloorFieldID.listOfSSRCs), offset: start)
            }
        } else if end > range.upperBound, first <= 3 {
            // With Length and no entry at all.
            count = 0
            end = start + 2 + first
        }
        guard end <= range.upperBound else { throw FloorDecodingError(.truncated, offset: start) }
        ssrcs = (0..<count).map { bytes.word32(list + 4 * $0) }
        return min(end + (4 - (end - start) % 4) % 4, range.upperBound)
    }
}

/// Constants of the RTCP APP packet that carries floor control (TS 24.380 8.2.2).
enum RTCPApplication {
    static let packetType: UInt8 = 204
    static let acknowledgementBit: UInt8 = 0x10
    /// "MCPT"
    static let name: UInt32 = 0x4d43_5054
}

/// The field identifiers that need a name (TS 24.380 8.2.3.1).
enum FloorFieldID {
    static let listOfSSRCs: UInt8 = 16
    static let location: UInt8 = 19

    /// Releases before 13.3 counted from 102 on; such identifiers are read, never written.
    static func current(_ id: UInt8) -> UInt8 {
        switch id {
        case 102...106: id - 102
        case 108...116: id - 103
        default: id
        }
    }

    /// Shortest value that can be read, in octets.
    static func leastLength(_ id: UInt8) -> Int? {
        switch id {
        case 0, 1, 2, 3, 5, 7, 8, 10, 11, 12, 13, 21, 23: 2
        case 14: 4
        case 15, 18, 19, 20, 22, 24: 1
        default: nil
        }
    }
}

extension FloorLocation {
    /// Reads type and value at the start of `range`; nil where the type is unknown or octets are missing. The second
    /// value is the offset behind the item.
    static func read(_ bytes: RawSpan, _ range: Range<Int>) -> (FloorLocation, end: Int)? {
        let start = range.lowerBound + 1
        let type = bytes.octet(range.lowerBound)
        guard Int(type) < lengths.count, range.count > lengths[Int(type)] else { return nil }
        let end = start + lengths[Int(type)]
        switch type {
        case 0: return (.notProvided, end)
        case 1: return (.ecgi(plmn: PLMN(octets: bytes.word24(start)), cell: bytes.word32(start + 3)), end)
        case 2: return (.trackingArea(plmn: PLMN(octets: bytes.word24(start)), code: bytes.word16(start + 3)), end)
        case 3: return (.plmn(PLMN(octets: bytes.word24(start))), end)
        case 4: return (.mbmsServiceArea(bytes.word16(start)), end)
        case 5: return (.mbsfnArea(bytes.octet(start)), end)
        case 6:
            let point = GeographicCoordinates(
                latitudeCode: bytes.word24(start), longitudeCode: bytes.word24(start + 3))
            return (.geographic(point), end)
        default: return (.altitude(bytes.word16(start)), end)
        }
    }

    /// Octets of the value by type.
    private static let lengths = [0, 7, 5, 3, 2, 1, 6, 2]
}
