import CallControl
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// A client that publishes again may name what it published before by its entity tag (RFC 3903 4.1): then it may leave the
/// body out to keep it, or to take it back.
extension ParticipatingFunction {
    /// The client of the user whose publication a request names; nil where it names none and says everything.
    ///
    /// - Throws: 412 where no client that speaks over the flow published under that tag (RFC 3903 6, step 4), and 400 where
    ///   there is neither tag nor body.
    func conditional(
        _ request: SIPRequest, _ tag: KeyPath<ServedClient, String?>, _ user: User, _ flow: FlowID
    ) throws(Refusal) -> MCPTTClientID? {
        guard let named = request.headers[.sipIfMatch] else {
            guard !request.body.isEmpty else { throw Refusal(status: 400) }
            return nil
        }
        let client = users[user.mcpttID]?.clients.first { $0.value[keyPath: tag] == named }?.key
        guard let client, isBound(client, of: user.mcpttID, over: flow) else { throw Refusal(status: 412) }
        return client
    }

    /// 200 with a new tag, under which the client may publish again. `expires`: as it was asked for.
    mutating func publicationAccepted(
        _ transaction: ServerTransactionID, _ tag: WritableKeyPath<ServedClient, String?>, of key: ClientKey,
        expires: UInt32, at now: Now
    ) {
        let new = random.token(16)
        users[key.user]?.clients[key.client]?[keyPath: tag] = expires > 0 ? new : nil
        var headers = Headers()
        headers.append(.expires, "\(expires)")
        headers.append(.sipETag, new)
        agent.answer(transaction, status: 200, headers: headers, at: now)
    }
}
