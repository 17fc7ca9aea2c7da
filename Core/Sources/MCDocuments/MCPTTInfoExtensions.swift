public import MCFoundation

/// The elements in an `anyExt` of mcptt-info: global elements of the schema and whatever else a peer put there, in
/// order of arrival.
public struct MCPTTInfoExtensions: Hashable, Sendable {
    public var elements: [Element]

    /// One element.
    public struct Element: Hashable, Sendable {
        /// Local name.
        public var name: String
        public var value: Value

        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// How a value is written.
    public enum Value: Hashable, Sendable {
        /// In a typed child `mcpttURI`.
        case uri(String)
        /// In a typed child `mcpttString`.
        case string(String)
        /// In a typed child `mcpttBoolean`.
        case boolean(Bool)
        /// Directly as text, as simple types are.
        case plain(String)
        /// Markup that stands by itself: elements with structure, with encryption, or of other namespaces.
        case markup(String)
    }

    public init(_ elements: [Element] = []) {
        self.elements = elements
    }

    public var isEmpty: Bool { elements.isEmpty }

    /// The text of the first element of a name, whatever its typed child; nil for markup.
    public func text(of name: String) -> String? {
        guard let element = elements.first(where: { $0.name == name }) else { return nil }
        switch element.value {
        case .uri(let text), .string(let text), .plain(let text): return text
        case .boolean(let flag): return flag ? "true" : "false"
        case .markup: return nil
        }
    }

    /// Replaces every element of a name; nil removes them.
    public mutating func set(_ name: String, _ value: Value?) {
        let index = elements.firstIndex { $0.name == name }
        elements.removeAll { $0.name == name }
        guard let value else { return }
        elements.insert(Element(name, value), at: min(index ?? elements.count, elements.count))
    }
}

extension MCPTTInfoExtensions {
    /// `functional-alias-URI`: the role in which the calling user acts.
    public var functionalAlias: FunctionalAlias? {
        get { text(of: "functional-alias-URI").map { FunctionalAlias($0) } }
        set { set("functional-alias-URI", newValue.map { .uri($0.value) }) }
    }

    /// `called-functional-alias-URI`.
    public var calledFunctionalAlias: FunctionalAlias? {
        get { text(of: "called-functional-alias-URI").map { FunctionalAlias($0) } }
        set { set("called-functional-alias-URI", newValue.map { .uri($0.value) }) }
    }

    /// `call-to-functional-alias-ind`.
    public var isCallToFunctionalAlias: Bool? {
        get { text(of: "call-to-functional-alias-ind")?.xmlBoolean }
        set { set("call-to-functional-alias-ind", newValue.map { .plain($0 ? "true" : "false") }) }
    }

    /// `release-reason`, for example `private-call-expiry` or `not selected for call`.
    public var releaseReason: String? {
        get { text(of: "release-reason") }
        set { set("release-reason", newValue.map { .plain($0) }) }
    }

    /// `request-type`: a closed enumeration; later values stand in `req-type`, which is read where this is missing.
    public var requestType: String? {
        get { text(of: "request-type") ?? text(of: "req-type") }
        set { set("request-type", newValue.map { .plain($0) }) }
    }

    /// `response-type`, else `resp-type`.
    public var responseType: String? {
        get { text(of: "response-type") ?? text(of: "resp-type") }
        set { set("response-type", newValue.map { .plain($0) }) }
    }

    /// `ambient-listening-type`: `remote-init` or `local-init`.
    public var ambientListeningType: String? {
        get { text(of: "ambient-listening-type") }
        set { set("ambient-listening-type", newValue.map { .plain($0) }) }
    }

    /// `emergency-ind-rcvd`.
    public var emergencyIndicatorReceived: Bool? {
        get { text(of: "emergency-ind-rcvd")?.xmlBoolean }
        set { set("emergency-ind-rcvd", newValue.map { .boolean($0) }) }
    }

    /// `multiple-devices-ind`: the user is registered with several clients.
    public var multipleDevicesIndicator: Bool? {
        get { text(of: "multiple-devices-ind")?.xmlBoolean }
        set { set("multiple-devices-ind", newValue.map { .boolean($0) }) }
    }

    /// `preconfigured-group-id`.
    public var preconfiguredGroupID: MCPTTGroupID? {
        get { text(of: "preconfigured-group-id").map { MCPTTGroupID($0) } }
        set { set("preconfigured-group-id", newValue.map { .plain($0.value) }) }
    }

    /// `user-requested-priority`.
    public var userRequestedPriority: UInt32? {
        get { text(of: "user-requested-priority").flatMap { UInt32($0) } }
        set { set("user-requested-priority", newValue.map { .plain(String($0)) }) }
    }

    /// `used-priority`.
    public var usedPriority: UInt32? {
        get { text(of: "used-priority").flatMap { UInt32($0) } }
        set { set("used-priority", newValue.map { .plain(String($0)) }) }
    }

    /// `partner-mcptt-id`: the identity of a migrated user in the partner system.
    public var partnerMCPTTID: MCPTTID? {
        get { text(of: "partner-mcptt-id").map { MCPTTID($0) } }
        set { set("partner-mcptt-id", newValue.map { .uri($0.value) }) }
    }

    /// `non-acknowledged-user`, which may stand several times.
    public var nonAcknowledgedUsers: [MCPTTID] {
        get {
            elements.compactMap { element in
                guard element.name == "non-acknowledged-user", case .uri(let uri) = element.value else { return nil }
                return MCPTTID(uri)
            }
        }
        set {
            elements.removeAll { $0.name == "non-acknowledged-user" }
            elements += newValue.map { Element("non-acknowledged-user", .uri($0.value)) }
        }
    }
}
