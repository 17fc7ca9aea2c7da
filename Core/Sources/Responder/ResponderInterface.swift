public import CallControl
public import FloorControl
public import MCFoundation
public import SDP
public import SIP
public import SIPUserAgent

/// One call of a client, from the wish or the INVITE on. Never used twice.
public struct CallHandle: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What a client is told, in past tense, and what its user wants.
public enum ResponderEvent: Sendable {
    /// A connection to the edge stands, or a UDP socket is ready. `remote`: the edge.
    case flowOpened(FlowID, TransportKind, remote: SocketAddress)
    case flowClosed(FlowID)
    /// No connection to the edge came about.
    case connectFailed
    /// One whole SIP message.
    case received(FlowID, [UInt8])
    /// CRLF: the answer to our keep-alive (RFC 5626 4.4.1).
    case keepAliveAnswered(FlowID)
    /// In answer to `openMedia`: where this client receives.
    case mediaReady(CallHandle, audio: SocketAddress, floor: SocketAddress)
    /// In answer to `openMedia`: there are no sockets.
    case mediaFailed(CallHandle)
    /// One datagram from the floor socket of a call.
    case floorReceived(CallHandle, [UInt8])
    /// An RTP packet of somebody arrived.
    case audioReceived(CallHandle)
    case command(ResponderCommand)
    case timeAdvanced
}

/// What the user wants.
public enum ResponderCommand: Hashable, Sendable {
    /// Connect, register, publish settings and affiliations, and stay so.
    case register
    /// End calls, registration and connection.
    case deregister
    /// Be affiliated to exactly these groups.
    case affiliate([MCPTTGroupID])
    case setAnswerMode(AnswerMode)
    /// A fresh access token, before the one there is runs out: it is published at once, so that the system's
    /// authorisation goes on without a gap. A refusal is told as `serviceSettingsRefused`.
    case renewToken(AccessToken)
    /// Work by what the documents say from now on: a group that they name no more is left.
    case configure(UserConfiguration)
    /// Be told when these documents change: documents or collections (with a slash at the end), as URIs or relative to
    /// the XCAP root. Empty: none any more.
    case watchDocuments([String])
    case call(CallRequest)
    /// Answer a call that rings.
    case answer(CallHandle)
    case decline(CallHandle)
    case leave(CallHandle)
    /// Declare an emergency or imminent peril in a call that stands; `normal`: what it is in is over, whoever declared it
    /// (TS 24.379 10.1.1.2.1). Told as `callChanged` or `changeRefused`.
    case changeTier(CallHandle, CallTier)
    case press(CallHandle)
    case release(CallHandle)
    case acceptGrant(CallHandle)
    case askQueuePosition(CallHandle)
}

/// A group call to originate or to join.
public struct CallRequest: Hashable, Sendable {
    public var group: MCPTTGroupID
    public var kind: GroupCallKind
    /// The request for the floor goes with the INVITE.
    public var requestsFloor: Bool
    /// A broadcast call: only we talk (prearranged only).
    public var isBroadcast: Bool
    public var tier: CallTier
    /// Session identity of a call that we were in: rejoin.
    public var session: SIPURI?

    public init(
        group: MCPTTGroupID, kind: GroupCallKind = .prearranged, requestsFloor: Bool = false, isBroadcast: Bool = false,
        tier: CallTier = .normal, session: SIPURI? = nil
    ) {
        self.group = group
        self.kind = kind
        self.requestsFloor = requestsFloor
        self.isBroadcast = isBroadcast
        self.tier = tier
        self.session = session
    }
}

public enum GroupCallKind: Hashable, Sendable {
    case prearranged, chat
}

