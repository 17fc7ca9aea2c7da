public import MCFoundation

/// From where a client's socket takes datagrams: only from the address that the call's SDP named. Whoever else knows
/// or guesses the port could otherwise be heard as the talker and give and take the floor in the server's name.
public struct ExpectedOrigin: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        case expected
        /// Signalling has not yet said where the peer is; the datagram may have overtaken it.
        case tooEarly
        /// `isFirst`: nobody else came before, so this is the time to say it.
        case stranger(isFirst: Bool)
    }

    private enum Peer: Hashable {
        case unknown
        /// nil: nothing is expected, from nowhere.
        case known(SocketAddress?)
    }

    /// Datagrams that came from elsewhere.
    public private(set) var strangers: UInt64 = 0
    private var peer = Peer.unknown

    public init() {}

    /// Signalling said, or says anew, where the peer is.
    public mutating func expect(_ address: SocketAddress?) {
        peer = .known(address)
    }

    public mutating func judge(_ from: SocketAddress) -> Verdict {
        switch peer {
        case .unknown: return .tooEarly
        case .known(let address) where address == from: return .expected
        case .known:
            strangers += 1
            return .stranger(isFirst: strangers == 1)
        }
    }
}
