/// JSON (RFC 8259) whose members stand in the order in which they were written, so that equal values are equal octets.
indirect enum OrderedJSON: Sendable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case array([OrderedJSON])
    case object([(String, OrderedJSON)])

    static func strings(_ texts: [String]) -> OrderedJSON { .array(texts.map { .string($0) }) }

    var octets: [UInt8] {
        var output: [UInt8] = []
        write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .string(let text):
            OrderedJSON.write(text, to: &output)
        case .integer(let number):
            output += String(number).utf8
        case .boolean(let truth):
            output += (truth ? "true" : "false").utf8
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
                OrderedJSON.write(member.0, to: &output)
                output.append(UInt8(ascii: ":"))
                member.1.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output += [UInt8(ascii: "\\"), octet]
            case 0..<32, 127:
                output += "\\u00".utf8
                output += [digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            default:
                output.append(octet)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
