/// The messages of application "MCPT" by the low four bits of the RTCP subtype (TS 24.380 8.2.2).
public enum FloorMessageKind: UInt8, Hashable, Sendable, CaseIterable {
    case request = 0x00
    case granted = 0x01
    case taken = 0x02
    case deny = 0x03
    case release = 0x04
    case idle = 0x05
    case revoke = 0x06
    case revokeRequest = 0x07
    case queuePositionRequest = 0x08
    case queuePositionInfo = 0x09
    case ack = 0x0a
    case unicastMediaFlowControl = 0x0b
    case queuedFloorRequests = 0x0e
    case releaseMultiTalker = 0x0f

    /// True where the table defines a variant that must be answered with Floor Ack.
    public var canRequestAcknowledgement: Bool {
        switch self {
        case .granted, .taken, .deny, .release, .idle, .queuePositionInfo, .unicastMediaFlowControl,
            .queuedFloorRequests:
            true
        case .request, .revoke, .revokeRequest, .queuePositionRequest, .ack, .releaseMultiTalker:
            false
        }
    }
}

/// Causes of Floor Deny (TS 24.380 8.2.6.2).
public enum FloorDenyCause: UInt16, Hashable, Sendable, CaseIterable {
    case anotherClientHasPermission = 1
    case internalServerError = 2
    case onlyOneParticipant = 3
    case retryAfterTimerNotExpired = 4
    case receiveOnly = 5
    case noResources = 6
    case queueFull = 7
    case other = 255
}

/// Causes of Floor Revoke (TS 24.380 8.2.10.2).
public enum FloorRevokeCause: UInt16, Hashable, Sendable, CaseIterable {
    case onlyOneClient = 1
    case mediaBurstTooLong = 2
    case noPermission = 3
    case preempted = 4
    case noResources = 6
    case revokedByAnotherClient = 7
    case other = 255
}
