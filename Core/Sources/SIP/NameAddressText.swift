/// Where the parts of an address value stand.
struct NameAddressLayout {
    var display: Range<Int>?
    var isQuoted = false
    var uri: URILayout
    var parameters: Range<Int>
}

// `name-addr / addr-spec` with parameters (RFC 3261 25.1 and 20).
extension Span<UInt8> {
    func nameAddress(_ range: Range<Int>) -> NameAddressLayout? {
        let end = range.upperBound
        var position = range.lowerBound
        skipBlanks(&position, end)
        guard position < end else { return nil }
        var display: Range<Int>?
        var isQuoted = false
        if self[position] == Ascii.quote {
            guard let inner = quotedString(&position, end) else { return nil }
            skipBlanks(&position, end)
            guard position < end, self[position] == Ascii.less else { return nil }
            display = inner
            isQuoted = true
        } else if let bracket = unquotedDisplay(position, end, &display) {
            position = bracket
        } else {
            return addressWithoutBrackets(position, end)
        }
        var close = position + 1
        while close < end, self[close] != Ascii.greater { close += 1 }
        guard close < end, let uri = uri(position + 1..<close), areParameters(close + 1..<end) else { return nil }
        return NameAddressLayout(display: display, isQuoted: isQuoted, uri: uri, parameters: close + 1..<end)
    }

    /// The position of the opening bracket behind a display name of tokens; nil where the value is no `name-addr`.
    private func unquotedDisplay(_ start: Int, _ end: Int, _ display: inout Range<Int>?) -> Int? {
        var index = start
        // UTF-8 outside quotes is not in the grammar, but common, and does no harm.
        while index < end, ByteSet.token.contains(self[index]) || Ascii.isBlank(self[index]) || self[index] >= 128 {
            index += 1
        }
        guard index < end, self[index] == Ascii.less else { return nil }
        let name = trimmed(start..<index)
        if !name.isEmpty { display = name }
        return index
    }

    /// Without brackets a semicolon starts the header's parameters, and comma and question mark cannot stand in the
    /// URI (RFC 3261 20).
    private func addressWithoutBrackets(_ start: Int, _ end: Int) -> NameAddressLayout? {
        var index = start
        while index < end, self[index] != Ascii.semicolon {
            guard self[index] != Ascii.question, self[index] != Ascii.comma else { return nil }
            index += 1
        }
        guard let uri = uri(trimmed(start..<index)), areParameters(index..<end) else { return nil }
        return NameAddressLayout(uri: uri, parameters: index..<end)
    }
}

extension NameAddress: LosslessStringConvertible {
    public init?(_ text: String) {
        let address = text.withOctets { NameAddress($0, 0..<$0.count) }
        guard let address else { return nil }
        self = address
    }

    init?(_ bytes: Octets, _ range: Range<Int>) {
        guard let layout = bytes.nameAddress(range) else { return nil }
        let display = layout.display.map { layout.isQuoted ? bytes.unquoted($0) : bytes.text($0) }
        self.init(
            displayName: display, uri: SIPURI(bytes, layout.uri), parameters: bytes.parameters(layout.parameters))
    }

    /// Always with angle brackets, so that no parameter changes sides.
    public var description: String {
        let display = displayName.map { $0.quoted + " " } ?? ""
        return "\(display)<\(uri)>\(parameters.headerText)"
    }
}
