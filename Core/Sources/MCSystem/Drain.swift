import CallControl
import ControllingFunction
import MCDocuments
import MCFoundation
import Registrar
import SIP
import SIPUserAgent

/// What a system that is about to end tells those who come now.
struct Drain: Hashable, Sendable {
    var retryAfter: Duration

    /// RFC 3261 21.5.4: without Retry-After a 503 would be taken for a 500. Whole seconds, one at least.
    var headers: Headers {
        let (seconds, attoseconds) = retryAfter.components
        var headers = Headers()
        headers.append(.retryAfter, "\(max(1, seconds + (attoseconds > 0 ? 1 : 0)))")
        return headers
    }
}

extension SignallingCell {
    mutating func begin(_ drain: Drain) {
        let isFirst = self.drain == nil
        self.drain = drain
        if isFirst { note("cell.drain-began") }
    }

    /// Whether the request would begin what the end of the system would cut soon after: a registration on a connection
    /// that has none, or a call. Nothing is told apart by who asks, so that the refusal tells nobody who exists; which
    /// calls there are, only who is registered is told, and partners.
    func wouldBegin(_ request: SIPRequest, over flow: FlowID) -> Bool {
        switch request.method {
        case .register: registrar.identities(of: flow).isEmpty
        case .invite: request.headers.to?.tag == nil && !isOfCallThatStands(request, over: flow)
        default: false
        }
    }

    /// A call that stands is joined as long as it does, and an emergency is heard as long as anything is.
    private func isOfCallThatStands(_ request: SIPRequest, over flow: FlowID) -> Bool {
        if SessionIdentity.token(request.uri) != nil { return true }
        guard let body = try? CallBody(reading: request), let information = body.information else { return false }
        if information.raisesTier { return true }
        let isKnown =
            switch flows[flow]?.peer {
            case .partner, .sibling: true
            case .client: !registrar.identities(of: flow).isEmpty
            case .stranger, nil: false
            }
        return isKnown && information.requestURI.map { controlling.hasCall(of: MCPTTGroupID($0)) } ?? false
    }
}
