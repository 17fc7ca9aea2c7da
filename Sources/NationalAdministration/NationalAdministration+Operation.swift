import Administration
public import MCFoundation
public import Policy
import Storage

/// What the operation of a system, rather than an administrator, does to a nation.
extension NationalAdministration {
    /// The partners as the configuration names them from now on; whoever serves by the directory is told. Throws, and
    /// changes nothing, where they clash with this system or with each other.
    public func replacePartners(_ partners: [Partner]) throws {
        try catchUp()
        var changed = directory
        // All leave before any comes: a domain may have moved from one to another.
        for partner in directory.partners { changed.removePartner(partner.system) }
        for partner in partners { try changed.setPartner(partner) }
        fleet.foreignUsers = ForeignUsers(of: partners)
        directory = changed
        observe(Change(before: told, fleet: fleet, directory: changed, changes: []))
    }
}

extension NationalAdministration {
    /// The latest commit that was brought in, and when it was made; nil where the store does not tell any more.
    public func position() -> (sequence: UInt64, at: UTCTime?) {
        let number = sequence
        guard number > 0 else { return (number, nil) }
        return (number, (try? store.commits(after: number - 1, limit: 1))?.first?.at)
    }
}
