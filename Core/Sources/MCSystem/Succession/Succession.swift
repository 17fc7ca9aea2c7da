import ControllingFunction
import DequeModule
import MCFoundation
import SIP
import SIPUserAgent

/// What a process of a system shares with another one that takes its place.
///
/// The predecessor keeps the calls that stand, with their media, and the devices that take part in them; everything else
/// begins with the successor. Neither asks the other for leave: each group has its call in one of them, the predecessor
/// says which it has, and what is not there is the successor's. What one needs of the other it asks for in SIP, over one
/// connection that the successor made to the border side of the predecessor, with the certificate of their gateway.
///
/// - Who is affiliated both are told, so that a device is called from either and enters calls of either.
/// - A device is served where its connection is. Those that take part in no call are sent to the successor.
/// - Partners stay with the predecessor while a call of theirs stands there: one process at a time speaks for the system
///   at its border, and its boot epoch says which.
struct Succession: Sendable {
    enum Role: Hashable, Sendable {
        case predecessor, successor
    }

    /// An INVITE that was sent to the other process and has no final answer yet.
    struct Sent: Sendable {
        var request: SIPRequest
        var from: FunctionID
        var to: FunctionID
    }

    let role: Role
    /// The connection to the other process; nil while it is being made.
    var link: FlowID?
    /// Where the successor finds its predecessor.
    var target: Target?
    /// True from the moment at which the predecessor accepts nobody new any more.
    var isUnderWay = false
    /// Whether partners are connected with this process, or will be.
    var hasBorder: Bool
    /// Successor: groups whose call the predecessor has. Looked up only.
    var callsElsewhere: Set<MCPTTGroupID> = []
    /// Predecessor: groups whose call it has and said so.
    var callsTold: [MCPTTGroupID] = []
    /// The request of the successor that is answered once nobody new is accepted.
    var asked: (request: SIPRequest, transaction: ServerTransactionID)?
    /// The request to the predecessor.
    var asking: ClientTransactionID?
    /// Looked up only.
    var sent: [ClientTransactionID: Sent] = [:]
    /// Call-IDs of sessions between functions of both. Looked up only.
    var dialogs: Set<String> = []
    /// Who is affiliated, as the successor has still to be told.
    var untold: Deque<AffiliatedClient> = []
    /// Connections of devices that were not looked at in this pass.
    var unvisited: Deque<FlowID> = []
    /// When there is something to do again without an occasion.
    var nextRound: Instant?
    var layer: TransactionLayer
    var agent: UserAgent

    /// A predecessor does so much at a time, and so often: 1,000 devices in a second register with the successor, and no
    /// more waits for the connection than it takes.
    static let devicesPerRound = 100
    static let publicationsPerRound = 200
    static let round = Duration.milliseconds(100)
    /// Words in one message: each names one group at most, and the body stays within what a receiver takes.
    static let wordsPerMessage = 500
    /// How often a successor that has nothing to say is heard: a connection that is idle would be closed.
    static let touch = Duration.seconds(3)

    init(role: Role, sentBy: SentBy, random: inout SeededGenerator) {
        self.role = role
        hasBorder = role == .predecessor
        layer = TransactionLayer(sentBy: sentBy, random: random.fork())
        agent = UserAgent(number: Self.number, random: random.fork())
    }

    /// In the upper eight bits of what is minted here, like that of a function.
    static let number: UInt8 = 5

    var nextDeadline: Instant? { [layer.nextDeadline, agent.nextDeadline, nextRound].compactMap { $0 }.min() }
}
