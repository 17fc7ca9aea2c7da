import Foundation
import GRDB
import MCFoundation
import Storage

/// Values of a row whose file may be damaged: what the library would trap on is an error here.
extension Row {
    func text(_ column: Int) throws -> String {
        guard let value = String.fromDatabaseValue(self[column]) else { throw damage(column) }
        return value
    }

    func number(_ column: Int) throws -> Int64 {
        guard let value = Int64.fromDatabaseValue(self[column]) else { throw damage(column) }
        return value
    }

    func sequence(_ column: Int) throws -> UInt64 {
        guard let value = UInt64(exactly: try number(column)) else { throw damage(column) }
        return value
    }

    func time(_ column: Int) throws -> UTCTime {
        UTCTime(microseconds: try number(column))
    }

    func octets(_ column: Int) throws -> [UInt8] {
        guard let value = try optionalOctets(column) else { throw damage(column) }
        return value
    }

    func optionalOctets(_ column: Int) throws -> [UInt8]? {
        let value: DatabaseValue = self[column]
        if value.isNull { return nil }
        guard let data = Data.fromDatabaseValue(value) else { throw damage(column) }
        return Array(data)
    }

    private func damage(_ column: Int) -> StoreError {
        StoreError(.corrupt, "a row holds no proper value in its column \(column)")
    }
}

/// Sequences are numbered from 1, far below what the engine's signed integers hold.
extension UInt64 {
    var kept: Int64 { Int64(clamping: self) }
}
