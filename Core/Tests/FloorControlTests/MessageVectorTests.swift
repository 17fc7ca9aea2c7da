import FloorControl
import MCFoundation
import Testing

/// A message and its octets, agreed with the dissectors of tshark and Alea.
struct MessageVector: Sendable, CustomTestStringConvertible {
    let number: Int
    let hex: String
    let message: FloorMessage
    var layout: SSRCListLayout = .withoutLength
    var testDescription: String { "vector \(number)" }

    init(
        _ number: Int, _ hex: String, _ kind: FloorMessageKind, ssrc: UInt32 = 0x1234_5678, ack: Bool = false,
        _ layout: SSRCListLayout = .withoutLength, fill: (inout FloorMessage) -> Void
    ) {
        self.number = number
        self.hex = hex
        self.layout = layout
        var message = FloorMessage(kind, ssrc: ssrc, acknowledgementRequested: ack)
        fill(&message)
        self.message = message
    }
}

private let client: UInt32 = 0x0a0b_0c0d
private let audio: UInt32 = 0xaabb_ccdd
private let alice = MCPTTID("sip:alice@mc.example")
private let bob = MCPTTID("sip:bob@mc.example")

private func fillMultiTalker(_ message: inout FloorMessage) {
    message.permissionToRequest = true
    message.sequenceNumber = 3
    message.indicator = [.normalCall, .multiTalker]
    message.grantedUsers = [alice, bob]
    message.ssrcs = [0xaabb_ccdd, 0xaabb_ccde]
}

let messageVectors: [MessageVector] = [
    .init(1, "80cc00040a0b0c0d4d435054000205000d028000", .request, ssrc: client) {
        $0.priority = 5
        $0.indicator = .normalCall
    },
    .init(
        2,
        "80cc000e0a0b0c0d4d4350540002ff000d02100011177369703a647269766572407261696c2e6578616d706c6500"
            + "00001307067a28ab08a3d7000000", .request, ssrc: client
    ) {
        $0.priority = 255
        $0.indicator = .emergencyCall
        $0.functionalAlias = FunctionalAlias("sip:driver@rail.example")
        $0.location = .geographic(.init(latitudeCode: 0x7a28ab, longitudeCode: 0x08a3d7))
    },
    .init(3, "91cc0007123456784d4350540102001e0e06aabbccdd0000000205000d028000", .granted, ack: true) {
        $0.duration = 30
        $0.audioSSRC = audio
        $0.priority = 5
        $0.indicator = .normalCall
    },
    .init(
        4,
        "82cc000d123456784d43505404147369703a616c696365406d632e6578616d706c65000005020001080200010d0280000e06aabbccdd0000",
        .taken
    ) {
        $0.grantedParty = alice
        $0.permissionToRequest = true
        $0.sequenceNumber = 1
        $0.indicator = .normalCall
        $0.audioSSRC = audio
    },
    .init(5, "83cc0007123456784d435054020c000751756575652066756c6c00000d028000", .deny) {
        $0.rejectCause = RejectCause(7, phrase: "Queue full")
        $0.indicator = .normalCall
    },
    .init(6, "83cc0003123456784d43505402020001", .deny) {
        $0.rejectCause = RejectCause(FloorDenyCause.anotherClientHasPermission)
    },
    .init(7, "94cc00030a0b0c0d4d4350540d028000", .release, ssrc: client, ack: true) { $0.indicator = .normalCall },
    .init(8, "85cc0004123456784d435054080200020d028000", .idle) {
        $0.sequenceNumber = 2
        $0.indicator = .normalCall
    },
    .init(9, "85cc00034d4358014d43505408020001", .idle, ssrc: 0x4d43_5801) { $0.sequenceNumber = 1 },
    .init(10, "86cc0004123456784d435054020200040d021000", .revoke) {
        $0.rejectCause = RejectCause(FloorRevokeCause.preempted)
        $0.indicator = .emergencyCall
    },
    .init(
        11, "88cc00070a0b0c0d4d43505406127369703a626f62406d632e6578616d706c65", .queuePositionRequest, ssrc: client
    ) { $0.userID = bob },
    .init(12, "89cc0004123456784d435054030202050d028400", .queuePositionInfo) {
        $0.queueInfo = QueueInfo(position: 2, priority: 5)
        $0.indicator = [.normalCall, .queueingSupported]
    },
    .init(13, "89cc0003123456784d4350540302fe00", .queuePositionInfo) {
        $0.queueInfo = QueueInfo(position: QueueInfo.notQueued, priority: 0)
    },
    .init(14, "8acc00040a0b0c0d4d4350540a0200000c020100", .ack, ssrc: client) {
        $0.source = .floorParticipant
        $0.messageType = FloorMessageKind.granted.rawValue
    },
    .init(
        15, "8fcc000a123456784d43505406127369703a626f62406d632e6578616d706c650e06aabbccdd00000d028080",
        .releaseMultiTalker
    ) {
        $0.userID = bob
        $0.audioSSRC = audio
        $0.indicator = [.normalCall, .multiTalker]
    },
    .init(
        16, "80cc00070a0b0c0d4d435054000205000b0a010246520000010203040d028000", .request, ssrc: client
    ) {
        $0.priority = 5
        $0.trackInfo = TrackInfo(supportsQueueing: true, participantType: "FR", references: [0x0102_0304])
        $0.indicator = .normalCall
    },
    .init(17, "8bcc00030a0b0c0d4d43505418028000", .unicastMediaFlowControl, ssrc: client) {
        $0.mediaFlowControl = .resume
    },
    .init(
        27,
        "82cc0013123456784d43505405020001080200030d0280800f2902147369703a616c696365406d632e6578616d706c65"
            + "127369703a626f62406d632e6578616d706c650010020000aabbccddaabbccde", .taken, fill: fillMultiTalker),
    .init(
        28,
        "82cc0013123456784d43505405020001080200030d0280800f2902147369703a616c696365406d632e6578616d706c65"
            + "127369703a626f62406d632e6578616d706c6500100a0200aabbccddaabbccde", .taken, .withLengthAndSpareOctet,
        fill: fillMultiTalker),
]

