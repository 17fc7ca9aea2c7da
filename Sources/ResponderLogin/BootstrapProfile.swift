public import Responder

/// What a device and its user bring along before they know anything of the MC system (TS 24.484 4.2).
public struct BootstrapProfile: Sendable {
    /// https address of the UE initial configuration of this device.
    public var initialConfiguration: String
    public var userName: String
    public var password: Secret
    /// PEM text of the authority that certifies the servers.
    public var authorityPEM: String
    /// Index of the user profile to work by; nil: the one that the device is configured to begin with.
    public var userProfile: UInt8?

    public init(
        initialConfiguration: String, userName: String, password: Secret, authorityPEM: String,
        userProfile: UInt8? = nil
    ) {
        self.initialConfiguration = initialConfiguration
        self.userName = userName
        self.password = password
        self.authorityPEM = authorityPEM
        self.userProfile = userProfile
    }

    /// The last segment of the address: the ID of the device.
    public var deviceID: String { ResponderBootstrap(initialConfiguration: initialConfiguration).deviceID }
}

/// What a device knows when it registers.
public struct BootstrapOutcome: Sendable {
    public var configuration: UserConfiguration
    public var tokens: LoginTokens
}

/// What became of the documents afterwards, for whoever runs the device.
public enum BootstrapNews: Sendable {
    case notice(BootstrapNotice)
    /// The client is to work by this.
    case configuration(UserConfiguration)
    /// The old one was refused: the user logged in again.
    case token(LoginTokens)
}
