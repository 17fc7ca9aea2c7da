/// A SIP method. Methods are case-sensitive tokens (RFC 3261 7.1).
public enum Method: Hashable, Sendable {
    case invite, ack, bye, cancel, register, options, subscribe, notify, publish, message, info, update, prack, refer
    /// A method that no specification we implement defines, kept as received.
    case other(String)
}

extension Method: CustomStringConvertible {
    private static let known: [Method] = [
        .invite, .ack, .bye, .cancel, .register, .options, .subscribe, .notify, .publish, .message, .info, .update,
        .prack, .refer,
    ]

    public init(_ token: String) {
        self = Method.known.first { $0.description == token } ?? .other(token)
    }

    init(_ bytes: Octets, _ range: Range<Int>) {
        self = Method.known.first { $0.isSpelled(bytes, range) } ?? .other(bytes.text(range))
    }

    func isSpelled(_ bytes: Octets, _ range: Range<Int>) -> Bool {
        var name = description
        return name.withUTF8 { letters in
            guard letters.count == range.count else { return false }
            for offset in 0..<letters.count where letters[offset] != bytes[range.lowerBound + offset] { return false }
            return true
        }
    }

    public var description: String {
        switch self {
        case .invite: "INVITE"
        case .ack: "ACK"
        case .bye: "BYE"
        case .cancel: "CANCEL"
        case .register: "REGISTER"
        case .options: "OPTIONS"
        case .subscribe: "SUBSCRIBE"
        case .notify: "NOTIFY"
        case .publish: "PUBLISH"
        case .message: "MESSAGE"
        case .info: "INFO"
        case .update: "UPDATE"
        case .prack: "PRACK"
        case .refer: "REFER"
        case .other(let token): token
        }
    }
}
