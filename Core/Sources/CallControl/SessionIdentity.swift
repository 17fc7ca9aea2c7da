import MCFoundation
public import SIP

/// The MCPTT session identity: a contact of the function that stands for a call, kept apart from others of that
/// function by its `gr` parameter (TS 24.379 4.5).
///
/// Ours begins with the reference of the call, a word that records of all functions and of the partners name it by: it
/// travels with every contact that stands for the session, and whoever stands in between hides the rest only. Others read
/// nothing into it, for the parameter is opaque. The rest is what cannot be guessed: a reference opens nothing.
public enum SessionIdentity {
    /// The service identity `service` as contact of the session `token`; nil where the identity is no SIP URI.
    public static func uri(service: String, token: String) -> SIPURI? {
        guard var uri = SIPURI(service), uri.scheme == .sip || uri.scheme == .sips else { return nil }
        uri.parameters["gr"] = token
        return uri
    }

    /// The token of a session identity; nil for a service identity without one.
    public static func token(_ uri: SIPURI) -> String? {
        guard let token = uri.parameters["gr"], !token.isEmpty else { return nil }
        return token
    }

    /// The token of a new session.
    ///
    /// - Parameters:
    ///   - reference: `referenceLength` small letters and digits, independent of the secret.
    public static func token(reference: String, secret: String) -> String { reference + "." + secret }

    public static let referenceLength = 12

    /// What records call the session that an identity stands for, whichever function or gateway presents it; nil where
    /// its owner is none of ours, or it stands for no session.
    public static func reference(of uri: SIPURI) -> String? {
        guard let token = token(uri) else { return nil }
        // Presented by a function in between, which names the one behind it first.
        guard let start = token.firstIndex(of: "~") else { return reference(in: token[...]) }
        return reference(in: token[token.index(after: start)...])
    }

    private static func reference(in token: Substring) -> String? {
        let word = token.utf8.prefix(referenceLength)
        guard word.count == referenceLength, token.utf8.dropFirst(referenceLength).first == UInt8(ascii: "."),
            word.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) })
        else { return nil }
        return String(word)
    }

    /// A token that stands for another function's session identity and can be turned back without a table, so that
    /// rejoining works after whoever presented it has started anew. nil where `uri` is no session identity.
    public static func token(standingFor uri: SIPURI) -> String? {
        guard uri.scheme == .sip, let user = uri.user, let token = token(uri), !uri.host.isEmpty,
            !user.contains("~"), !uri.host.contains(where: { $0 == "~" || $0 == "[" })
        else { return nil }
        return "\(user)~\(token)~\(uri.host.lowercased())"
    }

    /// What such a token stands for. The caller decides whether it may be addressed.
    public static func identity(stoodForBy token: String) -> SIPURI? {
        guard let first = token.firstIndex(of: "~"), let last = token.lastIndex(of: "~"), first < last else {
            return nil
        }
        let inner = token[token.index(after: first)..<last]
        let host = token[token.index(after: last)...]
        guard !inner.isEmpty, !host.isEmpty, first > token.startIndex else { return nil }
        var uri = SIPURI(user: String(token[..<first]), host: String(host))
        uri.parameters["gr"] = String(inner)
        return uri
    }
}
