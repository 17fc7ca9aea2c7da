public import Administration
import Foundation

/// Bodies of records as JSON with sorted keys: equal values give equal octets, and a person can read them.
public struct JSONRecordCoding: RecordCoding {
    private let isBrief: Bool

    /// - Parameter isBrief: entries of groups are written without what is as for an ordinary member: so a nation keeps
    ///   them, of which there are millions. Either reads both.
    public init(isBrief: Bool = false) {
        self.isBrief = isBrief
    }

    public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isBrief, let key = CodingUserInfoKey.isBrief { encoder.userInfo[key] = true }
        return Array(try encoder.encode(value))
    }

    public func decode<Value: Decodable>(_ type: Value.Type, from octets: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(octets))
    }
}
