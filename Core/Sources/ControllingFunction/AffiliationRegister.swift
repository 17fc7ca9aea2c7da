public import MCFoundation
import OrderedCollections

/// Who is affiliated with the groups that this system owns: per (user, client), with the system that serves the user
/// (TS 24.379 9.2.2.3).
struct AffiliationRegister: Sendable {
    struct Entry: Hashable, Sendable {
        /// Where the publication came from.
        var system: MCSystemID
        /// Sorted.
        var groups: [MCPTTGroupID]
        /// The address family in which the client last had media; nil where it has had none yet.
        var isIPv6: Bool?
    }

    private var entries: OrderedDictionary<ClientKey, Entry> = [:]
    /// Sorted, looked up only.
    private var clientsByGroup: [MCPTTGroupID: [ClientKey]] = [:]
    // Looked up only.
    private var clientsByUser: [MCPTTID: [MCPTTClientID]] = [:]
    private var clientsBySystem: [MCSystemID: Int] = [:]

    var count: Int { entries.count }

    /// Clients of a user that are affiliated with anything.
    func count(of user: MCPTTID) -> Int { clientsByUser[user]?.count ?? 0 }

    /// Clients of a user that are affiliated with anything, and with what.
    func clients(of user: MCPTTID) -> [(client: MCPTTClientID, groups: [MCPTTGroupID])] {
        (clientsByUser[user] ?? []).map { ($0, entries[ClientKey(user: user, client: $0)]?.groups ?? []) }
    }

    func count(from system: MCSystemID) -> Int { clientsBySystem[system] ?? 0 }

    /// In the order of their first affiliation.
    var all: OrderedDictionary<ClientKey, Entry> { entries }

    /// Those affiliated with one of the groups at least, in the same order.
    func all(with groups: [MCPTTGroupID]) -> OrderedDictionary<ClientKey, Entry> {
        let places = Set(groups.flatMap { clients(of: $0) }.compactMap { entries.index(forKey: $0) }).sorted()
        return OrderedDictionary(uniqueKeysWithValues: places.map { entries.elements[$0] })
    }

    func entry(_ key: ClientKey) -> Entry? { entries[key] }

    /// Sorted, so that invitations go out in the same order everywhere.
    func clients(of group: MCPTTGroupID) -> [ClientKey] { clientsByGroup[group] ?? [] }

    func isAffiliated(_ key: ClientKey, with group: MCPTTGroupID) -> Bool {
        entries[key]?.groups.contains(group) ?? false
    }

    /// The set of a client is replaced by this one. Returns what was added and removed, each sorted.
    mutating func replace(
        _ key: ClientKey, groups: [MCPTTGroupID], system: MCSystemID
    ) -> (added: [MCPTTGroupID], removed: [MCPTTGroupID]) {
        var wanted: [MCPTTGroupID] = []
        for group in groups.sorted() where wanted.last != group { wanted.append(group) }
        let before = entries[key]?.groups ?? []
        let added = wanted.filter { !before.contains($0) }
        let removed = before.filter { !wanted.contains($0) }
        set(wanted.isEmpty ? nil : Entry(system: system, groups: wanted, isIPv6: entries[key]?.isIPv6), of: key)
        for group in removed { remove(key, from: group) }
        for group in added { insert(key, into: group) }
        return (added, removed)
    }

    mutating func learn(_ key: ClientKey, isIPv6: Bool) { entries[key]?.isIPv6 = isIPv6 }

    /// Adds one group to a client's set (implicit affiliation). Returns false where it was in already.
    mutating func add(_ key: ClientKey, group: MCPTTGroupID, system: MCSystemID) -> Bool {
        let groups = entries[key]?.groups ?? []
        guard !groups.contains(group) else { return false }
        return !replace(key, groups: groups + [group], system: system).added.isEmpty
    }

    /// What clients of one system published counts no more.
    mutating func forget(system: MCSystemID) {
        let gone = entries.filter { $0.value.system == system }
        guard !gone.isEmpty else { return }
        entries.removeAll { $0.value.system == system }
        for (key, entry) in gone {
            countOut(key, entry)
            for group in entry.groups { remove(key, from: group) }
        }
    }

    private mutating func set(_ entry: Entry?, of key: ClientKey) {
        if let old = entries[key] { countOut(key, old) }
        if let entry {
            clientsByUser[key.user, default: []].append(key.client)
            clientsBySystem[entry.system, default: 0] += 1
        }
        entries[key] = entry
    }

    private mutating func countOut(_ key: ClientKey, _ entry: Entry) {
        let left = (clientsByUser[key.user] ?? []).filter { $0 != key.client }
        clientsByUser[key.user] = left.isEmpty ? nil : left
        let systems = count(from: entry.system) - 1
        clientsBySystem[entry.system] = systems > 0 ? systems : nil
    }

    private mutating func insert(_ key: ClientKey, into group: MCPTTGroupID) {
        let index = position(of: key, in: group)
        clientsByGroup[group, default: []].insert(key, at: index)
    }

    /// Where a key stands or would stand, by bisection: groups have thousands of clients.
    private func position(of key: ClientKey, in group: MCPTTGroupID) -> Int {
        guard let keys = clientsByGroup[group] else { return 0 }
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func remove(_ key: ClientKey, from group: MCPTTGroupID) {
        let index = position(of: key, in: group)
        guard let keys = clientsByGroup[group], index < keys.count, keys[index] == key else { return }
        clientsByGroup[group]?.remove(at: index)
        if clientsByGroup[group]?.isEmpty == true { clientsByGroup[group] = nil }
    }
}

/// A client of a user who is affiliated with groups of this system.
public struct AffiliatedClient: Hashable, Sendable {
    public var user: MCPTTID
    public var client: MCPTTClientID
}
