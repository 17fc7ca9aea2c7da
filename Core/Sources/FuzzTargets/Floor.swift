import FloorControl

extension FuzzTargets {
    /// Floor control datagrams.
    public static func floor(_ bytes: [UInt8]) {
        guard let messages = try? FloorMessage.decode(bytes) else { return }
        for message in messages {
            let octets = message.encoded()
            guard let again = try? FloorMessage.decode(octets), again.count == 1 else {
                preconditionFailure("floor message written cannot be read")
            }
            precondition(again[0].encoded() == octets, "floor message changed on its way")
        }
    }
}
