/// Why a store could not do what was asked. Nothing of the failed operation is kept, whatever the code.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Somebody else held the store for longer than the limit; trying again may succeed.
        case busy
        /// No room: the disk or the configured maximum is full. Reading still works.
        case full
        /// What is kept is not what was written. Restore a backup.
        case corrupt
        /// The file or its folder must not be written.
        case readOnly = "read-only"
        /// A later version of this program has written the store.
        case newerSchema = "newer-schema"
        /// Not a store at all, or the store of another system.
        case foreign
        /// What the caller knows cannot be brought up to date by commits: they are forgotten, too many, or the store was
        /// restored to an earlier state. The caller reads the contents again.
        case outdated
        /// What was handed over breaks a rule or a limit of the store; a mistake of the program.
        case invalid
        /// Reading or writing failed for another reason.
        case io
    }

    public var code: Code
    /// For the log of the operator: what was tried and what came of it, without a kept value.
    public var diagnosis: String

    public init(_ code: Code, _ diagnosis: String) {
        self.code = code
        self.diagnosis = diagnosis
    }

    public var description: String { "\(code.rawValue): \(diagnosis)" }
}

/// What every engine says in the same words.
extension StoreError {
    public static func ahead(_ known: UInt64, _ sequence: UInt64) -> StoreError {
        StoreError(.outdated, "the caller knows commit \(known), the store ends at \(sequence): it was restored")
    }

    public static func forgotten(_ known: UInt64) -> StoreError {
        StoreError(.outdated, "the commits after \(known) are kept no more")
    }

    public static func behind(by count: Int) -> StoreError {
        StoreError(.outdated, "the caller is \(count) commits behind")
    }

    public static func twice(_ what: String) -> StoreError {
        StoreError(.invalid, "\(what) is there already")
    }
}
