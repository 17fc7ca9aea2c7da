public import MCDocuments

/// The MCPTT UE initial configuration (TS 24.484 7.2): where a device finds identity, group, configuration and key
/// management before anybody has logged in.
///
/// OPEN: IMEI ranges, visited networks, the off-network timers, and the details of MCVideo and MCData.
public struct UEInitialConfiguration: Hashable, Sendable {
    /// `domain`: of the mission critical organisation.
    public var domain: String
    /// `XUI-URI` and `Instance-ID-URN`: for which device, where the document is for one.
    public var owner: String?
    public var instanceID: String?
    public var name: String?
    public var defaultUserProfiles: [DefaultUserProfile] = []
    public var timers: Timers
    /// PLMN code of the home network, and the data networks there.
    public var homeNetwork: String
    public var connectivity: Connectivity
    public var servers: Servers
    /// `<GMS-URI>`: public service identity of group management, for subscriptions.
    public var groupManagementURI: String
    /// `<group-creation-XUI>`: in whose tree new groups are put.
    public var groupCreationXUI: String
    public var groupManagementRoot: String
    public var configurationManagementRoot: String
    /// `<Server-URI>` of `<MCPTT-Service-Details>` (7.2.2.1, release 15): public service identity of the participating
    /// function.
    public var participatingService: String?
    /// `<IPv6-Required>` beside it.
    public var requiresIPv6 = false
    /// Protection of the signalling; both off until keys exist.
    public var isIntegrityProtected = false
    public var isConfidentialityProtected = false

    public init(
        domain: String, homeNetwork: String, connectivity: Connectivity, servers: Servers,
        groupManagementURI: String, groupCreationXUI: String, groupManagementRoot: String,
        configurationManagementRoot: String, timers: Timers = Timers()
    ) {
        self.domain = domain
        self.homeNetwork = homeNetwork
        self.connectivity = connectivity
        self.servers = servers
        self.groupManagementURI = groupManagementURI
        self.groupCreationXUI = groupCreationXUI
        self.groupManagementRoot = groupManagementRoot
        self.configurationManagementRoot = configurationManagementRoot
        self.timers = timers
    }

    /// `<Default-user-profile>`
    public struct DefaultUserProfile: Hashable, Sendable {
        public var userID: String
        public var index: UInt8

        public init(userID: String, index: UInt8) {
            self.userID = userID
            self.index = index
        }
    }

    /// Timers of the floor participant (TS 24.380 11.1.1), seconds.
    public struct Timers: Hashable, Sendable {
        public var t100: UInt8 = 1
        public var t101: UInt8 = 1
        public var t103: UInt8 = 4
        public var t104: UInt8 = 1
        public var t132: UInt8 = 2

        public init() {}
    }

    /// `<service>` of a network: names of the data networks for MCPTT, the common core and identity management.
    public struct Connectivity: Hashable, Sendable {
        public var mcptt: String
        public var commonCore: String
        public var identityManagement: String

        public init(mcptt: String, commonCore: String, identityManagement: String) {
            self.mcptt = mcptt
            self.commonCore = commonCore
            self.identityManagement = identityManagement
        }
    }

    /// `<App-Server-Info>`, URIs.
    public struct Servers: Hashable, Sendable {
        public var authorisationEndpoint: String
        public var tokenEndpoint: String
        public var httpProxy: String
        public var groupManagement: String
        public var configurationManagement: String
        public var keyManagement: String
        /// `<tls-tunnel-auth-method>`: the device shows a certificate too.
        public var needsMutualAuthentication = false

        public init(
            authorisationEndpoint: String, tokenEndpoint: String, httpProxy: String, groupManagement: String,
            configurationManagement: String, keyManagement: String
        ) {
            self.authorisationEndpoint = authorisationEndpoint
            self.tokenEndpoint = tokenEndpoint
            self.httpProxy = httpProxy
            self.groupManagement = groupManagement
            self.configurationManagement = configurationManagement
            self.keyManagement = keyManagement
        }
    }
}

