/// The header fields of a message in order. One entry is one value: comma-separated lists of the headers that allow
/// them are split on parsing (RFC 3261 7.3.1), and written one value a line.
///
/// Names and values are ranges into one octet buffer; a `String` is made where one is asked for. Octets that are not
/// UTF-8 read as replacement characters and are written unchanged.
public struct Headers: Sendable {
    private(set) var storage: [UInt8] = []
    private(set) var fields: [Field] = []
    /// Octets of `storage` that no field uses any more.
    private var unused = 0

    struct Field: Sendable {
        /// Raw value of `KnownHeader`; 0 where the name is to be read from the buffer.
        var number: UInt8
        var nameStart: UInt32 = 0
        var nameEnd: UInt32 = 0
        var start: UInt32
        var end: UInt32

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(start)..<Int(end) }
    }

    public init() {}

    /// Takes over what the parser found. Every range lies within `storage`.
    init(storage: [UInt8], fields: [Field]) {
        self.storage = storage
        self.fields = fields
    }

    /// The first value, without surrounding white space; nil where the header is missing.
    public subscript(name: HeaderName) -> String? {
        firstIndex(name).map { storage.span.text(fields[$0].value) }
    }

    /// All values, top to bottom.
    public func values(_ name: HeaderName) -> [String] {
        map(name) { bytes, range in bytes.text(range) }
    }

    /// Every field in order.
    public var all: [(name: HeaderName, value: String)] {
        fields.map { (self.name(of: $0), storage.span.text($0.value)) }
    }

    public var isEmpty: Bool { fields.isEmpty }

    public func has(_ name: HeaderName) -> Bool { firstIndex(name) != nil }

    public mutating func append(_ name: HeaderName, _ value: String) {
        fields.append(store(name, value))
    }

    /// Adds a value above the first of that name (above everything where there is none): Via, Route, Record-Route.
    public mutating func prepend(_ name: HeaderName, _ value: String) {
        let index = firstIndex(name) ?? 0
        fields.insert(store(name, value), at: index)
    }

    /// Replaces every value of that name by this one, in the place of the first.
    public mutating func set(_ name: HeaderName, _ value: String) {
        guard let index = firstIndex(name) else { return append(name, value) }
        discard(from: index + 1, name)
        unused += fields[index].value.count
        let field = store(name, value)
        fields[index].start = field.start
        fields[index].end = field.end
    }

    public mutating func remove(_ name: HeaderName) {
        discard(from: 0, name)
    }

    /// Removes the topmost value of that name.
    public mutating func removeFirst(_ name: HeaderName) {
        guard let index = firstIndex(name) else { return }
        unused += fields[index].value.count
        fields.remove(at: index)
    }
}

// Reading in place, for the codec.
extension Headers {
    func firstIndex(_ name: HeaderName) -> Int? {
        fields.firstIndex { matches($0, name) }
    }

    func matches(_ field: Field, _ name: HeaderName) -> Bool {
        if let known = name.known { return field.number == known.rawValue }
        guard field.number == 0, field.name.count == name.other.utf8.count else { return false }
        for (index, byte) in zip(field.name, name.other.utf8) where Ascii.lower(storage[index]) != Ascii.lower(byte) {
            return false
        }
        return true
    }

    func name(of field: Field) -> HeaderName {
        if let known = KnownHeader(rawValue: field.number) { return HeaderName(known) }
        return HeaderName(unknown: storage.span.text(field.name))
    }

    func map<Value>(_ name: HeaderName, _ read: (Octets, Range<Int>) -> Value?) -> [Value] {
        var result: [Value] = []
        let bytes = storage.span
        for field in fields where matches(field, name) {
            if let value = read(bytes, field.value) { result.append(value) }
        }
        return result
    }

    func first<Value>(_ name: HeaderName, _ read: (Octets, Range<Int>) -> Value?) -> Value? {
        firstIndex(name).flatMap { read(storage.span, fields[$0].value) }
    }
}

