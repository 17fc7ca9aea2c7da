internal import CXML

/// A document that libxml2 has read, for as long as `read` runs. Nothing outside the octets is ever loaded: no
/// network, no files, no entities, no document type declaration.
package enum XMLTree {
    package static func read<Result>(
        _ octets: [UInt8], limits: DocumentLimits, _ body: (XMLNode) throws(DocumentError) -> Result
    ) throws(DocumentError) -> Result {
        guard octets.count <= limits.octets else {
            throw DocumentError(.tooLarge, "longer than \(limits.octets) octets")
        }
        // Bodies are UTF-8. Other encodings would bring the conversion tables of other libraries before a hostile peer.
        guard startsAsUTF8(octets) else { throw DocumentError(.malformed, line: 1, "not XML in UTF-8") }
        guard let context = xmlNewParserCtxt() else {
            throw DocumentError(.tooLarge, "no memory for a parser")
        }
        defer { xmlFreeParserCtxt(context) }
        var state = ParserState(depthLimit: Int32(clamping: limits.depth))
        let document = withUnsafeMutablePointer(to: &state) { state in
            context.pointee._private = UnsafeMutableRawPointer(state)
            install(on: context)
            let options =
                XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
                | XML_PARSE_NOCDATA.rawValue | XML_PARSE_COMPACT.rawValue
                | XML_PARSE_IGNORE_ENC.rawValue
            return octets.withUnsafeBytes { bytes in
                xmlCtxtReadMemory(
                    context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count), nil,
                    nil, Int32(options))
            }
        }
        context.pointee._private = nil
        defer { if let document { xmlFreeDoc(document) } }
        let line = Int(context.pointee.lastError.line)
        switch state.refusal {
        case .documentType: throw DocumentError(.malformed, line: line, "document type declaration")
        case .namespace: throw DocumentError(.malformed, line: line, "a namespace is no URI")
        case .depth: throw DocumentError(.tooLarge, line: line, "deeper than \(limits.depth) elements")
        case nil: break
        }
        guard let document, let root = xmlDocGetRootElement(document) else {
            throw DocumentError(.malformed, line: line, "not well-formed (libxml2 \(context.pointee.lastError.code))")
        }
        return try body(XMLNode(root))
    }

    /// False where the first octets would let libxml2 choose another encoding (XML 1.0 Appendix F).
    private static func startsAsUTF8(_ octets: [UInt8]) -> Bool {
        let body = octets.starts(with: [0xef, 0xbb, 0xbf]) ? octets[3...] : octets[...]
        guard let first = body.first,
            first == UInt8(ascii: "<") || first == 32 || first == 10 || first == 13 || first == 9
        else { return false }
        return !body.prefix(4).contains(0)
    }

    /// The tree builder of libxml2 with two gates before it: one at the document type declaration, one at each element.
    private static func install(on context: UnsafeMutablePointer<xmlParserCtxt>) {
        context.pointee.sax.pointee.internalSubset = { context, _, _, _ in
            XMLTree.refuse(.documentType, context)
        }
        context.pointee.sax.pointee.startElementNs = {
            context, name, prefix, uri, namespaceCount, namespaces, attributeCount, defaulted, attributes in
            guard let context else { return }
            let parser = context.assumingMemoryBound(to: xmlParserCtxt.self)
            if let state = parser.pointee._private?.assumingMemoryBound(to: ParserState.self),
                parser.pointee.nodeNr >= state.pointee.depthLimit
            {
                XMLTree.refuse(.depth, context)
                return
            }
            guard XMLTree.areURIs(namespaces, count: Int(namespaceCount)) else {
                XMLTree.refuse(.namespace, context)
                return
            }
            xmlSAX2StartElementNs(
                context, name, prefix, uri, namespaceCount, namespaces, attributeCount, defaulted, attributes)
        }
    }

    /// libxml2 writes the names of namespaces without escaping them: one with markup in it would come out of a document
    /// that is passed on as markup. The declarations are pairs of prefix and name.
    private static func areURIs(
        _ declarations: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, count: Int
    ) -> Bool {
        guard let declarations else { return true }
        for index in 0..<count {
            guard var octet = declarations[2 * index + 1] else { continue }
            while octet.pointee != 0 {
                switch octet.pointee {
                case 0...0x20, 0x7f, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""),
                    UInt8(ascii: "'"):
                    return false
                default: octet += 1
                }
            }
        }
        return true
    }

    private static func refuse(_ refusal: ParserState.Refusal, _ context: UnsafeMutableRawPointer?) {
        guard let parser = context?.assumingMemoryBound(to: xmlParserCtxt.self) else { return }
        parser.pointee._private?.assumingMemoryBound(to: ParserState.self).pointee.refusal = refusal
        xmlStopParser(parser)
    }
}

