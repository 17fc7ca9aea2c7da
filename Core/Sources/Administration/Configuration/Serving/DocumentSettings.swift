public import MCDocuments

/// What the documents of a system say that is no matter of its fleet map.
public struct DocumentSettings: Hashable, Sendable {
    /// The initial configuration of every device; for which device it is, is filled in.
    public var initialConfiguration: UEInitialConfiguration
    public var serviceConfiguration: ServiceConfiguration
    /// N10: private calls of a device at a time.
    public var privateCallsN10 = 1
    /// N5: transmissions that a device hears at a time.
    public var transmissionsN5 = 1
    public var prefersIPv6 = false
    /// Bounds on requests and on documents.
    public var limits = XCAPLimits()

    public init(initialConfiguration: UEInitialConfiguration, serviceConfiguration: ServiceConfiguration) {
        self.initialConfiguration = initialConfiguration
        self.serviceConfiguration = serviceConfiguration
    }

    /// The XCAP root URI that group documents are below.
    public var groupRoot: String { initialConfiguration.groupManagementRoot }
    /// In whose tree new groups may be put, beside the global one.
    public var groupCreationXUI: String { initialConfiguration.groupCreationXUI }
}
