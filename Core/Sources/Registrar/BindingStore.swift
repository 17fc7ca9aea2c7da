import MCFoundation
import SIP
import SIPUserAgent

/// The location service (RFC 3261 10.3): bindings by user, by flow and by what is left of their time.
struct BindingStore: Sendable {
    private var byIdentity: [PublicUserIdentity: [Binding]] = [:]
    /// In the order in which they registered over it.
    private var identitiesByFlow: [FlowID: [PublicUserIdentity]] = [:]
    private var deadlines = DeadlineQueue<Entry>()
    /// Whose device a series of temporary GRUUs stands for, for as long as it is bound.
    private var identitiesBySeries: [UInt64: PublicUserIdentity] = [:]
    private(set) var count = 0
    private var lastSequence: UInt64 = 0

    /// One registration of one binding: a refresh is another.
    private struct Entry: Hashable {
        var identity: PublicUserIdentity
        var sequence: UInt64
    }

    func bindings(of identity: PublicUserIdentity) -> [Binding] { byIdentity[identity] ?? [] }
    func identities(of flow: FlowID) -> [PublicUserIdentity] { identitiesByFlow[flow] ?? [] }

    /// The bindings, oldest first, for which a temporary GRUU was given.
    func bindings(series: UInt64) -> [Binding] {
        identitiesBySeries[series].map { bindings(of: $0).filter { $0.series == series } } ?? []
    }

    /// When the next binding runs out.
    var nextDeadline: Instant? { deadlines.first }

    mutating func insert(_ binding: Binding) {
        lastSequence += 1
        var binding = binding
        binding.sequence = lastSequence
        if binding.series == 0 { binding.series = lastSequence }
        identitiesBySeries[binding.series] = binding.identity
        byIdentity[binding.identity, default: []].append(binding)
        if !identitiesByFlow[binding.flow, default: []].contains(binding.identity) {
            identitiesByFlow[binding.flow, default: []].append(binding.identity)
        }
        count += 1
        deadlines.set(Entry(identity: binding.identity, sequence: lastSequence), at: binding.expires)
    }

    mutating func remove(_ binding: Binding) {
        guard var list = byIdentity[binding.identity],
            let index = list.firstIndex(where: { $0.sequence == binding.sequence })
        else { return }
        list.remove(at: index)
        byIdentity[binding.identity] = list.isEmpty ? nil : list
        count -= 1
        if !list.contains(where: { $0.series == binding.series }) { identitiesBySeries[binding.series] = nil }
        deadlines.cancel(Entry(identity: binding.identity, sequence: binding.sequence))
        if !list.contains(where: { $0.flow == binding.flow }) {
            identitiesByFlow[binding.flow]?.removeAll { $0 == binding.identity }
            if identitiesByFlow[binding.flow]?.isEmpty == true { identitiesByFlow[binding.flow] = nil }
        }
    }

    /// The bindings over a flow that is gone stay until `deadline`, out of reach. What was hit.
    mutating func closeFlow(_ flow: FlowID, until deadline: Instant) -> [Binding] {
        var hit: [Binding] = []
        for identity in identitiesByFlow.removeValue(forKey: flow) ?? [] {
            var list = byIdentity[identity] ?? []
            for index in list.indices where list[index].flow == flow {
                list[index].isReachable = false
                list[index].expires = min(list[index].expires, deadline)
                deadlines.set(Entry(identity: identity, sequence: list[index].sequence), at: list[index].expires)
                hit.append(list[index])
            }
            byIdentity[identity] = list
        }
        return hit
    }

    /// Removes and gives what ran out, oldest deadline first.
    mutating func takeExpired(at instant: Instant) -> [Binding] {
        var expired: [Binding] = []
        while let entry = deadlines.popDue(at: instant) {
            guard let binding = bindings(of: entry.identity).first(where: { $0.sequence == entry.sequence }) else {
                continue
            }
            remove(binding)
            expired.append(binding)
        }
        return expired
    }

    /// Every binding of users that `keep` refuses, removed; in order of registration. `identities` are those that it may
    /// refuse; nil: any.
    mutating func takeAll(
        of identities: [PublicUserIdentity]?, except keep: (PublicUserIdentity) -> Bool
    ) -> [Binding] {
        let gone = identities?.filter { !keep($0) } ?? byIdentity.keys.filter { !keep($0) }
        var taken: [Binding] = []
        for identity in gone.sorted() {
            for binding in bindings(of: identity) {
                remove(binding)
                taken.append(binding)
            }
        }
        return taken.sorted { $0.sequence < $1.sequence }
    }
}
