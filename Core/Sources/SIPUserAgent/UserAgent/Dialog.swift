import SIP

/// What names a dialog from our side (RFC 3261 12).
public struct DialogIdentity: Hashable, Sendable {
    public var callID: String
    public var localTag: String
    public var remoteTag: String

    public init(callID: String, localTag: String, remoteTag: String) {
        self.callID = callID
        self.localTag = localTag
        self.remoteTag = remoteTag
    }

    /// Reads Target-Dialog of a peer, whose tags are named from where we stand (RFC 4538 7). nil without both of them.
    public init?(targetDialog text: String) {
        let parts = text.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard let callID = parts.first, !callID.isEmpty, !text.hasPrefix(";") else { return nil }
        var tags: [String: String] = [:]
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 2 { tags[pair[0].lowercased()] = pair[1] }
        }
        guard let local = tags["local-tag"], let remote = tags["remote-tag"] else { return nil }
        self.init(callID: callID, localTag: local, remoteTag: remote)
    }

    /// The value of a Target-Dialog header that names this dialog to its peer (RFC 4538 7).
    public var targetDialog: String { "\(callID);local-tag=\(remoteTag);remote-tag=\(localTag)" }
}

/// A dialog (RFC 3261 12): sequence numbers, tags, remote target, route set.
struct Dialog: Sendable {
    let callID: String
    let localTag: String
    var remoteTag: String
    /// From and To of our requests, with their tags.
    private var local: NameAddress
    private var remote: NameAddress
    private(set) var remoteTarget: SIPURI
    private(set) var routes: [NameAddress]
    var localSequence: UInt32
    var remoteSequence: UInt32?

    /// For the sender of the request that creates the dialog: until an answer comes, the remote side is open.
    /// nil where the request lacks what RFC 3261 8.1.1 demands.
    init?(calling request: SIPRequest) {
        guard let from = request.headers.from, let to = request.headers.to, let tag = from.tag,
            let callID = request.headers.callID, let cseq = request.headers.cseq
        else { return nil }
        self.callID = callID
        localTag = tag
        remoteTag = to.tag ?? ""
        local = from
        remote = to
        remoteTarget = request.uri
        routes = request.headers.routes
        localSequence = cseq.number
        remoteSequence = nil
    }

    /// For the receiver (RFC 3261 12.1.1).
    init?(answering request: SIPRequest, localTag: String) {
        guard let from = request.headers.from, var to = request.headers.to, let callID = request.headers.callID,
            let cseq = request.headers.cseq, let contact = request.headers.contacts.first
        else { return nil }
        to.tag = localTag
        self.callID = callID
        self.localTag = localTag
        remoteTag = from.tag ?? ""
        local = to
        remote = from
        remoteTarget = contact.uri
        routes = request.headers.recordRoutes
        localSequence = 0
        remoteSequence = cseq.number
    }

    /// The branch that a response opens or confirms (RFC 3261 12.1.2, 13.2.2.4).
    func answered(by response: SIPResponse) -> Dialog {
        var dialog = self
        if let to = response.headers.to {
            dialog.remote = to
            dialog.remoteTag = to.tag ?? ""
        }
        if let contact = response.headers.contacts.first { dialog.remoteTarget = contact.uri }
        dialog.routes = response.headers.recordRoutes.reversed()
        return dialog
    }

    /// The dialog that the first NOTIFY creates when it overtakes the answer to SUBSCRIBE (RFC 6665 4.4.1).
    mutating func adopt(notifier request: SIPRequest) {
        guard let from = request.headers.from else { return }
        remote = from
        remoteTag = from.tag ?? ""
        if let contact = request.headers.contacts.first { remoteTarget = contact.uri }
        routes = request.headers.recordRoutes
    }

    /// RFC 3261 12.2.1.2, 12.2.2: the route set stays.
    mutating func refreshTarget(_ headers: Headers) {
        if let contact = headers.contacts.first { remoteTarget = contact.uri }
    }

    /// Whether a request of the peer is in order (RFC 3261 12.2.2); it is then the newest.
    mutating func admits(_ sequence: UInt32) -> Bool {
        if let newest = remoteSequence, sequence <= newest { return false }
        remoteSequence = sequence
        return true
    }

    /// A request inside the dialog (RFC 3261 12.2.1.1). ACK and CANCEL take the number of their INVITE.
    mutating func request(_ method: Method, sequence: UInt32? = nil) -> SIPRequest {
        if sequence == nil { localSequence += 1 }
        var request = SIPRequest(method: method, uri: remoteTarget)
        var routes = routes
        if let first = routes.first, !first.uri.parameters.has("lr") {
            // A strict router takes the place of the target, which goes to the end.
            request.uri = first.uri
            request.uri.parameters["method"] = nil
            request.uri.headers = nil
            routes.removeFirst()
            routes.append(NameAddress(uri: remoteTarget))
        }
        request.headers.append(.maxForwards, "70")
        for route in routes { request.headers.append(.route, route.description) }
        request.headers.append(.from, local.description)
        request.headers.append(.to, remote.description)
        request.headers.append(.callID, callID)
        request.headers.append(.cseq, CSeq(sequence ?? localSequence, method).description)
        return request
    }

    var identity: DialogIdentity { DialogIdentity(callID: callID, localTag: localTag, remoteTag: remoteTag) }
    var key: DialogKey { DialogKey(callID: callID, localTag: localTag) }
}

/// Our half of a dialog's name. The tags we mint are unique, so it finds the owner; the remote tag is checked then.
struct DialogKey: Hashable, Sendable {
    var callID: String
    var localTag: String
}
