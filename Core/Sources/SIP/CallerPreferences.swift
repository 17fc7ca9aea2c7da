/// What a caller wants of the device that is to be reached (RFC 3841): Accept-Contact and Reject-Contact, matched against
/// the feature tags that a device registered (RFC 3840).
///
/// NOTSPEC: numeric values (`#>=4`) compare as text; no feature tag of mission critical services has one.
public struct CallerPreferences: Hashable, Sendable {
    /// Values of one header that are looked at.
    public static let maximumValues = 16

    private struct Predicate: Hashable {
        var features: [Parameter]
        var requires: Bool
        var isExplicit: Bool
    }

    private var accepted: [Predicate] = []
    private var rejected: [Predicate] = []

    public init() {}

    public init(_ headers: Headers) {
        accepted = CallerPreferences.predicates(headers, .acceptContact)
        rejected = CallerPreferences.predicates(headers, .rejectContact)
    }

    public var isEmpty: Bool { accepted.isEmpty && rejected.isEmpty }

    /// 0 to 1000, more is better (RFC 3841 7.2.4); nil where the caller does not want this device. A device that says
    /// nothing of itself is immune.
    public func score(of contact: NameAddress) -> Int? {
        let features = contact.parameters.items.filter { CallerPreferences.isFeature($0.name) }
        guard !features.isEmpty, !isEmpty else { return 1_000 }
        for predicate in rejected {
            let matches = predicate.features.map { CallerPreferences.match($0, in: features) }
            if matches.allSatisfy({ $0 == true }) { return nil }
        }
        guard !accepted.isEmpty else { return 1_000 }
        var sum = 0
        for predicate in accepted {
            let matches = predicate.features.map { CallerPreferences.match($0, in: features) }
            // What a device does not speak of it may have, unless the caller wants it said.
            let holds = matches.allSatisfy { $0 ?? !predicate.isExplicit }
            if holds {
                sum += 1_000 * matches.count { $0 == true } / max(matches.count, 1)
            } else if predicate.requires {
                return nil
            }
        }
        return sum / accepted.count
    }

    private static func predicates(_ headers: Headers, _ name: HeaderName) -> [Predicate] {
        headers.map(name) { bytes, range in
            var position = range.lowerBound
            guard bytes.accept(UInt8(ascii: "*"), &position, range.upperBound),
                bytes.areParameters(position..<range.upperBound)
            else { return nil }
            let parameters = bytes.parameters(position..<range.upperBound)
            let features = parameters.items.filter { isFeature($0.name) }
            guard !features.isEmpty else { return nil }
            return Predicate(
                features: features, requires: parameters.has("require"), isExplicit: parameters.has("explicit"))
        }.prefix(maximumValues).map { $0 }
    }

    /// The base tags of RFC 3840 9 have no plus sign.
    private static let baseTags = [
        "audio", "application", "data", "control", "video", "text", "automata", "class", "duplex", "mobility",
        "description", "events", "priority", "methods", "extensions", "schemes", "language", "type", "actor", "isfocus",
    ]

    private static func isFeature(_ name: String) -> Bool {
        name.hasPrefix("+") || baseTags.contains { Ascii.equalsIgnoringCase($0, name) }
    }

    /// nil where the device does not speak of the feature.
    private static func match(_ wanted: Parameter, in features: [Parameter]) -> Bool? {
        let offered = features.first { Ascii.equalsIgnoringCase($0.name, wanted.name) }
        guard let offered else { return nil }
        return values(of: offered).contains { left in values(of: wanted).contains { agree(left, $0) } }
    }

    /// A tag without value is true; tokens are separated by commas; `<text>` is one string.
    private static func values(of parameter: Parameter) -> [Substring] {
        guard let value = parameter.value, !value.isEmpty else { return ["TRUE"] }
        return value.hasPrefix("<") ? [value[...]] : value.split(separator: ",").map { $0.trimmed }
    }

    private static func agree(_ left: Substring, _ right: Substring) -> Bool {
        let (a, b) = (left.hasPrefix("!"), right.hasPrefix("!"))
        if a, b { return true }
        let (x, y) = (String(a ? left.dropFirst() : left), String(b ? right.dropFirst() : right))
        let equal = x.hasPrefix("<") ? x == y : Ascii.equalsIgnoringCase(x, y)
        return a || b ? !equal : equal
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
