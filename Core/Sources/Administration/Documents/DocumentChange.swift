public import ConfigurationDocuments
public import MCFoundation
internal import OrderedCollections

/// A document that a commit changed, for whoever tells it to subscribers (RFC 5874, RFC 5875).
public struct DocumentChange: Hashable, Sendable {
    public var uri: XCAPURI
    /// Of the document before, with quotes; nil where it did not exist.
    public var previousETag: String?
    /// Of the document as it is now, with quotes; nil where it is gone.
    public var newETag: String?
    /// Who could read it before, and who can now. Both differ where a user joins or leaves a group.
    public var formerReaders: DocumentReaders
    public var readers: DocumentReaders

    public init(
        _ uri: XCAPURI, previousETag: String?, newETag: String?, formerReaders: DocumentReaders,
        readers: DocumentReaders
    ) {
        self.uri = uri
        self.previousETag = previousETag
        self.newETag = newETag
        self.formerReaders = formerReaders
        self.readers = readers
    }

    /// The change as one user may see it: a document that he cannot read is one that is not there. nil where it is none
    /// of his affair.
    public func seen(by user: MCPTTID) -> (previousETag: String?, newETag: String?)? {
        let before = formerReaders.contain(user) ? previousETag : nil
        let after = readers.contain(user) ? newETag : nil
        return before == after ? nil : (before, after)
    }
}

/// Who may read a document.
public enum DocumentReaders: Hashable, Sendable {
    case nobody
    case one(MCPTTID)
    /// Sorted.
    case some([MCPTTID])

    public func contain(_ user: MCPTTID) -> Bool {
        switch self {
        case .nobody: return false
        case .one(let reader): return reader == user
        case .some(let readers):
            let index = readers.partitioningIndex { $0 >= user }
            return index < readers.count && readers[index] == user
        }
    }
}

extension FleetDocuments {
    /// Which documents changes of the fleet map changed; those whose octets stayed the same are not among them. In the
    /// order of the changes, each document once.
    ///
    /// Costs two documents for each one that may have changed: a profile that 10,000 users share costs 20,000.
    ///
    /// NOTSPEC: users who manage a group without being its members can read its document and are not told of changes.
    ///
    /// - Parameters:
    ///   - changes: What was committed.
    ///   - before: The documents before.
    public func changes(by changes: [FleetChange], since before: FleetDocuments) -> [DocumentChange] {
        var groups: OrderedSet<String> = []
        var users: OrderedSet<String> = []
        for change in changes {
            switch change.kind {
            case .user:
                users.append(change.key)
                // Group documents show the name of a member.
                if fleet.user(change.key)?.displayName != before.fleet.user(change.key)?.displayName {
                    groups.append(contentsOf: fleet.groups(ofMember: change.key))
                }
            case .profile: users.append(contentsOf: fleet.users(ofProfile: change.key))
            case .organisation: users.append(contentsOf: fleet.users(ofOrganisation: change.key))
            case .device:
                for fleet in [before.fleet, fleet] {
                    if let user = fleet.device(change.key)?.user { users.append(user) }
                }
            case .group:
                groups.append(change.key)
                // Their documents show its priority.
                groups.append(contentsOf: fleet.group(change.key)?.temporary?.constituents ?? [])
                users.append(contentsOf: usersConcerned(byGroup: change.key, since: before))
            case .functionalAlias, .policy, .administrator: break
            }
        }
        var found: [DocumentChange] = []
        for group in groups {
            let readers = [before.fleet, fleet].map { fleet -> DocumentReaders in
                fleet.group(group).map { .some($0.members.map { MCPTTID($0.id) }) } ?? .nobody
            }
            add(Self.group(group), before, readers[0], readers[1], to: &found)
        }
        for user in users {
            let own = DocumentReaders.one(MCPTTID(user))
            let indices = [before.fleet, fleet].flatMap { $0.user(user)?.profileIndices ?? [] }
            for index in OrderedSet(indices) {
                add(Self.userProfile(of: user, index: index), before, own, own, to: &found)
            }
            add(Self.mcvideoUserProfile(of: user), before, own, own, to: &found)
            let devices = OrderedSet(before.fleet.devices(ofUser: user) + fleet.devices(ofUser: user))
            for device in devices {
                add(Self.ueConfiguration(of: user, device: device), before, own, own, to: &found)
                add(Self.mcvideoUEConfiguration(of: user, device: device), before, own, own, to: &found)
            }
        }
        return found
    }

    private func add(
        _ uri: XCAPURI, _ before: FleetDocuments, _ formerReaders: DocumentReaders, _ readers: DocumentReaders,
        to found: inout [DocumentChange]
    ) {
        let (old, new) = (before.document(uri)?.etag, document(uri)?.etag)
        guard old != new else { return }
        found.append(
            DocumentChange(
                uri, previousETag: old, newETag: new, formerReaders: formerReaders, readers: readers))
    }

    /// Profiles and device configurations name the groups of their user: those of all members where what they say of the
    /// group changed, else of those who came or went. Partners' users have no documents here.
    private func usersConcerned(byGroup key: String, since before: FleetDocuments) -> [String] {
        let (old, new) = (before.fleet.group(key), fleet.group(key))
        let saysOther =
            old?.displayName != new?.displayName || old?.priority != new?.priority
            || (old?.video == nil) != (new?.video == nil)
        let members = (old?.members ?? []).map(\.id) + (new?.members ?? []).map(\.id)
        return OrderedSet(members).filter { user in
            guard fleet.user(user) != nil || before.fleet.user(user) != nil else { return false }
            return saysOther || (old?.member(user) == nil) != (new?.member(user) == nil)
        }
    }
}
