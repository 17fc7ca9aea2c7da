import Cryptography
import Foundation

/// What a password is known by: it proves the password and does not tell it. scrypt (RFC 7914), in the textual form of
/// the PHC string format, so that its costs can be raised later and old ones still hold.
public struct PasswordVerifier: Sendable {
    /// Costs of one derivation: 128 * r * N octets of memory and as much time.
    public struct Cost: Hashable, Sendable {
        /// Base-2 logarithm of N.
        public var logN: Int
        public var blockSize: Int
        public var parallelism: Int

        /// 32 MiB and about a tenth of a second.
        public static let standard = Cost(logN: 15, blockSize: 8, parallelism: 1)

        public init(logN: Int, blockSize: Int, parallelism: Int) {
            self.logN = logN
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        /// Octets of memory that one derivation may take, whoever made the verifier: twice those of `standard`. Verifiers
        /// may be imported, and as many are looked at as there are processors.
        public static let mostOctets = 64 << 20

        /// What a stored verifier may ask of us.
        fileprivate var isBearable: Bool {
            (1...20).contains(logN) && (1...32).contains(blockSize) && (1...4).contains(parallelism)
                && 128 * blockSize << logN <= Self.mostOctets
        }
    }

    private let cost: Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Makes the verifier of a password, with a new salt. Slow on purpose: not on a path that anybody waits for.
    public init(password: String, cost: Cost = .standard) throws {
        self.cost = cost
        var system = SystemRandomNumberGenerator()
        salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &system) }
        hash = try Self.derive(password, salt: salt, cost: cost)
    }

    /// Reads what `text` wrote; nil where it is something else, or asks for more than is bearable.
    public init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = Self.decoded(parts[3]),
            let hash = Self.decoded(parts[4]), (8...64).contains(salt.count), hash.count == 32
        else { return nil }
        var values: [String: Int] = [:]
        for piece in parts[2].split(separator: ",") {
            let pair = piece.split(separator: "=")
            guard pair.count == 2, let number = Int(pair[1]) else { return nil }
            values[String(pair[0])] = number
        }
        guard let logN = values["ln"], let blockSize = values["r"], let parallelism = values["p"] else { return nil }
        cost = Cost(logN: logN, blockSize: blockSize, parallelism: parallelism)
        guard cost.isBearable else { return nil }
        self.salt = salt
        self.hash = hash
    }

    /// `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, base64 without padding.
    public var text: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.blockSize),p=\(cost.parallelism)$\(Self.encoded(salt))$\(Self.encoded(hash))"
    }

    /// Whether it is the password. As slow as making the verifier, and equally slow for every wrong one.
    public func proves(_ password: String) -> Bool {
        guard let derived = try? Self.derive(password, salt: salt, cost: cost) else { return false }
        // Every octet is compared, whatever the first one says.
        return zip(derived, hash).reduce(UInt8(derived.count == hash.count ? 0 : 1)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(_ password: String, salt: [UInt8], cost: Cost) throws -> [UInt8] {
        try Scrypt.derive(
            password.utf8, salt: salt, cost: 1 << cost.logN, blockSize: cost.blockSize,
            parallelism: cost.parallelism, count: 32)
    }

    private static func encoded(_ octets: [UInt8]) -> String {
        Data(octets).base64EncodedString().replacingOccurrences(of: "=", with: "")
    }

    private static func decoded(_ text: String) -> [UInt8]? {
        let padding = String(repeating: "=", count: -text.utf8.count & 3)
        return Data(base64Encoded: text + padding).map { Array($0) }
    }
}

extension PasswordVerifier: CustomStringConvertible, CustomReflectable {
    public var description: String { "PasswordVerifier(scrypt)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
