/// Something to say, coded and packed beforehand: one RTP payload per frame. Coding ahead keeps the pace of sending
/// free of the encoder's time.
public struct EncodedSpeech: Sendable {
    public var payloads: [[UInt8]]
    /// RTP clock ticks of one frame.
    public var timestampStep: UInt32
    /// Frames are 20 ms long.
    public static let frame = Duration.milliseconds(20)

    public var duration: Duration { EncodedSpeech.frame * payloads.count }

    public init(payloads: [[UInt8]], timestampStep: UInt32) {
        self.payloads = payloads
        self.timestampStep = timestampStep
    }
}