/// What a client wants done.
public enum ResponderAction: Hashable, Sendable {
    /// Open a connection to the edge.
    case connect(Target)
    case transmit([UInt8], FlowID)
    /// CRLF CRLF (RFC 5626 4.4.1); over UDP it keeps the way through a NAT open.
    case sendKeepAlive(FlowID)
    case close(FlowID)
    /// Bind sockets for audio and floor control; to be answered with `mediaReady` or `mediaFailed`.
    case openMedia(CallHandle)
    /// The peer's side of the media is known or changed.
    case connectMedia(CallHandle, RemoteMedia)
    case closeMedia(CallHandle)
    /// One datagram from the floor socket of the call.
    case sendFloor(CallHandle, [UInt8], to: SocketAddress)
    /// One datagram from each of the call's sockets to where its media go, so that translators let the answers in.
    case keepMediaAlive(CallHandle, [UInt8])
    /// RTP may be sent, with this SSRC, until `stopTalking`. Comes again where the server assigns another SSRC.
    case startTalking(CallHandle, ssrc: UInt32)
    case stopTalking(CallHandle)
    case notify(ResponderNotice)
}

/// Where the media of a call goes and how it is coded.
public struct RemoteMedia: Hashable, Sendable {
    public var audio: SocketAddress
    /// nil: a call without floor control, in which we only listen.
    public var floor: SocketAddress?
    public var codec: SpeechCodec
    public var payloadType: UInt8
    /// From our view.
    public var direction: MediaDirection

    public init(
        audio: SocketAddress, floor: SocketAddress?, codec: SpeechCodec, payloadType: UInt8, direction: MediaDirection
    ) {
        self.audio = audio
        self.floor = floor
        self.codec = codec
        self.payloadType = payloadType
        self.direction = direction
    }
}

/// What the user may want to see.
public enum ResponderNotice: Hashable, Sendable {
    /// Registered and authorised for the service: calls can be made.
    case registered
    case registrationFailed(status: Int)
    case deregistered
    /// The connection is gone; it is tried again.
    case connectionLost
    case serviceSettingsRefused(status: Int, warning: Int?)
    case affiliation(MCPTTGroupID, ResponderAffiliation)
    case affiliationRefused(status: Int, warning: Int?)
    /// A watched document is there, new or otherwise than before: it is to be fetched. `etag` without quotes; nil where
    /// the document is gone or may not be read any more.
    case documentChanged(uri: String, etag: String?)
    /// The subscription to documents failed. What may pass is tried again.
    case documentsRefused(status: Int)
    /// A call of ours is on its way.
    case calling(CallHandle, MCPTTGroupID)
    /// A call came in. `needsAnswer`: it rings until `answer` or `decline`.
    case called(CallHandle, IncomingCall, needsAnswer: Bool)
    case callStarted(CallHandle, CallFacts)
    /// The call's tier changed. `by`: who declared it, where that was said.
    case callChanged(CallHandle, CallTier, by: MCPTTID?)
    /// The tier stays as it is.
    case changeRefused(CallHandle, status: Int, warning: Int?)
    case callFailed(CallHandle, status: Int, warning: Int?)
    case callEnded(CallHandle, CallEndReason)
    case floor(CallHandle, FloorIndication)
}

public enum ResponderAffiliation: Hashable, Sendable {
    case affiliating, affiliated, deaffiliating, deaffiliated
}

public struct IncomingCall: Hashable, Sendable {
    public var group: MCPTTGroupID?
    public var caller: MCPTTID?
    public var tier: CallTier

    public init(group: MCPTTGroupID?, caller: MCPTTID?, tier: CallTier) {
        self.group = group
        self.caller = caller
        self.tier = tier
    }
}

public struct CallFacts: Hashable, Sendable {
    public var group: MCPTTGroupID?
    /// By which the call can be joined again.
    public var session: SIPURI?
    public var hasFloorControl: Bool

    public init(group: MCPTTGroupID?, session: SIPURI?, hasFloorControl: Bool) {
        self.group = group
        self.session = session
        self.hasFloorControl = hasFloorControl
    }
}

public enum CallEndReason: Hashable, Sendable {
    case left
    case releasedByServer
    /// The caller gave up while it rang.
    case cancelled
    case declined
    case connectionLost
    /// The session timer ran out or the peer knows the call no more.
    case sessionLost
    case mediaFailed
}
