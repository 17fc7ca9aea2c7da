import MCFoundation

extension FloorMessage {
    /// Appends the whole RTCP packet to `octets`. Texts of more than 255 octets and lists of more than their field
    /// holds cannot be coded: such a text is left out, such a list is cut. So is what the peer's release does not know.
    public func encode(into octets: inout [UInt8], for dialect: FloorDialect = .current) {
        let start = octets.count
        let acknowledgementBit = acknowledgementRequested ? RTCPApplication.acknowledgementBit : 0
        octets.append(0x80 | acknowledgementBit | kind.rawValue)
        octets.append(RTCPApplication.packetType)
        octets.append(word16: 0)
        octets.append(word32: ssrc)
        octets.append(word32: RTCPApplication.name)
        for id in kind.fieldOrder where dialect.knows(field: id) {
            write(field: id, into: &octets, dialect.ssrcList)
        }
        // At most 26 bounded fields stand here, far below the 65,536 words that the header can count.
        let words = (octets.count - start) / 4 - 1
        octets[start + 2] = UInt8(truncatingIfNeeded: words >> 8)
        octets[start + 3] = UInt8(truncatingIfNeeded: words)
    }

    /// The whole RTCP packet, see `encode(into:for:)`.
    public func encoded(for dialect: FloorDialect = .current) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(64)
        encode(into: &octets, for: dialect)
        return octets
    }

    private func write(field id: UInt8, into octets: inout [UInt8], _ layout: SSRCListLayout) {
        switch id {
        case 0: priority.map { octets.append(fixed: id, UInt16($0) << 8) }
        case 1: duration.map { octets.append(fixed: id, $0) }
        case 2: rejectCause.map { octets.append($0, field: id) }
        case 3: queueInfo.map { octets.append(fixed: id, UInt16($0.position) << 8 | UInt16($0.priority)) }
        case 4: grantedParty.map { octets.append(text: $0.value, field: id) }
        case 5: permissionToRequest.map { octets.append(fixed: id, $0 ? 1 : 0) }
        case 6: userID.map { octets.append(text: $0.value, field: id) }
        case 7:
            queueSize.map { octets.append(fixed: id, $0) }
            writeHandedOverQueue(into: &octets)
        case 8: sequenceNumber.map { octets.append(fixed: id, $0) }
        case 9: queuedUserID.map { octets.append(text: $0.value, field: id) }
        case 10: source.map { octets.append(fixed: id, $0.rawValue) }
        case 11: trackInfo.map { octets.append($0, field: id) }
        case 12: messageType.map { octets.append(fixed: id, UInt16($0 & 0x0f) << 8) }
        case 13: indicator.map { octets.append(fixed: id, $0.rawValue) }
        case 14: audioSSRC.map { octets.append(ssrc: $0, field: id) }
        case 15: octets.append(list: grantedUsers.map(\.value), field: id)
        case 16: octets.append(ssrcs: ssrcs, field: id, layout)
        case 17: functionalAlias.map { octets.append(text: $0.value, field: id) }
        case 18: octets.append(list: functionalAliases.map(\.value), field: id)
        case 19: location.map { octets.append([$0], field: id, isList: false) }
        case 20: octets.append(locations, field: id, isList: true)
        case 21: queuedRequestsPurpose.map { octets.append(fixed: id, $0.rawValue) }
        case 22: octets.append(list: queuedUsers.map(\.value), field: id)
        case 23: queuedRequestsResult.map { octets.append(fixed: id, $0) }
        case 24: mediaFlowControl.map { octets.append(fixed: id, $0 == .resume ? 0x8000 : 0) }
        case 25: revokeRequestUserID.map { octets.append(text: $0.value, field: id) }
        default: preconditionFailure("field \(id) stands in no table")
        }
    }

    private func writeHandedOverQueue(into octets: inout [UInt8]) {
        for user in handedOverQueue.prefix(255) {
            octets.append(ssrc: user.ssrc, field: 14)
            user.userID.map { octets.append(text: $0.value, field: 9) }
            user.info.map { octets.append(fixed: 3, UInt16($0.position) << 8 | UInt16($0.priority)) }
        }
    }
}

extension FloorMessageKind {
    /// All fields, those of the message's table first and in its order (TS 24.380 8.2.4 to 8.2.16).
    var fieldOrder: [UInt8] {
        Self.orders[Int(rawValue)]
    }

    private static let orders: [[UInt8]] = (UInt8(0)..<16).map { subtype in
        let table = FloorMessageKind(rawValue: subtype)?.table ?? []
        return table + (UInt8(0)...25).filter { !table.contains($0) }
    }

