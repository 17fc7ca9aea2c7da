import MCFoundation
import SIP
import SIPUserAgent

/// The functions of a cell. The raw value is the number in the upper eight bits of what each mints.
enum FunctionID: UInt8, CaseIterable, Hashable, Sendable {
    case participating = 1
    case controlling = 2
    case gateway = 3
    case documents = 4

    init?(_ transaction: ClientTransactionID) {
        self.init(rawValue: UInt8(transaction.value >> 56))
    }
}

/// Requests between functions of one cell that wait for their answer. There is no network between them, so nothing is
/// repeated and nothing is lost; what remains of a transaction is who asked whom, and a limit on waiting.
struct InternalTransactions: Sendable {
    struct Transaction: Sendable {
        let client: ClientTransactionID
        let from: FunctionID
        let to: FunctionID
        let isInvite: Bool
    }

    /// Server identifiers minted here have the uppermost bit set; those of the transaction layers do not.
    static let mark: UInt64 = 1 << 63
    /// Timer F of RFC 3261 17.1.2.2: a function that does not answer in this time is treated as silent.
    static let timeout: Duration = .seconds(32)
    /// Timer C of RFC 3261 16.6 with room for a manual answer.
    static let inviteTimeout: Duration = .seconds(300)

    private var transactions: [ServerTransactionID: Transaction] = [:]
    private var servers: [ClientTransactionID: ServerTransactionID] = [:]
    private var deadlines = DeadlineQueue<ServerTransactionID>()
    private var last: UInt64 = 0

    var count: Int { transactions.count }
    var nextDeadline: Instant? { deadlines.first }

    static func isInternal(_ transaction: ServerTransactionID) -> Bool { transaction.value & mark != 0 }

    mutating func open(
        _ client: ClientTransactionID, from: FunctionID, to: FunctionID, isInvite: Bool, at now: Now
    ) -> ServerTransactionID {
        last += 1
        let server = ServerTransactionID(Self.mark | last)
        transactions[server] = Transaction(client: client, from: from, to: to, isInvite: isInvite)
        servers[client] = server
        deadlines.set(server, at: now.instant + (isInvite ? Self.inviteTimeout : Self.timeout))
        return server
    }

    func transaction(_ server: ServerTransactionID) -> Transaction? { transactions[server] }
    func server(of client: ClientTransactionID) -> ServerTransactionID? { servers[client] }

    mutating func close(_ server: ServerTransactionID) {
        guard let transaction = transactions.removeValue(forKey: server) else { return }
        servers[transaction.client] = nil
        deadlines.cancel(server)
    }

    /// What waited too long, closed.
    mutating func takeOverdue(at now: Now) -> [Transaction] {
        var overdue: [Transaction] = []
        while let server = deadlines.popDue(at: now.instant) {
            guard let transaction = transactions[server] else { continue }
            close(server)
            overdue.append(transaction)
        }
        return overdue
    }
}
