import Foundation

/// Tells the supervisor that started this process how it is (sd_notify(3)): datagrams to the socket that the environment
/// names. Where there is none, nothing happens.
enum SupervisorNotice {
    static func ready() { send("READY=1\nSTATUS=serves") }

    /// It ends, and may take that much longer than usual.
    static func stopping(within duration: Duration = .zero) {
        let microseconds = (duration.components.seconds + 30) * 1_000_000
        send("STOPPING=1\nSTATUS=ends when its calls have ended\nEXTEND_TIMEOUT_USEC=\(microseconds)")
    }

    private static func send(_ text: String) {
        guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], path.utf8.count > 1 else { return }
        var octets = Array(path.utf8)
        // An abstract name begins with a zero octet, written as @.
        if octets[0] == UInt8(ascii: "@") { octets[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let isAbstract = octets[0] == 0
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(offset + octets.count + (isAbstract ? 0 : 1))
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let message = Array(text.utf8)
        // Nobody waits for the answer: a supervisor that does not listen loses a line.
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
