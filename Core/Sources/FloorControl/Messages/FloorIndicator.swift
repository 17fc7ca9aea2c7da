/// Field 13, the bits of Floor Indicator (TS 24.380 8.2.3.15). The bits of the call type describe the call.
public struct FloorIndicator: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let normalCall = FloorIndicator(rawValue: 0x8000)
    public static let broadcastGroupCall = FloorIndicator(rawValue: 0x4000)
    public static let systemCall = FloorIndicator(rawValue: 0x2000)
    public static let emergencyCall = FloorIndicator(rawValue: 0x1000)
    public static let imminentPerilCall = FloorIndicator(rawValue: 0x0800)
    public static let queueingSupported = FloorIndicator(rawValue: 0x0400)
    public static let dualFloor = FloorIndicator(rawValue: 0x0200)
    public static let temporaryGroupCall = FloorIndicator(rawValue: 0x0100)
    public static let multiTalker = FloorIndicator(rawValue: 0x0080)
}
