/// A password as it was configured. It does not print, and its octets are overwritten when nobody holds it any more.
public final class Secret: Sendable, CustomStringConvertible, CustomReflectable {
    private nonisolated(unsafe) let octets: UnsafeMutableBufferPointer<UInt8>

    public init(_ text: String) {
        octets = UnsafeMutableBufferPointer.allocate(capacity: text.utf8.count)
        _ = octets.initialize(from: text.utf8)
    }

    deinit {
        for index in octets.indices { octets[index] = 0 }
        octets.deallocate()
    }

    /// The password itself; whoever takes it must not keep it.
    public var revealed: String { String(decoding: octets, as: UTF8.self) }

    public var description: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
