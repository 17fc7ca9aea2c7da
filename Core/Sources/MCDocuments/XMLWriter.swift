/// Builds a document as octets. Names are ours; every text is escaped.
package struct XMLWriter {
    package private(set) var octets: [UInt8]

    package init() {
        octets = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
        octets.reserveCapacity(1_024)
    }

    /// An element with what `body` writes in it.
    package mutating func element(
        _ name: String, _ attributes: [(String, String?)] = [], _ body: (inout XMLWriter) -> Void
    ) {
        open(name, attributes)
        octets.append(UInt8(ascii: ">"))
        body(&self)
        close(name)
    }

    /// An element with text in it.
    package mutating func element(_ name: String, _ attributes: [(String, String?)] = [], text: String) {
        open(name, attributes)
        octets.append(UInt8(ascii: ">"))
        append(escaping: text)
        close(name)
    }

    /// An element with nothing in it.
    package mutating func element(_ name: String, _ attributes: [(String, String?)] = []) {
        open(name, attributes)
        octets += "/>".utf8
    }

    /// Markup that was read from a document and stands by itself.
    package mutating func raw(_ markup: String) {
        octets += markup.utf8
    }

    private mutating func open(_ name: String, _ attributes: [(String, String?)]) {
        octets.append(UInt8(ascii: "<"))
        octets += name.utf8
        for (name, value) in attributes {
            guard let value else { continue }
            octets.append(UInt8(ascii: " "))
            octets += name.utf8
            octets += "=\"".utf8
            append(escaping: value)
            octets.append(UInt8(ascii: "\""))
        }
    }

    private mutating func close(_ name: String) {
        octets += "</".utf8
        octets += name.utf8
        octets.append(UInt8(ascii: ">"))
    }

    private mutating func append(escaping text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": octets += "&amp;".utf8
            case "<": octets += "&lt;".utf8
            case ">": octets += "&gt;".utf8
            case "\"": octets += "&quot;".utf8
            case "\r": octets += "&#13;".utf8
            case "\n": octets += "&#10;".utf8
            case "\t": octets += "&#9;".utf8
            // XML 1.0 2.2: these characters cannot stand in a document, not even as references.
            case "\u{0}"..."\u{1f}", "\u{fffe}", "\u{ffff}": octets += "\u{fffd}".utf8
            default: octets += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
    }
}
