import CallControl
import MCFoundation
import Policy
import SIP

/// How each side of the border is called on the other. A contact or session identity becomes one of this gateway with
/// the original sealed in its `gr` parameter; service identities are published and stay what they are.
struct BorderIdentities: Sendable {
    let seal: SessionIdentitySeal
    let system: SystemIdentity

    /// Something that crosses in a sealed identity.
    struct Origin: Hashable, Sendable {
        /// Entering: the contact of a function of ours, as shown to that partner. Leaving: the partner's contact.
        var crossing: Crossing
        var partner: MCSystemID
        /// The group of the call that the identity stands for.
        var group: MCPTTGroupID?
        var uri: SIPURI
    }

    /// What stands for `uri` on the other side. `crossing` is that of the requests which will present it: entering for
    /// a contact of ours shown to a partner, leaving for a partner's contact shown to our functions.
    /// The group goes with it, so that nobody who presents the identity can say it were of another one.
    /// nil where the URI is longer than a token may be.
    func shown(
        _ uri: SIPURI, presentedOn crossing: Crossing, partner: MCSystemID, group: MCPTTGroupID?
    ) -> SIPURI? {
        let direction = crossing == .entering ? "i" : "o"
        var named = group?.value ?? ""
        // What a peer calls a group must not look like the next piece.
        if named.isEmpty || named.contains(" ") { named = Self.noGroup }
        guard let sealed = seal.seal("\(direction) \(partner.value) \(named) \(uri)") else { return nil }
        // The reference of the call stays in sight: it says nothing but which records of both sides belong together.
        let token = SessionIdentity.reference(of: uri).map { SessionIdentity.token(reference: $0, secret: sealed) }
        return SessionIdentity.uri(service: system.services.gateway.value, token: token ?? sealed)
    }

    private static let noGroup = "-"

    /// What a sealed identity stands for; nil where it is not one of ours.
    func origin(of uri: SIPURI) -> Origin? {
        guard let token = SessionIdentity.token(uri), let sealed = token.split(separator: ".").last,
            let text = seal.open(String(sealed))
        else { return nil }
        let pieces = text.split(separator: " ", maxSplits: 3)
        guard pieces.count == 4, let original = SIPURI(String(pieces[3])) else { return nil }
        let crossing: Crossing
        switch pieces[0] {
        case "i": crossing = .entering
        case "o": crossing = .leaving
        default: return nil
        }
        return Origin(
            crossing: crossing, partner: MCSystemID(String(pieces[1])),
            group: pieces[2] == Self.noGroup ? nil : MCPTTGroupID(String(pieces[2])), uri: original)
    }

    /// The asserted identity that leaves: a published service identity of ours, else this gateway (TS 24.379 6.8).
    func assertedLeaving(_ headers: Headers) -> SIPURI? {
        let asserted = headers.addresses(.pAssertedIdentity).first?.uri
        if let asserted, system.services.role(user: asserted.user, host: asserted.host) != nil { return asserted }
        return SIPURI(system.services.gateway.value)
    }

    /// The asserted identity that enters: what the partner said, if it may say it; the partner's gateway where it said
    /// nothing.
    func assertedEntering(
        _ headers: Headers, from partner: Partner, by routing: RoutingTable
    ) throws(BorderRefusal) -> SIPURI? {
        let asserted = headers.addresses(.pAssertedIdentity)
        for address in asserted where !routing.speaks(partner.system, for: Self.identity(address.uri)) {
            throw BorderRefusal(403, .notAuthorisedByInterconnectedSystem, cause: "assertion-identity")
        }
        return asserted.first?.uri ?? SIPURI(partner.services.gateway.value)
    }

    /// Whom a URI means, without the port and parameters by which he is reached.
    private static func identity(_ uri: SIPURI) -> MCPTTID {
        switch uri.scheme {
        case .sip, .sips: MCPTTID(SIPURI(scheme: uri.scheme, user: uri.user, host: uri.host).description)
        case .other: MCPTTID(uri.description)
        }
    }
}
