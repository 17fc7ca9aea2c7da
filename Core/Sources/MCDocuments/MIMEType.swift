/// Content types of the bodies that mission critical speech uses (TS 24.379 Annex F and the RFCs they build on).
public enum MIMEType {
    public static let mcpttInfo = "application/vnd.3gpp.mcptt-info+xml"
    public static let affiliationCommand = "application/vnd.3gpp.mcptt-affiliation-command+xml"
    public static let floorRequest = "application/vnd.3gpp.mcptt-floor-request+xml"
    public static let locationInfo = "application/vnd.3gpp.mcptt-location-info+xml"
    public static let mbmsUsageInfo = "application/vnd.3gpp.mcptt-mbms-usage-info+xml"
    public static let regroup = "application/vnd.3gpp.mcptt-regroup+xml"
    public static let signed = "application/vnd.3gpp.mcptt-signed+xml"
    public static let resourceLists = "application/resource-lists+xml"
    public static let presence = "application/pidf+xml"
    public static let poCSettings = "application/poc-settings+xml"
    public static let conferenceInfo = "application/conference-info+xml"
    public static let simpleFilter = "application/simple-filter+xml"
    public static let mikey = "application/mikey"
    public static let sessionDescription = "application/sdp"
}
