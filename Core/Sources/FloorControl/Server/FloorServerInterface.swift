/// What a floor control server is told, in past tense.
public enum FloorServerEvent: Hashable, Sendable {
    /// The session with a participant stands: we sent the 200 to it, or got its 200 (TS 24.380 6.3.5.2.2). For a
    /// participant that is in already: its description changed.
    case joined(ParticipantKey, FloorParticipantDescription)
    case left(ParticipantKey)
    case received(FloorMessage, from: ParticipantKey)
    case reconfigured(FloorSettings)
    /// Call release: nothing more is sent or forwarded.
    case released
    case timeAdvanced
}

/// What a floor control server wants done.
public enum FloorServerAction: Hashable, Sendable {
    case send(FloorMessage, to: ParticipantKey)
    /// Tell these who talks, or that nobody does: `FloorServer.announcement(to:)` gives the message, which is made when
    /// it is its turn to be sent. Where it was not yet sent when the next announcement comes, it has nothing to say.
    case announce(to: [ParticipantKey])
    /// Who may send RTP from now on, and the SSRC that was assigned to it; nil: nobody.
    case talkerChanged(ParticipantKey?, ssrc: UInt32?)
    /// T4 ran out (TS 24.380 6.3.4.3.4): call control decides on the call's release.
    case inactive
    /// The participant sends media without permission and does not heed Floor Revoke; local policy may release it.
    case misbehaves(ParticipantKey)
    /// The call has as many participants as the limits allow: this one did not become a floor participant.
    case refused(ParticipantKey)
}
