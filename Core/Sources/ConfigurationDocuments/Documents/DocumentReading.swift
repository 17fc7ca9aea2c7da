package import MCDocuments

/// Typed reading of the children of an element. A child that is missing is nil; one that is there must be what its
/// schema says.
extension XMLNode {
    /// Text of the first child of this name; nil where there is none.
    package func string(_ name: StaticString) -> String? { firstChild(name)?.text }

    package func boolean(_ name: StaticString) throws(DocumentError) -> Bool? {
        guard let child = firstChild(name) else { return nil }
        guard let value = child.text.xmlBoolean else {
            throw DocumentError(.unexpected, line: child.line, "\(name) is no boolean")
        }
        return value
    }

    package func number<Value: FixedWidthInteger>(_ name: StaticString, as type: Value.Type = Value.self)
        throws(DocumentError) -> Value?
    {
        guard let child = firstChild(name) else { return nil }
        guard let value = Value(child.text), value >= 0 else {
            throw DocumentError(.unexpected, line: child.line, "\(name) is no number from 0 to \(Value.max)")
        }
        return value
    }

    package func duration(_ name: StaticString) throws(DocumentError) -> Duration? {
        guard let child = firstChild(name) else { return nil }
        guard let value = DurationText.parse(child.text) else {
            throw DocumentError(.unexpected, line: child.line, "\(name) is no duration")
        }
        return value
    }

    /// What the schema asks for.
    package func required<Value>(_ value: Value?, _ name: StaticString) throws(DocumentError) -> Value {
        guard let value else { throw DocumentError(.unexpected, line: line, "\(name) is missing") }
        return value
    }

    /// Text of a child that the schema asks for; it may be empty.
    package func requiredText(_ name: StaticString) throws(DocumentError) -> String { try required(string(name), name) }

    package func requiredAttribute(_ name: StaticString) throws(DocumentError) -> String {
        guard let value = attribute(name), !value.isEmpty else {
            throw DocumentError(.unexpected, line: line, "attribute \(name) is missing")
        }
        return value
    }

    /// The element is the root that a document of this kind has.
    package func expectRoot(_ name: StaticString, _ namespace: String) throws(DocumentError) {
        guard isNamed(name), self.namespace == namespace else {
            throw DocumentError(.unexpected, line: line, "root is not \(name)")
        }
    }
}

/// Counts what a document may hold of repeated things.
package struct EntryBudget {
    private var remaining: Int

    package init(_ limits: DocumentLimits) {
        remaining = limits.entries
    }

    package mutating func spend(_ node: XMLNode) throws(DocumentError) {
        guard remaining > 0 else { throw DocumentError(.tooLarge, line: node.line, "too many entries") }
        remaining -= 1
    }
}

extension XMLWriter {
    package mutating func element(_ name: String, _ value: Bool) { element(name, text: value ? "true" : "false") }

    /// Nothing where there is no value.
    package mutating func element(_ name: String, optional value: Bool?) {
        if let value { element(name, value) }
    }

    package mutating func element(_ name: String, optional value: String?) {
        if let value { element(name, text: value) }
    }

    package mutating func element(_ name: String, optional value: (some FixedWidthInteger)?) {
        if let value { element(name, text: String(value)) }
    }

    package mutating func element(_ name: String, optional value: Duration?) {
        if let value { element(name, text: DurationText.text(value)) }
    }
}
