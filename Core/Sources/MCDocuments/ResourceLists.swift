/// URI lists (RFC 4826): the called party of a private call, the members of an ad hoc group.
public struct ResourceLists: Hashable, Sendable {
    public var lists: [List]

    /// One `list` with the entries directly in it; lists within lists stand in `lists`.
    public struct List: Hashable, Sendable {
        public var name: String?
        public var entries: [Entry]
        public var lists: [List]

        public init(name: String? = nil, entries: [Entry], lists: [List] = []) {
            self.name = name
            self.entries = entries
            self.lists = lists
        }
    }

    /// One `entry`.
    public struct Entry: Hashable, Sendable {
        public var uri: String
        public var displayName: String?

        public init(uri: String, displayName: String? = nil) {
            self.uri = uri
            self.displayName = displayName
        }
    }

    public init(_ lists: [List]) {
        self.lists = lists
    }

    /// One list of these URIs.
    public init(uris: [String]) {
        self.init([List(entries: uris.map { Entry(uri: $0) })])
    }

    /// All entries, those of lists within lists after those beside them.
    public var entries: [Entry] { lists.flatMap { $0.allEntries } }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("resource-lists") else {
                throw DocumentError(.unexpected, line: root.line, "root is not resource-lists")
            }
            var remaining = limits.entries
            var lists: [List] = []
            for child in root.children where child.isNamed("list") {
                lists.append(try Self.list(child, &remaining))
            }
            return ResourceLists(lists)
        }
    }

    // The reader bounds the depth of the document, and so of this recursion.
    private static func list(_ node: XMLNode, _ remaining: inout Int) throws(DocumentError) -> List {
        var list = List(name: node.attribute("name"), entries: [])
        for child in node.children {
            guard remaining > 0 else { throw DocumentError(.tooLarge, line: child.line, "too many entries") }
            remaining -= 1
            if child.isNamed("list") {
                list.lists.append(try Self.list(child, &remaining))
            } else if child.isNamed("entry") {
                guard let uri = child.attribute("uri"), !uri.isEmpty else {
                    throw DocumentError(.unexpected, line: child.line, "entry without uri")
                }
                list.entries.append(Entry(uri: uri, displayName: child.firstChild("display-name")?.text))
            }
        }
        return list
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        writer.element("resource-lists", [("xmlns", XMLNamespace.resourceLists)]) { writer in
            for list in lists { list.write(to: &writer) }
        }
        return writer.octets
    }
}

extension ResourceLists.List {
    fileprivate var allEntries: [ResourceLists.Entry] { entries + lists.flatMap { $0.allEntries } }

    fileprivate func write(to writer: inout XMLWriter) {
        writer.element("list", [("name", name)]) { writer in
            for entry in entries {
                if let displayName = entry.displayName {
                    writer.element("entry", [("uri", entry.uri)]) { $0.element("display-name", text: displayName) }
                } else {
                    writer.element("entry", [("uri", entry.uri)])
                }
            }
            for list in lists { list.write(to: &writer) }
        }
    }
}
