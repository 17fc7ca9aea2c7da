/// How a peer wants floor messages written. Whatever it is, all forms are read.
public struct FloorDialect: Hashable, Sendable {
    /// The 3GPP release of TS 24.380 that the peer speaks: fields of later ones are left out.
    public var release: Int
    /// How it writes and reads field 16.
    public var ssrcList: SSRCListLayout

    public init(release: Int = Self.releases.upperBound, ssrcList: SSRCListLayout = .withoutLength) {
        self.release = release
        self.ssrcList = ssrcList
    }

    /// The first release that has the protocol, and the last one that we know fields of.
    public static let releases = 13...19
    /// Everything that we know, in the layouts of the newest tables.
    public static let current = Self()

    /// Whether the peer knows a field (TS 24.380 8.2.3).
    func knows(field id: UInt8) -> Bool {
        switch id {
        case ...14: true
        case 15...20: release >= 15
        case 21...24: release >= 17
        default: release >= 19
        }
    }
}
