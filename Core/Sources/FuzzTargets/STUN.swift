import MCFoundation
import SIPUserAgent

extension FuzzTargets {
    /// Keep-alive datagrams on a SIP port: what is read of one, and the answer to it.
    public static func stun(_ bytes: [UInt8]) {
        guard let message = STUNMessage(bytes) else { return }
        precondition(STUNMessage.isMeant(by: bytes), "what is read as STUN does not claim to be it")
        let sources = [
            SocketAddress(.loopback, port: 5060),
            SocketAddress(IPAddress(v6High: 0x2001_0db8_0000_0000, low: 1), port: 65_535),
        ]
        for source in sources {
            guard let answer = message.answer(to: source) else {
                precondition(message.kind != .request, "a request has no answer")
                continue
            }
            guard let read = STUNMessage(answer) else { preconditionFailure("an answer of ours cannot be read") }
            precondition(read.transaction == message.transaction, "an answer is to another request")
            precondition(
                read.kind == (message.unknownAttributes.isEmpty ? .success(source) : .failure),
                "an answer says something else")
        }
    }
}
