/// The header fields we know the shape of. The raw value is the field's number in stored messages; zero is unknown.
enum KnownHeader: UInt8, CaseIterable, Sendable {
    case accept = 1
    case acceptContact, acceptEncoding, acceptLanguage, acceptResourcePriority, alertInfo, allow, allowEvents
    case answerMode, authenticationInfo, authorization, callID, callInfo, contact, contentDisposition
    case contentEncoding, contentID, contentLanguage, contentLength, contentType, cseq, date, event, expires
    case featureCaps, flowTimer, from, historyInfo, identity, infoPackage, maxForwards, minExpires, minSE, mimeVersion
    case organization, pAccessNetworkInfo, pAnswerState, pAssertedIdentity, pAssertedService, pAssociatedURI
    case pCalledPartyID, pChargingVector, pPreferredIdentity, pPreferredService, pVisitedNetworkID, path, priority
    case privacy, privAnswerMode, proxyAuthenticate, proxyAuthorization, proxyRequire, rack, rseq, reason
    case recordRoute, recvInfo, referSub, referTo, referredBy, rejectContact, replaces, requestDisposition, require
    case resourcePriority, retryAfter, route, securityClient, securityServer, securityVerify, server, serviceRoute
    case sessionExpires, sipETag, sipIfMatch, subject, subscriptionState, supported, targetDialog, timestamp, to
    case unsupported, userAgent, via, warning, wwwAuthenticate

    /// How a value is checked on parsing.
    enum Shape: Sendable {
        /// Taken as it is.
        case text
        /// One value only (RFC 3261 7.3.1); repeated fields are an error.
        case single
        /// A comma-separated list whose values are taken as they are.
        case list
        /// As `single`, with `"display" <uri>;parameters` inside.
        case address
        /// As `list`, with addresses inside.
        case addresses
        case via
        case cseq
        case callID
        case contentType
        /// A number up to 255.
        case hops
        /// A number of octets.
        case octets
        /// A number up to 2^32-1 and perhaps parameters.
        case number
    }

    var spelling: StaticString {
        switch self {
        case .accept: "Accept"
        case .acceptContact: "Accept-Contact"
        case .acceptEncoding: "Accept-Encoding"
        case .acceptLanguage: "Accept-Language"
        case .acceptResourcePriority: "Accept-Resource-Priority"
        case .alertInfo: "Alert-Info"
        case .allow: "Allow"
        case .allowEvents: "Allow-Events"
        case .answerMode: "Answer-Mode"
        case .authenticationInfo: "Authentication-Info"
        case .authorization: "Authorization"
        case .callID: "Call-ID"
        case .callInfo: "Call-Info"
        case .contact: "Contact"
        case .contentDisposition: "Content-Disposition"
        case .contentEncoding: "Content-Encoding"
        case .contentID: "Content-ID"
        case .contentLanguage: "Content-Language"
        case .contentLength: "Content-Length"
        case .contentType: "Content-Type"
        case .cseq: "CSeq"
        case .date: "Date"
        case .event: "Event"
        case .expires: "Expires"
        case .featureCaps: "Feature-Caps"
        case .flowTimer: "Flow-Timer"
        case .from: "From"
        case .historyInfo: "History-Info"
        case .identity: "Identity"
        case .infoPackage: "Info-Package"
        case .maxForwards: "Max-Forwards"
        case .minExpires: "Min-Expires"
        case .minSE: "Min-SE"
        case .mimeVersion: "MIME-Version"
        case .organization: "Organization"
        case .pAccessNetworkInfo: "P-Access-Network-Info"
        case .pAnswerState: "P-Answer-State"
        case .pAssertedIdentity: "P-Asserted-Identity"
        case .pAssertedService: "P-Asserted-Service"
        case .pAssociatedURI: "P-Associated-URI"
        case .pCalledPartyID: "P-Called-Party-ID"
        case .pChargingVector: "P-Charging-Vector"
        case .pPreferredIdentity: "P-Preferred-Identity"
        case .pPreferredService: "P-Preferred-Service"
        case .pVisitedNetworkID: "P-Visited-Network-ID"
        case .path: "Path"
        case .priority: "Priority"
        case .privacy: "Privacy"
        case .privAnswerMode: "Priv-Answer-Mode"
        case .proxyAuthenticate: "Proxy-Authenticate"
        case .proxyAuthorization: "Proxy-Authorization"
        case .proxyRequire: "Proxy-Require"
        case .rack: "RAck"
        case .rseq: "RSeq"
        case .reason: "Reason"
        case .recordRoute: "Record-Route"
        case .recvInfo: "Recv-Info"
        case .referSub: "Refer-Sub"
        case .referTo: "Refer-To"
        case .referredBy: "Referred-By"
        case .rejectContact: "Reject-Contact"
        case .replaces: "Replaces"
        case .requestDisposition: "Request-Disposition"
        case .require: "Require"
        case .resourcePriority: "Resource-Priority"
        case .retryAfter: "Retry-After"
        case .route: "Route"
        case .securityClient: "Security-Client"
        case .securityServer: "Security-Server"
        case .securityVerify: "Security-Verify"
        case .server: "Server"
        case .serviceRoute: "Service-Route"
        case .sessionExpires: "Session-Expires"
        case .sipETag: "SIP-ETag"
        case .sipIfMatch: "SIP-If-Match"
        case .subject: "Subject"
        case .subscriptionState: "Subscription-State"
        case .supported: "Supported"
        case .targetDialog: "Target-Dialog"
        case .timestamp: "Timestamp"
        case .to: "To"
        case .unsupported: "Unsupported"
        case .userAgent: "User-Agent"
        case .via: "Via"
        case .warning: "Warning"
        case .wwwAuthenticate: "WWW-Authenticate"
        }
    }

