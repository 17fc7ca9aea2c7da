/// The name of a header field. Names compare without regard to case, and the compact forms of RFC 3261 7.3.3 (and of
/// the extensions that registered one) are the same name as the long form.
public struct HeaderName: Hashable, Sendable, CustomStringConvertible {
    /// The long form in its customary spelling for names we know, else the spelling received.
    public let description: String
    private let folded: String

    public init(_ text: String) {
        let lower = text.lowercased()
        if let long = HeaderName.compactForms[lower] {
            description = long
            folded = long.lowercased()
        } else {
            description = text
            folded = lower
        }
    }

    public static func == (left: HeaderName, right: HeaderName) -> Bool { left.folded == right.folded }
    public func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    private static let compactForms: [String: String] = [
        "i": "Call-ID", "m": "Contact", "e": "Content-Encoding", "l": "Content-Length", "c": "Content-Type",
        "f": "From", "s": "Subject", "k": "Supported", "t": "To", "v": "Via", "o": "Event", "u": "Allow-Events",
        "r": "Refer-To", "b": "Referred-By", "a": "Accept-Contact", "j": "Reject-Contact", "d": "Request-Disposition",
        "x": "Session-Expires", "y": "Identity",
    ]
}

extension HeaderName {
    public static let accept = HeaderName("Accept")
    public static let acceptContact = HeaderName("Accept-Contact")
    public static let rejectContact = HeaderName("Reject-Contact")
    public static let allow = HeaderName("Allow")
    public static let allowEvents = HeaderName("Allow-Events")
    public static let answerMode = HeaderName("Answer-Mode")
    public static let privAnswerMode = HeaderName("Priv-Answer-Mode")
    public static let authorization = HeaderName("Authorization")
    public static let proxyAuthorization = HeaderName("Proxy-Authorization")
    public static let wwwAuthenticate = HeaderName("WWW-Authenticate")
    public static let proxyAuthenticate = HeaderName("Proxy-Authenticate")
    public static let callID = HeaderName("Call-ID")
    public static let contact = HeaderName("Contact")
    public static let contentDisposition = HeaderName("Content-Disposition")
    public static let contentID = HeaderName("Content-ID")
    public static let contentEncoding = HeaderName("Content-Encoding")
    public static let contentLength = HeaderName("Content-Length")
    public static let contentType = HeaderName("Content-Type")
    public static let cseq = HeaderName("CSeq")
    public static let date = HeaderName("Date")
    public static let event = HeaderName("Event")
    public static let expires = HeaderName("Expires")
    public static let flowTimer = HeaderName("Flow-Timer")
    public static let from = HeaderName("From")
    public static let infoPackage = HeaderName("Info-Package")
    public static let recvInfo = HeaderName("Recv-Info")
    public static let maxForwards = HeaderName("Max-Forwards")
    public static let minExpires = HeaderName("Min-Expires")
    public static let minSE = HeaderName("Min-SE")
    public static let pAnswerState = HeaderName("P-Answer-State")
    public static let pAssertedIdentity = HeaderName("P-Asserted-Identity")
    public static let pAssertedService = HeaderName("P-Asserted-Service")
    public static let pPreferredIdentity = HeaderName("P-Preferred-Identity")
    public static let pPreferredService = HeaderName("P-Preferred-Service")
    public static let pAssociatedURI = HeaderName("P-Associated-URI")
    public static let path = HeaderName("Path")
    public static let rack = HeaderName("RAck")
    public static let rseq = HeaderName("RSeq")
    public static let reason = HeaderName("Reason")
    public static let recordRoute = HeaderName("Record-Route")
    public static let referSub = HeaderName("Refer-Sub")
    public static let referTo = HeaderName("Refer-To")
    public static let require = HeaderName("Require")
    public static let proxyRequire = HeaderName("Proxy-Require")
    public static let resourcePriority = HeaderName("Resource-Priority")
    public static let retryAfter = HeaderName("Retry-After")
    public static let route = HeaderName("Route")
    public static let serviceRoute = HeaderName("Service-Route")
    public static let server = HeaderName("Server")
    public static let userAgent = HeaderName("User-Agent")
    public static let sessionExpires = HeaderName("Session-Expires")
    public static let sipETag = HeaderName("SIP-ETag")
    public static let sipIfMatch = HeaderName("SIP-If-Match")
    public static let subscriptionState = HeaderName("Subscription-State")
    public static let supported = HeaderName("Supported")
    public static let targetDialog = HeaderName("Target-Dialog")
    public static let to = HeaderName("To")
    public static let unsupported = HeaderName("Unsupported")
    public static let via = HeaderName("Via")
    public static let warning = HeaderName("Warning")
}
