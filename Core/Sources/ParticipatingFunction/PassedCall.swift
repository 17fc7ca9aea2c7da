import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import OrderedCollections
import SIPUserAgent

/// A call of one user: dialogs towards his client and towards the controlling function, tied together here.
struct PassedCall: Sendable {
    let id: CallID
    let user: MCPTTID
    let group: MCPTTGroupID
    /// The system that controls the call: what a lost partner takes with it.
    let home: MCSystemID
    /// Asked for in chat, emergency or imminent peril: the client becomes affiliated with success.
    let affiliates: Bool
    /// Declared by the client that asked for the call, or later in it.
    private(set) var declaredTier: CallTier
    /// The tier of the call as the controlling function told it last.
    private(set) var toldTier = CallTier.normal
    let asked: Asked
    var stage: Stage
    /// What records of all functions call the call; nil until the controlling function has told.
    var reference: String?
    /// A modification of one side that waits for the other's answer.
    var modification: Modification?

    /// The controlling function said what tier the call has: what was called off is declared by nobody any more.
    mutating func told(_ information: MCPTTInfo) {
        guard information.emergencyIndicator != nil || information.imminentPerilIndicator != nil else { return }
        toldTier = information.tier
        declaredTier = min(declaredTier, toldTier)
    }

    /// The client declared a tier, and that stands.
    mutating func declared(_ tier: CallTier) {
        declaredTier = max(declaredTier, tier)
        toldTier = max(toldTier, tier)
    }

    /// How urgent it is, whoever says so.
    var urgency: CallTier { max(declaredTier, toldTier) }

    enum Stage: Sendable {
        /// The client called; the controlling function has not answered. Becomes `standing`.
        case calling(Pair)
        /// The controlling function called; clients have been invited. The first that answers makes it `standing`.
        case offering(Offering)
        case standing(Pair)
    }

    /// Who asked for it: a client needs the right to do so, for as long as the call stands.
    enum Asked: Sendable {
        /// `<session-type>`
        case byClient(MCPTTSessionType)
        case byFunction
    }

    struct Offering: Sendable {
        var server: SessionID
        /// Those that have not refused.
        var branches: OrderedDictionary<SessionID, MCPTTClientID>
        /// The session description that was offered; answers are checked against it.
        var offer: [UInt8]?
    }

    struct Pair: Hashable, Sendable {
        var client: MCPTTClientID
        var clientSide: SessionID
        var serverSide: SessionID
    }

    struct Modification: Hashable, Sendable {
        var transaction: ServerTransactionID
        var by: SessionID
        /// What the client declares by it.
        var tier: CallTier
    }

    /// Every session of the call.
    var sessions: [SessionID] {
        switch stage {
        case .calling(let pair), .standing(let pair): [pair.clientSide, pair.serverSide]
        case .offering(let offering): [offering.server] + offering.branches.keys
        }
    }

    /// Who calls or takes part; nil where several may still answer.
    var client: MCPTTClientID? {
        switch stage {
        case .calling(let pair), .standing(let pair): pair.client
        case .offering: nil
        }
    }

    /// True where the client takes part or may soon.
    func concerns(_ client: MCPTTClientID) -> Bool {
        switch stage {
        case .calling(let pair), .standing(let pair): pair.client == client
        case .offering(let offering): offering.branches.values.contains(client)
        }
    }

    /// The session on the other side of a standing or calling one.
    func other(than session: SessionID) -> SessionID? {
        switch stage {
        case .calling(let pair), .standing(let pair):
            session == pair.clientSide ? pair.serverSide : session == pair.serverSide ? pair.clientSide : nil
        case .offering: nil
        }
    }
}
