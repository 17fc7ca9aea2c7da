internal import MCDocuments
import MCFoundation

extension UserProfileDocument {
    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [
            ("xmlns", ConfigurationNamespace.userProfile), ("xmlns:cp", ConfigurationNamespace.commonPolicy),
            ("XUI-URI", owner), ("user-profile-index", String(index)),
        ]
        writer.element("mcptt-user-profile", attributes) { writer in
            writer.element("Name", optional: name)
            writer.element("Status", isEnabled)
            writer.element("ProfileName", optional: profileName)
            if isPreselected { writer.element("Pre-selected-indication") }
            writer.element("Common") { writeCommon(to: &$0) }
            writer.element("OnNetwork") { writeOnNetwork(to: &$0) }
            writer.element("cp:ruleset") { writeRules(to: &$0) }
        }
        return writer.octets
    }

    private func writeCommon(to writer: inout XMLWriter) {
        if !aliases.isEmpty {
            writer.element("UserAlias") { writer in
                for alias in aliases { writer.element("alias-entry", text: alias) }
            }
        }
        Entry(mcpttID.value, displayName: displayName).write("MCPTTUserID", to: &writer)
        if !privateCallRecipients.isEmpty {
            writer.element("PrivateCall") { writer in
                writer.element("PrivateCallList") { writer in
                    for entry in privateCallRecipients { entry.write("PrivateCallURI", to: &writer) }
                }
            }
        }
        writer.element("MCPTT-group-call") { writer in
            writer.element("MaxSimultaneousCallsN6", optional: maximumGroupCalls)
            for (name, entry) in [("EmergencyCall", emergencyCall), ("ImminentPerilCall", imminentPerilCall)] {
                guard let entry else { continue }
                writer.element(name) { $0.element("MCPTTGroupInitiation") { entry.write("entry", to: &$0) } }
            }
            if let emergencyAlert {
                writer.element("EmergencyAlert") { emergencyAlert.write("entry", to: &$0) }
            }
            writer.element("Priority", optional: priority)
        }
        writer.element("MissionCriticalOrganization", optional: organisation)
        writer.element("ParticipantType", optional: participantType)
    }

    private func writeOnNetwork(to writer: inout XMLWriter) {
        if !groups.isEmpty {
            writer.element("MCPTTGroupInfo") { writer in
                for entry in groups { entry.write("entry", to: &writer) }
            }
        }
        writer.element("MaxAffiliationsN2", optional: maximumAffiliations)
        writer.element("MaxSimultaneousTransmissionsN7", optional: maximumTransmissions)
        if !implicitAffiliations.isEmpty {
            writer.element("ImplicitAffiliations") { writer in
                for entry in implicitAffiliations { entry.write("entry", to: &writer) }
            }
        }
    }

    /// One rule without conditions: what the user may do. Actions that are not there are false.
    private func writeRules(to writer: inout XMLWriter) {
        writer.element("cp:rule", [("id", "user")]) { writer in
            writer.element("cp:actions") { writer in
                for action in allowed where !action.isExtension { writer.element(action.rawValue, true) }
                guard allowed.contains(where: { $0.isExtension }) else { return }
                writer.element("anyExt") { writer in
                    for action in allowed where action.isExtension { writer.element(action.rawValue, true) }
                }
            }
        }
    }
}

extension UserProfileDocument.Entry {
    fileprivate func write(_ name: String, to writer: inout XMLWriter) {
        writer.element(name, [("entry-info", info?.rawValue)]) { writer in
            writer.element("uri-entry", text: uri)
            writer.element("display-name", optional: displayName)
        }
    }
}
