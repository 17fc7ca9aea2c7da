/// The header fields of a message in order. One entry is one value: comma-separated lists of the headers that allow
/// them are split on parsing (RFC 3261 7.3.1), and written one value a line.
public struct Headers: Hashable, Sendable {
    private var fields: [Field] = []

    private struct Field: Hashable, Sendable {
        var name: HeaderName
        var value: String
    }

    public init() {}

    /// The first value, without surrounding white space; nil where the header is missing.
    public subscript(name: HeaderName) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// All values, top to bottom.
    public func values(_ name: HeaderName) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// Every field in order.
    public var all: [(name: HeaderName, value: String)] {
        fields.map { ($0.name, $0.value) }
    }

    public func has(_ name: HeaderName) -> Bool { fields.contains { $0.name == name } }

    public mutating func append(_ name: HeaderName, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Adds a value above the first of that name (above everything where there is none): Via, Route, Record-Route.
    public mutating func prepend(_ name: HeaderName, _ value: String) {
        let index = fields.firstIndex { $0.name == name } ?? 0
        fields.insert(Field(name: name, value: value), at: index)
    }

    /// Replaces every value of that name by this one, in the place of the first.
    public mutating func set(_ name: HeaderName, _ value: String) {
        guard let index = fields.firstIndex(where: { $0.name == name }) else { return append(name, value) }
        fields[index].value = value
        var seen = false
        fields.removeAll { field in
            guard field.name == name else { return false }
            defer { seen = true }
            return seen
        }
    }

    public mutating func remove(_ name: HeaderName) {
        fields.removeAll { $0.name == name }
    }

    /// Removes the topmost value of that name.
    public mutating func removeFirst(_ name: HeaderName) {
        if let index = fields.firstIndex(where: { $0.name == name }) { fields.remove(at: index) }
    }
}

// Typed reading. Values that `SIPMessage.parse` has let through are readable; nil means missing or malformed.
extension Headers {
    public var from: NameAddress? { self[.from].flatMap { NameAddress($0) } }
    public var to: NameAddress? { self[.to].flatMap { NameAddress($0) } }
    public var callID: String? { self[.callID] }
    public var cseq: CSeq? { self[.cseq].flatMap { CSeq($0) } }
    public var topVia: Via? { self[.via].flatMap { Via($0) } }
    public var vias: [Via] { values(.via).compactMap { Via($0) } }
    public var contacts: [NameAddress] { values(.contact).compactMap { NameAddress($0) } }
    public var routes: [NameAddress] { values(.route).compactMap { NameAddress($0) } }
    public var recordRoutes: [NameAddress] { values(.recordRoute).compactMap { NameAddress($0) } }
    /// Decimal value of a header that holds one (Expires, Max-Forwards, Min-SE), parameters cut off.
    public func integer(_ name: HeaderName) -> UInt32? {
        guard let text = self[name] else { return nil }
        let digits = text.prefix { ("0"..."9").contains($0) }
        return UInt32(digits)
    }
    /// True where a token stands in any value of a list header (Supported, Require, Allow), without regard to case.
    public func lists(_ token: String, in name: HeaderName) -> Bool {
        values(name).contains { $0.lowercased() == token.lowercased() }
    }
}
