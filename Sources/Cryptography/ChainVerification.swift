import CCrypto

/// Whether a chain of certificates leads to an authority that is pinned.
public enum ChainVerification: Hashable, Sendable {
    case believed
    /// No root leads to it.
    case notPinned
    /// A root leads to it, but it does not hold now: its time, its constraints, its algorithms (112 bits of security and
    /// more; no SHA-1).
    case notValid
    case unreadable

    /// Verifies at this moment (RFC 5280 6). What the leaf may be used for is the caller's to judge.
    ///
    /// - Parameters:
    ///   - chain: The leaf first, then what leads to a root, as the peer has shown it.
    ///   - roots: Believed as they are, whoever stands above them.
    public static func judge(chain: [[UInt8]], roots: [Certificate]) -> ChainVerification {
        let verdict = Octets.with(all: chain) { chain in
            Octets.with(all: roots.map(\.der)) { roots in
                ccrypto_verify(chain, chain.count, roots, roots.count)
            }
        }
        return switch UInt32(verdict) {
        case CCRYPTO_BELIEVED.rawValue: .believed
        case CCRYPTO_NOT_PINNED.rawValue: .notPinned
        case CCRYPTO_NOT_VALID.rawValue: .notValid
        default: .unreadable
        }
    }
}
