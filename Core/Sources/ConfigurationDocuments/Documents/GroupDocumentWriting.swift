internal import MCDocuments
import MCFoundation

extension GroupDocument {
    /// The document as octets: what the list service of OMA defines in its order, then what 3GPP adds to it.
    ///
    /// - Parameter includesMembers: False for whoever asked for it without the list; then no rule names members either.
    public func serialized(includesMembers: Bool = true) -> [UInt8] {
        var writer = XMLWriter()
        let namespaces: [(String, String?)] = [
            ("xmlns", ConfigurationNamespace.listService), ("xmlns:rl", ConfigurationNamespace.resourceLists),
            ("xmlns:cp", ConfigurationNamespace.commonPolicy), ("xmlns:oxe", ConfigurationNamespace.extensions),
            ("xmlns:mcpttgi", ConfigurationNamespace.groupInfo),
        ]
        writer.element("group", namespaces) { writer in
            writer.element("list-service", [("uri", id.value)]) { writer in
                writer.element("display-name", text: displayName)
                if includesMembers {
                    writer.element("list") { writer in
                        for entry in entries { entry.write(for: self, to: &writer) }
                    }
                }
                writer.element("cp:ruleset") { writer in
                    for rule in rules where includesMembers || !rule.namesUsers { rule.write(to: &writer) }
                    writeServiceRule(to: &writer)
                }
                writeServices(to: &writer)
                writeOnNetwork(to: &writer)
                video?.write(to: &writer)
                data?.write(to: &writer)
            }
        }
        return writer.octets
    }

    private func writeServices(to writer: inout XMLWriter) {
        guard supportsSpeech || video != nil || data != nil else { return }
        writer.element("oxe:supported-services") { writer in
            if supportsSpeech {
                writer.element("oxe:service", [("oxe:enabler", ServiceIdentifier.mcptt)]) { writer in
                    writer.element("oxe:group-media") { $0.element("mcpttgi:mcptt-speech") }
                }
            }
            if video != nil {
                writer.element("oxe:service", [("oxe:enabler", ServiceIdentifier.mcvideo)]) { writer in
                    writer.element("oxe:group-media") { $0.element("mcpttgi:mcvideo-video-media") }
                }
            }
            // TS 24.481 has no media element for MCData.
            if data != nil { writer.element("oxe:service", [("oxe:enabler", ServiceIdentifier.mcdata)]) }
        }
    }

    private func writeOnNetwork(to writer: inout XMLWriter) {
        if isDisabled { writer.element("mcpttgi:on-network-disabled") }
        if let constituents {
            writer.element("mcpttgi:on-network-temporary") { Self.write(constituents, to: &$0) }
        }
        regrouped?.write(to: &writer)
        writer.element("mcpttgi:on-network-invite-members", invitesMembers)
        writer.element("mcpttgi:on-network-max-participant-count", optional: maximumParticipants)
        writer.element("mcpttgi:on-network-group-priority", optional: priority)
        if !voiceEncodings.isEmpty {
            writer.element("mcpttgi:preferred-voice-encodings") { writer in
                for name in voiceEncodings { writer.element("mcpttgi:encoding", [("name", name)]) }
            }
        }
        writer.element("mcpttgi:on-network-hang-timer", optional: hangTimer)
        writer.element("mcpttgi:on-network-maximum-duration", optional: maximumDuration)
        writer.element("mcpttgi:on-network-minimum-number-to-start", optional: minimumToStart)
        writer.element(
            "mcpttgi:on-network-timeout-for-acknowledgement-of-required-members", optional: acknowledgementTimeout)
        writer.element(
            "mcpttgi:on-network-action-upon-expiration-of-timeout-for-acknowledgement-of-required-members",
            optional: onAcknowledgementTimeout.map { $0 == .proceed ? "proceed" : "abandon" })
        writer.element(
            "mcpttgi:on-network-in-progress-emergency-state-cancellation-timeout",
            optional: emergencyCancellationTimeout)
        writer.element(
            "mcpttgi:on-network-in-progress-imminent-peril-state-cancellation-timeout",
            optional: imminentPerilCancellationTimeout)
        writer.element("mcpttgi:protect-media", protectsMedia)
        writer.element("mcpttgi:protect-floor-control-signalling", protectsFloorControl)
        writer.element("mcpttgi:mcptt-on-network-audio-cut-in", optional: hasAudioCutIn)
    }
}

extension GroupDocument {
    fileprivate static func write(_ constituents: [MCPTTGroupID], to writer: inout XMLWriter) {
        writer.element("mcpttgi:constituent-MCPTT-group-IDs") { writer in
            for group in constituents { writer.element("mcpttgi:constituent-MCPTT-group-ID", text: group.value) }
        }
    }
}

extension GroupDocument.Regrouped {
    /// Protection is off here as in the document of the temporary group, and said so.
    fileprivate func write(to writer: inout XMLWriter) {
        let attributes: [(String, String?)] = [
            ("temporary-MCPTT-group-ID", temporaryGroup.value), ("temporary-MCPTT-group-requestor", requestor.value),
        ]
        writer.element("mcpttgi:on-network-regrouped", attributes) { writer in
            GroupDocument.write(constituents, to: &writer)
            writer.element("mcpttgi:on-network-group-priority", optional: priority)
            writer.element("mcpttgi:protect-media", false)
            writer.element("mcpttgi:protect-floor-control-signalling", false)
        }
    }
}

/// IMS communication service identifiers (TS 24.379 D.1, TS 24.281 E.2.1, TS 24.282).
enum ServiceIdentifier {
    static let mcptt = "urn:urn-7:3gpp-service.ims.icsi.mcptt"
    static let mcvideo = "urn:urn-7:3gpp-service.ims.icsi.mcvideo"
    static let mcdata = "urn:urn-7:3gpp-service.ims.icsi.mcdata"
}

extension GroupDocument.Entry {
    /// NOTSPEC: a user has the same ID for all services, so those that the document asks for are made of it.
    fileprivate func write(for group: GroupDocument, to writer: inout XMLWriter) {
        writer.element("entry", [("uri", mcpttID.value)]) { writer in
            writer.element("rl:display-name", optional: displayName)
            writer.element("mcpttgi:user-priority", optional: priority)
            writer.element("mcpttgi:participant-type", optional: participantType)
            if isRequired { writer.element("mcpttgi:on-network-required") }
            if isReceiveOnly { writer.element("mcpttgi:on-network-recvonly") }
            if group.video != nil { writer.element("mcpttgi:mcvideo-mcvideo-id", [("uri", mcpttID.value)]) }
            if group.data != nil { writer.element("mcpttgi:mcdata-mcdata-id", [("uri", mcpttID.value)]) }
        }
    }
}

extension GroupDocument.Rule {
    fileprivate var namesUsers: Bool {
        switch condition {
        case .everyone, .listMembers: false
        case .identities: true
        }
    }

    fileprivate func write(to writer: inout XMLWriter) {
        writer.element("cp:rule", [("id", id)]) { writer in
            switch condition {
            case .everyone: break
            case .listMembers: writer.element("cp:conditions") { $0.element("is-list-member") }
            case .identities(let users):
                writer.element("cp:conditions") { writer in
                    writer.element("cp:identity") { writer in
                        for user in users { writer.element("cp:one", [("id", user.value)]) }
                    }
                }
            }
            writer.element("cp:actions") { writer in
                for action in actions {
                    writer.element((action.isOfListService ? "" : "mcpttgi:") + action.rawValue, true)
                }
            }
        }
    }
}
