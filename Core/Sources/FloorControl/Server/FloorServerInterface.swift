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
    /// One message of those that tell everybody at once who talks or that nobody does, all in a row. They can wait: an
    /// announcement that is not sent yet when the next one comes has nothing more to say.
    case announce(FloorMessage, to: ParticipantKey)
    /// Who may send RTP from now on, and the SSRC that was assigned to it; nil: nobody.
    case talkerChanged(ParticipantKey?, ssrc: UInt32?)
    /// T4 ran out (TS 24.380 6.3.4.3.4): call control decides on the call's release.
    case inactive
    /// The participant sends media without permission and does not heed Floor Revoke; local policy may release it.
    case misbehaves(ParticipantKey)
    /// The call has as many participants as the limits allow: this one did not become a floor participant.
    case refused(ParticipantKey)
}
