import HashTreeCollections

/// Records of one kind under their keys, with the keys in order: a persistent value. A change costs one path of the
/// tree and one chunk of the keys.
struct RecordTree<Value: FleetValue>: Sendable {
    private var values: TreeDictionary<String, Value> = [:]
    private(set) var keys = FleetKeys()

    init() {}

    /// Of many at once: sorted one time. Of two with the same key the last counts.
    init(_ all: [Value]) {
        for value in all { values[value.key] = value }
        keys = FleetKeys(sorted: all.map(\.key).sortedOnce())
    }

    var count: Int { keys.count }
    subscript(key: String) -> Value? { values[key] }
    var inOrder: some Sequence<Value> { keys.lazy.compactMap { values[$0] } }

    /// Returns what stood there.
    @discardableResult
    mutating func put(_ value: Value) -> Value? {
        let old = values.updateValue(value, forKey: value.key)
        if old == nil { keys.insert(value.key) }
        return old
    }

    @discardableResult
    mutating func remove(_ key: String) -> Value? {
        guard let old = values.removeValue(forKey: key) else { return nil }
        keys.remove(key)
        return old
    }
}

/// Which keys refer to something: a set per referred key. Read in order only.
struct ReferenceIndex: Sendable {
    private var referrers: TreeDictionary<String, TreeSet<String>> = [:]

    func isReferred(_ key: String) -> Bool { referrers[key] != nil }
    /// Sorted.
    func of(_ key: String) -> [String] { referrers[key]?.sorted() ?? [] }

    mutating func move(_ referrer: String, from old: String?, to new: String?) {
        guard old != new else { return }
        if let old { remove(referrer, from: old) }
        if let new { add(referrer, to: new) }
    }

    mutating func add(_ referrer: String, to key: String) {
        referrers[key, default: []].insert(referrer)
    }

    mutating func remove(_ referrer: String, from key: String) {
        referrers[key]?.remove(referrer)
        if referrers[key]?.isEmpty == true { referrers[key] = nil }
    }
}

extension Array where Element: Comparable {
    /// In a sorted array: where an element stands or would stand.
    func insertionIndex(of element: Element) -> Int { partitioningIndex { $0 >= element } }
}
