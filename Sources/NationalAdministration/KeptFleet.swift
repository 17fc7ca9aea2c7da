import Administration
import Dispatch
import Storage
import Synchronization

/// The fleet map as a store holds it.
enum KeptFleet {
    /// Records that one processor reads at a time.
    private static let share = 2_000

    /// In the order of the store. Everything is read when a system starts and when somebody changes one record from the
    /// command line, so every processor helps.
    ///
    /// - Throws: For the first record that cannot be read.
    static func records(of contents: StoreContents, by coding: JSONRecordCoding) throws -> [FleetRecord] {
        let kept = contents.records.filter { FleetKind(rawValue: $0.record.kind) != nil }
        let parts = stride(from: 0, to: kept.count, by: share).map { kept[$0..<min($0 + share, kept.count)] }
        let read = Mutex<[Result<[FleetRecord], any Error>?]>(Array(repeating: nil, count: parts.count))
        DispatchQueue.concurrentPerform(iterations: parts.count) { index in
            let part = Result { try parts[index].map { try FleetRecord($0.record, by: coding) } }
            read.withLock { $0[index] = part }
        }
        return try read.withLock { $0 }.flatMap { try $0?.get() ?? [] }
    }
}
