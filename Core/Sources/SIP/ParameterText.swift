/// Where a header parameter stands in its value.
struct ParameterLayout {
    var name: Range<Int>
    var value: Range<Int>?
    var isQuoted = false
}

// Header parameters: `*( SEMI generic-param )` (RFC 3261 25.1).
extension Span<UInt8> {
    /// Reads one `;name=value`. False where what stands at `position` is none; `found` is nil at the end.
    @inline(__always)
    func nextParameter(_ position: inout Int, _ end: Int, _ found: inout ParameterLayout?) -> Bool {
        found = nil
        skipBlanks(&position, end)
        guard position < end else { return true }
        guard accept(Ascii.semicolon, &position, end) else { return false }
        let name = run(of: .token, &position, end)
        guard !name.isEmpty else { return false }
        var layout = ParameterLayout(name: name)
        let afterName = position
        if accept(Ascii.equals, &position, end) {
            if position < end, self[position] == Ascii.quote {
                guard let value = quotedString(&position, end) else { return false }
                layout.value = value
                layout.isQuoted = true
            } else {
                let value = run(of: .parameterValue, &position, end)
                guard !value.isEmpty else { return false }
                layout.value = value
            }
        } else {
            position = afterName
        }
        found = layout
        return true
    }

    /// True where `range` is a run of well-formed parameters, and only that. Two tags or two branches would let two
    /// elements see two dialogs or transactions in one message, and are refused (RFC 3261 7.3.1).
    func areParameters(_ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        var found: ParameterLayout?
        var count = 0
        var hasTag = false
        var hasBranch = false
        while nextParameter(&position, range.upperBound, &found) {
            guard let name = found?.name else { return true }
            count += 1
            guard count <= SIPLimits.parameters else { return false }
            if equalsIgnoringCase(name, "tag") {
                guard !hasTag else { return false }
                hasTag = true
            } else if equalsIgnoringCase(name, "branch") {
                guard !hasBranch else { return false }
                hasBranch = true
            }
        }
        return false
    }

    /// The parameters in `range`, which `areParameters`.
    func parameters(_ range: Range<Int>) -> Parameters {
        var result = Parameters()
        guard !range.isEmpty else { return result }
        result.items.reserveCapacity(4)
        var position = range.lowerBound
        var found: ParameterLayout?
        while nextParameter(&position, range.upperBound, &found), let layout = found {
            let value = layout.value.map { layout.isQuoted ? unquoted($0) : text($0) }
            result.items.append(Parameter(text(layout.name), value, isQuoted: layout.isQuoted))
        }
        return result
    }
}

extension Parameters {
    /// `;name=value` for each, quoted where the value needs it, where it was quoted, and for feature tags, whose
    /// values are always quoted (RFC 3840 9).
    var headerText: String {
        var text = ""
        for item in items {
            text += ";" + item.name
            guard let value = item.value else { continue }
            let needsQuotes = item.isQuoted || item.name.hasPrefix("+") || !value.isMade(of: .parameterValue)
            text += "=" + (needsQuotes ? value.quoted : value)
        }
        return text
    }
}
