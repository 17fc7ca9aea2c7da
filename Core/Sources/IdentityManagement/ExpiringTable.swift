package import MCFoundation

/// Values by key until an instant, not more than `capacity`. Reading, adding and taking out cost the logarithm of the
/// count, whatever order they come in.
package struct ExpiringTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        var value: Value
        var until: Instant
        var order: UInt64
    }

    private struct Entry: Sendable {
        var until: Instant
        var order: UInt64
        var key: Key

        func isBefore(_ other: Entry) -> Bool { until == other.until ? order < other.order : until < other.until }
    }

    package let capacity: Int
    private var slots: [Key: Slot] = [:]
    /// Entries whose order is no longer their slot's are stale and go when they come to the top.
    private var heap: [Entry] = []
    private var order: UInt64 = 0

    package init(capacity: Int) { self.capacity = capacity }

    package var count: Int { slots.count }
    package var isFull: Bool { slots.count >= capacity }

    /// The earliest end.
    package var nextExpiry: Instant? { heap.first?.until }

    /// Nil also where its time is over, though nobody has taken it out yet.
    package func value(_ key: Key, at instant: Instant) -> Value? {
        guard let slot = slots[key], slot.until > instant else { return nil }
        return slot.value
    }

    /// Adds or replaces. False where the table is full: nothing was done.
    @discardableResult
    package mutating func set(_ key: Key, _ value: Value, until: Instant) -> Bool {
        guard slots[key] != nil || !isFull else { return false }
        order += 1
        slots[key] = Slot(value: value, until: until, order: order)
        heap.append(Entry(until: until, order: order, key: key))
        rise(heap.count - 1)
        compact()
        return true
    }

    /// Changes what is there and leaves its end as it is.
    package mutating func update(_ key: Key, _ change: (inout Value) -> Void) {
        guard var slot = slots[key] else { return }
        change(&slot.value)
        slots[key] = slot
    }

    @discardableResult
    package mutating func remove(_ key: Key) -> Value? {
        let slot = slots.removeValue(forKey: key)
        compact()
        return slot?.value
    }

    /// Takes out the one that ends first, where its end is reached.
    package mutating func popExpired(at instant: Instant) -> (key: Key, value: Value)? {
        guard let top = heap.first, top.until <= instant, let slot = slots.removeValue(forKey: top.key) else {
            return nil
        }
        compact()
        return (top.key, slot.value)
    }

    private mutating func compact() {
        while let top = heap.first, slots[top.key]?.order != top.order { removeTop() }
        guard heap.count > 2 * slots.count + 64 else { return }
        // A sorted array is a heap.
        heap = heap.filter { slots[$0.key]?.order == $0.order }.sorted { $0.isBefore($1) }
    }

    private mutating func removeTop() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            guard least != parent else { return }
            heap.swapAt(least, parent)
            parent = least
        }
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }
}
