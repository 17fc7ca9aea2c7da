/// The parameters of a request, decoded by the shell: a query or a form (RFC 6749 3.1, 3.2).
public struct RequestParameters: Hashable, Sendable {
    private struct Pair: Hashable, Sendable {
        var name: String
        var value: String
    }

    private let pairs: [Pair]
    /// More or longer than `IdentityLimits` allow; what is beyond was not kept.
    public let exceedsLimits: Bool

    public init(_ pairs: [(name: String, value: String)], limits: IdentityLimits = .init()) {
        var kept: [Pair] = []
        var octets = 0
        for pair in pairs.prefix(limits.parameters) {
            octets += pair.name.utf8.count + pair.value.utf8.count
            guard octets <= limits.parameterOctets else { break }
            kept.append(Pair(name: pair.name, value: pair.value))
        }
        self.pairs = kept
        exceedsLimits = kept.count < pairs.count
    }

    /// Nil where it is absent, empty (RFC 6749 3.1: as if omitted) or repeated.
    public subscript(name: String) -> String? {
        guard !isRepeated(name), let pair = pairs.first(where: { $0.name == name }), !pair.value.isEmpty else {
            return nil
        }
        return pair.value
    }

    /// RFC 6749 3.1: a parameter must not be included more than once.
    public func isRepeated(_ name: String) -> Bool {
        pairs.count { $0.name == name } > 1
    }

    public var hasRepetition: Bool {
        pairs.contains { isRepeated($0.name) }
    }
}

extension RequestParameters: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Names only: among the values are codes, tokens and verifiers.
    public var description: String { "parameters(\(pairs.count))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
