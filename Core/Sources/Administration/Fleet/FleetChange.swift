/// One change of the fleet map.
public enum FleetChange: Hashable, Sendable {
    /// Adds or replaces.
    case put(FleetRecord)
    case delete(FleetKind, key: String)

    public var kind: FleetKind {
        switch self {
        case .put(let record): record.kind
        case .delete(let kind, _): kind
        }
    }

    public var key: String {
        switch self {
        case .put(let record): record.key
        case .delete(_, let key): key
        }
    }
}

/// Writes and reads the bodies of records. The shell supplies it (JSON); what it writes for equal values is equal.
public protocol RecordCoding: Sendable {
    func encode<Value: Encodable>(_ value: Value) throws -> [UInt8]
    func decode<Value: Decodable>(_ type: Value.Type, from octets: [UInt8]) throws -> Value
}

/// Why a stored record cannot be read.
public struct FleetRecordError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// A kind that is no record of the fleet map.
        case unknownKind
        /// The record names itself otherwise than its key does.
        case keyMismatch
    }

    public var code: Code
    public var kind: String
    /// Names a record, so it is not for logs in clear.
    public var key: String

    public var description: String { "\(code.rawValue): record of kind \(kind)" }
}

extension FleetRecord {
    /// - Throws: What the coder throws.
    public func stored(by coding: some RecordCoding) throws -> StoredRecord {
        StoredRecord(kind: kind.rawValue, key: key, body: try Self.body(of: value, coding))
    }

    private static func body(of value: some FleetValue, _ coding: some RecordCoding) throws -> [UInt8] {
        try coding.encode(value)
    }

    /// - Throws: `FleetRecordError` where it is none of ours, else what the coder throws.
    public init(_ stored: StoredRecord, by coding: some RecordCoding) throws {
        guard let kind = FleetKind(rawValue: stored.kind) else {
            throw FleetRecordError(code: .unknownKind, kind: stored.kind, key: stored.key)
        }
        switch kind {
        case .organisation: self = .organisation(try coding.decode(OrganisationRecord.self, from: stored.body))
        case .profile: self = .profile(try coding.decode(ProfileRecord.self, from: stored.body))
        case .user: self = .user(try coding.decode(UserRecord.self, from: stored.body))
        case .device: self = .device(try coding.decode(DeviceRecord.self, from: stored.body))
        case .group: self = .group(try coding.decode(GroupRecord.self, from: stored.body))
        case .functionalAlias:
            self = .functionalAlias(try coding.decode(FunctionalAliasRecord.self, from: stored.body))
        case .policy: self = .policy(try coding.decode(PolicyRecord.self, from: stored.body))
        case .administrator: self = .administrator(try coding.decode(AdministratorRecord.self, from: stored.body))
        }
        guard key == stored.key else {
            throw FleetRecordError(code: .keyMismatch, kind: stored.kind, key: stored.key)
        }
    }
}

extension FleetChange {
    /// - Throws: What the coder throws.
    public func recordChange(by coding: some RecordCoding) throws -> RecordChange {
        switch self {
        case .put(let record): .put(try record.stored(by: coding))
        case .delete(let kind, let key): .delete(kind: kind.rawValue, key: key)
        }
    }

    /// nil for a change of a kind that belongs to somebody else than the fleet map: a store keeps other things too.
    ///
    /// - Throws: `FleetRecordError` where key and body differ, else what the coder throws.
    public init?(_ change: RecordChange, by coding: some RecordCoding) throws {
        switch change {
        case .put(let stored):
            guard FleetKind(rawValue: stored.kind) != nil else { return nil }
            self = .put(try FleetRecord(stored, by: coding))
        case .delete(let kind, let key):
            guard let kind = FleetKind(rawValue: kind) else { return nil }
            self = .delete(kind, key: key)
        }
    }
}
