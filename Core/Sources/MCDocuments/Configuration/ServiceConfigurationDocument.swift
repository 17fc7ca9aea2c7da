extension ServiceConfiguration {
    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [("xmlns", ConfigurationNamespace.serviceConfiguration)]
        writer.element("service-configuration-info", attributes) { writer in
            writer.element("service-configuration-params", [("domain", domain)]) { writer in
                writer.element("common") { writer in
                    writer.element("min-length-alias", optional: minimumAliasLength)
                    writer.element("broadcast-group") { writer in
                        writer.element("num-levels-group-hierarchy", optional: groupHierarchyLevels)
                        writer.element("num-levels-user-hierarchy", optional: userHierarchyLevels)
                    }
                }
                writer.element("on-network") { writer in
                    writeCalls(to: &writer)
                    floorControl.write(to: &writer)
                    writeProtection(to: &writer)
                    emergencyPriority.write("emergency-resource-priority", to: &writer)
                    imminentPerilPriority.write("imminent-peril-resource-priority", to: &writer)
                    normalPriority.write("normal-resource-priority", to: &writer)
                }
            }
        }
        return writer.octets
    }

    private func writeCalls(to writer: inout XMLWriter) {
        writer.element("emergency-call") { writer in
            writer.element("private-cancel-timeout", optional: privateEmergencyCancelTimeout)
            writer.element("group-time-limit", optional: groupEmergencyTimeLimit)
        }
        writer.element("private-call") { writer in
            writer.element("hang-time", optional: privateCallHangTime)
            writer.element("max-duration-with-floor-control", optional: privateCallWithFloorControl)
            writer.element("max-duration-without-floor-control", optional: privateCallWithoutFloorControl)
        }
        writer.element("num-levels-priority-hierarchy", optional: priorityLevels)
        writer.element("transmit-time") { writer in
            writer.element("time-limit", optional: talkLimit)
            writer.element("time-warning", optional: talkLimitWarning)
        }
        writer.element("hang-time-warning", optional: hangTimeWarning)
        writer.element("floor-control-queue") { writer in
            writer.element("depth", optional: queueDepth)
            writer.element("max-user-request-time", optional: queueTimeLimit)
        }
    }

    private func writeProtection(to writer: inout XMLWriter) {
        writer.element("signalling-protection") { writer in
            writer.element("confidentiality-protection", protectsConfidentiality)
            writer.element("integrity-protection", protectsIntegrity)
        }
        writer.element("protection-between-mcptt-servers") { writer in
            writer.element("allow-signalling-protection", allowsServerSignallingProtection)
            writer.element("allow-floor-control-protection", allowsServerFloorControlProtection)
        }
    }

    /// Several `<common>` or `<on-network>` parts: the first counts.
    public init(parsing octets: [UInt8], limits: DocumentLimits = .configuration) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            try root.expectRoot("service-configuration-info", ConfigurationNamespace.serviceConfiguration)
            let parameters = try root.required(
                root.firstChild("service-configuration-params"), "service-configuration-params")
            let network = try parameters.required(parameters.firstChild("on-network"), "on-network")
            var document = ServiceConfiguration(
                domain: try parameters.requiredAttribute("domain"),
                floorControl: try FloorTimers(
                    try network.required(network.firstChild("fc-timers-counters"), "fc-timers-counters")),
                emergencyPriority: try ResourcePriority(network, "emergency-resource-priority"),
                imminentPerilPriority: try ResourcePriority(network, "imminent-peril-resource-priority"),
                normalPriority: try ResourcePriority(network, "normal-resource-priority"))
            if let common = parameters.firstChild("common") {
                document.minimumAliasLength = try common.number("min-length-alias")
                let broadcast = common.firstChild("broadcast-group")
                document.groupHierarchyLevels = try broadcast?.number("num-levels-group-hierarchy")
                document.userHierarchyLevels = try broadcast?.number("num-levels-user-hierarchy")
            }
            try document.readCalls(network)
            let signalling = network.firstChild("signalling-protection")
            document.protectsConfidentiality = try signalling?.boolean("confidentiality-protection") ?? true
            document.protectsIntegrity = try signalling?.boolean("integrity-protection") ?? true
            let servers = network.firstChild("protection-between-mcptt-servers")
            document.allowsServerSignallingProtection = try servers?.boolean("allow-signalling-protection") ?? true
            document.allowsServerFloorControlProtection =
                try servers?.boolean("allow-floor-control-protection") ?? true
            return document
        }
    }

    private mutating func readCalls(_ network: XMLNode) throws(DocumentError) {
        let emergency = network.firstChild("emergency-call")
        privateEmergencyCancelTimeout = try emergency?.duration("private-cancel-timeout")
        groupEmergencyTimeLimit = try emergency?.duration("group-time-limit")
        let privateCall = network.firstChild("private-call")
        privateCallHangTime = try privateCall?.duration("hang-time")
        privateCallWithFloorControl = try privateCall?.duration("max-duration-with-floor-control")
        privateCallWithoutFloorControl = try privateCall?.duration("max-duration-without-floor-control")
        priorityLevels = try network.number("num-levels-priority-hierarchy")
        let time = network.firstChild("transmit-time")
        talkLimit = try time?.duration("time-limit")
        talkLimitWarning = try time?.duration("time-warning")
        hangTimeWarning = try network.duration("hang-time-warning")
        let queue = network.firstChild("floor-control-queue")
        queueDepth = try queue?.number("depth")
        queueTimeLimit = try queue?.duration("max-user-request-time")
    }
}