@Suite struct MessageVectorTests {
    @Test(arguments: messageVectors)
    func `A vector decodes to its message`(_ vector: MessageVector) throws {
        #expect(try FloorMessage.decode(octets(vector.hex)) == [vector.message])
    }

    @Test(arguments: messageVectors)
    func `A message encodes to its vector, octet for octet`(_ vector: MessageVector) {
        #expect(vector.message.encoded(for: FloorDialect(ssrcList: vector.layout)) == octets(vector.hex))
    }

    @Test func `All vectors in one datagram decode in their order`() throws {
        let limits = FloorLimits(messagesPerDatagram: messageVectors.count)
        let datagram = messageVectors.flatMap { octets($0.hex) }
        #expect(try FloorMessage.decode(datagram, limits: limits) == messageVectors.map(\.message))
    }

    @Test func aQueueThatIsHandedOverKeepsWhatIsOfNoneInIt() throws {
        var message = FloorMessage(.granted, ssrc: 1)
        message.audioSSRC = 7
        message.queuedUserID = MCPTTID("sip:before@b.example")
        message.queueInfo = QueueInfo(position: 1, priority: 2)
        message.handedOverQueue = [
            QueuedUser(ssrc: 8, userID: MCPTTID("sip:first@b.example"), info: QueueInfo(position: 3, priority: 4)),
            QueuedUser(ssrc: 9),
        ]
        #expect(try FloorMessage.decode(message.encoded()) == [message])
    }

    @Test(arguments: FloorDialect.releases) func aPeerIsToldWhatItsReleaseKnows(release: Int) throws {
        var message = FloorMessage(.taken, ssrc: 1)
        message.grantedParty = MCPTTID("sip:a@b.example")
        message.audioSSRC = 7
        message.functionalAlias = FunctionalAlias("sip:f@b.example")
        message.location = .notProvided
        let read = try #require(try FloorMessage.decode(message.encoded(for: FloorDialect(release: release))).first)
        #expect(read.grantedParty == message.grantedParty)
        #expect(read.audioSSRC == 7)
        #expect((read.functionalAlias != nil) == (release >= 15))
        #expect((read.location != nil) == (release >= 15))
        var queued = FloorMessage(.queuedFloorRequests, ssrc: 1)
        queued.queuedRequestsResult = 2
        let told = try FloorMessage.decode(queued.encoded(for: FloorDialect(release: release))).first
        #expect((told?.queuedRequestsResult != nil) == (release >= 17))
        var revoke = FloorMessage(.revokeRequest, ssrc: 1)
        revoke.revokeRequestUserID = MCPTTID("sip:a@b.example")
        let asked = try FloorMessage.decode(revoke.encoded(for: FloorDialect(release: release))).first
        #expect((asked?.revokeRequestUserID != nil) == (release >= 19))
    }
}
