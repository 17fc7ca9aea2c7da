import CallControl
import Foundation
import MCFoundation
import MCSystem
import Policy
import SIP
import SIPUserAgent
import Testing

/// The 49 messages of RFC 4475 on the way that every message takes: a flow of a client whom nobody knows, the transaction
/// layer, the edge, the registrar.
@Suite struct TortureCellTests {
    enum Treatment: Hashable, Sendable {
        case answered(Int)
        case silence
    }

    struct Message: Sendable, CustomTestStringConvertible {
        var name: String
        var overUDP: Treatment
        var overTCP: Treatment
        var testDescription: String { name }

        /// `tcp`: where a stream makes a difference.
        init(_ name: String, _ treatment: Treatment, tcp: Treatment? = nil) {
            self.name = name
            overUDP = treatment
            overTCP = tcp ?? treatment
        }
    }

    /// 403 to what is well formed and asks for a service: nobody registered over this flow. 401 to a REGISTER that is well
    /// formed.
    static let messages: [Message] = [
        // 3.1.1: valid.
        .init("wsinv", .answered(403)), .init("intmeth", .answered(501)), .init("esc01", .answered(403)),
        .init("escnull", .answered(401)), .init("esc02", .answered(501)), .init("lwsdisp", .answered(403)),
        .init("longreq", .answered(403)), .init("dblreq", .answered(401)), .init("semiuri", .answered(403)),
        .init("transports", .answered(403)),
        // Read as it should be; no function of ours reads its media types.
        .init("mpart01", .answered(415)), .init("unreason", .silence), .init("noreason", .silence),
        // 3.1.2: invalid.
        .init("badinv01", .answered(400)),
        // On a stream the rest of the body may still come.
        .init("clerr", .answered(400), tcp: .silence), .init("ncl", .answered(400)), .init("scalar02", .answered(400)),
        .init("scalarlg", .silence), .init("quotbal", .answered(400)), .init("ltgtruri", .answered(400)),
        .init("lwsruri", .answered(400)), .init("lwsstart", .answered(400)), .init("trws", .answered(400)),
        .init("escruri", .answered(400)),
        // Date is not looked at.
        .init("baddate", .answered(403)), .init("regbadct", .answered(400)), .init("badaspec", .answered(400)),
        // The file ends before the empty line: a datagram is over then, a stream may go on.
        .init("baddn", .answered(400), tcp: .silence), .init("badvers", .answered(505)),
        .init("mismatch01", .answered(400)),
        .init("mismatch02", .answered(501)), .init("bigcode", .silence),
        // 3.2, 3.3, 3.4: transactions, applications, older clients.
        .init("badbranch", .answered(403)), .init("insuf", .answered(400)), .init("unkscm", .answered(416)),
        .init("novelsc", .answered(416)), .init("unksm2", .answered(404)), .init("bext01", .answered(420)),
        .init("invut", .answered(415)), .init("regaut01", .answered(401)), .init("multi01", .answered(400)),
        .init("mcl01", .answered(400)), .init("bcast", .silence), .init("zeromf", .answered(483)),
        .init("cparam01", .answered(401)), .init("cparam02", .answered(401)), .init("regescrt", .answered(401)),
        .init("sdp01", .answered(403)),
        // Without Content-Length a message cannot be cut from a stream (RFC 3261 18.3).
        .init("inv2543", .answered(403), tcp: .answered(400)),
    ]

    static func octets(_ name: String) throws -> [UInt8] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: tests.appending(path: "SIPTests/Resources/rfc4475/\(name).dat")))
    }

    /// A cell that serves example.com, and a flow of nobody.
    struct Site {
        static let flow = FlowID(7)
        var cell: SignallingCell
        var now = Now(instant: Instant(nanoseconds: 1_000_000_000), utc: UTCTime(microseconds: 0))

        init(_ transport: TransportKind) throws {
            let system = SystemIdentity(id: MCSystemID("us"), domain: "example.com", otherDomains: [])
            cell = SignallingCell(
                settings: try Lab().settings(0, serializes: false),
                directory: try DirectorySnapshot(system: system, users: [], groups: []),
                random: SeededGenerator(seed: 3), at: now)
            _ = cell.handle(
                .flowOpened(
                    Site.flow,
                    FlowDescription(
                        transport: transport, remote: SocketAddress(IPAddress(v4: 0xc000_02c8), port: 9_999),
                        local: SocketAddress(.loopback, port: 5_060), face: .access)), at: now)
        }

        /// First lines of what leaves, as long as nobody but a timer wakes the cell.
        mutating func receive(_ octets: [UInt8]) -> [String] {
            var actions = cell.handle(.received(Site.flow, octets), at: now)
            for _ in 0..<5 {
                now.instant = now.instant + .milliseconds(100)
                actions += cell.handle(.timeAdvanced, at: now)
            }
            return actions.compactMap { action in
                guard case .transmit(let octets, let hop) = action else { return nil }
                switch hop {
                case .flow(Site.flow), .beside(Site.flow, _): return String(decoding: octets, as: UTF8.self)
                case .flow, .beside, .target: return "elsewhere"
                }
            }
        }
    }

    private func treatment(_ answers: [String]) -> Treatment {
        // A failure of an INVITE is repeated over UDP.
        guard let first = answers.first else { return .silence }
        return .answered(Int(first.dropFirst(8).prefix(3)) ?? 0)
    }

    @Test func `all 49 are there`() {
        #expect(Set(Self.messages.map(\.name)).count == 49)
    }

    @Test(arguments: messages) func `each gets its treatment over UDP`(message: Message) throws {
        var site = try Site(.udp)
        let answers = site.receive(try Self.octets(message.name))
        #expect(treatment(answers) == message.overUDP)
        #expect(Set(answers).count <= 1)
        // The cell goes on.
        #expect(treatment(site.receive(try Self.octets("lwsdisp"))) == .answered(403))
    }

    @Test(arguments: messages) func `each gets its treatment over TCP`(message: Message) throws {
        var site = try Site(.tcp)
        var framer = StreamFramer()
        framer.append(try Self.octets(message.name))
        var found = Treatment.silence
        do throws(SIPParseError) {
            while case .message(let octets)? = try framer.next(), found == .silence {
                found = treatment(site.receive(octets))
            }
        } catch {
            // What cannot be cut from a stream is answered by the shell, which then closes.
            if found == .silence, let status = error.status, error.partial != nil { found = .answered(status) }
        }
        #expect(found == message.overTCP)
    }

    /// 3.2.1: the branch is the magic cookie and nothing more, so it says nothing: such requests are matched as RFC 2543
    /// did.
    @Test func `a branch that says nothing is not what a request is matched by`() throws {
        var site = try Site(.udp)
        let octets = try Self.octets("badbranch")
        let first = site.receive(octets)
        #expect(treatment(first) == .answered(403))
        #expect(site.receive(octets) == first)
        let text = String(decoding: octets, as: UTF8.self)
        let other = try #require(
            text.firstRange(of: "Call-ID: ").map { text.replacingCharacters(in: $0, with: "Call-ID: x") })
        let second = site.receive(Array(other.utf8))
        #expect(treatment(second) == .answered(403))
        #expect(second != first)
    }
}
