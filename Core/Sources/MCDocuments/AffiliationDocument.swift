public import MCFoundation

/// Affiliations and functional aliases of one user, per client: a PIDF document with the mcpttPresInfo extension
/// (TS 24.379 9.3.1). In a PUBLISH it is the complete set of each client it names; in a NOTIFY it is the state.
public struct AffiliationDocument: Hashable, Sendable {
    /// `entity`: the user.
    public var entity: MCPTTID
    public var clients: [ClientStatus]
    /// `p-id`: returned in the NOTIFY, so that a client knows which PUBLISH it answers.
    public var publicationID: String?
    /// `p-id-fa`: the same for functional aliases.
    public var functionalAliasPublicationID: String?

    /// One tuple: what one client of the user is affiliated to.
    public struct ClientStatus: Hashable, Sendable {
        public var client: MCPTTClientID
        public var groups: [GroupAffiliation]
        public var functionalAliases: [FunctionalAliasStatus]

        public init(
            client: MCPTTClientID, groups: [GroupAffiliation] = [], functionalAliases: [FunctionalAliasStatus] = []
        ) {
            self.client = client
            self.groups = groups
            self.functionalAliases = functionalAliases
        }
    }

    public init(
        entity: MCPTTID, clients: [ClientStatus] = [], publicationID: String? = nil,
        functionalAliasPublicationID: String? = nil
    ) {
        self.entity = entity
        self.clients = clients
        self.publicationID = publicationID
        self.functionalAliasPublicationID = functionalAliasPublicationID
    }
}

/// One `affiliation` element.
public struct GroupAffiliation: Hashable, Sendable {
    public var group: MCPTTGroupID
    /// nil in a PUBLISH.
    public var status: AffiliationStatus?
    /// When it ends; nil in a PUBLISH.
    public var expires: UTCTime?

    public init(group: MCPTTGroupID, status: AffiliationStatus? = nil, expires: UTCTime? = nil) {
        self.group = group
        self.status = status
        self.expires = expires
    }
}

public enum AffiliationStatus: String, Hashable, Sendable {
    case affiliating, affiliated, deaffiliating, deaffiliated
}

/// One `functionalAlias` element (TS 24.379 9A).
public struct FunctionalAliasStatus: Hashable, Sendable {
    public var alias: FunctionalAlias
    /// `activating`, `activated`, `deactivating`, `deactivated`; nil in a PUBLISH.
    public var status: String?
    public var expires: UTCTime?

    public init(alias: FunctionalAlias, status: String? = nil, expires: UTCTime? = nil) {
        self.alias = alias
        self.status = status
        self.expires = expires
    }
}

extension AffiliationDocument {
    /// Reads a document. The extension elements are known by their local names, because clients in the field write
    /// them with and without their namespace.
    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("presence") else {
                throw DocumentError(.unexpected, line: root.line, "root is not presence")
            }
            guard let entity = root.attribute("entity"), !entity.isEmpty else {
                throw DocumentError(.unexpected, line: root.line, "presence without entity")
            }
            var document = AffiliationDocument(entity: MCPTTID(entity))
            var entries = 0
            for child in root.children {
                if child.isNamed("tuple") {
                    document.clients.append(try Self.client(child, &entries, limits))
                } else if child.isNamed("p-id") {
                    document.publicationID = child.text
                } else if child.isNamed("p-id-fa") {
                    document.functionalAliasPublicationID = child.text
                }
            }
            return document
        }
    }

    private static func client(
        _ tuple: XMLNode, _ entries: inout Int, _ limits: DocumentLimits
    ) throws(DocumentError) -> ClientStatus {
        guard let id = tuple.attribute("id"), !id.isEmpty else {
            throw DocumentError(.unexpected, line: tuple.line, "tuple without id")
        }
        var client = ClientStatus(client: MCPTTClientID(id))
        entries += 1
        for status in tuple.children where status.isNamed("status") {
            for element in status.children {
                entries += 1
                guard entries <= limits.entries else {
                    throw DocumentError(.tooLarge, line: element.line, "more than \(limits.entries) entries")
                }
                if element.isNamed("affiliation") {
                    client.groups.append(try affiliation(element))
                } else if element.isNamed("functionalAlias") {
                    guard let alias = element.attribute("functionalAliasID"), !alias.isEmpty else {
                        throw DocumentError(
                            .unexpected, line: element.line, "functionalAlias without functionalAliasID")
                    }
                    client.functionalAliases.append(
                        FunctionalAliasStatus(
                            alias: FunctionalAlias(alias), status: element.attribute("status"),
                            expires: try element.expires()))
                }
            }
        }
        return client
    }

    private static func affiliation(_ element: XMLNode) throws(DocumentError) -> GroupAffiliation {
        guard let group = element.attribute("group"), !group.isEmpty else {
            throw DocumentError(.unexpected, line: element.line, "affiliation without group")
        }
        var affiliation = GroupAffiliation(group: MCPTTGroupID(group), expires: try element.expires())
        if let text = element.attribute("status") {
            guard let status = AffiliationStatus(rawValue: text) else {
                throw DocumentError(.unexpected, line: element.line, "status of an affiliation is unknown")
            }
            affiliation.status = status
        }
        return affiliation
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes = [
            ("xmlns", XMLNamespace.presence), ("xmlns:mcpttPI10", XMLNamespace.mcpttPresence), ("entity", entity.value),
        ]
        writer.element("presence", attributes) { writer in
            for client in clients {
                writer.element("tuple", [("id", client.client.value)]) { writer in
                    writer.element("status") { client.write(to: &$0) }
                }
            }
            if let publicationID { writer.element("mcpttPI10:p-id", text: publicationID) }
            if let functionalAliasPublicationID {
                writer.element("mcpttPI10:p-id-fa", text: functionalAliasPublicationID)
            }
        }
        return writer.octets
    }
}

extension AffiliationDocument.ClientStatus {
    fileprivate func write(to writer: inout XMLWriter) {
        for group in groups {
            writer.element(
                "mcpttPI10:affiliation",
                [
                    ("group", group.group.value), ("status", group.status?.rawValue),
                    ("expires", group.expires.map { DateTime.text($0) }),
                ])
        }
        for alias in functionalAliases {
            writer.element(
                "mcpttPI10:functionalAlias",
                [
                    ("functionalAliasID", alias.alias.value), ("status", alias.status),
                    ("expires", alias.expires.map { DateTime.text($0) }),
                ])
        }
    }
}

extension XMLNode {
    fileprivate func expires() throws(DocumentError) -> UTCTime? {
        guard let text = attribute("expires"), !text.isEmpty else { return nil }
        guard let time = DateTime.parse(text) else {
            throw DocumentError(.unexpected, line: line, "expires is no date and time")
        }
        return time
    }
}
