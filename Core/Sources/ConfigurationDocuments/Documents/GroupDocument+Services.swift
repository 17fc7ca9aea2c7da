internal import MCDocuments
internal import MCFoundation

/// The MCVideo and MCData parts of a group document (TS 24.481 7.2.2 and the schema of 7.2.4.2, release 19). Protection
/// is written as false: absent means true (7.2.8), and there are no keys.
extension GroupDocument {
    /// - Throws: Where one asks for protection as well: it would promise what cannot be done.
    mutating func readServices(_ service: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        guard let services = service.firstChild("supported-services") else { return }
        for child in services.children where child.isNamed("service") {
            try budget.spend(child)
            // TS 24.481 7.2.8: by the media element, or where there is none by the enabler.
            if child.firstChild("group-media")?.firstChild("mcvideo-video-media") != nil {
                video = try VideoGroup(service, &budget)
            } else if child.attribute("enabler") == ServiceIdentifier.mcdata {
                data = try DataGroup(service)
            }
        }
        guard let ruleset = service.firstChild("ruleset") else { return }
        for rule in ruleset.children where rule.isNamed("rule") {
            // What is for some members only is for none here: the record knows no difference.
            guard rule.firstChild("conditions").map({ $0.firstChild("is-list-member") != nil }) ?? true,
                let actions = rule.firstChild("actions")
            else { continue }
            if try actions.boolean("mcvideo-on-network-allow-conference-state") == true {
                video?.allowsConferenceState = true
            }
            if try actions.boolean("mcdata-allow-transmit-data-in-this-group") == true { data?.maySend = true }
        }
    }

    /// What every member may do with the services beside speech.
    func writeServiceRule(to writer: inout XMLWriter) {
        guard video != nil || data != nil else { return }
        writer.element("cp:rule", [("id", "services")]) { writer in
            writer.element("cp:conditions") { $0.element("is-list-member") }
            writer.element("cp:actions") { writer in
                if let video {
                    writer.element("mcpttgi:mcvideo-on-network-allow-conference-state", video.allowsConferenceState)
                }
                if let data { writer.element("mcpttgi:mcdata-allow-transmit-data-in-this-group", data.maySend) }
            }
        }
    }
}

extension VideoGroup {
    fileprivate init(_ service: XMLNode, _ budget: inout EntryBudget) throws(DocumentError) {
        self.init(invitesMembers: try service.boolean("mcvideo-on-network-invite-members") ?? false)
        maximumDuration = try service.duration("mcvideo-on-network-maximum-duration")?.wholeMilliseconds
        audioEncodings = try Self.encodings(service.firstChild("mcvideo-preferred-audio-encodings"), &budget)
        videoEncodings = try Self.encodings(service.firstChild("mcvideo-preferred-video-encodings"), &budget)
        maximumTransmitters = try service.number(
            "mcvideo-maximum-simultaneous-mcvideo-transmitting-group-members")
        minimumToStart = try service.number("mcvideo-on-network-minimum-number-to-start")
        priority = try service.number("mcvideo-on-network-group-priority")
        receptionHangTime = try service.duration("on-network-reception-hang-timer")?.wholeMilliseconds
        try service.requireUnprotected("mcvideo-protect-media")
        try service.requireUnprotected("mcvideo-protect-transmission-control")
    }

    private static func encodings(
        _ list: XMLNode?, _ budget: inout EntryBudget
    ) throws(DocumentError) -> [String] {
        guard let list else { return [] }
        var names: [String] = []
        for child in list.children where child.isNamed("encoding") {
            try budget.spend(child)
            names.append(try child.requiredAttribute("name"))
        }
        return names
    }

    func write(to writer: inout XMLWriter) {
        writer.element("mcpttgi:mcvideo-on-network-invite-members", invitesMembers)
        writer.element(
            "mcpttgi:mcvideo-on-network-maximum-duration", optional: maximumDuration.map { Duration.milliseconds($0) })
        writer.element("mcpttgi:mcvideo-protect-media", false)
        writer.element("mcpttgi:mcvideo-protect-transmission-control", false)
        for (name, encodings) in [
            ("mcpttgi:mcvideo-preferred-audio-encodings", audioEncodings),
            ("mcpttgi:mcvideo-preferred-video-encodings", videoEncodings),
        ] where !encodings.isEmpty {
            writer.element(name) { writer in
                for encoding in encodings { writer.element("mcpttgi:encoding", [("name", encoding)]) }
            }
        }
        writer.element(
            "mcpttgi:mcvideo-maximum-simultaneous-mcvideo-transmitting-group-members", optional: maximumTransmitters)
        writer.element("mcpttgi:mcvideo-on-network-minimum-number-to-start", optional: minimumToStart)
        writer.element("mcpttgi:mcvideo-on-network-group-priority", optional: priority)
        writer.element(
            "mcpttgi:on-network-reception-hang-timer", optional: receptionHangTime.map { Duration.milliseconds($0) })
    }
}

extension DataGroup {
    fileprivate init(_ service: XMLNode) throws(DocumentError) {
        self.init(
            allowsShortData: try service.boolean("mcdata-allow-short-data-service") ?? false,
            allowsFiles: try service.boolean("mcdata-allow-file-distribution") ?? false)
        allowsConversations = try service.boolean("mcdata-allow-conversation-management") ?? false
        allowsTransmissionControl = try service.boolean("mcdata-allow-tx-control") ?? false
        allowsReceptionControl = try service.boolean("mcdata-allow-rx-control") ?? false
        allowsEnhancedStatus = try service.boolean("mcdata-allow-enhanced-status") ?? false
        maximumShortData = try service.number("mcdata-on-network-max-data-size-for-SDS")
        maximumFile = try service.number("mcdata-on-network-max-data-size-for-FD")
        maximumAutomatic = try service.number("mcdata-on-network-max-data-size-auto-recv")
        priority = try service.number("mcdata-on-network-group-priority")
        try service.requireUnprotected("mcdata-protect-media")
        try service.requireUnprotected("mcdata-protect-transmission-control")
    }

    func write(to writer: inout XMLWriter) {
        writer.element("mcpttgi:mcdata-protect-media", false)
        writer.element("mcpttgi:mcdata-protect-transmission-control", false)
        writer.element("mcpttgi:mcdata-allow-short-data-service", allowsShortData)
        writer.element("mcpttgi:mcdata-allow-file-distribution", allowsFiles)
        writer.element("mcpttgi:mcdata-allow-conversation-management", allowsConversations)
        writer.element("mcpttgi:mcdata-allow-tx-control", allowsTransmissionControl)
        writer.element("mcpttgi:mcdata-allow-rx-control", allowsReceptionControl)
        writer.element("mcpttgi:mcdata-allow-enhanced-status", allowsEnhancedStatus)
        writer.element("mcpttgi:mcdata-on-network-max-data-size-for-SDS", optional: maximumShortData)
        writer.element("mcpttgi:mcdata-on-network-max-data-size-for-FD", optional: maximumFile)
        writer.element("mcpttgi:mcdata-on-network-max-data-size-auto-recv", optional: maximumAutomatic)
        writer.element("mcpttgi:mcdata-on-network-group-priority", optional: priority)
    }
}

extension XMLNode {
    fileprivate func requireUnprotected(_ name: StaticString) throws(DocumentError) {
        guard try boolean(name) == false else {
            throw DocumentError(.unexpected, line: line, "\(name) must be false: there are no keys")
        }
    }
}
