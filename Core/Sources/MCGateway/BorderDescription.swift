import CallControl
import MCFoundation
import SDP

/// A session description that comes in on one side and leaves on the other: addresses, ports and origin become those
/// of the side it leaves on, and only what the ends have to agree on between themselves is carried over.
struct BorderDescription: Hashable, Sendable {
    private let received: SessionDescription
    private let audioIndex: Int
    private let floorIndex: Int?
    /// Where the author wants media and floor messages.
    let remote: LegRemote

    /// nil where there is no speech to anchor, or an address is a name.
    init?(_ octets: [UInt8]) {
        guard let session = try? SessionDescription(parsing: octets) else { return nil }
        let isSpeech: (MediaDescription) -> Bool = { $0.kind == "audio" && $0.port != 0 }
        guard let audioIndex = session.media.firstIndex(where: isSpeech) else { return nil }
        let audio = session.media[audioIndex]
        guard let address = session.address(of: audio), let format = audio.formats.first.flatMap({ UInt8($0) }) else {
            return nil
        }
        floorIndex = session.media.firstIndex { $0.isFloorControl && $0.port != 0 }
        var floor: SocketAddress?
        var ssrc: UInt32?
        if let floorIndex {
            let media = session.media[floorIndex]
            guard let address = session.address(of: media) else { return nil }
            floor = SocketAddress(address, port: media.port)
            let parameters = media.formatParameters(for: "MCPTT").flatMap { try? FloorControlParameters(parsing: $0) }
            ssrc = parameters?.floorSSRC
        }
        received = session
        self.audioIndex = audioIndex
        let direction = session.direction(of: audio)
        remote = LegRemote(
            audio: SocketAddress(address, port: audio.port), floor: floor, floorSSRC: ssrc, payloadType: format,
            trunk: audio.attributes.value(of: trunkAttributeName).flatMap { $0.isEmpty ? nil : TrunkID($0) },
            hears: direction.receives, speaks: direction.sends,
            protection: audio.transport.uppercased().contains("SAVP") ? .endToEnd : .none)
    }

    /// What the other side is shown. `floorSSRC` stands in where the author states none; `trunk` is written or, where
    /// nil, left out. `isRepeated`: the author said it
    /// before, and what it said of the floor of that moment is not said again.
    func rewritten(
        ports: MediaPorts, sessionID: UInt64, version: UInt64, floorSSRC: UInt32, trunk: TrunkID?,
        isRepeated: Bool = false
    ) -> [UInt8] {
        var session = SessionDescription(
            origin: Origin(sessionID: sessionID, version: version, address: ports.audio.address),
            connection: Connection(ports.audio.address), attributes: kept(received.attributes))
        for (index, media) in received.media.enumerated() {
            var copy = MediaDescription(
                kind: media.kind, port: 0, transport: media.transport, formats: media.formats,
                information: media.information)
            if index == audioIndex {
                copy.port = ports.audio.port
                copy.attributes = kept(media.attributes)
                if let trunk { copy.attributes.append(SDPAttribute(trunkAttributeName, trunk.value)) }
            } else if index == floorIndex {
                copy.port = ports.floor.port
                copy.attributes = floorAttributes(of: media, floorSSRC: floorSSRC, isRepeated: isRepeated)
                if ports.floor.address != ports.audio.address { copy.connection = Connection(ports.floor.address) }
            }
            session.media.append(copy)
        }
        return session.serialized()
    }

    private func floorAttributes(
        of media: MediaDescription, floorSSRC: UInt32, isRepeated: Bool
    ) -> [SDPAttribute] {
        var attributes = kept(media.attributes).filter { $0.name != "fmtp" }
        let text = media.formatParameters(for: "MCPTT") ?? ""
        guard var parameters = try? FloorControlParameters(parsing: text) else { return attributes }
        parameters.floorSSRC = floorSSRC
        if isRepeated { (parameters.implicitRequest, parameters.granted) = (false, false) }
        attributes.append(SDPAttribute("fmtp", "MCPTT \(parameters.text)"))
        return attributes
    }

    /// What two ends agree on and what shows nothing of where they are. RTCP, ICE and transport attributes belong to
    /// one hop.
    private static let endToEnd = [
        "rtpmap", "fmtp", "ptime", "maxptime", "sendrecv", "sendonly", "recvonly", "inactive", "key-mgmt", "rtcp-mux",
    ]

    private func kept(_ attributes: [SDPAttribute]) -> [SDPAttribute] {
        attributes.filter { Self.endToEnd.contains($0.name) }
    }
}
