import Yams

/// Collects the mistakes of one file.
final class IssueList {
    let file: String
    private(set) var issues: [ConfigurationIssue] = []

    init(file: String) { self.file = file }

    func add(_ mark: Mark?, _ text: String) {
        add(line: mark?.line ?? 0, column: mark?.column ?? 0, text)
    }

    func add(line: Int, column: Int, _ text: String) {
        issues.append(ConfigurationIssue(file: file, line: line, column: column, text: text))
    }

    func add(_ value: Value, _ text: String) {
        add(value.node.mark, value.path.isEmpty ? text : "\(value.path): \(text)")
    }

    func throwIfAny() throws(ConfigurationError) {
        guard !issues.isEmpty else { return }
        throw ConfigurationError(
            issues: issues.enumerated().sorted {
                ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
            }.map(\.element))
    }
}

/// One value of the file with the way to it.
struct Value {
    let node: Node
    let path: String
    let issues: IssueList

    func expected(_ what: String) {
        issues.add(self, "expected \(what), found \(found)")
    }

    /// How the value is named in messages.
    var found: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar):
            switch kind {
            case .null: "nothing"
            case .text: "\"\(scalar.string)\""
            case .other: scalar.string
            }
        }
    }

    private enum Kind { case null, text, other }

    private var kind: Kind {
        switch node.tag.description {
        case "tag:yaml.org,2002:null": .null
        case "tag:yaml.org,2002:str": .text
        default: .other
        }
    }

    func at(_ key: String, _ node: Node) -> Value {
        Value(node: node, path: path.isEmpty ? key : "\(path).\(key)", issues: issues)
    }

    // MARK: Readers. Each tells what was expected and answers nil where the value is another.

    func fields() -> Fields? {
        guard case .mapping(let mapping) = node else {
            expected("a mapping")
            return nil
        }
        return Fields(self, mapping)
    }

    /// One value of a mapping, for what is found wrong with it later.
    func field(_ key: String) -> Value? {
        guard case .mapping(let mapping) = node else { return nil }
        return mapping[key].map { at(key, $0) }
    }

    func list() -> [Value]? {
        guard case .sequence(let sequence) = node else {
            expected("a list")
            return nil
        }
        return sequence.enumerated().map { Value(node: $1, path: "\(path)[\($0)]", issues: issues) }
    }

    func list<Element>(of read: (Value) -> Element?) -> [Element]? {
        guard let values = list() else { return nil }
        return values.compactMap(read)
    }

    func text(_ what: String = "text") -> String? {
        guard case .scalar(let scalar) = node, kind == .text, !scalar.string.isEmpty else {
            expected(what)
            return nil
        }
        return scalar.string
    }

    /// Like `text`, but a mistake is told without what was found.
    func secret() -> Secret? {
        guard case .scalar(let scalar) = node, kind == .text, !scalar.string.isEmpty else {
            issues.add(self, "expected text in quotes")
            return nil
        }
        return Secret(scalar.string)
    }

    func integer(_ range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let scalar) = node, kind == .other, let number = Int(scalar.string), range.contains(number)
        else {
            expected("a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    func flag() -> Bool? {
        guard case .scalar(let scalar) = node, let flag = Bool(scalar.string) else {
            expected("true or false")
            return nil
        }
        return flag
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .scalar(let scalar) = node, let choice = Choice(rawValue: scalar.string) else {
            expected("one of \(names)")
            return nil
        }
        return choice
    }

    func duration(_ range: ClosedRange<Duration>) -> Duration? {
        let what =
            "a duration from \(range.lowerBound.configured) to \(range.upperBound.configured), such as \"30 s\" or \"250 ms\""
        guard case .scalar(let scalar) = node, let duration = Duration(configured: scalar.string),
            range.contains(duration)
        else {
            expected(what)
            return nil
        }
        return duration
    }
}

extension Duration {
    /// A whole number and a unit: ms, s, min, h.
    init?(configured text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Int64(digits), number <= 1_000_000_000 else { return nil }
        switch unit {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "min": self = .seconds(number * 60)
        case "h": self = .seconds(number * 3_600)
        default: return nil
        }
    }

    /// As people write it.
    var configured: String {
        let (seconds, attoseconds) = components
        return attoseconds == 0 ? "\(seconds) s" : "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000) ms"
    }
}

/// The keys of a mapping. Whatever was not asked for when `end` is called is unknown.
final class Fields {
    let value: Value
    private let mapping: Node.Mapping
    private var known: [String] = []

    init(_ value: Value, _ mapping: Node.Mapping) {
        self.value = value
        self.mapping = mapping
    }

    /// A key with nothing after it counts as left out.
    func optional(_ key: String) -> Value? {
        known.append(key)
        guard let node = mapping[key] else { return nil }
        let found = value.at(key, node)
        return node.tag.description == "tag:yaml.org,2002:null" ? nil : found
    }

    func required(_ key: String) -> Value? {
        guard let found = optional(key) else {
            value.issues.add(mapping.mark, "\(value.at(key, value.node).path): expected, but missing")
            return nil
        }
        return found
    }

    func end() {
        for (key, _) in mapping {
            guard let name = key.string else {
                value.issues.add(key.mark, "\(value.path): expected a key, found \(value.at("", key).found)")
                continue
            }
            if !known.contains(name) {
                value.issues.add(
                    key.mark,
                    "\(value.at(name, key).path): unknown key, expected one of \(known.sorted().joined(separator: ", "))"
                )
            }
        }
    }
}

/// Reads YAML text into its top mapping.
enum YAMLText {
    static func root(_ text: String, _ issues: IssueList) throws(ConfigurationError) -> Value {
        do {
            guard let node = try compose(yaml: text) else {
                issues.add(line: 1, column: 1, "expected a mapping, found an empty file")
                throw ConfigurationError(issues: issues.issues)
            }
            return Value(node: node, path: "", issues: issues)
        } catch let error as ConfigurationError {
            throw error
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            for key in duplicates {
                issues.add(
                    line: secondLine(of: key, first: context.mark, in: text), column: context.mark.column,
                    "\(key): key appears twice in its mapping")
            }
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            issues.add(mark, "expected YAML, found a mistake in it: \(problem)")
        } catch {
            issues.add(nil, "expected YAML in UTF-8")
        }
        throw ConfigurationError(issues: issues.issues)
    }

    /// The composer says where the first of the equal keys stands; in a block mapping the second is in the same column
    /// further down.
    private static func secondLine(of key: String, first: Mark, in text: String) -> Int {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let offset = first.column - 1
        let places = lines.indices.dropFirst(first.line - 1).filter { index in
            lines[index].prefix(offset).allSatisfy { $0 == " " || $0 == "-" }
                && lines[index].dropFirst(offset).hasPrefix("\(key):")
        }
        return places.count > 1 ? places[1] + 1 : first.line
    }
}
