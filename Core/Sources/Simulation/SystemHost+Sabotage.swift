import CallControl
import FloorControl
import MCFoundation
import MCSystem
import MediaDistribution
import RTP
import SIP
import SIPUserAgent

// The shell of a system that is broken on purpose (`Sabotage`). The cells inside are those of the product.

/// What a broken shell remembers.
struct Saboteur {
    /// The first responder of the first country but one.
    let victim = IPAddress(v4: 0x0a00_0102)
    private var publication: (flow: FlowID, bytes: [UInt8])?
    private var speech: (ssrc: UInt32, last: Instant, began: Instant)?
    private var leaked: LegID?

    /// The last affiliation that a partner published.
    mutating func keep(_ bytes: [UInt8], from flow: FlowID) {
        guard bytes.starts(with: "PUBLISH ".utf8), case .request(let request)? = try? SIPMessage.parse(bytes),
            request.headers.eventPackage == "presence", request.headers.integer(.expires) == UInt32.max,
            request.headers.values(.pPreferredIdentity).isEmpty
        else { return }
        publication = (flow, bytes)
    }

    /// The same once more, as if all was taken back.
    mutating func revocation() -> (flow: FlowID, bytes: [UInt8])? {
        guard let publication, case .request(var request)? = try? SIPMessage.parse(publication.bytes) else {
            return nil
        }
        request.headers.set(.expires, "0")
        request.headers.set(.callID, "sabotage")
        request.headers.set(.via, "SIP/2.0/TLS sabotage.invalid;branch=z9hG4bKsabotage")
        return (publication.flow, SIPMessage.request(request).serialized())
    }

    /// True in the first 400 ms of a talk.
    mutating func clips(_ header: RTPHeader, at now: Instant) -> Bool {
        if let speech, speech.ssrc == header.ssrc, now - speech.last < .seconds(2) {
            self.speech?.last = now
            return now - speech.began < .milliseconds(400)
        }
        speech = (header.ssrc, now, now)
        return true
    }

    /// An INVITE with its indicator under a name that nobody knows; what it says is as long as before.
    static func withoutEmergency(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.starts(with: "INVITE ".utf8) else { return bytes }
        return Array(String(decoding: bytes, as: UTF8.self).replacing("emergency-ind", with: "emergence-ind").utf8)
    }

    /// True for the closing of the leg that is never closed.
    mutating func leaks(_ command: MediaCommand) -> Bool {
        guard case .closeLeg(let leg) = command, leaked == nil || leaked == leg else { return false }
        leaked = leg
        return true
    }
}

extension SystemHost {
    /// A packet that the gate refused.
    func passRefused(_ bytes: [UInt8], of talker: Seat, _ world: inout WorldServices) {
        guard world.sabotage == .openGate || world.sabotage == .talkerNotStopped else { return }
        world.observe(.forwarded(system, talker.call, talker.leg))
        for ssrc in talkers.keys.sorted() {
            guard let other = talkers[ssrc], other.call == talker.call, other.leg != talker.leg,
                let remote = remotes[other.leg],
                let own = addresses.audioSocket(of: other.leg.cell, towards: remote.audio),
                !addresses.owns(remote.audio)
            else { continue }
            world.network.send(bytes, from: own.address, to: remote.audio)
        }
    }

    /// The packet of a partner once more, under an SSRC of nobody.
    func relayStray(
        _ bytes: [UInt8], _ reference: ForwardReference, of host: MediaHost, _ world: inout WorldServices
    ) {
        var bytes = bytes
        bytes.replaceSubrange(8..<12, with: [0xff, 0xff, 0xff, 0xfe])
        world.observe(.relayed(system, ssrc: 0xffff_fffe))
        for destination in host.cell.forwardList(in: reference.slot) {
            world.network.send(bytes, from: host.address(of: destination.socket), to: destination.address)
        }
    }

    /// A floor message as it leaves; nil where it is swallowed.
    func passed(_ bytes: [UInt8], to remote: SocketAddress, _ sabotage: Sabotage?) -> [UInt8]? {
        guard sabotage == .grantToTwo, let message = try? FloorMessage.decode(bytes).first else { return bytes }
        switch message.kind {
        case .queuePositionInfo, .deny:
            guard let leg = remotes.keys.sorted().first(where: { remotes[$0]?.floor == remote }),
                let ssrc = talkers.keys.sorted().first(where: { talkers[$0]?.leg == leg })
            else { return bytes }
            var granted = FloorMessage(.granted, ssrc: message.ssrc)
            granted.duration = 30
            granted.audioSSRC = ssrc
            return granted.encoded()
        case .revoke:
            return nil
        default:
            return bytes
        }
    }

    private static let second: UInt64 = 1 << 47

    func openTwice(
        _ call: MediaCallID, _ group: MCPTTGroupID, _ settings: FloorSettings, _ world: inout WorldServices
    ) {
        let second = MediaCallID(call.value ^ Self.second)
        media[Int(second.cell)].cell.handle(.openCall(second, settings), at: world.time)
        world.observe(.callOpened(system, group, second))
    }

    func closeTwice(_ call: MediaCallID, _ world: inout WorldServices) {
        let second = MediaCallID(call.value ^ Self.second)
        media[Int(second.cell)].cell.handle(.closeCall(second), at: world.time)
        world.observe(.callClosed(system, second))
    }

    /// The register of the owner loses what a partner published last.
    func forgetAffiliation(_ world: inout WorldServices) {
        guard let (flow, bytes) = saboteur.revocation() else { return }
        act(signalling.handle(.received(flow, bytes), at: world.time), &world)
        settle(&world)
    }
}

extension SystemAddresses {
    /// Partners have the same port as we, clients have others.
    func audioSocket(of cell: UInt8, towards remote: SocketAddress) -> MediaSocket? {
        let isPartner = media.cells.contains { $0.access.first?.audio.port == remote.port }
        let face: MediaFace = isPartner ? .interconnection : .access
        return sockets[Int(cell)].first { $0.use == .audio && $0.face == face }
    }
}
