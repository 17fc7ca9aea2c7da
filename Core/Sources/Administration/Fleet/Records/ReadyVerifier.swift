extension PasswordVerifier {
    /// How dear a verifier made elsewhere has to be, and may be: the costs of scrypt (RFC 7914 2).
    private enum Cost {
        /// Base-2 logarithm of N: those that the system makes itself.
        static let logN = 15
        static let blockSize = 8
        /// How many times the work of an own one is done for one log-in at most.
        static let dearest = 8
        /// How many times its memory is taken: 64 MiB, more than which is not proved.
        static let largest = 2
    }

    private static let longestNumber = 99

    /// A verifier that was made where the passwords were, so that they are told to nobody here.
    ///
    /// - Parameter text: `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, the textual form of the PHC string format: salt (16 to 64
    ///   octets) and hash (32) in base64 without padding. It has to cost a guesser no less than an own one.
    /// - Returns: nil where it is none, or too cheap or too dear.
    public init?(readyMade text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let costs = Self.costs(parts[2]),
            costs.logN >= Cost.logN, costs.blockSize >= Cost.blockSize, costs.parallelism >= 1,
            costs.logN - Cost.logN <= Cost.dearest,
            (costs.blockSize * costs.parallelism) << (costs.logN - Cost.logN) <= Cost.dearest * Cost.blockSize,
            costs.blockSize << (costs.logN - Cost.logN) <= Cost.largest * Cost.blockSize,
            let salt = Self.octets(ofBase64: parts[3]), (16...64).contains(salt),
            Self.octets(ofBase64: parts[4]) == 32
        else { return nil }
        self.init(text)
    }

    /// `ln=…,r=…,p=…` in this order, as the format has it.
    private static func costs(_ text: Substring) -> (logN: Int, blockSize: Int, parallelism: Int)? {
        var numbers: [Int] = []
        let pieces = text.split(separator: ",", omittingEmptySubsequences: false)
        guard pieces.count == 3 else { return nil }
        for (piece, name) in zip(pieces, ["ln=", "r=", "p="]) {
            let digits = piece.dropFirst(name.count)
            guard piece.hasPrefix(name), digits.utf8.allSatisfy({ (48...57).contains($0) }), digits.first != "0",
                let number = Int(digits), number <= longestNumber
            else { return nil }
            numbers.append(number)
        }
        return (numbers[0], numbers[1], numbers[2])
    }

    /// How many octets a base64 text without padding stands for; nil where it is none.
    private static func octets(ofBase64 text: Substring) -> Int? {
        let digits = text.utf8.count
        guard digits % 4 != 1, text.utf8.allSatisfy({ FleetIdentity.isAlphanumeric($0) || "+/".utf8.contains($0) })
        else { return nil }
        return digits * 6 / 8
    }
}
