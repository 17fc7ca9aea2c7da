public import SIP

/// The header values by which messages of the service are known (TS 24.379 and RFC 3840, 3841, 6050).
public enum ServiceHeaders {
    /// IMS communication service identifier of MCPTT.
    public static let serviceIdentifier = "urn:urn-7:3gpp-service.ims.icsi.mcptt"
    static let escapedServiceIdentifier = "urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt"
    public static let featureTag = "+g.3gpp.mcptt"
    public static let serviceTag = "+g.3gpp.icsi-ref"
    public static let focusTag = "isfocus"

    /// The info package for the state of a call (RFC 6086).
    public static let infoPackage = "g.3gpp.mcptt-info"

    /// Both values of Accept-Contact that a request of the service carries.
    public static let acceptContact = [
        "*;\(featureTag);require;explicit",
        "*;\(serviceTag)=\"\(escapedServiceIdentifier)\";require;explicit",
    ]

    /// Reason (RFC 3326) in the BYE of a user who leaves because he wants to: only so the call of a group that ends with its
    /// initiator ends (TS 24.379 6.3.8.1). Who loses his connection or a right leaves, too, and says something else.
    public static let userRequestedRelease = "SIP;cause=200;text=\"User requested release\""

    /// Whether a BYE with these headers says that.
    public static func isRequestedByUser(_ bye: Headers) -> Bool {
        bye.values(.reason).contains { value in
            let pieces = value.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return pieces.first == "sip" && pieces.contains("cause=200")
                && pieces.contains("text=\"userrequestedrelease\"")
        }
    }

    /// A Contact with the feature tags of the service. `isFocus`: that of a controlling function, and of what stands
    /// for it towards a client.
    public static func contact(_ uri: SIPURI, isFocus: Bool = false) -> String {
        "<\(uri)>;\(featureTag);\(serviceTag)=\"\(escapedServiceIdentifier)\"" + (isFocus ? ";\(focusTag)" : "")
    }

    /// True where Accept-Contact asks for a user agent of the service by both its feature tags: what a controlling
    /// function wants of an INVITE (TS 24.379 10.1.1.4.2).
    public static func acceptsService(_ headers: Headers) -> Bool {
        let values = headers.values(.acceptContact).map { $0.lowercased() }
        return values.contains { $0.contains(featureTag) }
            && values.contains {
                $0.contains(serviceTag)
                    && ($0.contains(escapedServiceIdentifier.lowercased()) || $0.contains(serviceIdentifier))
            }
    }

    /// True where the first Contact names a focus (RFC 4579).
    public static func isFocus(_ headers: Headers) -> Bool {
        headers.contacts.first?.parameters.has(focusTag) ?? false
    }

    /// True where a message is marked as one of the service: by the asserted or preferred service, by Accept-Contact,
    /// or by the tags in Contact.
    public static func marksService(_ headers: Headers) -> Bool {
        if headers.values(.pAssertedService).contains(serviceIdentifier) { return true }
        if headers.values(.pPreferredService).contains(serviceIdentifier) { return true }
        if headers.values(.acceptContact).contains(where: { $0.lowercased().contains(featureTag) }) { return true }
        return headers.contacts.contains { $0.parameters.has(featureTag) }
    }
}

/// The roles that put themselves between two dialogs, and which header fields each carries over to a request it makes
/// of one it got (TS 24.379 6.3). What is not listed is made anew or left out: routing, dialog and transport fields,
/// and whatever would show one side to the other.
public enum CopyingRole: Hashable, Sendable {
    /// Client to controlling function, group call. Answer-Mode is not carried (TS 24.379 6.3.2.1.3).
    case originatingParticipatingGroup
    /// Client to controlling function, private call: the answer mode is the caller's wish (TS 24.379 6.3.3.1.2).
    case originatingParticipatingPrivate
    /// Controlling function to client. P-Asserted-Identity is that of the controlling function.
    case terminatingParticipating

    public var requestHeaders: [HeaderName] {
        switch self {
        case .originatingParticipatingGroup: [.acceptContact, .rejectContact, .resourcePriority]
        case .originatingParticipatingPrivate:
            [.acceptContact, .rejectContact, .resourcePriority, .answerMode, .privAnswerMode]
        case .terminatingParticipating:
            [.acceptContact, .rejectContact, .resourcePriority, .pAssertedIdentity, .privacy, .privAnswerMode]
        }
    }

    /// The same in both directions for what comes back.
    public static let responseHeaders: [HeaderName] = [.warning, .pAnswerState, .retryAfter]

    /// In requests inside the dialog that are passed through (BYE, INFO, re-INVITE).
    public static let dialogHeaders: [HeaderName] = [
        .reason, .resourcePriority, .infoPackage, .contentDisposition, .acceptContact, .rejectContact,
    ]
}

extension Headers {
    /// Appends every value of these fields from another message.
    public mutating func copy(_ names: [HeaderName], from other: Headers) {
        for name in names {
            for value in other.values(name) { append(name, value) }
        }
    }
}

/// Session timers of the service (RFC 4028; TS 24.379 6.3.2 and 6.3.3).
public enum SessionTimers {
    public static let intervalSeconds: UInt32 = 1_800
    public static let minimumSeconds: UInt32 = 90

    public enum Refresher: String, Hashable, Sendable {
        case uac, uas
    }

    /// The value of Session-Expires; without refresher where the peer is to choose.
    public static func header(_ seconds: UInt32 = intervalSeconds, refresher: Refresher? = nil) -> String {
        refresher.map { "\(seconds);refresher=\($0.rawValue)" } ?? "\(seconds)"
    }
}
