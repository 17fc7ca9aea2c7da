public import MCFoundation

/// What log-in has to know of a user.
public struct LoginUser: Hashable, Sendable {
    public var mcpttID: MCPTTID
    /// What the password is checked against, in the form of the pool that checks it. Empty: no log-in by password.
    public var passwordVerifier: IdentitySecret
    public var isSuspended: Bool
    /// MCVideo ID, a URI; nil where the user does not have the service.
    public var mcvideoID: String?
    /// MCData ID, a URI; nil where the user does not have the service.
    public var mcdataID: String?

    public init(
        mcpttID: MCPTTID, passwordVerifier: String, isSuspended: Bool = false, mcvideoID: String? = nil,
        mcdataID: String? = nil
    ) {
        self.mcpttID = mcpttID
        self.passwordVerifier = IdentitySecret(passwordVerifier)
        self.isSuspended = isSuspended
        self.mcvideoID = mcvideoID
        self.mcdataID = mcdataID
    }

    /// What a log-in is bound to: it ends with the password that gave it.
    var proof: SecretHash { SecretHash(of: passwordVerifier.revealed) }

    /// Whether the user has an identity of that service.
    public func has(_ service: MCServiceKind) -> Bool {
        switch service {
        case .ptt: !mcpttID.value.isEmpty
        case .video: mcvideoID != nil
        case .data: mcdataID != nil
        }
    }
}

/// The users of this system as identity management sees them.
public protocol IdentityDirectory {
    /// By the name that a person types at log-in.
    func loginUser(named name: String) -> LoginUser?
    func user(_ id: MCPTTID) -> LoginUser?
    /// By the subject of an external provider's ID token.
    func user(externalSubject subject: String) -> LoginUser?
}

extension IdentityDirectory {
    public func user(externalSubject subject: String) -> LoginUser? { nil }
}
