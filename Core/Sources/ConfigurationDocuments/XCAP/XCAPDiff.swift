public import MCDocuments

/// Which documents have changed (RFC 5874): the body of a notification of `xcap-diff`.
///
/// The changes themselves are not in it: a subscriber fetches the document (RFC 5875 4.6, `no-patching`).
public struct XCAPDiff: Hashable, Sendable {
    public static let contentType = "application/xcap-diff+xml"

    /// `xcap-root`: what the selectors are relative to.
    public var root: String
    public var documents: [DocumentChange]

    public struct DocumentChange: Hashable, Sendable {
        /// `sel`: relative to the root, encoded as in a URI.
        public var selector: String
        /// Without quotes; nil where the document is new.
        public var previousETag: String?
        /// Without quotes; nil where the document is gone.
        public var newETag: String?

        public init(selector: String, previousETag: String?, newETag: String?) {
            self.selector = selector
            self.previousETag = previousETag
            self.newETag = newETag
        }

        /// The change from one state of a document to another, by the tags of both, with quotes.
        public init(_ uri: XCAPURI, from previous: String?, to new: String?) {
            self.init(
                selector: uri.document.description, previousETag: previous?.withoutQuotes,
                newETag: new?.withoutQuotes)
        }
    }

    public init(root: String, documents: [DocumentChange]) {
        self.root = root
        self.documents = documents
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [("xmlns", ConfigurationNamespace.xcapDiff), ("xcap-root", root)]
        writer.element("xcap-diff", attributes) { writer in
            for change in documents {
                writer.element(
                    "document",
                    [
                        ("sel", change.selector), ("previous-etag", change.previousETag),
                        ("new-etag", change.newETag),
                    ])
            }
        }
        return writer.octets
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            try root.expectRoot("xcap-diff", ConfigurationNamespace.xcapDiff)
            var budget = EntryBudget(limits)
            var diff = XCAPDiff(root: try root.requiredAttribute("xcap-root"), documents: [])
            for child in root.children where child.isNamed("document") {
                try budget.spend(child)
                diff.documents.append(
                    DocumentChange(
                        selector: try child.requiredAttribute("sel"), previousETag: child.attribute("previous-etag"),
                        newETag: child.attribute("new-etag")))
            }
            return diff
        }
    }
}

extension String {
    /// An entity tag of HTTP without what encloses it.
    fileprivate var withoutQuotes: String {
        utf8.count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : self
    }
}
