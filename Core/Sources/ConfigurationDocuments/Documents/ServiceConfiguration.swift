public import FloorControl

/// The MCPTT service configuration (TS 24.484 8.4): what holds for all users and groups of a mission critical
/// organisation.
///
/// OPEN: the off-network part and ad hoc group calls (release 18).
public struct ServiceConfiguration: Hashable, Sendable {
    public var domain: String
    public var minimumAliasLength: UInt16?
    /// Levels of the hierarchies of broadcast groups.
    public var groupHierarchyLevels: UInt16?
    public var userHierarchyLevels: UInt16?
    /// `<emergency-call>`
    public var privateEmergencyCancelTimeout: Duration?
    public var groupEmergencyTimeLimit: Duration?
    /// `<private-call>`
    public var privateCallHangTime: Duration?
    public var privateCallWithFloorControl: Duration?
    public var privateCallWithoutFloorControl: Duration?
    /// `<num-levels-priority-hierarchy>`, 4 to 256.
    public var priorityLevels: UInt16?
    /// T2 of floor control.
    public var talkLimit: Duration?
    public var talkLimitWarning: Duration?
    public var hangTimeWarning: Duration?
    public var queueDepth: UInt16?
    public var queueTimeLimit: Duration?
    public var floorControl: FloorTimers
    /// `<signalling-protection>`. Absent means true, so that a document of ours always says both.
    public var protectsConfidentiality = false
    public var protectsIntegrity = false
    /// `<protection-between-mcptt-servers>`, the same.
    public var allowsServerSignallingProtection = false
    public var allowsServerFloorControlProtection = false
    public var emergencyPriority: ResourcePriority
    public var imminentPerilPriority: ResourcePriority
    public var normalPriority: ResourcePriority

    public init(
        domain: String, floorControl: FloorTimers = FloorTimers(), emergencyPriority: ResourcePriority,
        imminentPerilPriority: ResourcePriority, normalPriority: ResourcePriority
    ) {
        self.domain = domain
        self.floorControl = floorControl
        self.emergencyPriority = emergencyPriority
        self.imminentPerilPriority = imminentPerilPriority
        self.normalPriority = normalPriority
    }

    /// Namespace and priority of the Resource-Priority header field (RFC 8101).
    public struct ResourcePriority: Hashable, Sendable {
        public var namespace: String
        public var priority: String

        public init(namespace: String, priority: String) {
            self.namespace = namespace
            self.priority = priority
        }
    }

    /// `<fc-timers-counters>`: timers and counters of floor control (TS 24.380 11), in the order of the schema.
    /// OPEN: defaults of T15, T16, T17, T55, T56 and of C17, C55, C56; here they are those of T20 and C20.
    public struct FloorTimers: Hashable, Sendable {
        public var t1EndOfRTPMedia = Duration.seconds(4)
        public var t3StopTalkingGrace = Duration.seconds(3)
        public var t7FloorIdle = Duration.seconds(1)
        public var t8FloorRevoke = Duration.seconds(1)
        public var t11EndOfRTPDual = Duration.seconds(4)
        public var t12StopTalkingDual = Duration.seconds(30)
        public var t15Conversation = Duration.seconds(1)
        public var t16MapGroupToBearer = Duration.seconds(1)
        public var t17UnmapGroupToBearer = Duration.seconds(1)
        public var t20FloorGranted = Duration.seconds(1)
        public var t55Connect = Duration.seconds(1)
        public var t56Disconnect = Duration.seconds(1)
        public var c7FloorIdle: UInt16 = 10
        public var c17UnmapGroupToBearer: UInt16 = 3
        public var c20FloorGranted: UInt16 = 3
        public var c55Connect: UInt16 = 3
        public var c56Disconnect: UInt16 = 3

        public init() {}

        /// What clients are told is what the server goes by.
        public init(_ timers: FloorServerTimers) {
            t1EndOfRTPMedia = timers.endOfMedia
            t3StopTalkingGrace = timers.stopTalkingGrace
            t7FloorIdle = timers.floorIdle
            t8FloorRevoke = timers.floorRevoke
            t20FloorGranted = timers.floorGranted
            c7FloorIdle = UInt16(clamping: timers.floorIdleLimit)
            c20FloorGranted = UInt16(clamping: timers.floorGrantedLimit)
        }
    }
}
