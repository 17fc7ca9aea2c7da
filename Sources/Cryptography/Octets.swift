import CCrypto

/// How octets go into the shim and come out of it: no pointer outlives the call.
enum Octets {
    static func with<Result>(_ octets: some Sequence<UInt8>, _ body: (ccrypto_octets) -> Result) -> Result {
        Array(octets).withUnsafeBufferPointer { body(ccrypto_octets(start: $0.baseAddress, count: $0.count)) }
    }

    /// Several at once, in their order.
    static func with<Result>(all lists: [[UInt8]], _ body: ([ccrypto_octets]) -> Result) -> Result {
        func descend(_ index: Int, _ views: [ccrypto_octets]) -> Result {
            guard index < lists.count else { return body(views) }
            return with(lists[index]) { descend(index + 1, views + [$0]) }
        }
        return descend(0, [])
    }

    /// What a function writes into a buffer; nil where it refuses.
    static func filled(
        capacity: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) -> [UInt8]? {
        var isFilled = false
        let octets = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let written = body(buffer)
            isFilled = written >= 0 && written <= capacity
            count = isFilled ? written : 0
        }
        return isFilled ? octets : nil
    }

    /// The same where all of it is filled or nothing.
    static func whole(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> Int32) -> [UInt8]? {
        filled(capacity: count) { body($0.baseAddress) == 1 ? count : -1 }
    }

    static func text(capacity: Int, _ body: (UnsafeMutablePointer<CChar>, Int) -> Int) -> String? {
        filled(capacity: capacity) { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return start.withMemoryRebound(to: CChar.self, capacity: buffer.count) { body($0, buffer.count) }
        }.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// libcrypto refused what it never refuses: it has no memory, or a provider that forbids what this system needs.
public struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked for.
    public var operation: String

    public var description: String { "the cryptographic library refuses: \(operation)" }
}
