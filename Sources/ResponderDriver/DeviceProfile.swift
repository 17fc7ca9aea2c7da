import CallControl
public import MCFoundation
public import Responder
public import ResponderLogin
public import SDP
import SIPUserAgent

/// What a device brings along, in the words of the profile file.
public struct DeviceProfile: Sendable {
    public var publicIdentity: PublicUserIdentity
    public var privateIdentity: PrivateUserIdentity
    public var password: Secret
    /// Of the registrar, and the name that the edge is certified for.
    public var domain: String
    public var edge: SocketAddress
    /// PEM text of the authority that certifies the edge and the management servers.
    public var authorityPEM: String
    public var address: IPAddress
    public var knowledge: Knowledge

    /// Whence the device knows the rest.
    public enum Knowledge: Sendable {
        /// From documents, in the order of the specification (TS 24.484 4.2).
        case documents(BootstrapProfile)
        /// From the profile itself: for a system that has no documents.
        case profile(Said)
    }

    /// What documents would say.
    public struct Said: Sendable {
        public var mcpttID: MCPTTID
        public var priority: UInt8
        /// That of the user's groups: nobody transcodes.
        public var codec: SpeechCodec
        /// Index of the user profile to work by.
        public var userProfile: UInt8

        public init(
            mcpttID: MCPTTID, priority: UInt8 = 0, codec: SpeechCodec = .amrWB(octetAlign: true), userProfile: UInt8 = 0
        ) {
            self.mcpttID = mcpttID
            self.priority = priority
            self.codec = codec
            self.userProfile = userProfile
        }
    }

    public init(
        publicIdentity: PublicUserIdentity, privateIdentity: PrivateUserIdentity, password: Secret, domain: String,
        edge: SocketAddress, authorityPEM: String, address: IPAddress, knowledge: Knowledge
    ) {
        self.publicIdentity = publicIdentity
        self.privateIdentity = privateIdentity
        self.password = password
        self.domain = domain
        self.edge = edge
        self.authorityPEM = authorityPEM
        self.address = address
        self.knowledge = knowledge
    }

    /// The settings of a client for this profile.
    ///
    /// The device's ID is its instance (RFC 5626 4.1) where it is a URN; where it has none, the client's identifiers are
    /// new each time: they name one run of one device.
    ///
    /// - Parameter outcome: What the documents said, where they are what says it.
    func responderSettings(
        _ random: inout some RandomNumberGenerator, _ outcome: BootstrapOutcome?
    ) -> ResponderSettings {
        let urn = deviceURN ?? DeviceProfile.uuid(&random)
        var settings = ResponderSettings(
            publicIdentity: publicIdentity, privateIdentity: privateIdentity, password: password, mcpttID: mcpttID,
            clientID: MCPTTClientID(urn), instance: InstanceID(urn), domain: domain,
            edge: Target(host: edge.address.description, port: edge.port, transport: .tls, serverName: domain),
            participatingService: PublicServiceIdentity("sip:mcptt-participating@\(domain)"),
            sentBy: SentBy(host: address.hostText, tlsPort: nil))
        if case .profile(let said) = knowledge {
            settings.floorPriority = said.priority
            settings.codec = said.codec
            settings.userProfile = said.userProfile
        }
        if let outcome {
            settings.adopt(outcome.configuration)
            settings.accessToken = outcome.tokens.access
        }
        return settings
    }

    private var mcpttID: MCPTTID {
        switch knowledge {
        case .profile(let said): said.mcpttID
        // Until the log-in says it.
        case .documents: MCPTTID(publicIdentity.value)
        }
    }

    private var deviceURN: String? {
        guard case .documents(let bootstrap) = knowledge, bootstrap.deviceID.hasPrefix("urn:") else { return nil }
        return bootstrap.deviceID
    }

    /// RFC 4122 version 4, as a URN.
    private static func uuid(_ random: inout some RandomNumberGenerator) -> String {
        var octets = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        octets[6] = octets[6] & 0x0f | 0x40
        octets[8] = octets[8] & 0x3f | 0x80
        let digits = octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var text = "urn:uuid:"
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }
}