/// What the gates need and what they decided.
private struct ParserState {
    enum Refusal {
        case documentType, depth, namespace
    }

    let depthLimit: Int32
    var refusal: Refusal?

    init(depthLimit: Int32) {
        self.depthLimit = depthLimit
    }
}

/// An element of a document that is being read. It must not outlive the closure it was given to.
package struct XMLNode {
    private let pointer: xmlNodePtr

    init(_ pointer: xmlNodePtr) {
        self.pointer = pointer
    }

    package var line: Int { xmlGetLineNo(pointer) }

    package var name: String { String(cString: pointer.pointee.name) }

    /// True where the local name is this one. Namespaces are compared by the caller where names alone are ambiguous.
    package func isNamed(_ name: StaticString) -> Bool { name.equals(pointer.pointee.name) }

    /// Namespace of the element; nil where it is in none.
    package var namespace: String? { pointer.pointee.ns?.pointee.href.map { String(cString: $0) } }

    /// The child elements in order.
    package var children: Children { Children(rest: pointer.pointee.children) }

    package struct Children: Sequence, IteratorProtocol {
        private var rest: xmlNodePtr?

        fileprivate init(rest: xmlNodePtr?) {
            self.rest = rest
        }

        package mutating func next() -> XMLNode? {
            while let node = rest {
                rest = node.pointee.next
                if node.pointee.type == XML_ELEMENT_NODE { return XMLNode(node) }
            }
            return nil
        }
    }

    package func firstChild(_ name: StaticString) -> XMLNode? {
        for child in children where child.isNamed(name) { return child }
        return nil
    }

    /// The text directly in the element, without white space at its ends.
    package var text: String {
        var text = ""
        var next = pointer.pointee.children
        while let node = next {
            if node.pointee.type == XML_TEXT_NODE || node.pointee.type == XML_CDATA_SECTION_NODE,
                let content = node.pointee.content
            {
                text += String(cString: content)
            }
            next = node.pointee.next
        }
        return text.trimmingXMLSpace()
    }

    /// The value of an attribute by its local name; nil where it is not there.
    package func attribute(_ name: StaticString) -> String? {
        var next = pointer.pointee.properties
        while let attribute = next {
            if name.equals(attribute.pointee.name) {
                // Without entities the value is one text node, or none where it is empty.
                guard let content = attribute.pointee.children?.pointee.content else { return "" }
                return String(cString: content).trimmingXMLSpace()
            }
            next = attribute.pointee.next
        }
        return nil
    }

    /// The element as markup that stands by itself: namespaces declared around it are declared in it, and where it has
    /// no default namespace it says so, because it may be written into a document that has one.
    func markup() throws(DocumentError) -> String {
        guard let copy = xmlDocCopyNode(pointer, pointer.pointee.doc, 1), let buffer = xmlBufferCreate() else {
            throw DocumentError(.tooLarge, line: line, "no memory for a copy")
        }
        defer {
            xmlBufferFree(buffer)
            xmlFreeNode(copy)
        }
        var declaration = copy.pointee.nsDef
        while let current = declaration, current.pointee.prefix != nil { declaration = current.pointee.next }
        if declaration == nil { xmlNewNs(copy, "", nil) }
        guard xmlNodeDump(buffer, pointer.pointee.doc, copy, 0, 0) >= 0, let content = xmlBufferContent(buffer) else {
            throw DocumentError(.tooLarge, line: line, "no memory for a copy")
        }
        return String(cString: content)
    }
}

extension StaticString {
    /// Compares with text of libxml2, which ends with a zero.
    fileprivate func equals(_ other: UnsafePointer<xmlChar>) -> Bool {
        withUTF8Buffer { own in
            for index in own.indices where other[index] != own[index] { return false }
            return other[own.count] == 0
        }
    }
}

extension String {
    package func trimmingXMLSpace() -> String {
        func isSpace(_ octet: UInt8) -> Bool { octet == 32 || octet == 10 || octet == 13 || octet == 9 }
        guard let first = utf8.first, let last = utf8.last, isSpace(first) || isSpace(last) else { return self }
        guard let start = utf8.firstIndex(where: { !isSpace($0) }),
            let end = utf8.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(self[start...end])
    }

    /// The four spellings of xs:boolean; nil for anything else.
    package var xmlBoolean: Bool? {
        switch self {
        case "true", "1", "TRUE", "True": true
        case "false", "0", "FALSE", "False": false
        default: nil
        }
    }
}
