/// Namespaces of the documents.
enum XMLNamespace {
    static let mcpttInfo = "urn:3gpp:ns:mcpttInfo:1.0"
    static let presence = "urn:ietf:params:xml:ns:pidf"
    static let mcpttPresence = "urn:3gpp:ns:mcpttPresInfo:1.0"
    static let poCSettings = "urn:oma:params:xml:ns:poc:poc-settings"
    static let mcsSettings = "urn:3gpp:mcsSettings:1.0"
    static let resourceLists = "urn:ietf:params:xml:ns:resource-lists"
    static let conferenceInfo = "urn:ietf:params:xml:ns:conference-info"
    static let simpleFilter = "urn:ietf:params:xml:ns:simple-filter"
    static let affiliationCommand = "urn:3gpp:ns:affiliationCommand:1.0"
    static let locationInfo = "urn:3gpp:ns:mcpttLocationInfo:1.0"
}
