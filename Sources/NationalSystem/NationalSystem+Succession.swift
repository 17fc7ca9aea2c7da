import CallControl
import ConfigurationFiles
import MCFoundation
import MCSystem
import Policy
import SIPUserAgent
import SignallingDriver

/// What a process learns of a succession that it takes part in.
public enum SuccessionNews: Hashable, Sendable {
    /// The predecessor accepts nobody new any more; the successor does.
    case began
    /// The word for why there is none.
    case refused(String)
    /// The other process is gone. A predecessor accepts devices and partners as before.
    case ended

    init?(_ observation: Observation) {
        switch observation.name {
        case "succession.began": self = .began
        case "succession.ended": self = .ended
        case "succession.refused":
            self = .refused(
                observation.value("cause") ?? observation.value("status").map { "it answers \($0)" } ?? "unknown")
        default: return nil
        }
    }
}

/// Why a process cannot take the place of another one.
public struct SuccessionRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
}

extension NationalSystem {
    /// How long a predecessor may take to close its listeners.
    private static let patience = Duration.seconds(40)

    /// Takes the place of the process that serves this configuration now. Returns once devices and partners are accepted
    /// here. To be called once, of a system that was started as a successor.
    public func succeed() async throws {
        let configuration = configuration
        guard let address = configuration.interconnection.tls.first else {
            throw SuccessionRefusal(description: "listeners.interconnection has no address to ask at")
        }
        guard configuration.certificates.authority != nil else {
            throw SuccessionRefusal(
                description: "certificates.authority is missing, by which the processes know each other")
        }
        guard configuration.secondPorts != nil else {
            throw SuccessionRefusal(
                description: "media.second_ports is missing: both processes need ports of their own")
        }
        signalling.succeed(
            Target(
                host: "\(address.address.reachable)", port: address.port, transport: .tls,
                serverName: configuration.identity.domain))
        for await news in successions {
            switch news {
            case .began: return await listen(configuration)
            case .refused(let why):
                throw SuccessionRefusal(description: "the process at \(address) does not make way: \(why)")
            case .ended: break
            }
        }
    }

    /// Waits until connections are accepted on every address.
    private func listen(_ configuration: SystemConfiguration) async {
        let streams =
            configuration.access.tls.count + configuration.access.tcp.count
            + configuration.interconnection.tls.count
        while addresses.count < streams, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
    }

    /// Whether nobody is left whom the end of a predecessor would cut: no call, and no device that was not sent on.
    public func isLeft() async -> Bool {
        let population = await signalling.look().population
        return population.hasNoCall && population.connections == 0
    }
}

extension IPAddress {
    /// Where who listens on all addresses is reached on this machine.
    fileprivate var reachable: IPAddress {
        switch self {
        case IPAddress(v4: 0): .loopback
        case IPAddress(v6High: 0, low: 0): IPAddress(v6High: 0, low: 1)
        default: self
        }
    }
}
