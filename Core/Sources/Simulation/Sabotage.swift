/// Ways to break a machine of the simulated world on purpose, each in the shells around it and none in the product:
/// commands, events and datagrams are dropped, altered or doubled. Each must be found by the checker of its rule and
/// break no other.
public enum Sabotage: String, Hashable, Sendable, CaseIterable {
    /// The gate of the media cell says yes to everybody; one device talks without ever having asked.
    case openGate
    /// A packet from nowhere is sent on to a client as if a partner had sent it.
    case strayRelayed
    /// Who is put into the queue is told that the floor is his.
    case grantToTwo
    /// A talker does not stop, and the media cell still lets its packets through while the next one talks.
    case talkerNotStopped
    /// A controlling function opens a second call for a group that has one.
    case secondController
    /// No BYE reaches a client.
    case swallowedBye
    /// The media cell never closes the leg of one participant.
    case leakedLeg
    /// One member is left out when packets are forwarded.
    case deafMember
    /// The first moment of each talk is cut off.
    case clippedBeginning
    /// No message tells a client that its call is an emergency now.
    case untoldTier
    /// The owner of a group loses an affiliation without anybody having asked for it.
    case forgottenAffiliation

    /// The rule that is broken by it.
    public var rule: Violation.Rule {
        switch self {
        case .openGate, .strayRelayed: .noMediaWithoutGrant
        case .grantToTwo, .talkerNotStopped: .oneHolder
        case .secondController: .oneControllingFunction
        case .swallowedBye, .leakedLeg: .everyCallEnds
        case .deafMember, .clippedBeginning: .everybodyHears
        case .forgottenAffiliation, .untoldTier: .convergence
        }
    }
}
