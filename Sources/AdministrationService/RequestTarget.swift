import MCFoundation

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

    static func decoded(_ text: Substring) -> String? { PercentEncoding.decode(text.utf8) }

    static func encoded(_ text: String) -> String { PercentEncoding.encode(text, keeping: "!$'()*+,;:@") }

    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 32 && !(127...159).contains($0.value) }
    }
}
