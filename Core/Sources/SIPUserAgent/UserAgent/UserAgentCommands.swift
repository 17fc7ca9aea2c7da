public import MCFoundation
public import SIP

// The interface, published ahead of its machines.
extension UserAgent {
    public var nextDeadline: Instant? { nil }
    public mutating func advance(to now: Now) {}
    public mutating func handle(_ input: SIPInput, at now: Now) {}

    public mutating func invite(_ request: SIPRequest, at now: Now) -> SessionID { SessionID(mint()) }
    public mutating func ring(
        _ session: SessionID, status: Int = 180, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {}
    public mutating func accept(_ session: SessionID, headers: Headers, body: [UInt8], at now: Now) {}
    public mutating func reject(
        _ session: SessionID, status: Int, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {}
    public mutating func end(_ session: SessionID, headers: Headers = .init(), at now: Now) {}
    public mutating func reinvite(_ session: SessionID, headers: Headers = .init(), body: [UInt8], at now: Now) {}
    public mutating func answer(
        _ transaction: ServerTransactionID, status: Int, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) {}
    @discardableResult
    public mutating func request(
        in session: SessionID, method: Method, headers: Headers = .init(), body: [UInt8] = [], at now: Now
    ) -> ClientTransactionID { ClientTransactionID(mint()) }
    @discardableResult
    public mutating func send(_ request: SIPRequest, at now: Now) -> ClientTransactionID { ClientTransactionID(mint()) }
    public mutating func subscribe(_ request: SIPRequest, at now: Now) -> SubscriptionID { SubscriptionID(mint()) }
    public mutating func unsubscribe(_ subscription: SubscriptionID, at now: Now) {}
    public mutating func acceptSubscription(
        _ transaction: ServerTransactionID, expires: UInt32, headers: Headers = .init(), at now: Now
    ) -> SubscriptionID { SubscriptionID(mint()) }
    public mutating func notify(
        _ subscription: SubscriptionID, state: NotifiedState, headers: Headers = .init(), body: [UInt8] = [],
        at now: Now
    ) {}
}
