import MCFoundation
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import SwiftASN1
import X509

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

    func judge(derChain: [[UInt8]]) async -> Verdict {
        guard derChain.count <= chainLimit else { return .refused("chain too long") }
        let chain: [Certificate]
        do {
            chain = try derChain.map { try Certificate(derEncoded: $0) }
        } catch {
            return .refused("certificate unreadable")
        }
        guard let leaf = chain.first else { return .refused("no certificate") }
        var isKnown = false
        for authority in authorities {
            var verifier = Verifier(rootCertificates: CertificateStore(authority.roots)) {
                RFC5280Policy()
                PurposePolicy(peer: peer)
            }
            let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore(chain.dropFirst()))
            guard case .validCertificate = result else {
                if case .couldNotValidate(let failures) = result, !failures.isEmpty { isKnown = true }
                continue
            }
            return judgeNames(of: leaf, authority: authority)
        }
        return .refused(isKnown ? "certificate expired or not for this use" : "authority not pinned")
    }

    private func judgeNames(of leaf: Certificate, authority: PinnedAuthority) -> Verdict {
        let names = Certificates.names(of: leaf)
        if let expectedName, !names.proves(expectedName) { return .refused("certificate proves another name") }
        guard let allowed = authority.mayAssert else { return .believed(names: names.domains) }
        let proven = names.domains.filter { allowed.contains($0) }
        return proven.isEmpty ? .refused("authority may not assert this domain") : .believed(names: proven)
    }
}

/// RFC 5924 4: an extended key usage, where there is one, must allow the use. Handles also the subjectAltName that is
/// critical where a certificate has no subject (RFC 5280 4.2.1.6).
struct PurposePolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]
    let peer: PeerVerifier.Side

    mutating func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        guard let leaf = chain.first else { return .failsToMeetPolicy(reason: "empty chain") }
        do {
            guard let usages = try leaf.extensions.extendedKeyUsage else { return .meetsPolicy }
            let needed: ExtendedKeyUsage.Usage = peer == .server ? .serverAuth : .clientAuth
            return usages.contains(needed) || usages.contains(.any)
                ? .meetsPolicy : .failsToMeetPolicy(reason: "extended key usage")
        } catch {
            return .failsToMeetPolicy(reason: "extended key usage unreadable")
        }
    }
}

/// The verdict on one connection's peer, from the TLS handler to the flow handler behind it.
final class VerdictBox: Sendable {
    private let box = NIOLockedValueBox<PeerVerifier.Verdict?>(nil)

    var verdict: PeerVerifier.Verdict? { box.withLockedValue { $0 } }

    /// The callback that the TLS library asks instead of verifying by itself.
    func callback(
        _ verifier: PeerVerifier
    ) -> @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void {
        { [box] certificates, promise in
            let chain = certificates.compactMap { try? $0.toDERBytes() }
            promise.completeWithTask {
                let verdict = await verifier.judge(derChain: chain)
                box.withLockedValue { $0 = verdict }
                if case .believed = verdict { return .certificateVerified }
                return .failed
            }
        }
    }
}
