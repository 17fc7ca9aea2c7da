public import ConfigurationDocuments
public import MCFoundation

/// One question of the function to the keeper of the documents. Never used twice in the life of a cell.
public struct DocumentLookUpID: Hashable, Comparable, Sendable {
    public let value: UInt64
    public init(_ value: UInt64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Which documents of a subscription are there and may be read by the user. Whoever knows (`FleetDocuments`) answers with
/// the same identifier, in the order in which it also tells of changes: what changed after the answer is told after it.
public struct DocumentLookUp: Hashable, Sendable {
    public var id: DocumentLookUpID
    public var user: MCPTTID
    public var subscription: XCAPSubscription

    public init(id: DocumentLookUpID, user: MCPTTID, subscription: XCAPSubscription) {
        self.id = id
        self.user = user
        self.subscription = subscription
    }
}
