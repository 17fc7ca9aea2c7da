import MCFoundation

/// What an XCAP request is about (RFC 4825 6): a document, or a node in it.
public struct XCAPURI: Hashable, Sendable {
    /// Application unique ID: the first segment below the root.
    public var auid: String
    public var tree: Tree
    /// Segments below the tree, decoded; the last one is the document's name.
    public var path: [String]
    /// What follows `~~`; nil where the document as a whole is meant.
    public var node: NodeSelector?

    /// The two trees of an application usage (RFC 4825 5.5).
    public enum Tree: Hashable, Sendable {
        /// `users/<XUI>`
        case user(String)
        case global
    }

    public init(auid: String, tree: Tree, path: [String], node: NodeSelector? = nil) {
        self.auid = auid
        self.tree = tree
        self.path = path
        self.node = node
    }

    /// The same document, without what is selected in it.
    public var document: XCAPURI { XCAPURI(auid: auid, tree: tree, path: path) }

    /// Reads path and query of a request.
    ///
    /// - Parameters:
    ///   - target: Path and query as they stand in the request line.
    ///   - root: Path of the XCAP root, as `/xcap-root`; with or without a slash at its end.
    public init(parsing target: String, root: String, limits: XCAPLimits = .init()) throws(XCAPURIError) {
        guard target.utf8.count <= limits.uriOctets else { throw .tooLong }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let base = root.hasSuffix("/") ? root : root + "/"
        guard let path = halves.first, path.hasPrefix(base) else { throw .outsideOfRoot }
        let bindings = try Self.bindings(halves.count > 1 ? String(halves[1]) : "", limits)
        try self.init(relative: String(path.dropFirst(base.count)), bindings: bindings, limits: limits)
    }

    /// Reads a selector relative to the root, as it stands in `xcap-diff` and its subscriptions (RFC 5874 3).
    public init(parsingSelector selector: String, limits: XCAPLimits = .init()) throws(XCAPURIError) {
        guard selector.utf8.count <= limits.uriOctets else { throw .tooLong }
        try self.init(relative: selector, bindings: [], limits: limits)
    }

    private init(
        relative: String, bindings: [NodeSelector.Binding], limits: XCAPLimits
    ) throws(XCAPURIError) {
        // The separator is never escaped, so it is looked for before anything is decoded.
        var documentPath = relative
        var selector: String?
        if let separator = relative.firstRange(of: "/~~/") {
            documentPath = String(relative[..<separator.lowerBound])
            selector = String(relative[separator.upperBound...])
        }
        var segments: [String] = []
        for part in documentPath.split(separator: "/", omittingEmptySubsequences: false) {
            guard segments.count < limits.segments else { throw .tooLong }
            guard let segment = Self.decoded(part), !segment.isEmpty, segment != ".", segment != "..", segment != "~~",
                !segment.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f })
            else { throw .malformedPath }
            segments.append(segment)
        }
        guard segments.count >= 3 else { throw .malformedPath }
        auid = segments[0]
        switch segments[1] {
        case "users":
            guard segments.count >= 4 else { throw .malformedPath }
            tree = .user(segments[2])
            path = Array(segments[3...])
        case "global":
            tree = .global
            path = Array(segments[2...])
        default: throw .malformedPath
        }
        guard let selector else { return }
        guard let text = Self.decoded(selector[...]) else { throw .malformedSelector }
        node = try NodeSelector(parsing: text, bindings: bindings, limits: limits)
    }

    /// `xmlns(p=uri)` parts of the query (RFC 4825 6.4); other parts are passed over, as for an unknown scheme of an
    /// XPointer.
    private static func bindings(_ query: String, _ limits: XCAPLimits) throws(XCAPURIError) -> [NodeSelector.Binding] {
        guard let text = decoded(query[...]) else { throw .malformedQuery }
        var bindings: [NodeSelector.Binding] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "(") {
            guard let close = rest[open...].firstIndex(of: ")") else { throw .malformedQuery }
            let scheme = rest[..<open].drop { $0 == " " || $0 == "&" }
            let data = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            guard scheme == "xmlns" else { continue }
            guard bindings.count < limits.namespaceBindings else { throw .tooLong }
            let pair = data.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, NodeSelector.isName(pair[0]), !pair[1].isEmpty else { throw .malformedQuery }
            bindings.append(.init(prefix: String(pair[0]), namespace: String(pair[1])))
        }
        return bindings
    }

    package static func decoded(_ text: Substring) -> String? { PercentEncoding.decode(text.utf8) }
}

extension XCAPURI: CustomStringConvertible {
    /// Relative to the root, encoded; without bindings, which stand in the query.
    public var description: String {
        var segments = [auid]
        switch tree {
        case .user(let xui): segments += ["users", xui]
        case .global: segments.append("global")
        }
        segments += path
        let document = segments.map { Self.encoded($0) }.joined(separator: "/")
        guard let node else { return document }
        return document + "/~~/" + Self.encoded(node.description, keeping: "/")
    }

    /// With the root before it and the bindings of its prefixes behind it.
    public func absolute(root: String) -> String {
        let base = (root.hasSuffix("/") ? root : root + "/") + description
        guard let bindings = node?.bindings, !bindings.isEmpty else { return base }
        return base + "?"
            + bindings.map { "xmlns(\(Self.encoded($0.prefix))=\(Self.encoded($0.namespace, keeping: "/")))" }.joined()
    }

    /// Leaves what RFC 3986 allows in a segment.
    static func encoded(_ text: String, keeping more: String = "") -> String {
        PercentEncoding.encode(text, keeping: "!$&'()*+,;=:@" + more)
    }
}

/// Why a request target is no XCAP URI.
public enum XCAPURIError: Error, Hashable, Sendable {
    /// Not below the root: 404.
    case outsideOfRoot
    /// Beyond a bound of `XCAPLimits`: 414.
    case tooLong
    /// Not tree, user and document: 404.
    case malformedPath
    /// Not the grammar of RFC 4825 6.3: 400.
    case malformedSelector
    /// Not the grammar of RFC 4825 6.4: 400.
    case malformedQuery
    /// A prefix that the query does not bind: 400.
    case unboundPrefix

    /// HTTP status that answers it.
    public var status: Int {
        switch self {
        case .outsideOfRoot, .malformedPath: 404
        case .tooLong: 414
        case .malformedSelector, .malformedQuery, .unboundPrefix: 400
        }
    }
}
