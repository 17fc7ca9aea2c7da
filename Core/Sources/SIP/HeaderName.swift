/// The name of a header field. Names compare without regard to case, and the compact forms of RFC 3261 7.3.3 (and of
/// the extensions that registered one) are the same name as the long form.
public struct HeaderName: Hashable, Sendable, CustomStringConvertible {
    let known: KnownHeader?
    /// The spelling received, for names we do not know.
    let other: String

    public init(_ text: String) {
        let number = text.withOctets { KnownHeaderIndex.shared.number($0, 0..<$0.count) }
        known = KnownHeader(rawValue: number)
        other = known == nil ? text : ""
    }

    init(_ known: KnownHeader) {
        self.known = known
        other = ""
    }

    init(unknown text: String) {
        known = nil
        other = text
    }

    /// The long form in its customary spelling for names we know, else the spelling received.
    public var description: String { known?.spelling.description ?? other }

    public static func == (left: HeaderName, right: HeaderName) -> Bool {
        left.known == right.known && Ascii.equalsIgnoringCase(left.other, right.other)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(known)
        for byte in other.utf8 { hasher.combine(Ascii.lower(byte)) }
    }
}

extension HeaderName {
    public static var authenticationInfo: HeaderName { HeaderName(.authenticationInfo) }
    public static var featureCaps: HeaderName { HeaderName(.featureCaps) }
    public static var mimeVersion: HeaderName { HeaderName(.mimeVersion) }
    public static var priority: HeaderName { HeaderName(.priority) }
    public static var privacy: HeaderName { HeaderName(.privacy) }
    public static var referredBy: HeaderName { HeaderName(.referredBy) }
    public static var replaces: HeaderName { HeaderName(.replaces) }
    public static var subject: HeaderName { HeaderName(.subject) }
    public static var timestamp: HeaderName { HeaderName(.timestamp) }
    public static var accept: HeaderName { HeaderName(.accept) }
    public static var acceptContact: HeaderName { HeaderName(.acceptContact) }
    public static var rejectContact: HeaderName { HeaderName(.rejectContact) }
    public static var requestDisposition: HeaderName { HeaderName(.requestDisposition) }
    public static var allow: HeaderName { HeaderName(.allow) }
    public static var allowEvents: HeaderName { HeaderName(.allowEvents) }
    public static var answerMode: HeaderName { HeaderName(.answerMode) }
    public static var privAnswerMode: HeaderName { HeaderName(.privAnswerMode) }
    public static var authorization: HeaderName { HeaderName(.authorization) }
    public static var proxyAuthorization: HeaderName { HeaderName(.proxyAuthorization) }
    public static var wwwAuthenticate: HeaderName { HeaderName(.wwwAuthenticate) }
    public static var proxyAuthenticate: HeaderName { HeaderName(.proxyAuthenticate) }
    public static var callID: HeaderName { HeaderName(.callID) }
    public static var contact: HeaderName { HeaderName(.contact) }
    public static var contentDisposition: HeaderName { HeaderName(.contentDisposition) }
    public static var contentID: HeaderName { HeaderName(.contentID) }
    public static var contentEncoding: HeaderName { HeaderName(.contentEncoding) }
    public static var contentLength: HeaderName { HeaderName(.contentLength) }
    public static var contentType: HeaderName { HeaderName(.contentType) }
    public static var cseq: HeaderName { HeaderName(.cseq) }
    public static var date: HeaderName { HeaderName(.date) }
    public static var event: HeaderName { HeaderName(.event) }
    public static var expires: HeaderName { HeaderName(.expires) }
    public static var flowTimer: HeaderName { HeaderName(.flowTimer) }
    public static var from: HeaderName { HeaderName(.from) }
    public static var infoPackage: HeaderName { HeaderName(.infoPackage) }
    public static var recvInfo: HeaderName { HeaderName(.recvInfo) }
    public static var maxForwards: HeaderName { HeaderName(.maxForwards) }
    public static var minExpires: HeaderName { HeaderName(.minExpires) }
    public static var minSE: HeaderName { HeaderName(.minSE) }
    public static var pAnswerState: HeaderName { HeaderName(.pAnswerState) }
    public static var pAssertedIdentity: HeaderName { HeaderName(.pAssertedIdentity) }
    public static var pAssertedService: HeaderName { HeaderName(.pAssertedService) }
    public static var pPreferredIdentity: HeaderName { HeaderName(.pPreferredIdentity) }
    public static var pPreferredService: HeaderName { HeaderName(.pPreferredService) }
    public static var pAssociatedURI: HeaderName { HeaderName(.pAssociatedURI) }
    public static var path: HeaderName { HeaderName(.path) }
    public static var rack: HeaderName { HeaderName(.rack) }
    public static var rseq: HeaderName { HeaderName(.rseq) }
    public static var reason: HeaderName { HeaderName(.reason) }
    public static var recordRoute: HeaderName { HeaderName(.recordRoute) }
    public static var referSub: HeaderName { HeaderName(.referSub) }
    public static var referTo: HeaderName { HeaderName(.referTo) }
    public static var require: HeaderName { HeaderName(.require) }
    public static var proxyRequire: HeaderName { HeaderName(.proxyRequire) }
    public static var resourcePriority: HeaderName { HeaderName(.resourcePriority) }
    public static var retryAfter: HeaderName { HeaderName(.retryAfter) }
    public static var route: HeaderName { HeaderName(.route) }
    public static var serviceRoute: HeaderName { HeaderName(.serviceRoute) }
    public static var server: HeaderName { HeaderName(.server) }
    public static var userAgent: HeaderName { HeaderName(.userAgent) }
    public static var sessionExpires: HeaderName { HeaderName(.sessionExpires) }
    public static var sipETag: HeaderName { HeaderName(.sipETag) }
    public static var sipIfMatch: HeaderName { HeaderName(.sipIfMatch) }
    public static var subscriptionState: HeaderName { HeaderName(.subscriptionState) }
    public static var supported: HeaderName { HeaderName(.supported) }
    public static var targetDialog: HeaderName { HeaderName(.targetDialog) }
    public static var to: HeaderName { HeaderName(.to) }
    public static var unsupported: HeaderName { HeaderName(.unsupported) }
    public static var via: HeaderName { HeaderName(.via) }
    public static var warning: HeaderName { HeaderName(.warning) }
}
