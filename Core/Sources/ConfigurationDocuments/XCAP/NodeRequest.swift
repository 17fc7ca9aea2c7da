internal import MCDocuments

/// A request about a node of a document that exists.
struct NodeRequest {
    static let elementType = "application/xcap-el+xml"
    static let attributeType = "application/xcap-att+xml"
    static let namespaceType = "application/xcap-ns+xml"

    let request: XCAPRequest
    let node: NodeSelector
    let document: XCAPDocument
    let outline: XMLOutline
    let rules: ApplicationUsage
    let root: String
    let limits: XCAPLimits

    func decide() throws(XCAPConflict) -> XCAPDecision {
        let selection = outline.select(node, defaultNamespace: rules.defaultNamespace)
        var exists = true
        if case .nothing = selection { exists = false }
        if !exists, request.method != .put { return XCAPDecision(XCAPResponse(status: 404)) }
        if let failed = XCAP.unmet(request, exists: exists, etag: document.etag) { return failed }
        switch request.method {
        case .get: return XCAPDecision(found(selection))
        case .delete: return try delete(selection)
        case .put:
            switch node.terminal {
            case .element: return try putElement(selection)
            case .attribute(let name): return try putAttribute(name, selection)
            case .namespaces: return XCAPDecision(XCAPResponse(status: 405, allowed: [.get]))
            }
        }
    }

    private func found(_ selection: NodeSelection) -> XCAPResponse {
        switch selection {
        case .element(let index):
            XCAPResponse(
                status: 200, contentType: Self.elementType, etag: document.etag,
                body: Array(document.octets[outline.elements[index].range]))
        case .attribute(let index, let attribute):
            XCAPResponse(
                status: 200, contentType: Self.attributeType, etag: document.etag,
                body: Array(document.octets[outline.elements[index].attributes[attribute].valueRange]))
        case .namespaces(let index):
            XCAPResponse(
                status: 200, contentType: Self.namespaceType, etag: document.etag, body: namespaces(of: index))
        case .nothing: XCAPResponse(status: 404)
        }
    }

    /// The element without all but the bindings in whose scope it is (RFC 4825 10).
    private func namespaces(of index: Int) -> [UInt8] {
        var text = "<" + outline.elements[index].qualifiedName
        for declaration in outline.scope(of: index) {
            let name = declaration.prefix.isEmpty ? "xmlns" : "xmlns:" + declaration.prefix
            text += " \(name)=\"\(XMLReference.escaped(declaration.namespace))\""
        }
        return Array((text + "/>").utf8)
    }

    // MARK: DELETE (RFC 4825 8.4)

    private func delete(_ selection: NodeSelection) throws(XCAPConflict) -> XCAPDecision {
        let removed: Range<Int>
        switch selection {
        case .element(let index):
            guard index > 0 else { throw .cannotDelete(phrase: "a document has a root") }
            removed = outline.elements[index].range
        case .attribute(let index, let attribute): removed = outline.elements[index].attributes[attribute].range
        case .namespaces, .nothing: return XCAPDecision(XCAPResponse(status: 404))
        }
        var octets = document.octets
        octets.removeSubrange(removed)
        guard let after = try? XMLOutline(document: octets, limits: limits) else { throw .cannotDelete() }
        guard case .nothing = after.select(node, defaultNamespace: rules.defaultNamespace) else {
            throw .cannotDelete(phrase: "the selector would find another")
        }
        return try XCAP.keep(octets, request.uri, rules, limits, isNew: false)
    }

    // MARK: PUT (RFC 4825 8.2)

    private func putElement(_ selection: NodeSelection) throws(XCAPConflict) -> XCAPDecision {
        guard let step = node.steps.last else { return XCAPDecision(XCAPResponse(status: 404)) }
        // The parent of the root is the document itself, in which one root is all there can be.
        let parent = node.steps.count > 1 ? try element(node.steps.dropLast()) : nil
        guard request.hasContentType(Self.elementType) else { return XCAPDecision(XCAPResponse(status: 415)) }
        guard XCAP.isUTF8(request.body) else { throw .notUTF8 }
        let fragment = try fragment(within: parent)
        if case .element(let index) = selection {
            let range = outline.elements[index].range
            let octets = replacing(range, with: fragment)
            return try keep(octets, elementAt: range.lowerBound..<(range.lowerBound + fragment.count), isNew: false)
        }
        guard let parent, let place = outline.place(for: step, in: parent, rules.defaultNamespace) else {
            throw .cannotInsert(phrase: parent == nil ? "a document has one root" : "no such position")
        }
        let start: Int
        var octets: [UInt8]
        switch place {
        case .before(let sibling):
            start = outline.elements[sibling].range.lowerBound
            octets = replacing(start..<start, with: fragment)
        case .after(let sibling):
            start = outline.elements[sibling].range.upperBound
            octets = replacing(start..<start, with: fragment)
        case .into(let element) where outline.elements[element].isEmptyTag:
            let tag = outline.elements[element]
            let close = Array("</\(tag.qualifiedName)>".utf8)
            start = tag.startTag.upperBound - 1
            octets = replacing((start - 1)..<(start + 1), with: [UInt8(ascii: ">")] + fragment + close)
        case .into(let element):
            let range = outline.elements[element].range
            guard let end = document.octets[range].lastIndex(of: UInt8(ascii: "<")) else { throw .cannotInsert() }
            start = end
            octets = replacing(start..<start, with: fragment)
        }
        return try keep(octets, elementAt: start..<(start + fragment.count), isNew: true)
    }

