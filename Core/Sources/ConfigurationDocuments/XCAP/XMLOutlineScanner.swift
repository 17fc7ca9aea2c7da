internal import MCDocuments

/// One pass over the octets of a document or an element.
struct XMLOutlineScanner {
    private let octets: [UInt8]
    private let inherited: [NamespaceDeclaration]
    private let limits: XCAPLimits
    private var position = 0
    private var elements: [XMLOutline.Element] = []
    /// Elements that are not yet closed.
    private var open: [Int] = []

    init(_ octets: [UInt8], inherited: [NamespaceDeclaration], limits: XCAPLimits) {
        self.octets = octets
        self.inherited = inherited
        self.limits = limits
    }

    mutating func scan(isDocument: Bool) throws(XMLOutlineError) -> [XMLOutline.Element] {
        guard octets.count <= limits.octets else { throw .tooLarge }
        if isDocument, starts(with: "\u{feff}") { position = 3 }
        while position < octets.count {
            if octets[position] != UInt8(ascii: "<") {
                guard !open.isEmpty || isSpace(octets[position]) else { throw .malformed }
                position += 1
            } else if starts(with: "<!--") {
                guard !open.isEmpty || isDocument else { throw .malformed }
                try skip(past: "-->", from: position + 4)
            } else if starts(with: "<![CDATA[") {
                guard !open.isEmpty else { throw .malformed }
                try skip(past: "]]>", from: position + 9)
            } else if starts(with: "<?") {
                guard !open.isEmpty || isDocument else { throw .malformed }
                try skip(past: "?>", from: position + 2)
            } else if starts(with: "<!") {
                throw .malformed
            } else if starts(with: "</") {
                try endTag()
            } else {
                try startTag()
            }
        }
        guard open.isEmpty, !elements.isEmpty else { throw .malformed }
        return elements
    }

    private mutating func endTag() throws(XMLOutlineError) {
        position += 2
        let name = try name()
        skipSpace()
        guard take(UInt8(ascii: ">")), let index = open.popLast(), elements[index].qualifiedName == name else {
            throw .malformed
        }
        elements[index].range = elements[index].range.lowerBound..<position
    }

    private mutating func startTag() throws(XMLOutlineError) {
        // A second root is none.
        guard elements.isEmpty || !open.isEmpty else { throw .malformed }
        guard elements.count < limits.elements, open.count < limits.depth else { throw .tooLarge }
        let start = position
        position += 1
        let qualifiedName = try name()
        var raw: [(name: String, attribute: XMLOutline.Attribute)] = []
        var isEmptyTag = false
        while true {
            let before = position
            skipSpace()
            if take(UInt8(ascii: ">")) { break }
            if take(UInt8(ascii: "/")) {
                guard take(UInt8(ascii: ">")) else { throw .malformed }
                isEmptyTag = true
                break
            }
            guard position > before else { throw .malformed }
            guard raw.count < limits.attributes else { throw .tooLarge }
            raw.append(try attribute(from: before))
        }
        var element = XMLOutline.Element(
            range: start..<position, startTag: start..<position, isEmptyTag: isEmptyTag, qualifiedName: qualifiedName,
            name: XMLName(local: ""), parent: open.last)
        element.declarations = raw.compactMap { name, attribute in
            if name == "xmlns" { return NamespaceDeclaration(prefix: "", namespace: attribute.value) }
            guard name.hasPrefix("xmlns:") else { return nil }
            return NamespaceDeclaration(prefix: String(name.dropFirst(6)), namespace: attribute.value)
        }
        // Only the default namespace can be switched off (Namespaces in XML 1.0, 6.1).
        guard element.declarations.allSatisfy({ $0.prefix.isEmpty || !$0.namespace.isEmpty }) else { throw .malformed }
        element.name = try resolve(qualifiedName, element, isAttribute: false)
        for (name, attribute) in raw where name != "xmlns" && !name.hasPrefix("xmlns:") {
            var attribute = attribute
            attribute.name = try resolve(name, element, isAttribute: true)
            guard !element.attributes.contains(where: { $0.name == attribute.name }) else { throw .malformed }
            element.attributes.append(attribute)
        }
        let index = elements.count
        if let parent = open.last { elements[parent].children.append(index) }
        elements.append(element)
        if !isEmptyTag { open.append(index) }
    }

