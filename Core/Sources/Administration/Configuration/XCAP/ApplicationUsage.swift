public import MCDocuments

/// An application usage of XCAP (RFC 4825 5): one kind of document.
public struct ApplicationUsage: Sendable {
    /// Application unique ID.
    public let auid: String
    public let mimeType: String
    /// Of names without a prefix in node selectors; nil where it is not known.
    public let defaultNamespace: String?
    public let service: Service
    public let access: Access
    private let validation: @Sendable ([UInt8], XCAPURI) throws(XCAPConflict) -> Void

    /// Which management service keeps it; decides the scope of the token that is asked for.
    public enum Service: Hashable, Sendable, CaseIterable {
        case mcptt, mcvideo, mcdata
        /// Groups serve all services: a token for any of them will do.
        case groups
    }

    /// Who may read and write (RFC 4825 5.7).
    public enum Access: Hashable, Sendable {
        /// A device before anybody has logged in may read it; administrators write it.
        case bootstrap
        /// The owner of the tree may read it; administrators write it.
        case ownReadOnly
        /// Every user may read the global document; administrators write it.
        case common
        /// Members read it, administrators of the group write it.
        case group
    }

    public init(
        auid: String, mimeType: String, defaultNamespace: String?, service: Service, access: Access,
        validation: @escaping @Sendable ([UInt8], XCAPURI) throws(XCAPConflict) -> Void = { _, _ in }
    ) {
        self.auid = auid
        self.mimeType = mimeType
        self.defaultNamespace = defaultNamespace
        self.service = service
        self.access = access
        self.validation = validation
    }

    /// A document that is well-formed is also one of this kind, and one that this system can obey.
    public func validate(_ octets: [UInt8], at uri: XCAPURI) throws(XCAPConflict) { try validation(octets, uri) }

    /// The same usage with one more constraint, which the keeper of the documents knows (a user exists, an ID is free).
    public func adding(
        _ constraint: @escaping @Sendable ([UInt8], XCAPURI) throws(XCAPConflict) -> Void
    ) -> ApplicationUsage {
        let own = validation
        return ApplicationUsage(
            auid: auid, mimeType: mimeType, defaultNamespace: defaultNamespace, service: service, access: access,
            validation: { (octets, uri) throws(XCAPConflict) in
                try own(octets, uri)
                try constraint(octets, uri)
            })
    }

    public static func named(_ auid: String) -> ApplicationUsage? { all.first { $0.auid == auid } }

    /// All usages of TS 24.481 and TS 24.484 whose content type is known.
    ///
    /// OPEN: the content type of group keys (`org.3gpp.MCPTT-GKTP`), and the default namespaces of the MCVideo UE
    /// configuration and of the MCData documents.
    public static let all: [ApplicationUsage] =
        [groups, directory, ueInitialConfiguration, ueConfiguration, userProfile, serviceConfiguration] + others

    private static let others: [ApplicationUsage] = [
        (
            "mcvideo", Service.mcvideo, ConfigurationNamespace.mcvideoUserProfile as String?,
            ConfigurationNamespace.mcvideoServiceConfiguration as String?
        ),
        ("mcdata", .mcdata, nil, nil),
    ].flatMap { name, service, profile, configuration in
        [
            ("ue-config", nil, Access.ownReadOnly), ("user-profile", profile, .ownReadOnly),
            ("service-config", configuration, .common),
        ].map { document, namespace, access in
            ApplicationUsage(
                auid: "org.3gpp.\(name).\(document)", mimeType: "application/vnd.3gpp.\(name)-\(document)+xml",
                defaultNamespace: namespace, service: service, access: access)
        }
    }

    /// What a document of a value type does not read is a violation of its schema.
    static func reading<Document>(
        _ read: () throws(DocumentError) -> Document
    ) throws(XCAPConflict) -> Document {
        do {
            return try read()
        } catch {
            switch error.reason {
            case .malformed: throw .notWellFormed(phrase: error.description)
            case .unexpected: throw .schemaValidationError(phrase: error.description)
            case .tooLarge: throw .constraintFailure(phrase: error.description)
            }
        }
    }
}
