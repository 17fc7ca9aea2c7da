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
                        for entry in entries { entry.write(to: &writer) }
                    }
                }
                writer.element("cp:ruleset") { writer in
                    for rule in rules where includesMembers || !rule.namesUsers { rule.write(to: &writer) }
                }
                writeServices(to: &writer)
                writeOnNetwork(to: &writer)
            }
        }
        return writer.octets
    }

    private func writeServices(to writer: inout XMLWriter) {
        guard supportsSpeech else { return }
        writer.element("oxe:supported-services") { writer in
            writer.element("oxe:service", [("oxe:enabler", ServiceIdentifier.mcptt)]) { writer in
                writer.element("oxe:group-media") { $0.element("mcpttgi:mcptt-speech") }
            }
        }
    }

    private func writeOnNetwork(to writer: inout XMLWriter) {
        if isDisabled { writer.element("mcpttgi:on-network-disabled") }
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

/// IMS communication service identifiers (TS 24.379 D.1).
enum ServiceIdentifier {
    static let mcptt = "urn:urn-7:3gpp-service.ims.icsi.mcptt"
}

extension GroupDocument.Entry {
    fileprivate func write(to writer: inout XMLWriter) {
        writer.element("entry", [("uri", mcpttID.value)]) { writer in
            writer.element("rl:display-name", optional: displayName)
            writer.element("mcpttgi:user-priority", optional: priority)
            writer.element("mcpttgi:participant-type", optional: participantType)
            if isRequired { writer.element("mcpttgi:on-network-required") }
            if isReceiveOnly { writer.element("mcpttgi:on-network-recvonly") }
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
