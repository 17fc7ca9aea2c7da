/// What a subscriber wants to be notified of (RFC 4661): the part that clients of this service write.
public struct SimpleFilter: Hashable, Sendable {
    public var namespaceBindings: [NamespaceBinding]
    public var filters: [Filter]

    /// A prefix of the expressions.
    public struct NamespaceBinding: Hashable, Sendable {
        public var prefix: String
        public var urn: String

        public init(prefix: String, urn: String) {
            self.prefix = prefix
            self.urn = urn
        }
    }

    /// One `filter`.
    public struct Filter: Hashable, Sendable {
        public var id: String
        /// The resource it is about; nil: the one subscribed to.
        public var uri: String?
        /// `what`/`include`: expressions, as written.
        public var includes: [String]
        /// `what`/`exclude`.
        public var excludes: [String]

        public init(id: String, uri: String? = nil, includes: [String] = [], excludes: [String] = []) {
            self.id = id
            self.uri = uri
            self.includes = includes
            self.excludes = excludes
        }
    }

    public init(namespaceBindings: [NamespaceBinding] = [], filters: [Filter]) {
        self.namespaceBindings = namespaceBindings
        self.filters = filters
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("filter-set") else {
                throw DocumentError(.unexpected, line: root.line, "root is not filter-set")
            }
            var document = SimpleFilter(filters: [])
            var remaining = limits.entries
            for child in root.children {
                if child.isNamed("ns-bindings") {
                    for binding in child.children where binding.isNamed("ns-binding") {
                        try Self.spend(&remaining, binding)
                        document.namespaceBindings.append(
                            NamespaceBinding(
                                prefix: binding.attribute("prefix") ?? "", urn: binding.attribute("urn") ?? ""))
                    }
                } else if child.isNamed("filter") {
                    document.filters.append(try Self.filter(child, &remaining))
                }
            }
            return document
        }
    }

    private static func spend(_ remaining: inout Int, _ node: XMLNode) throws(DocumentError) {
        guard remaining > 0 else { throw DocumentError(.tooLarge, line: node.line, "too many entries") }
        remaining -= 1
    }

    private static func filter(_ node: XMLNode, _ remaining: inout Int) throws(DocumentError) -> Filter {
        try spend(&remaining, node)
        guard let id = node.attribute("id"), !id.isEmpty else {
            throw DocumentError(.unexpected, line: node.line, "filter without id")
        }
        var filter = Filter(id: id, uri: node.attribute("uri"))
        for what in node.children where what.isNamed("what") {
            for element in what.children {
                try spend(&remaining, element)
                if element.isNamed("include") {
                    filter.includes.append(element.text)
                } else if element.isNamed("exclude") {
                    filter.excludes.append(element.text)
                }
            }
        }
        return filter
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        writer.element("filter-set", [("xmlns", XMLNamespace.simpleFilter)]) { writer in
            if !namespaceBindings.isEmpty {
                writer.element("ns-bindings") { writer in
                    for binding in namespaceBindings {
                        writer.element("ns-binding", [("prefix", binding.prefix), ("urn", binding.urn)])
                    }
                }
            }
            for filter in filters {
                writer.element("filter", [("id", filter.id), ("uri", filter.uri)]) { writer in
                    guard !filter.includes.isEmpty || !filter.excludes.isEmpty else { return }
                    writer.element("what") { writer in
                        for expression in filter.includes { writer.element("include", text: expression) }
                        for expression in filter.excludes { writer.element("exclude", text: expression) }
                    }
                }
            }
        }
        return writer.octets
    }
}
