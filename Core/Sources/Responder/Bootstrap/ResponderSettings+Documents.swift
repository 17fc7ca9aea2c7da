public import MCFoundation
public import SDP

extension ResponderSettings {
    /// Takes over what the documents say; what they do not say stays.
    public mutating func adopt(_ configuration: UserConfiguration) {
        mcpttID = configuration.mcpttID
        if let service = configuration.participatingService { participatingService = service }
        documentService = configuration.documentService
        obey(configuration)
    }

    /// The part of it that may change while a client runs.
    mutating func obey(_ configuration: UserConfiguration) {
        floorTimers = configuration.floorTimers
        userProfile = configuration.userProfile
        if let priority = configuration.priority { floorPriority = priority }
        groups = Array(configuration.groups.prefix(limits.groups))
        // A device whose operator does not know it has the bounds of this program.
        if configuration.maximumGroupCalls != nil || configuration.maximumPrivateCalls != nil {
            let calls = (configuration.maximumGroupCalls ?? 0) + (configuration.maximumPrivateCalls ?? 0)
            limits.calls = max(1, min(calls, ResponderLimits().calls))
        }
    }

    /// `<user-priority>` of the group document (TS 24.481 7.2), else the priority of the user profile.
    public func floorPriority(in group: MCPTTGroupID?) -> UInt8? {
        groups.first { $0.id == group }?.priority ?? floorPriority
    }

    /// What is offered to a group.
    public func codec(of group: MCPTTGroupID?) -> SpeechCodec {
        groups.first { $0.id == group }?.codec ?? codec
    }

    /// What is taken from a call of a group, the offered one first. A group document does not say how AMR-WB is packed, so
    /// both ways are taken where the document named it.
    func codecs(of group: MCPTTGroupID?) -> [SpeechCodec] {
        let codec = codec(of: group)
        guard case .amrWB(let octetAlign) = codec, groups.contains(where: { $0.id == group && $0.codec != nil }) else {
            return [codec]
        }
        return [codec, .amrWB(octetAlign: !octetAlign)]
    }
}
