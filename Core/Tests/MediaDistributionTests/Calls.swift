import CallControl
import FloorControl
import MCFoundation
import MediaDistribution

/// A call at its home system, and how members come into it: directly, or through two gateways.
final class TestCall {
    let fabric: Fabric
    let home: Site
    let id: MediaCallID
    private var nextLeg: UInt64

    init(_ fabric: Fabric, at home: Site, number: UInt64 = 1, settings: FloorSettings = .init()) {
        self.fabric = fabric
        self.home = home
        id = MediaCallID(number)
        nextLeg = number * 1_000
        fabric.tell(home, .openCall(id, settings))
    }

    func mintLeg() -> LegID {
        nextLeg += 1
        return LegID(nextLeg)
    }

    func description(_ number: UInt8, ssrc: UInt32, isImplicit: Bool = false) -> FloorParticipantDescription {
        FloorParticipantDescription(
            mcpttID: MCPTTID("sip:user\(number)@example.org"), maxPriority: 5, defaultPriority: 1,
            isImplicitRequest: isImplicit, audioSSRC: ssrc)
    }

    /// A client of the home system.
    @discardableResult
    func join(_ phone: Phone, hasFloor: Bool = true) -> LegID {
        let leg = mintLeg()
        phone.audioSSRC = home.mintSSRC()
        fabric.tell(
            home, .openLeg(leg, face: .access, floorSSRC: home.mintSSRC()),
            .connectLeg(leg, phone.remote(hasFloor: hasFloor)),
            .join(id, leg, description(phone.number, ssrc: phone.audioSSRC)))
        return leg
    }

    struct Border {
        var member: LegID
        var inside: LegID
        var outside: LegID
        var farOutside: LegID
        var farInside: LegID
        /// By system, in the order in which functions would give them.
        var homeCommands: [MediaCommand]
        var farCommands: [MediaCommand]
    }

    /// What has to be told to both cells so that a client of `away` takes part: the controlling function's leg and the
    /// gateway's two legs here, the gateway's two legs there. Floor SSRCs are end to end.
    func border(_ phone: Phone, of away: Site, trunk: TrunkID?) -> Border {
        let legs = (0..<5).map { _ in mintLeg() }
        let ours = home.mintSSRC()
        phone.audioSSRC = home.mintSSRC()
        func own(_ site: Site, _ face: MediaFace, _ floorSSRC: UInt32, trunk: TrunkID? = nil) -> LegRemote {
            LegRemote(
                audio: site.address(.audio, face), floor: site.address(.floor, face), floorSSRC: floorSSRC,
                payloadType: 96, trunk: trunk)
        }
        return Border(
            member: legs[0], inside: legs[1], outside: legs[2], farOutside: legs[3], farInside: legs[4],
            homeCommands: [
                .openLeg(legs[0], face: .access, floorSSRC: ours),
                .openLeg(legs[1], face: .access, floorSSRC: phone.floorSSRC),
                .openLeg(legs[2], face: .interconnection, floorSSRC: ours),
                .connectLeg(legs[1], own(home, .access, ours)),
                .connectLeg(legs[2], own(away, .interconnection, phone.floorSSRC, trunk: trunk)),
                .relay(inside: legs[1], outside: legs[2]),
                .connectLeg(legs[0], own(home, .access, phone.floorSSRC)),
                .join(id, legs[0], description(phone.number, ssrc: phone.audioSSRC)),
            ],
            farCommands: [
                .openLeg(legs[3], face: .interconnection, floorSSRC: phone.floorSSRC),
                .openLeg(legs[4], face: .access, floorSSRC: ours),
                .connectLeg(legs[3], own(home, .interconnection, ours, trunk: trunk)),
                .connectLeg(legs[4], phone.remote()),
                .relay(inside: legs[4], outside: legs[3]),
            ])
    }

    @discardableResult
    func join(_ phone: Phone, of away: Site, trunk: TrunkID?) -> Border {
        let border = border(phone, of: away, trunk: trunk)
        fabric.tell(away, border.farCommands)
        fabric.tell(home, border.homeCommands)
        return border
    }
}
