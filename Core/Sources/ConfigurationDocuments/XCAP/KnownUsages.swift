internal import MCDocuments
internal import MCFoundation

extension ApplicationUsage {
    /// Group documents (TS 24.481 7.2).
    public static let groups = ApplicationUsage(
        auid: ManagedDocument.group.auid, mimeType: ManagedDocument.group.contentType,
        defaultNamespace: ConfigurationNamespace.listService, service: .groups, access: .group
    ) { (octets, uri) throws(XCAPConflict) in
        let document = try reading { () throws(DocumentError) in try GroupDocument(parsing: octets) }
        // Where the group names the document, both have to say the same.
        if uri.tree == .global, uri.path.count == 2, uri.path[0] == "byGroupID", uri.path[1] != document.id.value {
            throw .constraintFailure(phrase: "uri of list-service is not the group of the path")
        }
        // Absent means true. Accepting it would promise what this system cannot do.
        guard !document.protectsMedia, !document.protectsFloorControl else {
            throw .constraintFailure(
                phrase: "protect-media and protect-floor-control-signalling must be false: there are no keys")
        }
    }

    /// MCPTT UE initial configuration (TS 24.484 7.2).
    public static let ueInitialConfiguration = ApplicationUsage(
        auid: ManagedDocument.ueInitialConfiguration.auid, mimeType: ManagedDocument.ueInitialConfiguration.contentType,
        defaultNamespace: ConfigurationNamespace.ueInitialConfiguration, service: .mcptt, access: .bootstrap
    ) { (octets, _) throws(XCAPConflict) in
        let document = try reading { () throws(DocumentError) in try UEInitialConfiguration(parsing: octets) }
        guard !document.isIntegrityProtected, !document.isConfidentialityProtected else {
            throw .constraintFailure(phrase: "protection of the signalling must be false: there are no keys")
        }
    }

    /// MCPTT UE configuration (TS 24.484 8.2).
    public static let ueConfiguration = ApplicationUsage(
        auid: ManagedDocument.ueConfiguration.auid, mimeType: ManagedDocument.ueConfiguration.contentType,
        defaultNamespace: ConfigurationNamespace.ueConfiguration, service: .mcptt, access: .ownReadOnly
    ) { (octets, _) throws(XCAPConflict) in
        let document = try reading { () throws(DocumentError) in try UEConfiguration(parsing: octets) }
        guard !document.groupPriorities.isEmpty else {
            throw .schemaValidationError(phrase: "MCPTT-Group-Priority is missing")
        }
    }

    /// MCPTT user profile (TS 24.484 8.3).
    public static let userProfile = ApplicationUsage(
        auid: ManagedDocument.userProfile.auid, mimeType: ManagedDocument.userProfile.contentType,
        defaultNamespace: ConfigurationNamespace.userProfile, service: .mcptt, access: .ownReadOnly
    ) { (octets, uri) throws(XCAPConflict) in
        let document = try reading { () throws(DocumentError) in try UserProfileDocument(parsing: octets) }
        guard uri.tree == .user(document.owner) else {
            throw .constraintFailure(phrase: "XUI-URI is not the owner of the tree")
        }
        guard uri.path == ["mcptt-user-profile-\(document.index).xml"] else {
            throw .constraintFailure(phrase: "user-profile-index is not the one of the document's name")
        }
    }

    /// The list of what a user may read (OMA XDM Core, XCAP directory): computed, never written.
    public static let directory = ApplicationUsage(
        auid: "org.openmobilealliance.xcap-directory", mimeType: "application/vnd.oma.xcap-directory+xml",
        defaultNamespace: ConfigurationNamespace.directory, service: .groups, access: .ownReadOnly)

    /// MCPTT service configuration (TS 24.484 8.4).
    public static let serviceConfiguration = ApplicationUsage(
        auid: ManagedDocument.serviceConfiguration.auid, mimeType: ManagedDocument.serviceConfiguration.contentType,
        defaultNamespace: ConfigurationNamespace.serviceConfiguration, service: .mcptt, access: .common
    ) { (octets, _) throws(XCAPConflict) in
        let document = try reading { () throws(DocumentError) in try ServiceConfiguration(parsing: octets) }
        guard !document.protectsConfidentiality, !document.protectsIntegrity,
            !document.allowsServerSignallingProtection, !document.allowsServerFloorControlProtection
        else { throw .constraintFailure(phrase: "protection of the signalling must be false: there are no keys") }
    }
}
