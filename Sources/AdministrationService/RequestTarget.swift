/// Path and query of a request, taken apart before anything is decoded: an encoded slash divides nothing.
enum RequestTarget {
    /// The segments behind the prefix; nil where it is not there.
    ///
    /// - Throws: `Problem` where a segment is no text of ours.
    static func segments(of path: String, below prefix: String, limit: Int) throws(Problem) -> [String]? {
        guard path.hasPrefix(prefix) else { return nil }
        var segments: [String] = []
        for part in path.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false) {
            guard segments.count < 8 else { return nil }
            guard let segment = decoded(part), isPlain(segment), segment.utf8.count <= limit, segment != ".",
                segment != ".."
            else { throw Problem(.invalidPath, "expected percent-encoded UTF-8 without control signs") }
            segments.append(segment)
        }
        return segments
    }

    /// The parameters that are known; each once.
    static func parameters(of query: String, known: [String], limit: Int) throws(Problem) -> [String: String] {
        var found: [String: String] = [:]
        guard !query.isEmpty else { return found }
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(pair[0]), known.contains(name) else {
                throw Problem(.invalidQuery, "there is no such parameter; expected \(known.joined(separator: ", "))")
            }
            guard pair.count == 2, let value = decoded(pair[1]), isPlain(value), value.unicodeScalars.count <= limit
            else {
                throw Problem(
                    .invalidQuery, field: name,
                    "expected at most \(limit) signs of percent-encoded UTF-8 without control signs")
            }
            guard found.updateValue(value, forKey: name) == nil else {
                throw Problem(.invalidQuery, field: name, "it is there twice")
            }
        }
        return found
    }

    /// RFC 3986 2.1; nil where a percent sign begins nothing, or the octets are no UTF-8.
    static func decoded(_ text: Substring) -> String? {
        var octets: [UInt8] = []
        var rest = text.utf8[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                octets.append(octet)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            octets.append(high << 4 | low)
        }
        return String(validating: octets, as: UTF8.self)
    }

    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case 48...57, 65...90, 97...122: octets.append(octet)
            case _ where "-._~!$'()*+,;:@".utf8.contains(octet): octets.append(octet)
            default: octets += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 48...57: octet - 48
        case 65...70: octet - 55
        case 97...102: octet - 87
        default: nil
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 32 && !(127...159).contains($0.value) }
    }
}
