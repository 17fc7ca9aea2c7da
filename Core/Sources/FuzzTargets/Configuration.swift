import ConfigurationDocuments
import MCDocuments

extension FuzzTargets {
    /// What an XCAP client sends: the path to the first line end is the request target, the rest a document or a part of
    /// one.
    public static func xcap(_ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        let target = String(decoding: bytes[..<end], as: UTF8.self)
        let body = Array(bytes[end...].dropFirst())
        documentReaders(body)
        guard let uri = try? XCAPURI(parsing: target, root: "/xcap") else { return }
        if uri.node == nil {
            // What is escaped is longer than what came.
            var limits = XCAPLimits()
            limits.uriOctets *= 9
            let again = try? XCAPURI(parsing: uri.absolute(root: "/xcap"), root: "/xcap", limits: limits)
            precondition(again == uri, "a document is named otherwise when written")
        }
        let rules = ApplicationUsage.groups
        for (method, content) in [(XCAPMethod.get, nil), (.put, "application/xcap-el+xml"), (.delete, nil)] {
            let request = XCAPRequest(method: method, uri: uri, contentType: content, body: body)
            for document in [nil, XCAPDocument(octets: Self.kept), XCAPDocument(octets: body)] {
                let decision = XCAP.decide(request, document: document, rules: rules)
                precondition((200..<600).contains(decision.response.status), "no HTTP status")
            }
        }
    }

    /// A document in which selectors find something.
    private static let kept = Array(
        """
        <?xml version="1.0"?><group xmlns="urn:oma:xml:poc:list-service"><list-service uri="sip:g@a"><list>\
        <entry uri="sip:u1@a" k="1"/><entry uri="sip:u2@a"/></list></list-service></group>
        """.utf8)

    private static func documentReaders(_ bytes: [UInt8]) {
        if let group = try? GroupDocument(parsing: bytes) {
            let octets = group.serialized()
            precondition(
                (try? GroupDocument(parsing: octets, limits: .generousConfiguration))?.serialized() == octets,
                "a group document changed on its way")
        }
        if let profile = try? UserProfileDocument(parsing: bytes) {
            let octets = profile.serialized()
            precondition(
                (try? UserProfileDocument(parsing: octets, limits: .generousConfiguration))?.serialized() == octets,
                "a user profile changed on its way")
        }
        _ = try? XCAPDiff(parsing: bytes)
    }
}

extension DocumentLimits {
    /// What we wrote ourselves is not to be refused for its size.
    fileprivate static var generousConfiguration: DocumentLimits {
        var limits = DocumentLimits.configuration
        limits.octets *= 16
        limits.entries *= 2
        return limits
    }
}
