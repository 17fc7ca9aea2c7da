public import MCFoundation
public import Responder

/// One talk as the device did it. Instants are those of the machine's monotonic clock.
public struct TalkRecord: Sendable {
    public var call: CallHandle
    public var ssrc: UInt32
    public var grantedAt: Instant
    public var endedAt: Instant
    public var packets: [Packet]

    public struct Packet: Sendable {
        public var sequence: UInt16
        public var sentAt: Instant
        /// Stable hash of the payload.
        public var payload: UInt64
    }
}

/// One packet of speech as it reached the device.
public struct HeardRecord: Sendable {
    public var call: CallHandle
    public var ssrc: UInt32
    public var sequence: UInt16
    /// When the kernel took it from the network.
    public var arrivedAt: Instant
    /// Stable hash of the payload.
    public var payload: UInt64
}

/// What a device tells whoever uses it, in order, from one of its threads.
public enum DeviceNotice: Sendable {
    case responder(ResponderNotice, at: Instant)
    /// A document was read, has changed or cannot be had.
    case document(BootstrapNotice, at: Instant)
    /// The client works by this from now on.
    case configured(UserConfiguration, at: Instant)
    /// The floor is ours and speech goes out.
    case talking(CallHandle, ssrc: UInt32, at: Instant)
    case talked(TalkRecord)
    /// The first packet of somebody after silence.
    case hearing(CallHandle, ssrc: UInt32, at: Instant)
}

extension StableHash {
    static func of(_ octets: UnsafeRawBufferPointer) -> UInt64 {
        var hash = StableHash()
        hash.combine(bytes: octets)
        return hash.value
    }
}
