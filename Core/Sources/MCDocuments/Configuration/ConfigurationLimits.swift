extension DocumentLimits {
    /// Bounds of a configuration or group document: a group of some thousand members is larger than a body of SIP may
    /// be, and is read when it changes, not with every call.
    public static var configuration: DocumentLimits {
        var limits = DocumentLimits()
        limits.octets = 4_194_304
        limits.entries = 16_384
        return limits
    }
}
