public import MCFoundation
public import SIP
public import SIPUserAgent

/// What the cell tells a function, in past tense.
public enum FunctionEvent: Sendable {
    case sip(SIPInput)
    case media(MediaEvent)
    /// Something a function decided about a partner that others must know: see `FunctionAction.partnerStateChanged`.
    case partnerStateChanged(MCSystemID, PartnerState)
    /// A device registered, refreshed or vanished (the registrar says so).
    case registrationChanged(PublicUserIdentity, RegistrationChange)
    /// The answer to `FunctionAction.verify`. What nobody waits for any more is passed over.
    case tokenVerified(TokenJobID, TokenVerdict)
    /// These tokens count no more, whatever their time.
    case tokensRevoked(RevokedTokens)
    /// The other process of the system is gone, and with it the peers of the dialogs with these Call-IDs.
    case peersLost(Set<String>)
    /// Nothing happened but time: `nextDeadline` is reached.
    case timeAdvanced
}

/// What a function wants done.
public enum FunctionAction: Hashable, Sendable {
    case sip(SIPOutput)
    case media(MediaCommand)
    case partnerStateChanged(MCSystemID, PartnerState)
    case registrationChanged(PublicUserIdentity, RegistrationChange)
    /// The registration of a device is to end: who used it is not authorised any more.
    case withdrawRegistration(PublicUserIdentity, RegisteredContact)
    /// Verify a token outside; the verdict comes back as `tokenVerified`.
    case verify(TokenJob)
    case note(Observation)
}

/// What the gateway knows of a partner.
public enum PartnerState: Hashable, Sendable {
    /// `epoch` changes whenever the partner started anew: what it knew of us is gone.
    case reachable(epoch: String)
    case lost
}

public enum RegistrationChange: Hashable, Sendable {
    /// A device registered, or refreshed over whatever flow it has now.
    case registered(RegisteredContact)
    /// The REGISTER that did so also said who its client is, and by what it may be served (TS 24.379 7.3.2).
    case presented(RegisteredContact, PresentedAuthorisation)
    /// It deregistered, expired, or its flow broke.
    case removed(RegisteredContact)
}

/// One device under a public user identity, as the registrar knows it.
public struct RegisteredContact: Hashable, Sendable {
    /// `+sip.instance`; nil for a user agent that does not know RFC 5626.
    public var instance: InstanceID?
    /// The Request-URI that reaches just this device: its public GRUU (RFC 5627), else the contact it registered.
    public var uri: SIPURI
    /// Where its requests come from now: what ties a request (`RequestOrigin.user`) to the device.
    public var flow: FlowID?

    public init(instance: InstanceID?, uri: SIPURI, flow: FlowID?) {
        self.instance = instance
        self.uri = uri
        self.flow = flow
    }

    /// True where both describe one device, whatever flow each came over.
    public func isSameDevice(as other: RegisteredContact) -> Bool {
        switch (instance, other.instance) {
        case (let mine?, let other?): mine == other
        case (nil, nil): uri == other.uri
        default: false
        }
    }
}

/// Something that happened and that people or counters want to know: calls, affiliations, refusals. A constant name,
/// fields in order; values that name persons are wrapped before they reach a log.
public struct Observation: Hashable, Sendable {
    /// Lower case words with dots: `call.started`, `affiliation.refused`.
    public var name: String
    public var fields: [Field]

    public struct Field: Hashable, Sendable {
        public var name: String
        public var value: String
        /// True for identities and locations, which logs show redacted.
        public var isPersonal: Bool

        public init(_ name: String, _ value: String, isPersonal: Bool = false) {
            self.name = name
            self.value = value
            self.isPersonal = isPersonal
        }
    }

    public init(_ name: String, _ fields: [Field] = []) {
        self.name = name
        self.fields = fields
    }

    /// The first value of that name that says something.
    public func value(_ name: String) -> String? {
        fields.first { $0.name == name && !$0.value.isEmpty }?.value
    }
}
