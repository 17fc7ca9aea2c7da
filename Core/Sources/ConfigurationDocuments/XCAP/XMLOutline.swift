internal import MCDocuments

/// Where the elements of a document stand in its octets. XCAP changes parts of documents and leaves all else as it is
/// (comments, prefixes, white space), so that it cuts and joins octets instead of writing a tree anew.
///
/// What is well-formed beyond the structure (characters, references in text) is left to libxml2, which judges every
/// document before it is kept.
struct XMLOutline {
    /// In document order; the root is the first.
    private(set) var elements: [Element] = []

    struct Element {
        /// From the first `<` to after the last `>`.
        var range: Range<Int>
        var startTag: Range<Int>
        /// `<a/>`
        var isEmptyTag: Bool
        /// As it stands in the tag.
        var qualifiedName: String
        var name: XMLName
        var attributes: [Attribute] = []
        /// Namespaces that the tag declares, by prefix; "" is the default one.
        var declarations: [NamespaceDeclaration] = []
        var parent: Int?
        var children: [Int] = []
    }

    struct Attribute {
        var name: XMLName
        /// From the white space before the name to after the closing quote.
        var range: Range<Int>
        /// Between the quotes.
        var valueRange: Range<Int>
        var value: String
    }

    /// Namespaces in whose scope an element is, those of its own tag included, sorted by prefix.
    func scope(of index: Int) -> [NamespaceDeclaration] {
        var found: [NamespaceDeclaration] = []
        var next: Int? = index
        while let current = next {
            for declaration in elements[current].declarations
            where !found.contains(where: { $0.prefix == declaration.prefix }) {
                found.append(declaration)
            }
            next = elements[current].parent
        }
        return found.filter { !$0.namespace.isEmpty }.sorted { $0.prefix < $1.prefix }
    }

    /// Reads a whole document.
    init(document octets: [UInt8], limits: XCAPLimits) throws(XMLOutlineError) {
        var scanner = XMLOutlineScanner(octets, inherited: [], limits: limits)
        elements = try scanner.scan(isDocument: true)
    }

    /// Reads one element, with nothing but white space around it, that is to stand within the scope of `inherited`.
    init(
        fragment octets: [UInt8], inherited: [NamespaceDeclaration], limits: XCAPLimits
    ) throws(XMLOutlineError) {
        var scanner = XMLOutlineScanner(octets, inherited: inherited, limits: limits)
        elements = try scanner.scan(isDocument: false)
    }
}

/// A name with its namespace; nil where it is in none.
struct XMLName: Hashable {
    var namespace: String?
    var local: String
}

struct NamespaceDeclaration: Hashable {
    var prefix: String
    /// Empty: the default namespace is switched off.
    var namespace: String
}

/// Why octets have no outline.
enum XMLOutlineError: Error, Hashable {
    case malformed
    case tooLarge
}
