import MCFoundation
import OrderedCollections

/// Affiliations and legs belong to a user *and* one of his clients (TS 24.379 9.2.1).
struct ClientKey: Hashable, Comparable, Sendable {
    var user: MCPTTID
    var client: MCPTTClientID

    static func < (left: Self, right: Self) -> Bool {
        (left.user, left.client) < (right.user, right.client)
    }
}
