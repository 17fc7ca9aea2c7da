public import MCFoundation
public import SIP

/// One request that arrived and waits for its answer. Minted by the transaction layer of the cell.
public struct ServerTransactionID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// One request that was sent. Minted by the transaction user that sends it; unique in a cell because the upper bits
/// carry the function.
public struct ClientTransactionID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A connection, or a UDP association with one remote address. Minted by the driver, never used twice.
public struct FlowID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The transports of RFC 3261 18 that the shell speaks.
public enum TransportKind: String, Hashable, Sendable {
    case udp, tcp, tls

    public var isReliable: Bool { self != .udp }
    /// The name that stands in Via.
    public var viaName: String { rawValue.uppercased() }
}

/// Whom a request comes from, as established by the edge of the system, never by what the request says of itself.
public enum RequestOrigin: Hashable, Sendable {
    /// A function of this system.
    case system
    /// A registered or registering user agent; the identity is the one that it authenticated.
    case user(PublicUserIdentity, FlowID)
    /// The gateway of a partner system, by the name its certificate proves.
    case partner(MCSystemID, FlowID)
    /// Nobody that we know.
    case stranger(FlowID)
}

/// What the layer below tells a transaction user (RFC 3261 17).
public enum SIPInput: Hashable, Sendable {
    case request(SIPRequest, ServerTransactionID, RequestOrigin)
    /// ACK to a 2xx: it belongs to no transaction.
    case acknowledgement(SIPRequest)
    /// The peer cancelled an INVITE that has no final response yet; the 200 to the CANCEL is already sent.
    case cancelled(ServerTransactionID)
    case response(SIPResponse, ClientTransactionID)
    case failed(ClientTransactionID, TransactionFailure)
}

/// Why a request got no answer.
public enum TransactionFailure: Hashable, Sendable {
    /// Timer B or F: to be treated as 408 (RFC 3261 8.1.3.1).
    case timeout
    /// No flow, connection refused or broken: to be treated as 503.
    case transport
}

/// What a transaction user asks of the layer below. The cell finds the next hop from the topmost Route, else from the
/// Request-URI (RFC 3261 8.1.2): a function of the same cell, a flow, a partner's gateway.
public enum SIPOutput: Hashable, Sendable {
    case send(SIPRequest, ClientTransactionID)
    /// ACK to a 2xx.
    case acknowledge(SIPRequest)
    /// CANCEL of an INVITE that was sent.
    case cancel(ClientTransactionID)
    case respond(SIPResponse, ServerTransactionID)
}
