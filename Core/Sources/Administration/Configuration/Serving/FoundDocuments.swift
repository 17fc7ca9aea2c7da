public import MCDocuments
public import MCFoundation

/// A document that exists, and its tag.
public struct FoundDocument: Hashable, Sendable {
    public var uri: XCAPURI
    /// With quotes.
    public var etag: String

    public init(uri: XCAPURI, etag: String) {
        self.uri = uri
        self.etag = etag
    }
}

extension FleetDocuments {
    /// What of a subscription exists and may be read by its subscriber, as it is now, in the order of his listing: the
    /// first state that RFC 5875 4.6 wants told.
    public func documents(of subscription: XCAPSubscription, for user: MCPTTID) -> [FoundDocument] {
        var found: [FoundDocument] = []
        // Looked up only.
        var known: Set<XCAPURI> = []
        func add(_ uri: XCAPURI) {
            guard subscription.covers(uri), mayRead(user.value, uri), !known.contains(uri),
                let document = document(uri)
            else { return }
            known.insert(uri)
            found.append(FoundDocument(uri: uri, etag: document.etag))
        }
        for uri in listing(of: user.value) {
            add(uri)
            if let alias = uri.inTree(of: user) { add(alias) }
        }
        // What is not in the listing may be named: the configuration of an organisation, a group that he manages.
        for case .document(let uri) in subscription.targets { add(uri) }
        return found
    }
}

extension XCAPURI {
    /// The other address of a group document, below the tree of a member (TS 24.481 7.2.10); nil for other documents.
    public func inTree(of user: MCPTTID) -> XCAPURI? {
        guard auid == ApplicationUsage.groups.auid, tree == .global, path.count == 2, path[0] == "byGroupID" else {
            return nil
        }
        return FleetDocuments.group(path[1], ofMember: user.value)
    }
}