    private mutating func attribute(
        from start: Int
    ) throws(XMLOutlineError) -> (name: String, attribute: XMLOutline.Attribute) {
        let name = try name()
        skipSpace()
        guard take(UInt8(ascii: "=")) else { throw .malformed }
        skipSpace()
        guard position < octets.count, octets[position] == UInt8(ascii: "\"") || octets[position] == UInt8(ascii: "'")
        else { throw .malformed }
        let quote = octets[position]
        position += 1
        guard let end = octets[position...].firstIndex(of: quote) else { throw .malformed }
        let valueRange = position..<end
        guard let value = XMLReference.resolved(octets[valueRange]) else { throw .malformed }
        position = end + 1
        return (
            name,
            XMLOutline.Attribute(
                name: XMLName(local: name), range: start..<position, valueRange: valueRange, value: value)
        )
    }

    private func resolve(
        _ name: String, _ element: XMLOutline.Element, isAttribute: Bool
    ) throws(XMLOutlineError) -> XMLName {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts.contains(where: { $0.isEmpty }) else { throw .malformed }
        guard parts.count == 2 else {
            guard !isAttribute, let namespace = namespace("", element), !namespace.isEmpty else {
                return XMLName(local: name)
            }
            return XMLName(namespace: namespace, local: name)
        }
        guard let namespace = namespace(String(parts[0]), element), !namespace.isEmpty else { throw .malformed }
        return XMLName(namespace: namespace, local: String(parts[1]))
    }

    private func namespace(_ prefix: String, _ element: XMLOutline.Element) -> String? {
        if prefix == "xml" { return "http://www.w3.org/XML/1998/namespace" }
        if let own = element.declarations.first(where: { $0.prefix == prefix }) { return own.namespace }
        for index in open.reversed() {
            if let found = elements[index].declarations.first(where: { $0.prefix == prefix }) {
                return found.namespace
            }
        }
        return inherited.first { $0.prefix == prefix }?.namespace
    }

    /// Up to what cannot be in a name. Which characters names have is libxml2's to judge.
    private mutating func name() throws(XMLOutlineError) -> String {
        let start = position
        scan: while position < octets.count {
            switch octets[position] {
            case 9, 10, 13, 32, UInt8(ascii: "/"), UInt8(ascii: ">"), UInt8(ascii: "="): break scan
            case UInt8(ascii: "<"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"): throw .malformed
            default: position += 1
            }
        }
        guard position > start, let name = String(validating: octets[start..<position], as: UTF8.self) else {
            throw .malformed
        }
        return name
    }

    private func isSpace(_ octet: UInt8) -> Bool { octet == 32 || octet == 9 || octet == 10 || octet == 13 }

    private mutating func skipSpace() {
        while position < octets.count, isSpace(octets[position]) { position += 1 }
    }

    private mutating func take(_ octet: UInt8) -> Bool {
        guard position < octets.count, octets[position] == octet else { return false }
        position += 1
        return true
    }

    private func starts(with text: StaticString, at offset: Int) -> Bool {
        text.withUTF8Buffer { wanted in
            guard offset + wanted.count <= octets.count else { return false }
            return wanted.indices.allSatisfy { octets[offset + $0] == wanted[$0] }
        }
    }

    private func starts(with text: StaticString) -> Bool { starts(with: text, at: position) }

    private mutating func skip(past text: StaticString, from start: Int) throws(XMLOutlineError) {
        var offset = start
        while offset + text.utf8CodeUnitCount <= octets.count {
            if starts(with: text, at: offset) {
                position = offset + text.utf8CodeUnitCount
                return
            }
            offset += 1
        }
        throw .malformed
    }
}