extension Headers {
    /// Writes the value (and the name where we do not know it) behind the buffer. Line breaks would start another
    /// header field and become spaces.
    private mutating func store(_ name: HeaderName, _ value: String) -> Field {
        compactIfWorthIt()
        var field = Field(number: name.known?.rawValue ?? 0, start: 0, end: 0)
        if name.known == nil {
            field.nameStart = UInt32(storage.count)
            storage.append(contentsOf: name.other.utf8)
            field.nameEnd = UInt32(storage.count)
        }
        let start = storage.count
        for byte in value.utf8 {
            storage.append(byte == Ascii.carriageReturn || byte == Ascii.lineFeed ? Ascii.space : byte)
        }
        let range = storage.span.trimmed(start..<storage.count)
        field.start = UInt32(range.lowerBound)
        field.end = UInt32(range.upperBound)
        return field
    }

    private mutating func discard(from start: Int, _ name: HeaderName) {
        var kept = start
        for index in fields.indices.dropFirst(start) {
            if matches(fields[index], name) {
                unused += fields[index].value.count
            } else {
                fields[kept] = fields[index]
                kept += 1
            }
        }
        fields.removeLast(fields.count - kept)
    }

    /// A message that lives long and is changed often (a registration that is refreshed) must not grow without bound.
    private mutating func compactIfWorthIt() {
        guard unused > 4096, unused > storage.count / 2 else { return }
        var packed: [UInt8] = []
        packed.reserveCapacity(storage.count - unused)
        for index in fields.indices {
            let name = fields[index].name
            let value = fields[index].value
            fields[index].nameStart = UInt32(packed.count)
            packed += storage[name]
            fields[index].nameEnd = UInt32(packed.count)
            fields[index].start = UInt32(packed.count)
            packed += storage[value]
            fields[index].end = UInt32(packed.count)
        }
        storage = packed
        unused = 0
    }
}

extension Headers: Hashable {
    /// Same names (without regard to case) with the same octets, in the same order.
    public static func == (left: Headers, right: Headers) -> Bool {
        guard left.fields.count == right.fields.count else { return false }
        return zip(left.fields, right.fields).allSatisfy { a, b in
            a.number == b.number && left.storage[a.value].elementsEqual(right.storage[b.value])
                && left.storage[a.name].lazy.map(Ascii.lower)
                    .elementsEqual(right.storage[b.name].lazy.map(Ascii.lower))
        }
    }

    public func hash(into hasher: inout Hasher) {
        for field in fields {
            hasher.combine(field.number)
            hasher.combine(field.value.count)
            storage[field.value].withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }
}

// Typed reading. Values that `SIPMessage.parse` has let through are readable; nil means missing or malformed.
extension Headers {
    public var from: NameAddress? { first(.from) { NameAddress($0, $1) } }
    public var to: NameAddress? { first(.to) { NameAddress($0, $1) } }
    public var callID: String? { self[.callID] }
    public var cseq: CSeq? { first(.cseq) { CSeq($0, $1) } }
    public var topVia: Via? { first(.via) { Via($0, $1) } }
    public var vias: [Via] { map(.via) { Via($0, $1) } }
    /// The addresses of Contact; empty for the asterisk (`isContactWildcard`).
    public var contacts: [NameAddress] { map(.contact) { NameAddress($0, $1) } }
    public var routes: [NameAddress] { map(.route) { NameAddress($0, $1) } }
    public var recordRoutes: [NameAddress] { map(.recordRoute) { NameAddress($0, $1) } }

    /// `Contact: *`, which removes every binding (RFC 3261 10.2.2).
    public var isContactWildcard: Bool { self[.contact] == "*" }

    /// The addresses of any header that holds some: Path, Service-Route, P-Asserted-Identity, Refer-To.
    public func addresses(_ name: HeaderName) -> [NameAddress] { map(name) { NameAddress($0, $1) } }

    /// Decimal value of a header that holds one (Expires, Max-Forwards, Min-SE), parameters cut off.
    public func integer(_ name: HeaderName) -> UInt32? {
        first(name) { bytes, range in
            var position = range.lowerBound
            let digits = bytes.run(of: .digit, &position, range.upperBound)
            return bytes.decimal(digits, maximum: UInt64(UInt32.max)).map { UInt32($0) }
        }
    }

    /// True where a token stands in any value of a list header (Supported, Require, Allow), without regard to case.
    public func lists(_ token: String, in name: HeaderName) -> Bool {
        values(name).contains { Ascii.equalsIgnoringCase($0, token) }
    }
}
