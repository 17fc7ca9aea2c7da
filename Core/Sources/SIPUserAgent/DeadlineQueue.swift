public import MCFoundation

/// Deadlines by key, earliest first; of equal ones the one that was set first. At most one deadline a key, so that
/// whatever is set again or withdrawn leaves nothing behind.
public struct DeadlineQueue<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var instant: Instant
        var order: UInt64
        var key: Key

        func isBefore(_ other: Entry) -> Bool {
            instant == other.instant ? order < other.order : instant < other.instant
        }
    }

    private var heap: [Entry] = []
    private var positions: [Key: Int] = [:]
    private var order: UInt64 = 0

    public init() {}

    public var count: Int { heap.count }
    public var first: Instant? { heap.first?.instant }

    public subscript(key: Key) -> Instant? {
        positions[key].map { heap[$0].instant }
    }

    public mutating func set(_ key: Key, at instant: Instant) {
        order += 1
        let entry = Entry(instant: instant, order: order, key: key)
        if let position = positions[key] {
            heap[position] = entry
            settle(position)
        } else {
            heap.append(entry)
            positions[key] = heap.count - 1
            rise(heap.count - 1)
        }
    }

    public mutating func cancel(_ key: Key) {
        guard let position = positions.removeValue(forKey: key) else { return }
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[last.key] = position
        settle(position)
    }

    /// Takes out the earliest key whose deadline is reached.
    public mutating func popDue(at instant: Instant) -> Key? {
        guard let top = heap.first, top.instant <= instant else { return nil }
        cancel(top.key)
        return top.key
    }

    private mutating func settle(_ position: Int) {
        if position > 0, heap[position].isBefore(heap[(position - 1) / 2]) {
            rise(position)
        } else {
            sink(position)
        }
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            exchange(child, parent)
            child = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != parent else { return }
            exchange(parent, least)
            parent = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        positions[heap[left].key] = left
        positions[heap[right].key] = right
    }
}
