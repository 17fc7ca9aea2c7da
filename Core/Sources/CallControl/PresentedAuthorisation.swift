import MCDocuments
public import MCFoundation
public import SIP

/// The access token and client ID in the body of a REGISTER (TS 24.379 7.2.1, 7.3.2).
public struct PresentedAuthorisation: Hashable, Sendable {
    public var client: MCPTTClientID
    public var token: AccessToken

    public init(client: MCPTTClientID, token: AccessToken) {
        self.client = client
        self.token = token
    }

    /// nil for a REGISTER without both of them, also where what stands in its body cannot be read: a registrar looks at
    /// no bodies (RFC 3261 10.3), so that the registration holds all the same.
    public init?(_ request: SIPRequest) {
        guard !request.body.isEmpty, let information = try? CallBody(reading: request).information,
            let client = information.clientID, let token = information.accessToken
        else { return nil }
        self.init(client: client, token: AccessToken(token))
    }
}
