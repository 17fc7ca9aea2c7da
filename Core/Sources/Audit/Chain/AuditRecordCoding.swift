internal import MCFoundation

/// Why octets are no record of the log.
public enum AuditRecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first octet names a version that this program does not read.
    case unknownVersion(UInt8)
    /// They end within what stands at this offset.
    case tooShort(offset: Int)
    /// A text or a list is longer than the format allows.
    case tooLong(offset: Int)
    case notUTF8(offset: Int)
    /// An octet that stands for a class, an outcome or a kind of field has no such meaning.
    case unknownCode(UInt8, offset: Int)
    /// More octets follow where the record ends.
    case trailingOctets(offset: Int)

    public var description: String {
        switch self {
        case .unknownVersion(let version): "version \(version) of the encoding is not known"
        case .tooShort(let offset): "ends too early, at octet \(offset)"
        case .tooLong(let offset): "longer than allowed, at octet \(offset)"
        case .notUTF8(let offset): "no UTF-8, at octet \(offset)"
        case .unknownCode(let code, let offset): "code \(code) has no meaning, at octet \(offset)"
        case .trailingOctets(let offset): "goes on after its end, at octet \(offset)"
        }
    }
}

/// The canonical encoding, version 1; numbers with the most significant octet first, `text` = length in two octets and
/// UTF-8, `hash` = 32 octets. One record has one encoding, and only that is read back:
///
///     1 octet   version, 1
///     8 octets  sequence
///     8 octets  time in microseconds since 1970, two's complement
///     1 octet   class
///     text      action
///     hash      commitment to the actor's identity
///     text x 4  role, agency, country, authority
///     1 octet   outcome: 0 done; 1 refused, followed by text, the word for why
///     2 octets  number of fields, then of each:
///               1 octet 0, text name, text value   clear
///               1 octet 1, text name, hash         personal
extension AuditRecord {
    public static let encodingVersion: UInt8 = 1

    /// Texts longer than `AuditLimits` are cut; `AuditChain` has cut them before.
    public var encoding: [UInt8] {
        var octets: [UInt8] = [Self.encodingVersion]
        octets.append(number: sequence)
        octets.append(number: UInt64(bitPattern: at.microseconds))
        octets.append(kind.code)
        octets.append(text: bounded(action, octets: AuditLimits.maxNameOctets))
        octets += actor.octets
        for text in [role, agency, country, authority] {
            octets.append(text: bounded(text, octets: AuditLimits.maxNameOctets))
        }
        switch outcome {
        case .done: octets.append(0)
        case .refused(let word):
            octets.append(1)
            octets.append(text: bounded(word, octets: AuditLimits.maxNameOctets))
        }
        let kept = fields.prefix(AuditLimits.maxDetails)
        octets.append(number: UInt16(truncatingIfNeeded: kept.count))
        for field in kept {
            let name = bounded(field.name, octets: AuditLimits.maxNameOctets)
            switch field.content {
            case .clear(let value):
                octets.append(0)
                octets.append(text: name)
                octets.append(text: bounded(value, octets: AuditLimits.maxValueOctets))
            case .personal(let hash):
                octets.append(1)
                octets.append(text: name)
                octets += hash.octets
            }
        }
        return octets
    }

    /// Throws `AuditRecordError` for anything that `encoding` does not write.
    public init(encoding: [UInt8]) throws(AuditRecordError) {
        var reader = RecordReader(octets: encoding)
        let version = try reader.octet()
        guard version == Self.encodingVersion else { throw .unknownVersion(version) }
        sequence = try reader.number(UInt64.self)
        at = UTCTime(microseconds: Int64(bitPattern: try reader.number(UInt64.self)))
        kind = try reader.coded { AuditClass(code: $0) }
        action = try reader.text(AuditLimits.maxNameOctets)
        actor = try reader.hash()
        role = try reader.text(AuditLimits.maxNameOctets)
        agency = try reader.text(AuditLimits.maxNameOctets)
        country = try reader.text(AuditLimits.maxNameOctets)
        authority = try reader.text(AuditLimits.maxNameOctets)
        let refused = try reader.coded { $0 <= 1 ? $0 == 1 : nil }
        outcome = refused ? .refused(try reader.text(AuditLimits.maxNameOctets)) : .done
        let countOffset = reader.offset
        let count = Int(try reader.number(UInt16.self))
        guard count <= AuditLimits.maxDetails else { throw .tooLong(offset: countOffset) }
        fields = []
        fields.reserveCapacity(count)
        for _ in 0..<count {
            let isPersonal = try reader.coded { $0 <= 1 ? $0 == 1 : nil }
            let name = try reader.text(AuditLimits.maxNameOctets)
            if isPersonal {
                fields.append(AuditField(name, .personal(try reader.hash())))
            } else {
                fields.append(AuditField(name, .clear(try reader.text(AuditLimits.maxValueOctets))))
            }
        }
        guard reader.offset == encoding.count else { throw .trailingOctets(offset: reader.offset) }
    }
}

extension AuditClass {
    /// The octet in records. Numbers are never used again for another class.
    var code: UInt8 {
        switch self {
        case .administration: 1
        case .login: 2
        case .authorisation: 3
        case .refusal: 4
        case .call: 5
        case .affiliation: 6
        case .emergency: 7
        case .interconnection: 8
        case .system: 9
        }
    }

    init?(code: UInt8) {
        guard let kind = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = kind
    }
}

private struct RecordReader {
    let octets: [UInt8]
    var offset = 0

    mutating func octet() throws(AuditRecordError) -> UInt8 { try take(1)[offset - 1] }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _: Number.Type
    ) throws(AuditRecordError) -> Number {
        try take(Number.bitWidth / 8).reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    mutating func coded<Value>(_ meaning: (UInt8) -> Value?) throws(AuditRecordError) -> Value {
        let code = try octet()
        guard let value = meaning(code) else { throw .unknownCode(code, offset: offset - 1) }
        return value
    }

    mutating func hash() throws(AuditRecordError) -> AuditHash {
        let start = offset
        guard let hash = AuditHash(octets: Array(try take(32))) else { throw .tooShort(offset: start) }
        return hash
    }

    mutating func text(_ limit: Int) throws(AuditRecordError) -> String {
        let start = offset
        let length = Int(try number(UInt16.self))
        guard length <= limit else { throw .tooLong(offset: start) }
        guard let text = String(validating: try take(length), as: UTF8.self) else { throw .notUTF8(offset: start) }
        return text
    }

    private mutating func take(_ count: Int) throws(AuditRecordError) -> ArraySlice<UInt8> {
        guard count <= octets.count - offset else { throw .tooShort(offset: offset) }
        offset += count
        return octets[offset - count..<offset]
    }
}
