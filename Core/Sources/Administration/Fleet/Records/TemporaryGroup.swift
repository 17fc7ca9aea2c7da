/// Groups that are one for a while: group regroup (TS 24.481 7.2, `<on-network-temporary>`).
public struct TemporaryGroup: Codable, Hashable, Sendable {
    /// MCPTT group IDs, sorted.
    public var constituents: [String]
    /// MCPTT ID of whoever asked for it.
    public var requestor: String

    public init(constituents: [String], requestor: String) {
        self.constituents = constituents.sorted()
        self.requestor = requestor
    }

    /// The members of a temporary group: those of its constituents, each once.
    ///
    /// NOTSPEC: who is a member of several of them may do what any of them lets him, with the highest of his priorities;
    /// nobody is required.
    static func members(of constituents: [GroupRecord]) -> [GroupMember] {
        var members: [GroupMember] = []
        let entries = constituents.flatMap(\.members).enumerated()
            .sorted { ($0.element.id, $0.offset) < ($1.element.id, $1.offset) }
        for (_, entry) in entries {
            guard let last = members.last, last.id == entry.id else {
                var first = entry
                first.isRequired = false
                members.append(first)
                continue
            }
            members[members.count - 1] = GroupMember(
                id: last.id, priority: max(last.priority, entry.priority),
                isReceiveOnly: last.isReceiveOnly && entry.isReceiveOnly,
                mayInitiate: last.mayInitiate || entry.mayInitiate, mayJoin: last.mayJoin || entry.mayJoin,
                mayCallInEmergency: last.mayCallInEmergency || entry.mayCallInEmergency,
                maySeeParticipants: last.maySeeParticipants || entry.maySeeParticipants)
        }
        return members
    }
}