    private func putAttribute(
        _ name: NodeSelector.QualifiedName, _ selection: NodeSelection
    ) throws(XCAPConflict) -> XCAPDecision {
        let index = try element(node.steps[...])
        guard request.hasContentType(Self.attributeType) else { return XCAPDecision(XCAPResponse(status: 415)) }
        guard XCAP.isUTF8(request.body) else { throw .notUTF8 }
        guard XMLReference.resolved(request.body[...]) != nil else { throw .notXMLAttributeValue() }
        let quote = request.body.contains(UInt8(ascii: "\"")) ? UInt8(ascii: "'") : UInt8(ascii: "\"")
        guard !request.body.contains(quote) else { throw .notXMLAttributeValue(phrase: "both quotes") }
        let value = [quote] + request.body + [quote]
        let octets: [UInt8]
        let isNew: Bool
        if case .attribute(_, let place) = selection {
            let range = outline.elements[index].attributes[place].valueRange
            octets = replacing((range.lowerBound - 1)..<(range.upperBound + 1), with: value)
            isNew = false
        } else {
            let element = outline.elements[index]
            let end = element.startTag.upperBound - (element.isEmptyTag ? 2 : 1)
            let written = try attributeName(name, in: index)
            octets = replacing(end..<end, with: Array(" \(written)=".utf8) + value)
            isNew = true
        }
        let after: XMLOutline
        do { after = try XMLOutline(document: octets, limits: limits) } catch { throw .notXMLAttributeValue() }
        guard
            case .attribute(let element, let place) = after.select(node, defaultNamespace: rules.defaultNamespace),
            octets[after.elements[element].attributes[place].valueRange] == request.body[...]
        else { throw .cannotInsert(phrase: "the selector would not find it") }
        return try XCAP.keep(octets, request.uri, rules, limits, isNew: isNew)
    }

    /// The prefixes of the document are not those of the query.
    private func attributeName(
        _ name: NodeSelector.QualifiedName, in element: Int
    ) throws(XCAPConflict) -> String {
        guard let namespace = name.namespace else { return name.local }
        let bound = outline.scope(of: element).first { $0.namespace == namespace && !$0.prefix.isEmpty }
        guard let bound else { throw .cannotInsert(phrase: "no prefix for the namespace of the attribute") }
        return bound.prefix + ":" + name.local
    }

    /// The element that these steps lead to; the conflict names the last one that is there.
    private func element(_ steps: ArraySlice<NodeSelector.Step>) throws(XCAPConflict) -> Int {
        switch outline.walk(steps, rules.defaultNamespace) {
        case .found(let index): return index
        case .lost(let count):
            var ancestor = request.uri.document
            if count > 0 { ancestor.node = NodeSelector(steps: Array(steps.prefix(count))) }
            throw .noParent(ancestor: ancestor.absolute(root: root))
        }
    }

    /// The element of the body, without the white space around it.
    private func fragment(within parent: Int?) throws(XCAPConflict) -> [UInt8] {
        let scope = parent.map { outline.scope(of: $0) } ?? []
        do {
            let body = try XMLOutline(fragment: request.body, inherited: scope, limits: limits)
            return Array(request.body[body.elements[0].range])
        } catch {
            throw error == .tooLarge ? .constraintFailure(phrase: "too large") : .notXMLFragment()
        }
    }

    private func replacing(_ range: Range<Int>, with new: [UInt8]) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(document.octets.count - range.count + new.count)
        octets += document.octets[..<range.lowerBound]
        octets += new
        octets += document.octets[range.upperBound...]
        return octets
    }

    /// GET after PUT has to give what was put (RFC 4825 8.2.3).
    private func keep(
        _ octets: [UInt8], elementAt range: Range<Int>, isNew: Bool
    ) throws(XCAPConflict) -> XCAPDecision {
        let after: XMLOutline
        do {
            after = try XMLOutline(document: octets, limits: limits)
        } catch {
            throw error == .tooLarge ? .constraintFailure(phrase: "too large") : .notXMLFragment()
        }
        guard case .element(let index) = after.select(node, defaultNamespace: rules.defaultNamespace),
            after.elements[index].range == range
        else { throw .cannotInsert(phrase: "the selector would not find it") }
        do {
            return try XCAP.keep(octets, request.uri, rules, limits, isNew: isNew)
        } catch {
            // What libxml2 objects to came with the fragment.
            if case .notWellFormed(let phrase) = error { throw .notXMLFragment(phrase: phrase) }
            throw error
        }
    }
}
