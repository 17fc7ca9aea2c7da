internal import CDigest
internal import MCDocuments
public import MCFoundation

public enum XCAPMethod: Hashable, Sendable {
    case get, put, delete
}

/// A document as it is kept.
public struct XCAPDocument: Hashable, Sendable {
    public let octets: [UInt8]
    /// Strong, and shared by all that is in the document (RFC 4825 8.5): a hash of the octets, in quotes.
    public let etag: String

    public init(octets: [UInt8]) {
        self.octets = octets
        var hash = [UInt8](repeating: 0, count: 32)
        if cdigest_sha256(octets, octets.count, &hash) != 1 {
            // A crypto library without SHA-256: the tag only has to differ where the octets do.
            var stable = StableHash()
            stable.combine(bytes: octets)
            hash = withUnsafeBytes(of: stable.value.bigEndian) { Array($0) } + Array("\(octets.count)".utf8)
        }
        let digits = Array("0123456789abcdef".utf8)
        let text = hash.prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        etag = "\"" + String(decoding: text, as: UTF8.self) + "\""
    }
}

public struct XCAPRequest: Hashable, Sendable {
    public var method: XCAPMethod
    public var uri: XCAPURI
    /// Without parameters; in whatever case.
    public var contentType: String?
    public var body: [UInt8]
    public var ifMatch: ETagCondition?
    public var ifNoneMatch: ETagCondition?

    public init(
        method: XCAPMethod, uri: XCAPURI, contentType: String? = nil, body: [UInt8] = [],
        ifMatch: ETagCondition? = nil, ifNoneMatch: ETagCondition? = nil
    ) {
        self.method = method
        self.uri = uri
        self.contentType = contentType
        self.body = body
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
    }
}

public struct XCAPResponse: Hashable, Sendable {
    /// HTTP status.
    public var status: Int
    public var contentType: String?
    /// Of the document, where it exists afterwards.
    public var etag: String?
    public var body: [UInt8]
    /// `Allow` of 405.
    public var allowed: [XCAPMethod]

    public init(
        status: Int, contentType: String? = nil, etag: String? = nil, body: [UInt8] = [], allowed: [XCAPMethod] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.etag = etag
        self.body = body
        self.allowed = allowed
    }

    /// 409 with its reason.
    public init(_ conflict: XCAPConflict) {
        self.init(status: 409, contentType: XCAPConflict.contentType, body: conflict.serialized())
    }
}

/// The answer, and what becomes of the document.
public struct XCAPDecision: Hashable, Sendable {
    public var response: XCAPResponse
    public var change: Change

    public enum Change: Hashable, Sendable {
        case none
        case replaced(XCAPDocument)
        case deleted
    }

    public init(_ response: XCAPResponse, _ change: Change = .none) {
        self.response = response
        self.change = change
    }

    /// The document afterwards, where the request made a new one.
    public var newDocument: XCAPDocument? {
        guard case .replaced(let document) = change else { return nil }
        return document
    }
}
