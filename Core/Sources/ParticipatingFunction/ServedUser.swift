import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import SIPUserAgent

/// A user with what his devices told us.
struct ServedUser: Sendable {
    /// As the registrar reported them.
    var devices: [RegisteredContact] = []
    /// Bound by service settings (TS 24.379 7.3): MCPTT ID and client ID to a device.
    var clients: OrderedDictionary<MCPTTClientID, ServedClient> = [:]
    /// Of his clients, those whose token is being verified.
    var waiting: OrderedDictionary<MCPTTClientID, TokenJobID> = [:]
    /// Subscriptions to his affiliations.
    var observers: [SubscriptionID] = []
    /// Our subscriptions at partners who own groups that he is affiliated with.
    var watches: OrderedDictionary<MCSystemID, SubscriptionID> = [:]
    /// `p-id` of the last affiliation request, returned in notifications.
    var publicationID: String?
    /// Calls of his, in the order in which they began.
    var calls: [CallID] = []

    /// The client that speaks over a flow.
    func client(on flow: FlowID) -> MCPTTClientID? {
        clients.first { $0.value.device?.flow == flow }?.key
    }
}

/// One client of a user.
struct ServedClient: Sendable {
    /// nil: the settings do not say, so that the client cannot be called (warning 146).
    var answerMode: PoCSettings.AnswerMode?
    /// `user-profile-index` of the profile that it selected.
    var profile: UInt8 = 0
    /// nil while the device is not registered: the grace before de-affiliation runs.
    var device: RegisteredContact?
    /// A plain telephone, affiliated by configuration.
    var isLegacy: Bool
    /// nil for a telephone, and where the system asks for no tokens.
    var authorisation: ClientAuthorisation?
    var groups: OrderedDictionary<MCPTTGroupID, Affiliation> = [:]
    /// Entity tags of its last publications (RFC 3903 6): nil before the first.
    var settingsTag: String?
    var affiliationTag: String?
}

/// What we know of one affiliation of a client.
struct Affiliation: Hashable, Sendable {
    var owner: MCSystemID
    var state: State

    enum State: Hashable, Sendable {
        /// Asked of the owner, or no more certain since the owner was lost. Becomes `affiliated`, or is removed.
        case affiliating
        case affiliated
        /// To be taken back. Is removed, or becomes `affiliating` when asked for again.
        case deaffiliating
    }

    var status: AffiliationStatus {
        switch state {
        case .affiliating: .affiliating
        case .affiliated: .affiliated
        case .deaffiliating: .deaffiliating
        }
    }
}

/// Names a client of a user in tables.
struct ClientKey: Hashable, Sendable {
    var user: MCPTTID
    var client: MCPTTClientID
}

/// Whose affiliations somebody is told, and which client of his that is.
struct AffiliationObserver: Hashable, Sendable {
    var user: MCPTTID
    /// nil where it could not be told: a device that is not bound yet asks before tokens are asked for.
    var client: MCPTTClientID?
}

/// One call of one user that is passed through.
struct CallID: Hashable, Sendable {
    let value: UInt64
}
