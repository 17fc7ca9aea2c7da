/// Namespaces and content types of the documents that group and configuration management keep.
package enum ConfigurationNamespace {
    /// Default namespace of a group document (TS 24.481 7.2.4).
    package static let listService = "urn:oma:xml:poc:list-service"
    package static let resourceLists = "urn:ietf:params:xml:ns:resource-lists"
    package static let commonPolicy = "urn:ietf:params:xml:ns:common-policy"
    package static let extensions = "urn:oma:xml:xdm:extensions"
    package static let groupInfo = "urn:3gpp:ns:mcpttGroupInfo:1.0"
    package static let groupKeys = "urn:3gpp:ns:mcpttGKTP:1.0"
    package static let ueInitialConfiguration = "urn:3gpp:mcptt:mcpttUEinitConfig:1.0"
    package static let ueConfiguration = "urn:3gpp:mcptt:mcpttUEConfig:1.0"
    package static let userProfile = "urn:3gpp:mcptt:user-profile:1.0"
    package static let serviceConfiguration = "urn:3gpp:ns:mcpttServiceConfig:1.0"
    package static let mcvideoUserProfile = "urn:3gpp:ns:mcvideo:user-profile:1.0"
    package static let mcvideoServiceConfiguration = "urn:3gpp:ns:mcvideoServiceConfig:1.0"
    /// RFC 4825 11.2.
    package static let xcapError = "urn:ietf:params:xml:ns:xcap-error"
    /// OMA XDM Core.
    package static let directory = "urn:oma:xml:xdm:xcap-directory"
    /// Requests on groups that are none on a document (TS 24.481 6.3.16).
    package static let groupManagement = "urn:3gpp:ns:mcpttGMOP:1.0"
    /// RFC 5874 4.
    package static let xcapDiff = "urn:ietf:params:xml:ns:xcap-diff"
}
