import MCFoundation
import Policy

/// Who is affiliated with a constituent of a temporary group is affiliated with the temporary group as well, as long as
/// there is one.
extension ControllingFunction {
    /// NOTSPEC: TS 24.379 10.1.1.4 invites the non-controlling function of each constituent group. All constituents are
    /// this system's here, so their members are invited at once.
    func affiliatedClients(of group: Group) -> [ClientKey] {
        let direct = affiliations.clients(of: group.id)
        guard !group.constituents.isEmpty else { return direct }
        let all = (direct + group.constituents.flatMap { affiliations.clients(of: $0) }).sorted()
        var once: [ClientKey] = []
        once.reserveCapacity(all.count)
        for key in all where once.last != key { once.append(key) }
        return once
    }

    func isAffiliated(_ key: ClientKey, with group: Group) -> Bool {
        affiliations.isAffiliated(key, with: group.id)
            || group.constituents.contains { affiliations.isAffiliated(key, with: $0) }
    }
}