extension ServiceConfiguration.ResourcePriority {
    fileprivate func write(_ name: String, to writer: inout XMLWriter) {
        writer.element(name) { writer in
            writer.element("resource-priority-namespace", text: namespace)
            writer.element("resource-priority-priority", text: priority)
        }
    }

    fileprivate init(_ network: XMLNode, _ name: StaticString) throws(DocumentError) {
        let node = try network.required(network.firstChild(name), name)
        self.init(
            namespace: try node.requiredText("resource-priority-namespace"),
            priority: try node.requiredText("resource-priority-priority"))
    }
}

extension ServiceConfiguration.FloorTimers {
    fileprivate func write(to writer: inout XMLWriter) {
        writer.element("fc-timers-counters") { writer in
            for (name, value) in [
                ("T1-end-of-rtp-media", t1EndOfRTPMedia),
                ("T3-stop-talking-grace", t3StopTalkingGrace),
                ("T7-floor-idle", t7FloorIdle),
                ("T8-floor-revoke", t8FloorRevoke),
                ("T11-end-of-RTP-dual", t11EndOfRTPDual),
                ("T12-stop-talking-dual", t12StopTalkingDual),
                ("T15-conversation", t15Conversation),
                ("T16-map-group-to-bearer", t16MapGroupToBearer),
                ("T17-unmap-group-to-bearer", t17UnmapGroupToBearer),
                ("T20-floor-granted", t20FloorGranted),
                ("T55-connect", t55Connect),
                ("T56-disconnect", t56Disconnect),
            ] {
                writer.element(name, optional: value)
            }
            for (name, value) in [
                ("C7-floor-idle", c7FloorIdle),
                ("C17-unmap-group-to-bearer", c17UnmapGroupToBearer),
                ("C20-floor-granted", c20FloorGranted),
                ("C55-connect", c55Connect),
                ("C56-disconnect", c56Disconnect),
            ] {
                writer.element(name, optional: value)
            }
        }
    }

    fileprivate init(_ node: XMLNode) throws(DocumentError) {
        t1EndOfRTPMedia = try node.required(try node.duration("T1-end-of-rtp-media"), "T1-end-of-rtp-media")
        t3StopTalkingGrace = try node.required(try node.duration("T3-stop-talking-grace"), "T3-stop-talking-grace")
        t7FloorIdle = try node.required(try node.duration("T7-floor-idle"), "T7-floor-idle")
        t8FloorRevoke = try node.required(try node.duration("T8-floor-revoke"), "T8-floor-revoke")
        t11EndOfRTPDual = try node.required(try node.duration("T11-end-of-RTP-dual"), "T11-end-of-RTP-dual")
        t12StopTalkingDual = try node.required(try node.duration("T12-stop-talking-dual"), "T12-stop-talking-dual")
        t15Conversation = try node.required(try node.duration("T15-conversation"), "T15-conversation")
        t16MapGroupToBearer = try node.required(try node.duration("T16-map-group-to-bearer"), "T16-map-group-to-bearer")
        t17UnmapGroupToBearer = try node.required(
            try node.duration("T17-unmap-group-to-bearer"), "T17-unmap-group-to-bearer")
        t20FloorGranted = try node.required(try node.duration("T20-floor-granted"), "T20-floor-granted")
        t55Connect = try node.required(try node.duration("T55-connect"), "T55-connect")
        t56Disconnect = try node.required(try node.duration("T56-disconnect"), "T56-disconnect")
        c7FloorIdle = try node.required(try node.number("C7-floor-idle"), "C7-floor-idle")
        c17UnmapGroupToBearer = try node.required(
            try node.number("C17-unmap-group-to-bearer"), "C17-unmap-group-to-bearer")
        c20FloorGranted = try node.required(try node.number("C20-floor-granted"), "C20-floor-granted")
        c55Connect = try node.required(try node.number("C55-connect"), "C55-connect")
        c56Disconnect = try node.required(try node.number("C56-disconnect"), "C56-disconnect")
    }
}
