import MCFoundation

/// Why octets are no JSON that is taken here. It never holds what stood there.
struct JSONError: Error, Hashable, Sendable {
    /// From 0, in octets.
    var offset: Int
    var text: String
}

/// Reads JSON (RFC 8259) strictly: in UTF-8, no name twice within an object, nothing after it, not nested deeper and not
/// of more values than the limits say.
///
/// Foundation's reader takes the same name twice and keeps one: two readers of one request could then see two requests.
struct JSONReader {
    static let maximumDepth = 16
    static let maximumValues = 500_000

    private let octets: [UInt8]
    private var position = 0
    private var values = 0

    static func read(_ octets: [UInt8]) throws(JSONError) -> JSONValue {
        var reader = JSONReader(octets: octets)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == octets.count else { throw reader.error("expected the end") }
        return value
    }

    private init(octets: [UInt8]) { self.octets = octets }

    private func error(_ text: String) -> JSONError { JSONError(offset: position, text: text) }

    private var next: UInt8? { position < octets.count ? octets[position] : nil }

    private mutating func skipBlanks() {
        while let octet = next, [0x20, 0x09, 0x0a, 0x0d].contains(octet) { position += 1 }
    }

    private mutating func take(_ octet: UInt8) -> Bool {
        guard next == octet else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
        values += 1
        guard values <= Self.maximumValues else { throw error("more than \(Self.maximumValues) values") }
        skipBlanks()
        guard let octet = next else { throw error("expected a value") }
        switch octet {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("expected a value")
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard octets[position...].starts(with: word.utf8) else { throw error("expected a value") }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [JSONMember] = []
        var names: Set<String> = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw error("expected a name") }
            let name = try string()
            guard names.insert(name).inserted else { throw error("a name is there twice") }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw error("expected a colon") }
            members.append(JSONMember(name: name, value: try value(depth: depth + 1)))
            skipBlanks()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw error("expected a comma or the end of the object") }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw error("expected a comma or the end of the array") }
        }
    }

    private mutating func digits() -> Int {
        let start = position
        while let octet = next, (48...57).contains(octet) { position += 1 }
        return position - start
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        let isZero = next == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !isZero || whole == 1 else { throw error("expected a number") }
        let end = position
        if take(UInt8(ascii: ".")), digits() == 0 { throw error("expected a number") }
        if let octet = next, octet | 0x20 == UInt8(ascii: "e") {
            position += 1
            if let sign = next, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
            if digits() == 0 { throw error("expected a number") }
        }
        guard end == position else {
            // 7.0 and 1e2 are whole too (JSON Schema 2020-12 4.2.3), as far as every reader agrees on them.
            let value = Double(String(decoding: octets[start..<position], as: UTF8.self)) ?? .nan
            guard value.magnitude <= 9_007_199_254_740_991, let whole = Int64(exactly: value) else { return .number }
            return .integer(whole)
        }
        return Int64(String(decoding: octets[start..<end], as: UTF8.self)).map { .integer($0) } ?? .number
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var content: [UInt8] = []
        while let octet = next {
            switch octet {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw error("expected UTF-8") }
                position += 1
                return text
            case UInt8(ascii: "\\"): try escape(&content)
            case 0..<32: throw error("a control sign in a text")
            default:
                content.append(octet)
                position += 1
            }
        }
        throw error("a text has no end")
    }

    private mutating func escape(_ content: inout [UInt8]) throws(JSONError) {
        position += 1
        guard let octet = next else { throw error("a text has no end") }
        position += 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(octet)
        case UInt8(ascii: "b"): content.append(8)
        case UInt8(ascii: "f"): content.append(12)
        case UInt8(ascii: "n"): content.append(10)
        case UInt8(ascii: "r"): content.append(13)
        case UInt8(ascii: "t"): content.append(9)
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if (0xd800..<0xdc00).contains(code) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw error("half a sign") }
                let low = UInt32(try hexadecimal())
                guard (0xdc00..<0xe000).contains(low) else { throw error("half a sign") }
                code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw error("half a sign") }
            content += Array(String(Character(scalar)).utf8)
        default: throw error("there is no such escape")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        guard octets.count - position >= 4 else { throw error("a text has no end") }
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = octets[position].hexadecimalDigit else { throw error("expected four hexadecimal digits") }
            code = code << 4 | UInt16(digit)
            position += 1
        }
        return code
    }
}
