/// The requests that wait for the floor, in the order in which they get it: by tier, then by effective priority, then
/// first come, first served (TS 24.380 4.1.1.2).
struct FloorQueue: Sendable {
    struct Entry: Hashable, Sendable {
        var key: ParticipantKey
        var tier: CallTier
        var priority: UInt8

        func precedes(_ other: Entry) -> Bool {
            (tier, priority) > (other.tier, other.priority)
        }
    }

    private(set) var entries: [Entry] = []

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    func position(of key: ParticipantKey) -> Int? {
        entries.firstIndex { $0.key == key }
    }

    mutating func insert(_ entry: Entry) {
        let place = entries.firstIndex { entry.precedes($0) } ?? entries.endIndex
        entries.insert(entry, at: place)
    }

    mutating func insertFirst(_ entry: Entry) {
        entries.insert(entry, at: 0)
    }

    @discardableResult
    mutating func remove(_ key: ParticipantKey) -> Entry? {
        position(of: key).map { entries.remove(at: $0) }
    }

    mutating func removeFirst() -> Entry? {
        entries.isEmpty ? nil : entries.removeFirst()
    }

    mutating func removeLast() -> Entry? {
        entries.popLast()
    }

    mutating func removeAll() {
        entries.removeAll()
    }
}
