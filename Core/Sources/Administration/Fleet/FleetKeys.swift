/// Keys of records in order, as a persistent value: a key that comes or goes costs the copy of one chunk, and not of
/// all 100,000.
public struct FleetKeys: Sequence, Sendable {
    public struct Iterator: IteratorProtocol {
        fileprivate let chunks: [[String]]
        fileprivate var chunk: Int
        fileprivate var place: Int

        public mutating func next() -> String? {
            while chunk < chunks.count {
                if place < chunks[chunk].count {
                    defer { place += 1 }
                    return chunks[chunk][place]
                }
                chunk += 1
                place = 0
            }
            return nil
        }
    }

    private static let room = 512

    /// None is empty; each is sorted, and so are they among each other.
    private var chunks: [[String]] = []
    private(set) var count = 0
    /// Where iteration begins.
    private var start: (chunk: Int, place: Int) = (0, 0)

    init() {}

    /// Of keys that are sorted, each once.
    init(sorted keys: [String]) {
        chunks = stride(from: 0, to: keys.count, by: Self.room).map { start in
            Array(keys[start..<Swift.min(start + Self.room, keys.count)])
        }
        count = keys.count
    }

    public func makeIterator() -> Iterator { Iterator(chunks: chunks, chunk: start.chunk, place: start.place) }

    public var underestimatedCount: Int { start == (0, 0) ? count : 0 }

    /// Those that follow a key, whether it is there or not.
    public func after(_ key: String) -> FleetKeys {
        var following = self
        guard let chunk = chunk(for: key) else { return self }
        following.start = (chunk, chunks[chunk].partitioningIndex { $0 > key })
        return following
    }

    /// A key that is there already stays there once.
    mutating func insert(_ key: String) {
        guard let chunk = chunk(for: key) else {
            chunks = [[key]]
            count = 1
            return
        }
        let place = chunks[chunk].insertionIndex(of: key)
        guard place == chunks[chunk].count || chunks[chunk][place] != key else { return }
        chunks[chunk].insert(key, at: place)
        count += 1
        guard chunks[chunk].count > 2 * Self.room else { return }
        let second = Array(chunks[chunk][Self.room...])
        chunks[chunk].removeLast(second.count)
        chunks.insert(second, at: chunk + 1)
    }

    mutating func remove(_ key: String) {
        guard let chunk = chunk(for: key) else { return }
        let place = chunks[chunk].insertionIndex(of: key)
        guard place < chunks[chunk].count, chunks[chunk][place] == key else { return }
        chunks[chunk].remove(at: place)
        count -= 1
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
    }

    /// The chunk in which a key stands or would stand; nil where there is none at all.
    private func chunk(for key: String) -> Int? {
        guard !chunks.isEmpty else { return nil }
        return Swift.max(0, chunks.partitioningIndex { chunk in chunk.first.map { $0 > key } ?? true } - 1)
    }
}
