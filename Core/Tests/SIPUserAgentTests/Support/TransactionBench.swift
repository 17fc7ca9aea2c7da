import MCFoundation
import SIP
import SIPUserAgent

/// A transaction layer with a clock of its own. What it does becomes lines: `> ` transmitted, `^ ` delivered, with
/// the milliseconds where time did it.
struct TransactionBench {
    static let flow = FlowID(1)
    static let source = SocketAddress(IPAddress(v4: 0xc000_0207), port: 5060)
    static let id = ClientTransactionID(7)

    var layer: TransactionLayer
    var milliseconds: Int64 = 0
    let transport: TransportKind
    /// Every message that left, newest last.
    var transmitted: [(message: SIPMessage, hop: NextHop)] = []
    /// The newest request that was delivered.
    var delivered: (request: SIPRequest, id: ServerTransactionID)?

    init(_ transport: TransportKind, limits: TransactionLimits = .init()) {
        self.transport = transport
        layer = TransactionLayer(
            sentBy: SentBy(host: "198.51.100.1", port: 5060), random: SeededGenerator(seed: 1), limits: limits)
        _ = handle(.flowOpened(TransactionBench.flow, transport: transport, target: nil))
    }

    mutating func handle(_ event: TransactionEvent) -> [String] {
        layer.handle(event, at: .milliseconds(milliseconds)).map { note($0) }
    }

    mutating func send(_ method: String) throws -> [String] {
        handle(.send(try outgoing(method), TransactionBench.id, .flow(TransactionBench.flow)))
    }

    mutating func receive(
        _ request: SIPRequest, from source: SocketAddress = TransactionBench.source, isKnown: Bool = true
    ) -> [String] {
        handle(
            .received(
                .request(request), flow: TransactionBench.flow, transport: transport, source: source, isKnown: isKnown))
    }

    /// A response as it arrives, whatever it is to.
    mutating func receive(_ response: SIPResponse) -> [String] {
        handle(
            .received(
                .response(response), flow: TransactionBench.flow, transport: transport, source: TransactionBench.source)
        )
    }

    /// Octets that the layer holds in buffers, wherever.
    var octetsHeld: Int { TransactionBench.octets(in: layer) }

    private static func octets(in value: Any) -> Int {
        if let buffer = value as? [UInt8] { return buffer.count }
        return Mirror(reflecting: value).children.reduce(0) { $0 + octets(in: $1.value) }
    }

    /// The peer answers the first request that left.
    mutating func receive(_ status: Int, tag: String = "b1", to index: Int = 0) throws -> [String] {
        guard case .request(let sent) = transmitted[index].message else { throw NoMessage() }
        let answer = sent.response(status, toTag: tag)
        return handle(
            .received(
                .response(answer), flow: TransactionBench.flow, transport: transport, source: TransactionBench.source))
    }

    mutating func respond(_ status: Int) throws -> [String] {
        guard let delivered else { throw NoMessage() }
        return handle(.respond(delivered.request.response(status, toTag: "b1"), delivered.id))
    }

    /// Lets time pass up to a reading of the clock, waking the layer at each deadline.
    mutating func wait(until end: Int64) -> [String] {
        var lines: [String] = []
        while let next = layer.nextDeadline, next.nanoseconds <= end * 1_000_000 {
            milliseconds = next.nanoseconds / 1_000_000
            lines += handle(.timeAdvanced).map { "\(milliseconds) \($0)" }
        }
        milliseconds = end
        return lines
    }

    func sentRequest(_ index: Int) throws -> SIPRequest {
        guard case .request(let request) = transmitted[index].message else { throw NoMessage() }
        return request
    }

    func sentResponse(_ index: Int) throws -> SIPResponse {
        guard case .response(let response) = transmitted[index].message else { throw NoMessage() }
        return response
    }

    private mutating func note(_ action: TransactionAction) -> String {
        switch action {
        case .transmit(let message, let hop):
            transmitted.append((message, hop))
            switch message {
            case .request(let request): return "> \(request.method)"
            case .response(let response): return "> \(response.status)"
            }
        case .deliver(.request(let request, let id, _)):
            delivered = (request, id)
            return "^ \(request.method)"
        case .deliver(.acknowledgement): return "^ ACK"
        case .deliver(.cancelled): return "^ cancelled"
        case .deliver(.response(let response, _)): return "^ \(response.status)"
        case .deliver(.failed(_, let failure)): return "^ failed \(failure)"
        }
    }
}