    /// The compact form of the field's name, where one is registered (RFC 3261 7.3.3 and its extensions).
    var compact: Character? {
        switch self {
        case .acceptContact: "a"
        case .referredBy: "b"
        case .contentType: "c"
        case .requestDisposition: "d"
        case .contentEncoding: "e"
        case .from: "f"
        case .callID: "i"
        case .rejectContact: "j"
        case .supported: "k"
        case .contentLength: "l"
        case .contact: "m"
        case .event: "o"
        case .referTo: "r"
        case .subject: "s"
        case .to: "t"
        case .allowEvents: "u"
        case .via: "v"
        case .sessionExpires: "x"
        case .identity: "y"
        default: nil
        }
    }

    var shape: Shape {
        switch self {
        case .from, .to, .referTo, .referredBy: .address
        case .contact, .route, .recordRoute, .path, .serviceRoute, .pAssertedIdentity, .pPreferredIdentity,
            .pAssociatedURI:
            .addresses
        case .via: .via
        case .cseq: .cseq
        case .callID: .callID
        case .contentType: .contentType
        case .maxForwards: .hops
        case .contentLength: .octets
        case .expires, .minExpires, .minSE, .sessionExpires, .flowTimer, .rseq, .retryAfter: .number
        case .accept, .acceptContact, .acceptEncoding, .acceptLanguage, .acceptResourcePriority, .alertInfo, .allow,
            .allowEvents, .callInfo, .contentEncoding, .contentLanguage, .featureCaps, .historyInfo,
            .pAccessNetworkInfo, .pAssertedService, .pPreferredService, .pVisitedNetworkID, .proxyRequire, .reason,
            .recvInfo, .rejectContact, .requestDisposition, .require, .resourcePriority, .securityClient,
            .securityServer, .securityVerify, .supported, .unsupported, .warning:
            .list
        case .answerMode, .contentDisposition, .contentID, .date, .event, .infoPackage, .mimeVersion, .organization,
            .pAnswerState, .pCalledPartyID, .priority, .privAnswerMode, .rack, .referSub, .replaces, .server,
            .sipETag, .sipIfMatch, .subject, .subscriptionState, .targetDialog, .timestamp, .userAgent:
            .single
        case .authenticationInfo, .authorization, .identity, .pChargingVector, .privacy, .proxyAuthenticate,
            .proxyAuthorization, .wwwAuthenticate:
            .text
        }
    }
}

/// Finds the number of a known header field by its name as received: a hash table over the lower-case spellings that
/// is laid out once.
final class KnownHeaderIndex: Sendable {
    private static let mask = 511
    private let slots: [UInt8]
    private let letters: [UInt8]
    private let starts: [Int]
    private let compact: [UInt8]
    /// The shape of each number.
    let shapes: [KnownHeader.Shape]

    static let shared = KnownHeaderIndex()

    private init() {
        var slots = [UInt8](repeating: 0, count: 512)
        var letters: [UInt8] = []
        var starts = [0]
        var compact = [UInt8](repeating: 0, count: 128)
        var shapes = [KnownHeader.Shape.text]
        for header in KnownHeader.allCases {
            let name = header.spelling.withUTF8Buffer { $0.map(Ascii.lower) }
            let hash = name.withUnsafeBufferPointer { Self.hash($0.span, 0..<$0.count) }
            var slot = hash
            while slots[slot] != 0 { slot = (slot + 1) & Self.mask }
            slots[slot] = header.rawValue
            starts.append(letters.count)
            letters += name
            shapes.append(header.shape)
            if let letter = header.compact?.asciiValue { compact[Int(letter)] = header.rawValue }
        }
        starts.append(letters.count)
        self.slots = slots
        self.letters = letters
        self.starts = starts
        self.compact = compact
        self.shapes = shapes
    }

    /// The number of the field, 0 where we do not know the name.
    func number(_ bytes: Octets, _ range: Range<Int>) -> UInt8 {
        if range.count == 1 {
            let letter = Ascii.lower(bytes[range.lowerBound])
            return letter < 128 ? compact[Int(letter)] : 0
        }
        guard !range.isEmpty else { return 0 }
        var slot = Self.hash(bytes, range)
        let letters = letters
        let lower = letters.span
        while slots[slot] != 0 {
            let candidate = Int(slots[slot])
            let start = starts[candidate]
            if starts[candidate + 1] - start == range.count {
                var offset = 0
                while offset < range.count {
                    let byte = bytes[range.lowerBound + offset]
                    guard byte == lower[start + offset] || Ascii.lower(byte) == lower[start + offset] else { break }
                    offset += 1
                }
                if offset == range.count { return slots[slot] }
            }
            slot = (slot + 1) & Self.mask
        }
        return 0
    }

    private static func hash(_ bytes: Octets, _ range: Range<Int>) -> Int {
        let first = UInt32(Ascii.lower(bytes[range.lowerBound]))
        let middle = UInt32(Ascii.lower(bytes[range.lowerBound + range.count / 2]))
        let last = UInt32(Ascii.lower(bytes[range.upperBound - 1]))
        let mixed = (first &* 31 &+ middle) &* 31 &+ last &+ UInt32(truncatingIfNeeded: range.count) &* 7
        return Int(mixed &* 0x9e37_79b1 >> 20) & mask
    }
}
