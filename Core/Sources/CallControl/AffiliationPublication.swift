import MCDocuments
public import MCFoundation
public import SIP

/// How the participating function of a user asks an owner of groups to be told when it takes affiliations of his back
/// (TS 24.379 9.2.2.2.8).
///
/// NOTSPEC: the clause subscribes for each group; this is for all groups of the owner, as the publication is.
public struct AffiliationSubscription: Hashable, Sendable {
    public var user: MCPTTID

    public init(user: MCPTTID) { self.user = user }

    /// The SUBSCRIBE between the two service identities.
    public func request(from participating: SIPURI, to controlling: SIPURI) -> SIPRequest {
        var request = SIPRequest(method: .subscribe, uri: controlling)
        request.headers.append(.from, "<\(participating)>")
        request.headers.append(.to, "<\(controlling)>")
        request.headers.append(.contact, ServiceHeaders.contact(participating))
        request.headers.append(.event, "presence")
        request.headers.append(.expires, "3600")
        request.headers.append(.accept, MIMEType.presence)
        request.headers.append(.pAssertedIdentity, "<\(participating)>")
        request.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        let information = MCPTTInfo(requestURI: user.value, callingUserID: user)
        request.body = CallBody(information: information).write(into: &request.headers)
        return request
    }
}

/// What the participating function of a user tells the owner of groups (TS 24.379 9.2.2.2.6): with which of the owner's
/// groups a client is to be affiliated, the whole set each time.
public struct AffiliationPublication: Hashable, Sendable {
    public var user: MCPTTID
    public var client: MCPTTClientID
    public var groups: [MCPTTGroupID]
    /// `p-id` of the request of the client, where there was one.
    public var publicationID: String?

    public init(user: MCPTTID, client: MCPTTClientID, groups: [MCPTTGroupID], publicationID: String? = nil) {
        self.user = user
        self.client = client
        self.groups = groups
        self.publicationID = publicationID
    }

    /// The PUBLISH between the two service identities.
    public func request(from participating: SIPURI, to controlling: SIPURI) -> SIPRequest {
        var request = SIPRequest(method: .publish, uri: controlling)
        request.headers.append(.from, "<\(participating)>")
        request.headers.append(.to, "<\(controlling)>")
        request.headers.append(.event, "presence")
        request.headers.append(.expires, groups.isEmpty ? "0" : "\(UInt32.max)")
        request.headers.append(.pAssertedIdentity, "<\(participating)>")
        request.headers.append(.pAssertedService, ServiceHeaders.serviceIdentifier)
        for value in ServiceHeaders.acceptContact { request.headers.append(.acceptContact, value) }
        let information = MCPTTInfo(requestURI: user.value, callingUserID: user, clientID: client)
        let document = AffiliationDocument(
            entity: user, clients: [.init(client: client, groups: groups.map { GroupAffiliation(group: $0) })],
            publicationID: publicationID)
        let body = CallBody(
            information: information, others: [BodyPart(type: MIMEType.presence, body: document.serialized())])
        request.body = body.write(into: &request.headers)
        return request
    }
}
