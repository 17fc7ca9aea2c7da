/// A value that must not reach a log in clear: identities, locations, keys. It prints as a short stable mark, so that
/// two lines about the same user can still be put together.
public struct Redacted<Value: Sendable & CustomStringConvertible>: Sendable, CustomStringConvertible {
    public let value: Value

    public init(_ value: Value) {
        self.value = value
    }

    public var description: String {
        let mark = String(StableHash.of(value.description) & 0xff_ffff, radix: 16)
        return "#" + String(repeating: "0", count: 6 - mark.count) + mark
    }
}
