public import MCFoundation

/// The MCPTT UE configuration (TS 24.484 8.2): bounds of one device.
public struct UEConfiguration: Hashable, Sendable {
    public var domain: String
    public var owner: String?
    public var instanceID: String?
    public var name: String?
    /// N10: private calls at a time.
    public var maximumPrivateCalls: Int
    /// N4: group calls at a time.
    public var maximumGroupCalls: Int
    /// N5: transmissions heard at a time.
    public var maximumTransmissions: Int
    /// `<Prioritized-MCPTT-Group>`; the schema asks for one at least.
    public var groupPriorities: [GroupPriority]
    public var prefersIPv6: Bool
    /// `<Relay-Service>`
    public var isRelay = false
    public var relayedGroups: [RelayedGroup] = []

    public init(
        domain: String, maximumPrivateCalls: Int, maximumGroupCalls: Int, maximumTransmissions: Int,
        groupPriorities: [GroupPriority], prefersIPv6: Bool = false
    ) {
        self.domain = domain
        self.maximumPrivateCalls = maximumPrivateCalls
        self.maximumGroupCalls = maximumGroupCalls
        self.maximumTransmissions = maximumTransmissions
        self.groupPriorities = groupPriorities
        self.prefersIPv6 = prefersIPv6
    }

    /// `<MCPTT-Group-Priority>`
    public struct GroupPriority: Hashable, Sendable {
        public var group: MCPTTGroupID
        /// `<group-priority-hierarchy>`
        public var level: UInt32

        public init(group: MCPTTGroupID, level: UInt32) {
            self.group = group
            self.level = level
        }
    }

    /// `<Relayed-MCPTT-Group>`
    public struct RelayedGroup: Hashable, Sendable {
        public var group: MCPTTGroupID
        public var serviceCode: String

        public init(group: MCPTTGroupID, serviceCode: String) {
            self.group = group
            self.serviceCode = serviceCode
        }
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [
            ("xmlns", ConfigurationNamespace.ueConfiguration), ("domain", domain), ("XUI-URI", owner),
            ("Instance-ID-URN", instanceID),
        ]
        writer.element("mcptt-UE-configuration", attributes) { writer in
            if let instanceID {
                writer.element("mcptt-UE-id") { $0.element("Instance-ID-URN", text: instanceID) }
            }
            writer.element("name", optional: name)
            writer.element("common") { writeCommon(to: &$0) }
            writer.element("on-network") { writer in
                writer.element("IPv6Preferred", prefersIPv6)
                writer.element("Relay-Service", isRelay)
                for relayed in relayedGroups {
                    writer.element("Relayed-MCPTT-Group") { writer in
                        writer.element("MCPTT-Group-ID", text: relayed.group.value)
                        writer.element("Relay-Service-Code", text: relayed.serviceCode)
                    }
                }
            }
        }
        return writer.octets
    }

    private func writeCommon(to writer: inout XMLWriter) {
        writer.element("private-call") { $0.element("Max-Simul-Call-N10", text: String(maximumPrivateCalls)) }
        writer.element("MCPTT-Group-Call") { writer in
            writer.element("Max-Simul-Call-N4", text: String(maximumGroupCalls))
            writer.element("Max-Simul-Trans-N5", text: String(maximumTransmissions))
            writer.element("Prioritized-MCPTT-Group") { writer in
                for priority in groupPriorities {
                    writer.element("MCPTT-Group-Priority") { writer in
                        writer.element("MCPTT-Group-ID", text: priority.group.value)
                        writer.element("group-priority-hierarchy", text: String(priority.level))
                    }
                }
            }
        }
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .configuration) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            try root.expectRoot("mcptt-UE-configuration", ConfigurationNamespace.ueConfiguration)
            let common = try root.required(root.firstChild("common"), "common")
            let privateCall = try common.required(common.firstChild("private-call"), "private-call")
            let groupCall = try common.required(common.firstChild("MCPTT-Group-Call"), "MCPTT-Group-Call")
            let onNetwork = try root.required(root.firstChild("on-network"), "on-network")
            var budget = EntryBudget(limits)
            var document = UEConfiguration(
                domain: try root.requiredAttribute("domain"),
                maximumPrivateCalls: try privateCall.required(
                    try privateCall.number("Max-Simul-Call-N10"), "Max-Simul-Call-N10"),
                maximumGroupCalls: try groupCall.required(
                    try groupCall.number("Max-Simul-Call-N4"), "Max-Simul-Call-N4"),
                maximumTransmissions: try groupCall.required(
                    try groupCall.number("Max-Simul-Trans-N5"), "Max-Simul-Trans-N5"), groupPriorities: [],
                prefersIPv6: try onNetwork.required(try onNetwork.boolean("IPv6Preferred"), "IPv6Preferred"))
            document.owner = root.attribute("XUI-URI")
            document.instanceID = root.attribute("Instance-ID-URN")
            document.name = root.string("name")
            let prioritized = try groupCall.required(
                groupCall.firstChild("Prioritized-MCPTT-Group"), "Prioritized-MCPTT-Group")
            for child in prioritized.children where child.isNamed("MCPTT-Group-Priority") {
                try budget.spend(child)
                document.groupPriorities.append(
                    GroupPriority(
                        group: MCPTTGroupID(try child.requiredText("MCPTT-Group-ID")),
                        level: try child.required(
                            try child.number("group-priority-hierarchy"), "group-priority-hierarchy")))
            }
            document.isRelay = try onNetwork.required(try onNetwork.boolean("Relay-Service"), "Relay-Service")
            for child in onNetwork.children where child.isNamed("Relayed-MCPTT-Group") {
                try budget.spend(child)
                document.relayedGroups.append(
                    RelayedGroup(
                        group: MCPTTGroupID(try child.requiredText("MCPTT-Group-ID")),
                        serviceCode: try child.requiredText("Relay-Service-Code")))
            }
            return document
        }
    }
}
