import MCFoundation
import SDP

extension FuzzTargets {
    /// SDP: a description, what an MCPTT end makes of it as an offer, and the answer to it.
    public static func sdp(_ bytes: [UInt8]) {
        if let session = try? SessionDescription(parsing: bytes) {
            let octets = session.serialized()
            guard let again = try? SessionDescription(parsing: octets, limits: .generous) else {
                preconditionFailure("what was written cannot be read")
            }
            precondition(again.serialized() == octets, "what was written and read is written otherwise")
            negotiate(session)
        }
        let text = String(decoding: bytes.prefix(512), as: UTF8.self)
        if let parameters = try? FloorControlParameters(parsing: text) {
            let again = try? FloorControlParameters(parsing: parameters.text)
            precondition(again == parameters, "floor control parameters changed on their way")
        }
        if let map = RTPMap(text) { precondition(RTPMap(map.description) == map, "rtpmap changed on its way") }
    }

    private static func negotiate(_ session: SessionDescription) {
        guard let offer = try? SpeechOffer(reading: session) else { return }
        let local = SocketAddress(.loopback, port: 9_000)
        let all = FloorControlParameters(
            queueing: true, priority: 255, granted: true, implicitRequest: true, ssrc: 1, floorSSRC: 2)
        let answer = SpeechAnswer(to: offer, audio: local, floor: local, floorParameters: all, echoesTrunk: true)
        guard let written = try? answer.session(answering: session, id: 1) else {
            preconditionFailure("an offer that was read cannot be answered")
        }
        precondition(written.media.count == session.media.count, "an answer has other media than its offer")
        let octets = written.serialized()
        guard let read = try? SessionDescription(parsing: octets, limits: .generous),
            let received = try? SpeechAnswer(reading: read, to: session)
        else { preconditionFailure("an answer cannot be read") }
        precondition(received == answer, "an answer changed on its way")
    }
}

extension SDPLimits {
    /// What we wrote ourselves is not to be refused for its size.
    fileprivate static var generous: SDPLimits {
        var limits = SDPLimits()
        limits.octets *= 4
        limits.lineOctets *= 2
        limits.lines *= 8
        return limits
    }
}
