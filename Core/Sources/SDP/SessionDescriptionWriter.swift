extension SessionDescription {
    /// The description as octets, lines in the order of RFC 8866 5, each ended by CR LF.
    public func serialized() -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(512)
        octets.appendLine("v", "0")
        octets.appendLine(
            "o", "\(origin.username) \(origin.sessionID) \(origin.version) \(origin.address.text)")
        octets.appendLine("s", name)
        if let information { octets.appendLine("i", information) }
        octets.appendLines(otherLines, of: ["u", "e", "p"])
        if let connection { octets.appendLine("c", connection.text) }
        octets.appendLines(otherLines, of: ["b"])
        octets.appendLine("t", time)
        octets.appendLines(otherLines, of: ["t", "r"])
        octets.appendLines(otherLines, of: ["z", "k"])
        octets.appendLines(otherLines, except: ["u", "e", "p", "b", "t", "r", "z", "k"])
        for attribute in attributes { octets.appendLine("a", attribute.text) }
        for description in media { description.append(to: &octets) }
        return octets
    }
}

extension MediaDescription {
    fileprivate func append(to octets: inout [UInt8]) {
        let count = portCount.map { "/\($0)" } ?? ""
        octets.appendLine("m", "\(kind) \(port)\(count) \(transport) \(formats.joined(separator: " "))")
        if let information { octets.appendLine("i", information) }
        if let connection { octets.appendLine("c", connection.text) }
        octets.appendLines(otherLines, of: ["c"])
        octets.appendLines(otherLines, of: ["b"])
        octets.appendLines(otherLines, of: ["k"])
        octets.appendLines(otherLines, except: ["c", "b", "k"])
        for attribute in attributes { octets.appendLine("a", attribute.text) }
    }
}

extension Connection {
    fileprivate var text: String { "\(networkType) \(addressType) \(address)" }
}

extension SDPAttribute {
    fileprivate var text: String { value.map { "\(name):\($0)" } ?? name }
}

extension [UInt8] {
    /// A line end inside a value would start a line of its own: it becomes a space.
    fileprivate mutating func appendLine(_ type: Unicode.Scalar, _ value: String) {
        append(UInt8(ascii: type))
        append(UInt8(ascii: "="))
        for octet in value.utf8 {
            append(octet == 10 || octet == 13 || octet == 0 ? 32 : octet)
        }
        append(13)
        append(10)
    }

    fileprivate mutating func appendLines(_ lines: [SDPLine], of types: [Unicode.Scalar]) {
        for line in lines where types.contains(line.type) { appendLine(line.type, line.value) }
    }

    fileprivate mutating func appendLines(_ lines: [SDPLine], except types: [Unicode.Scalar]) {
        for line in lines where !types.contains(line.type) && line.type.isASCII { appendLine(line.type, line.value) }
    }
}