extension UEInitialConfiguration {
    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes: [(String, String?)] = [
            ("xmlns", ConfigurationNamespace.ueInitialConfiguration), ("domain", domain), ("XUI-URI", owner),
            ("Instance-ID-URN", instanceID),
        ]
        writer.element("mcptt-UE-initial-configuration", attributes) { writer in
            if let instanceID {
                writer.element("mcptt-UE-id") { $0.element("Instance-ID-URN", text: instanceID) }
            }
            writer.element("name", optional: name)
            for profile in defaultUserProfiles {
                writer.element(
                    "Default-user-profile",
                    [("User-ID", profile.userID), ("user-profile-index", String(profile.index))])
            }
            writer.element("on-network") { writeOnNetwork(to: &$0) }
        }
        return writer.octets
    }

    private func writeOnNetwork(to writer: inout XMLWriter) {
        writer.element("Timers") { writer in
            for (name, value) in [
                ("T100", timers.t100), ("T101", timers.t101), ("T103", timers.t103), ("T104", timers.t104),
                ("T132", timers.t132),
            ] {
                writer.element(name, text: String(value))
            }
        }
        writer.element("HPLMN", [("PLMN", homeNetwork)]) { writer in
            writer.element("service") { writer in
                writer.element("MCPTT-to-con-ref", text: connectivity.mcptt)
                writer.element("MC-common-core-to-con-ref", text: connectivity.commonCore)
                writer.element("MC-ID-to-con-ref", text: connectivity.identityManagement)
            }
        }
        writer.element("App-Server-Info") { writer in
            for (name, value) in [
                ("idms-auth-endpoint", servers.authorisationEndpoint), ("idms-token-endpoint", servers.tokenEndpoint),
                ("http-proxy", servers.httpProxy), ("gms", servers.groupManagement),
                ("cms", servers.configurationManagement), ("kms", servers.keyManagement),
            ] {
                writer.element(name, text: value)
            }
            writer.element("tls-tunnel-auth-method") {
                $0.element("mutual-authentication", servers.needsMutualAuthentication)
            }
        }
        for (name, value) in [
            ("GMS-URI", groupManagementURI), ("group-creation-XUI", groupCreationXUI),
            ("GMS-XCAP-root-URI", groupManagementRoot), ("CMS-XCAP-root-URI", configurationManagementRoot),
        ] {
            writer.element(name, text: value)
        }
        writer.element("integrity-protection-enabled", isIntegrityProtected)
        writer.element("confidentiality-protection-enabled", isConfidentialityProtected)
        guard let participatingService else { return }
        writer.element("anyExt") { writer in
            writer.element("MCPTT-Service-Details") { writer in
                writer.element("IPv6-Required", requiresIPv6)
                writer.element("Server-URI", text: participatingService)
            }
        }
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .configuration) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            try root.expectRoot("mcptt-UE-initial-configuration", ConfigurationNamespace.ueInitialConfiguration)
            let onNetwork = try root.required(root.firstChild("on-network"), "on-network")
            let home = try onNetwork.required(onNetwork.firstChild("HPLMN"), "HPLMN")
            let timers = try onNetwork.required(onNetwork.firstChild("Timers"), "Timers")
            var document = UEInitialConfiguration(
                domain: try root.requiredAttribute("domain"), homeNetwork: try home.requiredAttribute("PLMN"),
                connectivity: try Connectivity(try home.required(home.firstChild("service"), "service")),
                servers: try Servers(
                    try onNetwork.required(onNetwork.firstChild("App-Server-Info"), "App-Server-Info")),
                groupManagementURI: try onNetwork.requiredText("GMS-URI"),
                groupCreationXUI: try onNetwork.requiredText("group-creation-XUI"),
                groupManagementRoot: try onNetwork.requiredText("GMS-XCAP-root-URI"),
                configurationManagementRoot: try onNetwork.requiredText("CMS-XCAP-root-URI"),
                timers: try Timers(timers))
            document.owner = root.attribute("XUI-URI")
            document.instanceID = root.attribute("Instance-ID-URN")
            document.name = root.string("name")
            var budget = EntryBudget(limits)
            for child in root.children where child.isNamed("Default-user-profile") {
                try budget.spend(child)
                guard let index = UInt8(try child.requiredAttribute("user-profile-index")) else {
                    throw DocumentError(.unexpected, line: child.line, "user-profile-index is no number up to 255")
                }
                document.defaultUserProfiles.append(
                    DefaultUserProfile(userID: try child.requiredAttribute("User-ID"), index: index))
            }
            document.isIntegrityProtected = try onNetwork.required(
                try onNetwork.boolean("integrity-protection-enabled"), "integrity-protection-enabled")
            document.isConfidentialityProtected = try onNetwork.required(
                try onNetwork.boolean("confidentiality-protection-enabled"), "confidentiality-protection-enabled")
            if let details = onNetwork.firstChild("anyExt")?.firstChild("MCPTT-Service-Details") {
                document.participatingService = details.string("Server-URI")
                document.requiresIPv6 = try details.boolean("IPv6-Required") ?? false
            }
            return document
        }
    }
}

extension UEInitialConfiguration.Timers {
    fileprivate init(_ node: XMLNode) throws(DocumentError) {
        t100 = try node.required(try node.number("T100"), "T100")
        t101 = try node.required(try node.number("T101"), "T101")
        t103 = try node.required(try node.number("T103"), "T103")
        t104 = try node.required(try node.number("T104"), "T104")
        t132 = try node.required(try node.number("T132"), "T132")
    }
}

extension UEInitialConfiguration.Connectivity {
    fileprivate init(_ node: XMLNode) throws(DocumentError) {
        self.init(
            mcptt: try node.requiredText("MCPTT-to-con-ref"),
            commonCore: try node.requiredText("MC-common-core-to-con-ref"),
            identityManagement: try node.requiredText("MC-ID-to-con-ref"))
    }
}

extension UEInitialConfiguration.Servers {
    fileprivate init(_ node: XMLNode) throws(DocumentError) {
        self.init(
            authorisationEndpoint: try node.requiredText("idms-auth-endpoint"),
            tokenEndpoint: try node.requiredText("idms-token-endpoint"), httpProxy: try node.requiredText("http-proxy"),
            groupManagement: try node.requiredText("gms"), configurationManagement: try node.requiredText("cms"),
            keyManagement: try node.requiredText("kms"))
        let method = try node.required(node.firstChild("tls-tunnel-auth-method"), "tls-tunnel-auth-method")
        needsMutualAuthentication = try method.required(
            try method.boolean("mutual-authentication"), "mutual-authentication")
    }
}
