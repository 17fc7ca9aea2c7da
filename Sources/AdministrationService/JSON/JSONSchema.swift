/// What a value has to be like. One description serves for two things: what comes in is checked against it, and the
/// description of the interface (OpenAPI 3.1) is written from it, so that they cannot differ.
indirect enum JSONSchema: Sendable {
    case text(TextForm)
    case integer(ClosedRange<Int64>)
    case boolean
    case choice([String])
    /// Of so many.
    case list(JSONSchema, minimum: Int = 0, maximum: Int)
    case object([JSONField])

    var fields: [JSONField] {
        guard case .object(let fields) = self else { return [] }
        return fields
    }
}

/// A form of texts. Length and the pattern of ECMA 262 are what JSON Schema can say; where the rules of the fleet map
/// say it too they have the last word.
struct TextForm: Sendable {
    var minimum = 0
    /// In Unicode scalars.
    var maximum: Int
    var pattern: String?
    var examples: [String] = []
}

/// A member of an object.
struct JSONField: Sendable {
    enum Use: Sendable {
        case ordinary
        /// It has to be there in what comes in.
        case required
        /// It comes in and never goes out.
        case secret
    }

    var name: String
    var schema: JSONSchema
    var use: Use
    /// A sentence for people.
    var text: String

    init(_ name: String, _ schema: JSONSchema, _ text: String) { self.init(name, schema, .ordinary, text) }

    init(_ name: String, _ schema: JSONSchema, _ use: Use, _ text: String) {
        self.name = name
        self.schema = schema
        self.use = use
        self.text = text
    }
}

extension JSONSchema {
    /// Whether a value that came in is like this.
    ///
    /// - Parameter path: names the value in a problem: `rights.allowed`.
    /// - Throws: The first reason why not.
    func check(_ value: JSONValue, at path: String = "") throws(Problem) {
        switch (self, value) {
        case (.text(let form), .string(let text)):
            let count = text.unicodeScalars.count
            guard count >= form.minimum, count <= form.maximum else {
                throw .invalid(path, "expected \(form.minimum) to \(form.maximum) signs")
            }
        case (.integer(let range), .integer(let number)):
            guard range.contains(number) else {
                throw .invalid(path, "expected a number from \(range.lowerBound) to \(range.upperBound)")
            }
        case (.boolean, .boolean): break
        case (.choice(let words), .string(let text)):
            guard words.contains(text) else {
                throw .invalid(path, "expected one of: \(words.joined(separator: ", "))")
            }
        case (.list(let schema, let minimum, let maximum), .array(let elements)):
            guard elements.count >= minimum, elements.count <= maximum else {
                throw .invalid(path, "expected \(minimum) to \(maximum) elements")
            }
            for element in elements { try schema.check(element, at: path) }
        case (.object(let fields), .object(let members)): try Self.check(members, fields, at: path)
        default: throw .invalid(path, "expected \(expectation)")
        }
    }

    private static func check(_ members: [JSONMember], _ fields: [JSONField], at path: String) throws(Problem) {
        let prefix = path.isEmpty ? "" : path + "."
        for member in members {
            guard let field = fields.first(where: { $0.name == member.name }) else {
                throw Problem(.unknownField, field: prefix + String(member.name.prefix(80)), "there is no such field")
            }
            try field.schema.check(member.value, at: prefix + field.name)
        }
        for field in fields where field.use == .required && !members.contains(where: { $0.name == field.name }) {
            throw .invalid(prefix + field.name, "expected \(field.schema.expectation), found nothing")
        }
    }

    private var expectation: String {
        switch self {
        case .text: "a text"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .choice(let words): "one of: \(words.joined(separator: ", "))"
        case .list: "a list"
        case .object: "an object"
        }
    }
}

extension JSONSchema {
    /// JSON Schema 2020-12, as OpenAPI 3.1 has it. What goes out has every field that is not secret and not optional;
    /// what comes in needs the required ones only, so an answer and a request differ.
    func described(asAnswer: Bool, optional: [String] = []) -> JSONValue {
        switch self {
        case .text(let form):
            var members: [(String, JSONValue)] = [
                ("type", "string"), ("minLength", .integer(Int64(form.minimum))),
                ("maxLength", .integer(Int64(form.maximum))),
            ]
            if let pattern = form.pattern { members.append(("pattern", .string(pattern))) }
            if !form.examples.isEmpty { members.append(("examples", .strings(form.examples))) }
            return .object(members)
        case .integer(let range):
            return [
                "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
            ]
        case .boolean: return ["type": "boolean"]
        case .choice(let words): return ["type": "string", "enum": .strings(words)]
        case .list(let schema, let minimum, let maximum):
            return [
                "type": "array", "items": schema.described(asAnswer: asAnswer),
                "minItems": .integer(Int64(minimum)),
                "maxItems": .integer(Int64(maximum)),
            ]
        case .object(let fields):
            let shown = fields.filter { !asAnswer || $0.use != .secret }
            let required =
                asAnswer
                ? shown.map(\.name).filter { !optional.contains($0) }
                : shown.filter { $0.use == .required }.map(\.name)
            return [
                "type": "object", "additionalProperties": false, "required": .strings(required),
                "properties": .object(
                    shown.map { field in
                        var described = field.schema.described(asAnswer: asAnswer, optional: Self.optionalFields)
                            .with("description", .string(field.text))
                        if field.use == .secret { described = described.with("writeOnly", true) }
                        return (field.name, described)
                    }),
            ]
        }
    }

    /// Fields of objects within records that may have no value, and are left out then.
    private static let optionalFields = ["affiliationsN2", "groupCallsPerClientN4", "groupCallsN6", "transmissionsN7"]
}
