/// Why a datagram is not floor control.
public struct FloorDecodingError: Error, Hashable, Sendable {
    public var code: Code
    /// Octet of the datagram at which reading stopped.
    public var offset: Int

    public enum Code: Hashable, Sendable {
        /// Fewer octets than a length announces.
        case truncated
        /// Not RTP version 2, or with RTCP padding, which floor control does not use.
        case unsupportedHeader
        /// RTCP, but no APP packet.
        case notApplicationDefined
        /// A known field whose value does not fit its table.
        case malformedField(UInt8)
        case tooManyFields
        case tooManyMessages
    }

    public init(_ code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }
}
