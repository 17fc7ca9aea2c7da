import MCSystem

extension FuzzTargets {
    /// What one process of a system tells the other that takes its place.
    public static func succession(_ bytes: [UInt8]) {
        guard let words = SuccessionWord.read(bytes) else { return }
        let written = SuccessionWord.octets(words)
        precondition(SuccessionWord.read(written) == words, "a word is written otherwise than it was read")
    }
}
