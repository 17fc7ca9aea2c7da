public import MCFoundation

/// A session description (RFC 8866, which replaces RFC 4566). Lines that nothing here understands are kept and written
/// again, so that a function that passes a description on does not lose what others agreed.
public struct SessionDescription: Hashable, Sendable {
    public var origin: Origin
    /// `s=`; a single hyphen where a session has no name.
    public var name: String
    /// `i=` of the session.
    public var information: String?
    /// `c=` of the session, which holds for every media description without one of its own.
    public var connection: Connection?
    /// The value of the first `t=` line.
    public var time: String
    public var attributes: [SDPAttribute]
    /// Session-level lines of other types (`u e p b r z k`, further `t`, unknown ones), in order of arrival.
    public var otherLines: [SDPLine]
    public var media: [MediaDescription]

    public init(
        origin: Origin, name: String = "-", connection: Connection? = nil, attributes: [SDPAttribute] = [],
        media: [MediaDescription] = []
    ) {
        self.origin = origin
        self.name = name
        self.connection = connection
        self.time = "0 0"
        self.attributes = attributes
        self.otherLines = []
        self.media = media
    }

    /// The address that a media description is to be sent to: its own `c=`, else that of the session.
    /// nil where there is none or where it is a name.
    public func address(of media: MediaDescription) -> IPAddress? {
        (media.connection ?? connection)?.ipAddress
    }

    /// The direction of a media description from its author's view: its own, else the session's, else `sendrecv`
    /// (RFC 8866 6.7).
    public func direction(of media: MediaDescription) -> MediaDirection {
        media.attributes.direction ?? attributes.direction ?? .sendReceive
    }
}

/// `o=`: who made the description, and the version by which its successors are told apart.
public struct Origin: Hashable, Sendable {
    public var username: String
    public var sessionID: UInt64
    public var version: UInt64
    public var address: Connection

    public init(username: String = "-", sessionID: UInt64, version: UInt64, address: IPAddress) {
        self.init(username: username, sessionID: sessionID, version: version, connection: Connection(address))
    }

    public init(username: String, sessionID: UInt64, version: UInt64, connection: Connection) {
        self.username = username
        self.sessionID = sessionID
        self.version = version
        self.address = connection
    }
}

/// Network type, address type and address, as they stand in `c=` and at the end of `o=`.
public struct Connection: Hashable, Sendable {
    /// `IN` for the Internet.
    public var networkType: String
    /// `IP4` or `IP6`.
    public var addressType: String
    /// An address (multicast ones with `/ttl` and `/count`) or a host name, as text.
    public var address: String

    public init(networkType: String = "IN", addressType: String, address: String) {
        self.networkType = networkType
        self.addressType = addressType
        self.address = address
    }

    public init(_ address: IPAddress) {
        self.init(addressType: address.isIPv6 ? "IP6" : "IP4", address: address.description)
    }

    /// The address where it is a literal one of the stated family.
    public var ipAddress: IPAddress? {
        guard networkType == "IN", let ip = IPAddress(address), ip.isIPv6 == (addressType == "IP6") else { return nil }
        return ip
    }
}

/// `a=`: a property (`recvonly`) or a name with a value (`rtpmap:97 AMR-WB/16000`).
public struct SDPAttribute: Hashable, Sendable {
    public var name: String
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
        self.name = name
        self.value = value
    }
}

/// A line of a type that has no property of its own here.
public struct SDPLine: Hashable, Sendable {
    /// The letter before the equals sign.
    public var type: Unicode.Scalar
    public var value: String

    public init(type: Unicode.Scalar, value: String) {
        self.type = type
        self.value = value
    }
}

/// Which way media flows, from the view of the description's author.
public enum MediaDirection: String, Hashable, Sendable, CaseIterable {
    case sendReceive = "sendrecv"
    case sendOnly = "sendonly"
    case receiveOnly = "recvonly"
    case inactive = "inactive"

    public init(sends: Bool, receives: Bool) {
        switch (sends, receives) {
        case (true, true): self = .sendReceive
        case (true, false): self = .sendOnly
        case (false, true): self = .receiveOnly
        case (false, false): self = .inactive
        }
    }

    public var sends: Bool { self == .sendReceive || self == .sendOnly }
    public var receives: Bool { self == .sendReceive || self == .receiveOnly }

    /// What an answerer that wants `wish` may say to an offer of this direction (RFC 3264 6.1).
    public func answered(wishing wish: MediaDirection = .sendReceive) -> MediaDirection {
        MediaDirection(sends: receives && wish.sends, receives: sends && wish.receives)
    }
}
