import Foundation
import GRDB
import Storage

extension StoreError {
    /// What the engine's error means. `what` was tried.
    init(_ error: any Error, _ what: String) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            // The message of the engine, without the values of the statement.
            self.init(
                Self.code(of: error.resultCode),
                "\(what): \(error.message ?? "no message") (\(error.extendedResultCode.rawValue))")
        case is RowDecodingError:
            self.init(.corrupt, "\(what): a value has the wrong type")
        default:
            self.init(.io, "\(what): \(error)")
        }
    }

    private static func code(of result: ResultCode) -> Code {
        switch result {
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
        case .SQLITE_FULL: .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: .readOnly
        case .SQLITE_TOOBIG, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH: .invalid
        default: .io
        }
    }

    /// What a system call left in `errno`.
    init(errno number: Int32, _ what: String) {
        let code: Code =
            switch number {
            case EACCES, EPERM, EROFS: .readOnly
            case ENOSPC, EDQUOT: .full
            default: .io
            }
        self.init(code, "\(what): \(String(cString: strerror(number)))")
    }
}
