/// Service settings of a user's clients (RFC 4354 with the extension of TS 24.379 7.4): how calls are answered.
public struct PoCSettings: Hashable, Sendable {
    public var entities: [Entity]

    /// Settings of one client.
    public struct Entity: Hashable, Sendable {
        /// The client, by the identity it publishes with.
        public var id: String
        /// nil: the document does not say.
        public var answerMode: AnswerMode?
        /// `selected-user-profile-index`.
        public var selectedUserProfileIndex: UInt32?

        public init(id: String, answerMode: AnswerMode? = nil, selectedUserProfileIndex: UInt32? = nil) {
            self.id = id
            self.answerMode = answerMode
            self.selectedUserProfileIndex = selectedUserProfileIndex
        }
    }

    /// `answer-mode`.
    public enum AnswerMode: String, Hashable, Sendable {
        case automatic, manual
    }

    public init(_ entities: [Entity]) {
        self.entities = entities
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("poc-settings") else {
                throw DocumentError(.unexpected, line: root.line, "root is not poc-settings")
            }
            var settings = PoCSettings([])
            for child in root.children where child.isNamed("entity") {
                guard settings.entities.count < limits.entries else {
                    throw DocumentError(.tooLarge, line: child.line, "more than \(limits.entries) entities")
                }
                settings.entities.append(try Self.entity(child))
            }
            return settings
        }
    }

    private static func entity(_ node: XMLNode) throws(DocumentError) -> Entity {
        guard let id = node.attribute("id"), !id.isEmpty else {
            throw DocumentError(.unexpected, line: node.line, "entity without id")
        }
        var entity = Entity(id: id)
        if let mode = node.firstChild("am-settings")?.firstChild("answer-mode") {
            guard let value = AnswerMode(rawValue: mode.text.lowercased()) else {
                throw DocumentError(.unexpected, line: mode.line, "answer-mode is neither automatic nor manual")
            }
            entity.answerMode = value
        }
        if let index = node.firstChild("selected-user-profile-index") {
            let text = index.firstChild("user-profile-index")?.text ?? index.text
            guard let value = UInt32(text) else {
                throw DocumentError(.unexpected, line: index.line, "user profile index is not a number")
            }
            entity.selectedUserProfileIndex = value
        }
        return entity
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        let namespaces = [("xmlns", XMLNamespace.poCSettings), ("xmlns:mcs10Set", XMLNamespace.mcsSettings)]
        writer.element("poc-settings", namespaces) { writer in
            for entity in entities {
                writer.element("entity", [("id", entity.id)]) { writer in
                    if let mode = entity.answerMode {
                        writer.element("am-settings") { $0.element("answer-mode", text: mode.rawValue) }
                    }
                    if let index = entity.selectedUserProfileIndex {
                        writer.element("mcs10Set:selected-user-profile-index") {
                            $0.element("mcs10Set:user-profile-index", text: String(index))
                        }
                    }
                }
            }
        }
        return writer.octets
    }
}
