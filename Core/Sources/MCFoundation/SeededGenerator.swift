/// The random generator that is passed into cells: ChaCha with 12 rounds in counter mode over a 256-bit seed.
///
/// The same seed gives the same sequence in every process. Shells seed it from the operating system; because the
/// sequence cannot be foretold from what was seen of it, tags, branches and session identities minted from it cannot
/// be guessed. It makes identifiers, never keys.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var key: (UInt64, UInt64, UInt64, UInt64)
    private var counter: UInt64 = 0
    private var block: [UInt64] = []
    private var position = 0

    public init(seed: (UInt64, UInt64, UInt64, UInt64)) {
        key = seed
    }

    /// For simulation and tests: one number names the whole sequence.
    public init(seed: UInt64) {
        self.init(seed: (seed, ~seed, seed &* 0x9e37_79b9_7f4a_7c15, seed ^ 0xd1b5_4a32_d192_ed03))
    }

    /// A generator with a sequence of its own, for a part that must not disturb this one's order.
    public mutating func fork() -> SeededGenerator {
        SeededGenerator(seed: (next(), next(), next(), next()))
    }

    public mutating func next() -> UInt64 {
        if position == block.count {
            refill()
        }
        defer { position += 1 }
        return block[position]
    }

    private mutating func refill() {
        func halves(_ word: UInt64) -> [UInt32] {
            [UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32)]
        }
        let start: [UInt32] =
            [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
            + halves(key.0) + halves(key.1) + halves(key.2) + halves(key.3)
            + halves(counter) + [0, 0]
        var state = start
        func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
            state[a] &+= state[b]; state[d] = rotated(state[d] ^ state[a], by: 16)
            state[c] &+= state[d]; state[b] = rotated(state[b] ^ state[c], by: 12)
            state[a] &+= state[b]; state[d] = rotated(state[d] ^ state[a], by: 8)
            state[c] &+= state[d]; state[b] = rotated(state[b] ^ state[c], by: 7)
        }
        for _ in 0..<6 {
            quarter(0, 4, 8, 12); quarter(1, 5, 9, 13); quarter(2, 6, 10, 14); quarter(3, 7, 11, 15)
            quarter(0, 5, 10, 15); quarter(1, 6, 11, 12); quarter(2, 7, 8, 13); quarter(3, 4, 9, 14)
        }
        for index in state.indices {
            state[index] &+= start[index]
        }
        block = stride(from: 0, to: 16, by: 2).map { UInt64(state[$0]) | UInt64(state[$0 + 1]) << 32 }
        counter &+= 1
        position = 0
    }

    private func rotated(_ word: UInt32, by count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }
}

extension RandomNumberGenerator {
    /// `count` characters out of 32 that stand in any SIP token without escapes; five bits each.
    public mutating func token(_ count: Int) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        var characters: [UInt8] = []
        characters.reserveCapacity(count)
        var bits: UInt64 = 0
        var available = 0
        while characters.count < count {
            if available < 5 {
                bits = next()
                available = 60
            }
            characters.append(alphabet[Int(bits & 31)])
            bits >>= 5
            available -= 5
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
