internal import MCDocuments
internal import MCFoundation

/// What a server does with an XCAP request (RFC 4825 8). Whether the requester may is decided before
/// (`ApplicationUsage.access(...)`).
public enum XCAP {
    /// - Parameters:
    ///   - document: The document that the URI names, as it is now; nil where there is none.
    ///   - root: The XCAP root URI, for the URIs in error documents.
    public static func decide(
        _ request: XCAPRequest, document: XCAPDocument?, rules: ApplicationUsage, root: String = "",
        limits: XCAPLimits = .init()
    ) -> XCAPDecision {
        guard request.uri.auid == rules.auid else { return XCAPDecision(XCAPResponse(status: 404)) }
        guard request.body.count <= limits.octets else { return XCAPDecision(XCAPResponse(status: 413)) }
        do throws(XCAPConflict) {
            guard let node = request.uri.node else {
                return try wholeDocument(request, document, rules, limits)
            }
            if node.terminal == .namespaces, request.method != .get {
                return XCAPDecision(XCAPResponse(status: 405, allowed: [.get]))
            }
            guard let document else {
                guard request.method == .put else { return XCAPDecision(XCAPResponse(status: 404)) }
                if let failed = unmet(request, exists: false, etag: nil) { return failed }
                throw XCAPConflict.noParent()
            }
            // What is kept was judged when it came.
            guard let outline = try? XMLOutline(document: document.octets, limits: limits) else {
                return XCAPDecision(XCAPResponse(status: 500))
            }
            let edit = NodeRequest(
                request: request, node: node, document: document, outline: outline, rules: rules, root: root,
                limits: limits)
            return try edit.decide()
        } catch {
            return XCAPDecision(XCAPResponse(error))
        }
    }

    private static func wholeDocument(
        _ request: XCAPRequest, _ document: XCAPDocument?, _ rules: ApplicationUsage, _ limits: XCAPLimits
    ) throws(XCAPConflict) -> XCAPDecision {
        if document == nil, request.method != .put { return XCAPDecision(XCAPResponse(status: 404)) }
        if let failed = unmet(request, exists: document != nil, etag: document?.etag) { return failed }
        switch request.method {
        case .get:
            return XCAPDecision(
                XCAPResponse(
                    status: 200, contentType: rules.mimeType, etag: document?.etag, body: document?.octets ?? []))
        case .delete: return XCAPDecision(XCAPResponse(status: 200), .deleted)
        case .put:
            guard request.hasContentType(rules.mimeType) else { return XCAPDecision(XCAPResponse(status: 415)) }
            guard isUTF8Document(request.body) else { throw .notUTF8 }
            do {
                _ = try XMLOutline(document: request.body, limits: limits)
            } catch {
                throw error == .tooLarge ? .constraintFailure(phrase: "too large") : .notWellFormed()
            }
            return try keep(request.body, request.uri, rules, limits, isNew: document == nil)
        }
    }

    /// libxml2's judgement, the rules' judgement, and the answer.
    static func keep(
        _ octets: [UInt8], _ uri: XCAPURI, _ rules: ApplicationUsage, _ limits: XCAPLimits, isNew: Bool
    ) throws(XCAPConflict) -> XCAPDecision {
        try ApplicationUsage.reading { () throws(DocumentError) in
            var bounds = DocumentLimits.configuration
            bounds.octets = limits.octets
            bounds.depth = limits.depth
            try XMLTree.read(octets, limits: bounds) { (_) throws(DocumentError) in }
        }
        try rules.validate(octets, at: uri.document)
        let document = XCAPDocument(octets: octets)
        return XCAPDecision(XCAPResponse(status: isNew ? 201 : 200, etag: document.etag), .replaced(document))
    }

    /// The answer where a condition does not hold (RFC 9110 13.2.2, RFC 4825 7.11); nil where all hold.
    ///
    /// The tag of a node is that of its document, so that `If-Match` with a tag also guards the insertion of a node that
    /// is not there yet; `*` asks for the node itself.
    static func unmet(_ request: XCAPRequest, exists: Bool, etag: String?) -> XCAPDecision? {
        guard request.ifMatch?.matches(etag, exists: exists) ?? true, request.ifNoneMatch != .malformed else {
            return XCAPDecision(XCAPResponse(status: 412, etag: etag))
        }
        let isMet = request.ifNoneMatch?.matchesNone(etag, exists: exists) ?? true
        return isMet ? nil : XCAPDecision(XCAPResponse(status: request.method == .get ? 304 : 412, etag: etag))
    }

    static func isUTF8(_ octets: [UInt8]) -> Bool { String(validating: octets, as: UTF8.self) != nil }

    /// UTF-8, and not declared to be something else.
    private static func isUTF8Document(_ octets: [UInt8]) -> Bool {
        guard isUTF8(octets) else { return false }
        let start = octets.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        guard octets[start...].starts(with: "<?xml".utf8), let end = octets[start...].firstIndex(of: UInt8(ascii: ">"))
        else { return true }
        let declaration = String(decoding: octets[start..<end], as: UTF8.self)
        guard let encoding = declaration.firstRange(of: "encoding") else { return true }
        let name = declaration[encoding.upperBound...].drop { " \t\r\n='\"".contains($0) }
            .prefix { !" \t\r\n'\"?".contains($0) }
        return name.lowercased() == "utf-8"
    }
}

extension XCAPRequest {
    /// Media types are compared without regard to case, and parameters do not count.
    func hasContentType(_ wanted: String) -> Bool {
        guard let contentType else { return false }
        let type = contentType.prefix { $0 != ";" && $0 != " " && $0 != "\t" }
        return type.lowercased() == wanted.lowercased()
    }
}
