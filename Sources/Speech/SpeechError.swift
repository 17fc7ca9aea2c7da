/// Why speech could not be coded.
public enum SpeechError: Error, Hashable, Sendable {
    /// The library has no memory, or refuses the parameters.
    case codecUnavailable
    /// Not as many samples as a frame has.
    case frameLength(expected: Int, got: Int)
    /// The payload of a packet is none of the codec's.
    case malformedPayload
    /// The library's own error.
    case codec(Int32)
}
