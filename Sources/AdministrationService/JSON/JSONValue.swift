/// JSON (RFC 8259) whose members stand in order, so that equal values are equal octets. It may hold a password, so it
/// does not print.
indirect enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A number that is no integer of 64 bits; nothing here takes one.
    case number
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// The value of a member; nil where there is none, or this is no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// Of an object: with a member more, or another value for it.
    func with(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].value = value
        } else {
            members.append(JSONMember(name: name, value: value))
        }
        return .object(members)
    }

    func without(_ names: [String]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !names.contains($0.name) })
    }

    /// This where it says something, `template` where it does not; objects within objects alike.
    func filled(from template: JSONValue) -> JSONValue {
        guard case .object(let own) = self, case .object(let defaults) = template else { return self }
        var result = defaults.map { member in
            JSONMember(name: member.name, value: self[member.name]?.filled(from: member.value) ?? member.value)
        }
        result += own.filter { template[$0.name] == nil }
        return .object(result)
    }
}

struct JSONMember: Hashable, Sendable {
    var name: String
    var value: JSONValue
}

extension JSONValue: CustomStringConvertible, CustomReflectable {
    var description: String { "JSONValue" }
    var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

extension JSONMember: CustomStringConvertible, CustomReflectable {
    var description: String { "JSONMember(\(name))" }
    var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
}

/// A description is written as it is read: members in their order.
extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
    init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue {
    var octets: [UInt8] {
        var output: [UInt8] = []
        write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null, .number: output += "null".utf8
        case .boolean(let truth): output += (truth ? "true" : "false").utf8
        case .integer(let number): output += String(number).utf8
        case .string(let text): Self.write(text, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), octet]
            case 0..<32, 127:
                output += "\\u00".utf8
                output += [digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            default: output.append(octet)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
