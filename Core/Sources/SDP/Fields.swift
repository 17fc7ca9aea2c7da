// Cutting by octets: the separators of SDP are ASCII, and walking a string by characters costs many times more.
extension Substring {
    /// The parts between separators, empty ones left out unless they count.
    func fields(
        _ separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmpty: Bool = true
    ) -> [Substring] {
        utf8.split(separator: UInt8(ascii: separator), maxSplits: maxSplits, omittingEmptySubsequences: omittingEmpty)
            .map { Substring($0) }
    }

    /// Without blanks and tabs at both ends.
    var trimmed: Substring {
        func isBlank(_ octet: UInt8) -> Bool { octet == 32 || octet == 9 }
        guard let start = utf8.firstIndex(where: { !isBlank($0) }), let end = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return self[start...end]
    }
}
