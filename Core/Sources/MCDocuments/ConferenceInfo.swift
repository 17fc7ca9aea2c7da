/// Who takes part in a call (RFC 4575, TS 24.379 10.1.3): what the controlling function notifies.
public struct ConferenceInfo: Hashable, Sendable {
    /// The MCPTT group ID of a group call.
    public var entity: String
    /// Grows by one with each document of a subscription.
    public var version: UInt32
    public var state: State
    public var users: [User]

    /// Whether the document is the whole truth or a change.
    public enum State: String, Hashable, Sendable {
        case full, partial, deleted
    }

    /// One participant.
    public struct User: Hashable, Sendable {
        /// The MCPTT ID.
        public var entity: String
        public var state: State
        public var displayText: String?
        public var endpoints: [Endpoint]

        public init(
            entity: String, state: State = .full, displayText: String? = nil, endpoints: [Endpoint] = []
        ) {
            self.entity = entity
            self.state = state
            self.displayText = displayText
            self.endpoints = endpoints
        }
    }

    /// One client of a participant.
    public struct Endpoint: Hashable, Sendable {
        public var entity: String
        /// `connected`, `disconnected`, `on-hold`, `alerting`, `pending`, ...
        public var status: String?

        public init(entity: String, status: String? = nil) {
            self.entity = entity
            self.status = status
        }
    }

    public init(entity: String, version: UInt32, state: State = .full, users: [User] = []) {
        self.entity = entity
        self.version = version
        self.state = state
        self.users = users
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("conference-info") else {
                throw DocumentError(.unexpected, line: root.line, "root is not conference-info")
            }
            guard let entity = root.attribute("entity"), !entity.isEmpty else {
                throw DocumentError(.unexpected, line: root.line, "conference-info without entity")
            }
            var info = ConferenceInfo(entity: entity, version: 0, state: try root.state())
            if let text = root.attribute("version") {
                guard let version = UInt32(text) else {
                    throw DocumentError(.unexpected, line: root.line, "version is not a number")
                }
                info.version = version
            }
            var remaining = limits.entries
            for users in root.children where users.isNamed("users") {
                for user in users.children where user.isNamed("user") {
                    info.users.append(try Self.user(user, &remaining))
                }
            }
            return info
        }
    }

    private static func user(_ node: XMLNode, _ remaining: inout Int) throws(DocumentError) -> User {
        guard let entity = node.attribute("entity"), !entity.isEmpty else {
            throw DocumentError(.unexpected, line: node.line, "user without entity")
        }
        guard remaining > 0 else { throw DocumentError(.tooLarge, line: node.line, "too many users") }
        remaining -= 1
        var user = User(entity: entity, state: try node.state(), displayText: node.firstChild("display-text")?.text)
        for child in node.children where child.isNamed("endpoint") {
            guard remaining > 0 else { throw DocumentError(.tooLarge, line: child.line, "too many endpoints") }
            remaining -= 1
            user.endpoints.append(
                Endpoint(entity: child.attribute("entity") ?? "", status: child.firstChild("status")?.text))
        }
        return user
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let attributes = [
            ("xmlns", XMLNamespace.conferenceInfo), ("entity", entity), ("state", state.rawValue),
            ("version", String(version)),
        ]
        writer.element("conference-info", attributes) { writer in
            guard state != .deleted else { return }
            writer.element("users") { writer in
                for user in users { user.write(to: &writer) }
            }
        }
        return writer.octets
    }
}

extension ConferenceInfo.User {
    fileprivate func write(to writer: inout XMLWriter) {
        writer.element("user", [("entity", entity), ("state", state.rawValue)]) { writer in
            if let displayText { writer.element("display-text", text: displayText) }
            for endpoint in endpoints {
                writer.element("endpoint", [("entity", endpoint.entity)]) { writer in
                    if let status = endpoint.status { writer.element("status", text: status) }
                }
            }
        }
    }
}

extension XMLNode {
    /// RFC 4575 5: full where nothing is said.
    fileprivate func state() throws(DocumentError) -> ConferenceInfo.State {
        guard let text = attribute("state") else { return .full }
        guard let state = ConferenceInfo.State(rawValue: text) else {
            throw DocumentError(.unexpected, line: line, "state is unknown")
        }
        return state
    }
}
