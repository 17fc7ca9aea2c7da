import MCFoundation
import SIP
import SIPUserAgent

/// Two user agents on two transaction layers, joined by a network that loses, doubles and reorders datagrams as its
/// seed says. Every message crosses as octets. Time is virtual.
struct Pair {
    enum Side: Int, Hashable, Sendable { case caller, callee }

    enum Occurrence: Hashable, Sendable {
        case datagram(Int)
        case command(Int)
    }

    struct Node {
        var agent: UserAgent
        var layer: TransactionLayer
        var address: SocketAddress
    }

    var nodes: [Node]
    var random: SeededGenerator
    let lossPercent: UInt64
    var milliseconds: Int64 = 0
    var queue = DeadlineQueue<Occurrence>()
    var datagrams: [(to: Side, octets: [UInt8])] = []
    var commands: [(inout Pair) -> Void] = []
    /// Everything that either owner was told, with time and side.
    var trace: [String] = []
    var session: [SessionID?] = [nil, nil]
    /// What the callee does with an INVITE.
    var accepts: (inout Pair, SessionID) -> Void = { _, _ in }
    static let flow = FlowID(1)

    init(seed: UInt64, lossPercent: UInt64) {
        random = SeededGenerator(seed: seed)
        self.lossPercent = lossPercent
        nodes = []
        for index in 0..<2 as Range<UInt32> {
            let address = SocketAddress(IPAddress(v4: 0xc000_0201 + index), port: 5060)
            var layer = TransactionLayer(
                sentBy: SentBy(host: address.address.hostText, port: 5060), random: random.fork())
            _ = layer.handle(.flowOpened(Pair.flow, transport: .udp, target: nil), at: .milliseconds(0))
            nodes.append(
                Node(
                    agent: UserAgent(number: UInt8(index + 1), random: random.fork()), layer: layer, address: address))
        }
    }

    var now: Now { .milliseconds(milliseconds) }

    mutating func later(_ delay: Int64, _ command: @escaping (inout Pair) -> Void) {
        commands.append(command)
        queue.set(.command(commands.count - 1), at: Instant(nanoseconds: (milliseconds + delay) * 1_000_000))
    }

    mutating func act(_ side: Side, _ command: (inout UserAgent, Now) -> Void) {
        command(&nodes[side.rawValue].agent, now)
        settle(side)
    }

    mutating func run(until end: Int64) throws {
        while let next = nextDeadline, next.nanoseconds <= end * 1_000_000 {
            milliseconds = max(milliseconds, next.nanoseconds / 1_000_000)
            while let occurrence = queue.popDue(at: now.instant) {
                switch occurrence {
                case .command(let index): commands[index](&self)
                case .datagram(let index): try arrive(datagrams[index].octets, at: datagrams[index].to)
                }
            }
            for side in [Side.caller, .callee] {
                let actions = nodes[side.rawValue].layer.handle(.timeAdvanced, at: now)
                perform(actions, side)
                nodes[side.rawValue].agent.advance(to: now)
                settle(side)
            }
        }
        milliseconds = end
    }

    private var nextDeadline: Instant? {
        ([queue.first] + nodes.flatMap { [$0.layer.nextDeadline, $0.agent.nextDeadline] }).compactMap { $0 }.min()
    }

    private mutating func arrive(_ octets: [UInt8], at side: Side) throws {
        let message = try SIPMessage.parse(octets)
        let source = nodes[1 - side.rawValue].address
        let actions = nodes[side.rawValue].layer.handle(
            .received(message, flow: Pair.flow, transport: .udp, source: source), at: now)
        perform(actions, side)
        settle(side)
    }

    private mutating func perform(_ actions: [TransactionAction], _ side: Side) {
        for action in actions {
            switch action {
            case .transmit(let message, _): transmit(message.serialized(), from: side)
            case .deliver(let delivery):
                let input: SIPInput =
                    switch delivery {
                    case .request(let request, let id, let flow): .request(request, id, .stranger(flow))
                    case .acknowledgement(let request, _): .acknowledgement(request)
                    case .cancelled(let id): .cancelled(id)
                    case .response(let response, let id): .response(response, id)
                    case .failed(let id, let failure): .failed(id, failure)
                    }
                nodes[side.rawValue].agent.handle(input, at: now)
                settle(side)
            }
        }
    }

    private mutating func transmit(_ octets: [UInt8], from side: Side) {
        let copies = random.next() % 100 < 10 ? 2 : 1
        for _ in 0..<copies where random.next() % 100 >= lossPercent {
            datagrams.append((side == .caller ? .callee : .caller, octets))
            let delay = 5 + Int64(random.next() % 120)
            queue.set(
                .datagram(datagrams.count - 1), at: Instant(nanoseconds: (milliseconds + delay) * 1_000_000))
        }
    }

    /// Passes down what the agent puts out and tells its owner.
    private mutating func settle(_ side: Side) {
        let outputs = nodes[side.rawValue].agent.takeOutputs()
        for output in outputs {
            let event: TransactionEvent =
                switch output {
                case .send(let request, let id): .send(request, id, .flow(Pair.flow))
                case .acknowledge(let request): .acknowledge(request, .flow(Pair.flow))
                case .cancel(let id): .cancel(id)
                case .respond(let response, let id): .respond(response, id)
                }
            perform(nodes[side.rawValue].layer.handle(event, at: now), side)
        }
        while let event = nodes[side.rawValue].agent.nextEvent() { tell(event, side) }
    }

    private mutating func tell(_ event: UserAgentEvent, _ side: Side) {
        switch event {
        case .invited(let id, _, _):
            session[side.rawValue] = id
            note(side, "invited")
            accepts(&self, id)
        case .progressed(_, let response): note(side, "progressed \(response.status)")
        case .established: note(side, "established")
        case .acknowledged: note(side, "acknowledged")
        case .rejected(_, let response): note(side, "rejected \(response.status)")
        case .modified(_, _, let id):
            note(side, "modified")
            let body = Array(UserAgentBench.answer.utf8)
            var headers = Headers()
            headers.append(.contentType, "application/sdp")
            act(side) { $0.answer(id, status: 200, headers: headers, body: body, at: $1) }
        case .modificationAnswered(_, let response): note(side, "modification \(response.status)")
        case .ended(_, .byPeer): note(side, "ended byPeer")
        case .ended(_, let end): note(side, "ended \(end)")
        case .requestReceived, .requestInSession, .answered, .subscribed, .notified, .subscriptionEnded:
            note(side, "other")
        }
    }

    private mutating func note(_ side: Side, _ text: String) {
        trace.append("\(milliseconds) \(side) \(text)")
    }

    func told(_ side: Side) -> [String] {
        trace.compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 2)
            return parts[1] == "\(side)" ? String(parts[2]) : nil
        }
    }
}