    private var table: [UInt8] {
        switch self {
        case .request: [0, 6, 11, 13, 17, 19]
        // What is of no queued user stands before the queue, which takes the place of 7 and has such fields too.
        case .granted: [1, 14, 0, 6, 9, 3, 7, 11, 13]
        case .taken: [4, 5, 6, 8, 11, 13, 14, 17, 15, 16, 18, 19, 20]
        case .deny: [2, 6, 11, 13]
        case .release: [6, 11, 13]
        case .idle: [8, 11, 13]
        case .revoke: [2, 11, 13]
        case .revokeRequest: [25, 11]
        case .queuePositionRequest: [6, 11]
        case .queuePositionInfo: [6, 14, 9, 3, 11, 13]
        case .ack: [10, 12, 11]
        case .unicastMediaFlowControl: [24, 11]
        case .queuedFloorRequests: [21, 22, 23, 11]
        case .releaseMultiTalker: [6, 14, 13, 11]
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(fixed id: UInt8, _ value: UInt16) {
        append(id)
        append(2)
        append(word16: value)
    }

    fileprivate mutating func append(ssrc: UInt32, field id: UInt8) {
        append(id)
        append(6)
        append(word32: ssrc)
        append(word16: 0)
    }

    fileprivate mutating func append(text: String, field id: UInt8) {
        let octets = text.utf8
        guard let length = UInt8(exactly: octets.count) else { return }
        append(id)
        append(length)
        append(contentsOf: octets)
        pad(fieldOf: 2 + Int(length))
    }

    fileprivate mutating func append(_ cause: RejectCause, field id: UInt8) {
        // A phrase explains and decides nothing, so it may be cut, between characters.
        var phrase = Substring(cause.phrase ?? "")
        while phrase.utf8.count > 253 { phrase.removeLast() }
        append(id)
        append(UInt8(2 + phrase.utf8.count))
        append(word16: cause.value)
        append(contentsOf: phrase.utf8)
        pad(fieldOf: 4 + phrase.utf8.count)
    }

    fileprivate mutating func append(_ track: TrackInfo, field id: UInt8) {
        let type = track.participantType.utf8
        let typePadding = (4 - type.count % 4) % 4
        let room = 255 - 2 - type.count - typePadding
        guard room >= 0 else { return }
        let references = track.references.prefix(room / 4)
        let length = 2 + type.count + typePadding + 4 * references.count
        append(id)
        append(UInt8(length))
        append(track.supportsQueueing ? 1 : 0)
        append(UInt8(type.count))
        append(contentsOf: type)
        append(contentsOf: repeatElement(0, count: typePadding))
        for reference in references {
            append(word32: reference)
        }
        pad(fieldOf: 2 + length)
    }

    fileprivate mutating func append(list texts: [String], field id: UInt8) {
        guard !texts.isEmpty else { return }
        let start = count
        append(id)
        append(0)
        append(0)
        var entries: UInt8 = 0
        for text in texts {
            let octets = text.utf8
            guard count - start - 2 + 1 + octets.count <= 255 else { break }
            append(UInt8(octets.count))
            append(contentsOf: octets)
            entries += 1
        }
        self[start + 1] = UInt8(count - start - 2)
        self[start + 2] = entries
        pad(fieldOf: count - start)
    }

    fileprivate mutating func append(ssrcs: [UInt32], field id: UInt8, _ layout: SSRCListLayout) {
        guard !ssrcs.isEmpty else { return }
        let spare = layout == .withLengthAndSpareOctet ? 1 : 2
        let listed = ssrcs.prefix(layout == .withoutLength ? 255 : (255 - 1 - spare) / 4)
        let start = count
        append(id)
        if layout != .withoutLength {
            append(UInt8(1 + spare + 4 * listed.count))
        }
        append(UInt8(listed.count))
        append(contentsOf: repeatElement(0, count: spare))
        for ssrc in listed {
            append(word32: ssrc)
        }
        pad(fieldOf: count - start)
    }

    fileprivate mutating func append(_ locations: [FloorLocation], field id: UInt8, isList: Bool) {
        guard !locations.isEmpty else { return }
        let start = count
        append(id)
        append(0)
        // An item has at most eight octets, so 31 fit whatever they are.
        let items = locations.prefix(31)
        if isList {
            append(UInt8(items.count))
        }
        for item in items {
            append(item)
        }
        self[start + 1] = UInt8(count - start - 2)
        pad(fieldOf: count - start)
    }

    private mutating func append(_ location: FloorLocation) {
        switch location {
        case .notProvided: append(0)
        case .ecgi(let plmn, let cell):
            append(1)
            append(word24: plmn.octets)
            append(word32: cell)
        case .trackingArea(let plmn, let code):
            append(2)
            append(word24: plmn.octets)
            append(word16: code)
        case .plmn(let plmn):
            append(3)
            append(word24: plmn.octets)
        case .mbmsServiceArea(let area):
            append(4)
            append(word16: area)
        case .mbsfnArea(let area):
            append(5)
            append(area)
        case .geographic(let point):
            append(6)
            append(word24: point.latitudeCode)
            append(word24: point.longitudeCode)
        case .altitude(let altitude):
            append(7)
            append(word16: altitude)
        }
    }

    private mutating func pad(fieldOf length: Int) {
        append(contentsOf: repeatElement(0, count: (4 - length % 4) % 4))
    }
}
