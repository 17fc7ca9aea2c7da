public import MCDocuments

/// Why a request would leave a document as it must not be: the body of 409 (RFC 4825 11).
public enum XCAPConflict: Error, Hashable, Sendable {
    case notWellFormed(phrase: String? = nil)
    case notXMLFragment(phrase: String? = nil)
    /// The URI of what does exist on the way there.
    case noParent(ancestor: String? = nil)
    case schemaValidationError(phrase: String? = nil)
    case notXMLAttributeValue(phrase: String? = nil)
    /// The URI would not give what was put there.
    case cannotInsert(phrase: String? = nil)
    /// The URI would still give something.
    case cannotDelete(phrase: String? = nil)
    case uniquenessFailure([Exists])
    case constraintFailure(phrase: String)
    case notUTF8

    /// A value that is taken, and others that are free.
    public struct Exists: Hashable, Sendable {
        /// Node selector of the value.
        public var field: String
        public var alternatives: [String]

        public init(field: String, alternatives: [String] = []) {
            self.field = field
            self.alternatives = alternatives
        }
    }

    public static let contentType = "application/xcap-error+xml"

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        writer.element("xcap-error", [("xmlns", ConfigurationNamespace.xcapError)]) { writer in
            switch self {
            case .notWellFormed(let phrase): writer.element("not-well-formed", [("phrase", phrase)])
            case .notXMLFragment(let phrase): writer.element("not-xml-frag", [("phrase", phrase)])
            case .noParent(let ancestor):
                writer.element("no-parent") { writer in
                    if let ancestor { writer.element("ancestor", text: ancestor) }
                }
            case .schemaValidationError(let phrase): writer.element("schema-validation-error", [("phrase", phrase)])
            case .notXMLAttributeValue(let phrase): writer.element("not-xml-att-value", [("phrase", phrase)])
            case .cannotInsert(let phrase): writer.element("cannot-insert", [("phrase", phrase)])
            case .cannotDelete(let phrase): writer.element("cannot-delete", [("phrase", phrase)])
            case .uniquenessFailure(let taken):
                writer.element("uniqueness-failure") { writer in
                    for exists in taken {
                        writer.element("exists", [("field", exists.field)]) { writer in
                            for alternative in exists.alternatives { writer.element("alt-value", text: alternative) }
                        }
                    }
                }
            case .constraintFailure(let phrase): writer.element("constraint-failure", [("phrase", phrase)])
            case .notUTF8: writer.element("not-utf-8")
            }
        }
        return writer.octets
    }
}

extension XCAPConflict {
    /// What a document of a value type does not read is a violation of its schema.
    public init(_ error: DocumentError) {
        self =
            switch error.reason {
            case .malformed: .notWellFormed(phrase: error.description)
            case .unexpected: .schemaValidationError(phrase: error.description)
            case .tooLarge: .constraintFailure(phrase: error.description)
            }
    }
}
