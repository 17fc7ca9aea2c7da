/// A node selector (RFC 4825 6.3): steps to one element, and what of it is meant.
public struct NodeSelector: Hashable, Sendable {
    public var steps: [Step]
    public var terminal: Terminal

    public enum Terminal: Hashable, Sendable {
        case element
        case attribute(QualifiedName)
        /// `namespace::*`: the bindings in whose scope the element is.
        case namespaces
    }

    /// One step: elements of a name, then those at a position among them, then those with an attribute of a value.
    public struct Step: Hashable, Sendable {
        /// nil: any (`*`).
        public var name: QualifiedName?
        /// Counted from 1.
        public var position: Int?
        public var attribute: AttributeTest?

        public init(name: QualifiedName?, position: Int? = nil, attribute: AttributeTest? = nil) {
            self.name = name
            self.position = position
            self.attribute = attribute
        }
    }

    public struct AttributeTest: Hashable, Sendable {
        public var name: QualifiedName
        public var value: String

        public init(name: QualifiedName, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A name with the prefix that it was written with, and the namespace that the query binds to it. A name without a
    /// prefix is in the default document namespace where it names an element, in none where it names an attribute.
    public struct QualifiedName: Hashable, Sendable {
        public var prefix: String?
        public var namespace: String?
        public var local: String

        public init(_ local: String, prefix: String? = nil, namespace: String? = nil) {
            self.local = local
            self.prefix = prefix
            self.namespace = namespace
        }
    }

    /// One `xmlns()` of the query.
    struct Binding {
        var prefix: String
        var namespace: String
    }

    public init(steps: [Step], terminal: Terminal = .element) {
        self.steps = steps
        self.terminal = terminal
    }

    init(parsing text: String, bindings: [Binding], limits: XCAPLimits) throws(XCAPURIError) {
        var scanner = SelectorScanner(text: text, bindings: bindings)
        var steps: [Step] = []
        var terminal = Terminal.element
        repeat {
            guard steps.count < limits.steps else { throw .tooLong }
            if !steps.isEmpty, scanner.skip("@") {
                terminal = .attribute(try scanner.name())
                break
            }
            if !steps.isEmpty, scanner.skip("namespace::*") {
                terminal = .namespaces
                break
            }
            steps.append(try scanner.step())
        } while scanner.skip("/")
        guard scanner.isAtEnd else { throw .malformedSelector }
        self.init(steps: steps, terminal: terminal)
    }

    /// Enough of NCName for what is compared and never written as markup.
    static func isName(_ text: Substring) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        guard first == "_" || first.properties.isAlphabetic else { return false }
        return text.unicodeScalars.allSatisfy {
            $0 == "_" || $0 == "-" || $0 == "." || $0 == "\u{b7}" || $0.properties.isAlphabetic
                || $0.properties.numericType != nil || $0.properties.canonicalCombiningClass != .notReordered
        }
    }
}

extension NodeSelector {
    /// Of the prefixes that stand in it, each once.
    var bindings: [Binding] {
        var names = steps.flatMap { [$0.name, $0.attribute?.name] }
        if case .attribute(let name) = terminal { names.append(name) }
        var found: [Binding] = []
        for case let name? in names {
            guard let prefix = name.prefix, let namespace = name.namespace,
                !found.contains(where: { $0.prefix == prefix })
            else { continue }
            found.append(Binding(prefix: prefix, namespace: namespace))
        }
        return found
    }
}

extension NodeSelector: CustomStringConvertible {
    /// As in a URI before it is encoded.
    public var description: String {
        var parts = steps.map { $0.description }
        switch terminal {
        case .element: break
        case .attribute(let name): parts.append("@" + name.description)
        case .namespaces: parts.append("namespace::*")
        }
        return parts.joined(separator: "/")
    }
}

extension NodeSelector.Step: CustomStringConvertible {
    public var description: String {
        var text = name?.description ?? "*"
        if let position { text += "[\(position)]" }
        if let attribute {
            text += "[@\(attribute.name)=\"\(XMLReference.escaped(attribute.value))\"]"
        }
        return text
    }
}

extension NodeSelector.QualifiedName: CustomStringConvertible {
    public var description: String { prefix.map { "\($0):\(local)" } ?? local }
}

/// Reads a decoded selector from its start to its end.
private struct SelectorScanner {
    private var rest: Substring
    private let bindings: [NodeSelector.Binding]

    init(text: String, bindings: [NodeSelector.Binding]) {
        rest = text[...]
        self.bindings = bindings
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ text: String) -> Bool {
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    mutating func step() throws(XCAPURIError) -> NodeSelector.Step {
        var step = NodeSelector.Step(name: skip("*") ? nil : try name())
        if let digits = predicateDigits() {
            guard let position = Int(digits), position > 0 else { throw .malformedSelector }
            step.position = position
        }
        if skip("[@") {
            let name = try name()
            guard skip("=") else { throw .malformedSelector }
            step.attribute = NodeSelector.AttributeTest(name: name, value: try quoted())
            guard skip("]") else { throw .malformedSelector }
        }
        return step
    }

    private mutating func predicateDigits() -> Substring? {
        guard rest.first == "[" else { return nil }
        let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.endIndex < rest.endIndex, rest[digits.endIndex] == "]" else { return nil }
        rest = rest[rest.index(after: digits.endIndex)...]
        return digits
    }

    private mutating func quoted() throws(XCAPURIError) -> String {
        guard let quote = rest.first, quote == "\"" || quote == "'",
            let end = rest.dropFirst().firstIndex(of: quote)
        else { throw .malformedSelector }
        let value = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        // As in XML, a value holds references, so that a quote can stand in it.
        guard let text = XMLReference.resolved(Array(value.utf8)[...]) else { throw .malformedSelector }
        return text
    }

    mutating func name() throws(XCAPURIError) -> NodeSelector.QualifiedName {
        let first = try part()
        guard rest.first == ":", !rest.hasPrefix("::") else { return NodeSelector.QualifiedName(first) }
        rest = rest.dropFirst()
        let local = try part()
        guard let binding = bindings.last(where: { $0.prefix == first }) else { throw .unboundPrefix }
        return NodeSelector.QualifiedName(local, prefix: first, namespace: binding.namespace)
    }

    private mutating func part() throws(XCAPURIError) -> String {
        let end = rest.firstIndex { "/[]@=:*'\"".contains($0) } ?? rest.endIndex
        let part = rest[..<end]
        guard NodeSelector.isName(part) else { throw .malformedSelector }
        rest = rest[end...]
        return String(part)
    }
}
