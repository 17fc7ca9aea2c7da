public import MCFoundation
public import SIP
public import SIPUserAgent

/// One way to one device of a user: what REGISTER bound (RFC 3261 10, RFC 5626).
public struct Binding: Hashable, Sendable {
    public var identity: PublicUserIdentity
    /// As registered, `expires` and what else the registrar writes taken off.
    public var contact: NameAddress
    /// nil: a device without RFC 5626, known only by its contact.
    public var instance: InstanceID?
    public var registrationID: UInt32?
    /// Where requests for the device go (RFC 5626 5.3).
    public var flow: FlowID
    /// Proxies between the edge and the device, nearest to the edge first (RFC 3327): the Route of what goes there.
    public var path: [NameAddress]
    /// False once the flow is closed, until the device registers again or the grace is over.
    public var isReachable: Bool
    public var expires: Instant
    /// Order of registration among all bindings: of several for one device the newest is used (RFC 5627 5.4).
    public var sequence: UInt64
    var callID: String
    var cseq: UInt32
    /// What the temporary GRUUs of the device stand for: the same for as long as it registers with the same Call-ID.
    var series: UInt64 = 0

    /// What reaches just this device: its public GRUU (RFC 5627 3.1), the identity with the instance in `gr`. A device
    /// without instance is known to nobody but us by a hash of its contact there: a contact that somebody else registers
    /// too must not draw its calls away.
    public var deviceURI: SIPURI? {
        Binding.uri(of: identity, device: instance?.value ?? contactMark)
    }

    /// The public GRUU to be told to the device; nil for one without instance.
    public var gruu: SIPURI? { instance == nil ? nil : deviceURI }

    var contactMark: String { "contact-" + String(StableHash.of(contact.uri.description), radix: 16) }

    /// True where `gr` names the device of this binding.
    func isDevice(_ device: String) -> Bool { (instance?.value ?? contactMark) == device }

    static func uri(of identity: PublicUserIdentity, device: String) -> SIPURI? {
        guard var uri = SIPURI(identity.value) else { return nil }
        uri.parameters["gr"] = device
        return uri
    }

    /// A binding is replaced by the same device over the same registration, or by the same contact.
    func isReplaced(by contact: NameAddress, instance: InstanceID?, registrationID: UInt32?) -> Bool {
        if let instance, self.instance == instance {
            // A device that does not number its flows has one: it came back with another address.
            return self.registrationID == registrationID
        }
        return self.registrationID == nil && registrationID == nil && self.contact.uri.isEquivalent(to: contact.uri)
    }
}
