public import MCFoundation
public import Responder
public import ResponderLogin
public import SDP
import SIPUserAgent

/// Who a device belongs to and where its MC system is, in the words of the profile file.
public struct DeviceProfile: Sendable {
    public var mcpttID: MCPTTID
    public var publicIdentity: PublicUserIdentity
    public var privateIdentity: PrivateUserIdentity
    public var password: Secret
    public var domain: String
    public var edge: SocketAddress
    /// PEM text of the authority that certifies the edge.
    public var authorityPEM: String
    public var address: IPAddress
    public var priority: UInt8
    /// That of the user's groups: nobody transcodes.
    public var codec: SpeechCodec
    /// With what the user logs in; nil where the system asks for no token.
    public var login: LoginProfile?

    public init(
        mcpttID: MCPTTID, publicIdentity: PublicUserIdentity, privateIdentity: PrivateUserIdentity, password: Secret,
        domain: String, edge: SocketAddress, authorityPEM: String, address: IPAddress, priority: UInt8,
        codec: SpeechCodec = .amrWB(octetAlign: true), login: LoginProfile? = nil
    ) {
        self.mcpttID = mcpttID
        self.publicIdentity = publicIdentity
        self.privateIdentity = privateIdentity
        self.password = password
        self.domain = domain
        self.edge = edge
        self.authorityPEM = authorityPEM
        self.address = address
        self.priority = priority
        self.codec = codec
        self.login = login
    }

    /// The settings of a client for this profile. The client's identifiers are new each time: they name one run of one
    /// device.
    func responderSettings(_ random: inout some RandomNumberGenerator) -> ResponderSettings {
        let urn = DeviceProfile.uuid(&random)
        var settings = ResponderSettings(
            publicIdentity: publicIdentity, privateIdentity: privateIdentity, password: password, mcpttID: mcpttID,
            clientID: MCPTTClientID(urn), instance: InstanceID(urn), domain: domain,
            edge: Target(host: edge.address.description, port: edge.port, transport: .tls, serverName: domain),
            participatingService: PublicServiceIdentity("sip:mcptt-participating@\(domain)"),
            sentBy: SentBy(host: address.hostText, tlsPort: nil))
        settings.floorPriority = priority
        settings.codec = codec
        return settings
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
