import Cryptography
import MCFoundation
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// Decides whether a peer's certificate is believed, by which authority, and which domains it then proves.
struct PeerVerifier: Sendable {
    enum Side { case server, client }

    var authorities: [PinnedAuthority]
    /// Which side the peer is.
    var peer: Side
    /// The name that the peer must prove; nil where any will do.
    var expectedName: String?
    var chainLimit: Int

    enum Verdict: Hashable, Sendable {
        case believed(names: [String])
        /// The reason is of our making.
        case refused(String)
    }

    func judge(derChain: [[UInt8]]) -> Verdict {
        guard derChain.count <= chainLimit else { return .refused("chain too long") }
        guard let first = derChain.first else { return .refused("no certificate") }
        guard let leaf = Certificate(der: first) else { return .refused("certificate unreadable") }
        var isKnown = false
        for authority in authorities {
            switch ChainVerification.judge(chain: derChain, roots: authority.roots) {
            case .believed where mayBe(peer, leaf): return judgeNames(of: leaf, authority: authority)
            case .believed, .notValid: isKnown = true
            case .notPinned: continue
            case .unreadable: return .refused("certificate unreadable")
            }
        }
        return .refused(isKnown ? "certificate expired or not for this use" : "authority not pinned")
    }

    /// RFC 5924 4: an extended key usage, where there is one, must allow the use.
    private func mayBe(_ side: Side, _ leaf: Certificate) -> Bool {
        guard let usages = leaf.usages else { return true }
        return usages.any || (side == .server ? usages.serves : usages.dials)
    }

    private func judgeNames(of leaf: Certificate, authority: PinnedAuthority) -> Verdict {
        let names = Certificates.names(of: leaf)
        if let expectedName, !names.proves(expectedName) { return .refused("certificate proves another name") }
        guard let allowed = authority.mayAssert else { return .believed(names: names.domains) }
        let proven = names.domains.filter { allowed.contains($0) }
        return proven.isEmpty ? .refused("authority may not assert this domain") : .believed(names: proven)
    }
}

/// The verdict on one connection's peer, from the TLS handler to the flow handler behind it.
final class VerdictBox: Sendable {
    private let box = NIOLockedValueBox<PeerVerifier.Verdict?>(nil)
    private let verifier: PeerVerifier?
    private let chains: SeenChains

    /// - Parameter verifier: nil where the peer is asked for no certificate.
    init(_ verifier: PeerVerifier?, chains: SeenChains) {
        self.verifier = verifier
        self.chains = chains
    }

    /// nil where the peer showed no certificate.
    var verdict: PeerVerifier.Verdict? { box.withLockedValue { $0 } }

    /// The callback that the TLS library asks instead of verifying by itself.
    func callback(
        _ verifier: PeerVerifier
    ) -> @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void {
        { [box, chains] certificates, promise in
            let chain = certificates.compactMap { try? $0.toDERBytes() }
            let verdict = verifier.judge(derChain: chain)
            box.withLockedValue { $0 = verdict }
            if case .believed = verdict {
                chains.note(chain)
                promise.succeed(.certificateVerified)
            } else {
                promise.succeed(.failed)
            }
        }
    }

    /// After the handshake: who resumes a session shows his certificate no more (RFC 8446 2.2), and the library asks
    /// nobody. It is judged again, as it was shown then, by what is believed now.
    func judgeResumed(_ certificate: NIOSSLCertificate?) -> PeerVerifier.Verdict? {
        box.withLockedValue { verdict in
            if verdict != nil { return verdict }
            guard let verifier, let certificate else { return nil }
            guard let leaf = try? certificate.toDERBytes() else { return .refused("certificate unreadable") }
            verdict = verifier.judge(derChain: chains.chain(of: leaf) ?? [leaf])
            return verdict
        }
    }
}

/// The chains of peers that were believed, for sessions that are resumed: of those the library tells the first
/// certificate only. The oldest ones are forgotten; who comes with one of them is judged without his chain.
final class SeenChains: Sendable {
    private static let most = 1_024
    private let seen = NIOLockedValueBox<(chains: [[UInt8]: [[UInt8]]], order: [[UInt8]])>(([:], []))

    func note(_ chain: [[UInt8]]) {
        guard let leaf = chain.first, chain.count > 1 else { return }
        seen.withLockedValue { seen in
            if seen.chains.updateValue(chain, forKey: leaf) == nil { seen.order.append(leaf) }
            if seen.order.count > Self.most { seen.chains[seen.order.removeFirst()] = nil }
        }
    }

    func chain(of leaf: [UInt8]) -> [[UInt8]]? { seen.withLockedValue { $0.chains[leaf] } }
}
