/// A hash that is the same in every process and on every machine (FNV-1a, 64 bit).
/// `Hasher` is seeded per process and so must never decide where a user or a group lives.
public struct StableHash: Sendable {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    /// Octets that lie side by side are read as they lie: asked for one by one through the protocol, from another
    /// module, each of them costs ten times as much.
    public mutating func combine(bytes: some Sequence<UInt8>) {
        var hash = value
        let isDone: Void? = bytes.withContiguousStorageIfAvailable { octets in
            for octet in octets { Self.combine(octet, into: &hash) }
        }
        if isDone == nil {
            for octet in bytes { Self.combine(octet, into: &hash) }
        }
        value = hash
    }

    private static func combine(_ octet: UInt8, into hash: inout UInt64) {
        hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3
    }

    public static func of(_ text: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(bytes: text.utf8)
        return hash.value
    }
}
