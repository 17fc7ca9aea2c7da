import CallControl
import ConfigurationFiles
import FloorControl
import Foundation
import MCFoundation
import Policy
import SIP
import SIPUserAgent
import Testing

@Suite struct ExampleTests {
    let example: Example

    init() throws { example = try Example() }

    @Test func `the reference example of a system is read whole`() throws {
        let system = try example.system()
        #expect(system.identity.domains == ["mc.it.example", "vvf.it.example"])
        #expect(system.name == "Italia Emergenza")
        #expect(system.country == "IT")
        #expect(system.access.tls == [SocketAddress("192.0.2.10", 5061), SocketAddress("2001:db8::10", 5061)])
        #expect(system.accessSentBy.host == "edge.mc.it.example")
        #expect(system.accessSentBy.udpPort == 5060)
        #expect(system.interconnectionSentBy.tlsPort == 5061)
        #expect(system.interconnectionSentBy.tcpPort == nil)
        #expect(system.certificates.interconnection.key.hasSuffix("/gateway.key"))
        #expect(system.certificates.clientCertificates == .optional)
        #expect(
            system.media.cells[0].access.map(\.audio)
                == [40_000, 40_004, 40_008, 40_012].flatMap { port in
                    [SocketAddress("192.0.2.10", port), SocketAddress("2001:db8::10", port)]
                })
        #expect(
            system.media.cells[0].interconnection.map(\.floor)
                == [41_001, 41_005, 41_009, 41_013].map {
                    SocketAddress("198.51.100.10", $0)
                })
        #expect(system.media.cells.count == 2)
        #expect(
            system.media.cells[1].access.prefix(2).map(\.floor) == [
                SocketAddress("192.0.2.10", 40_003), SocketAddress("2001:db8::10", 40_003),
            ])
        #expect(system.media.cells[1].ports(.interconnection)?.audio == SocketAddress("198.51.100.10", 41_002))
        #expect(
            system.media.cells[1].ports(.access, isIPv6: true, pair: 2)?.floor
                == SocketAddress("2001:db8::10", 40_011))
        #expect(system.media.cells[1].ports(.access, isIPv6: nil, pair: 3)?.audio.port == 40_014)
        #expect(system.media.cells[1].ports(.access, isIPv6: true, pair: 4) == nil)
        #expect(system.media.cells[1].ports(.interconnection, isIPv6: true) == nil)
        let france = try #require(system.partners.first)
        #expect(
            france.partner.gateways == [
                GatewayTarget(host: "gw.mc.fr.example", port: 5061, serverName: "mc.fr.example")
            ])
        #expect(france.partner.agreement.groupsOffered == .only([MCPTTGroupID("sip:liguria-flood@mc.it.example")]))
        #expect(france.partner.agreement.groupsUsed == .all)
        #expect(france.partner.services.gateway.value == "sip:border@mc.fr.example")
        #expect(france.partner.services.participating.value == "sip:mcptt-participating@mc.fr.example")
        #expect(system.identity.services.documents.value == "sip:mcptt-documents@mc.it.example")
        #expect(
            france.partner.exceptions
                == RoutingExceptions(
                    groups: [MCPTTGroupID("sip:alps@joint.example")], users: [MCPTTID("sip:anne@joint.example")],
                    servedUsers: [MCPTTID("sip:pat@mc.ch.example")],
                    aliases: [FunctionalAlias("sip:alps-chief@joint.example")]))
        #expect(france.partner.floorDialect == .current)
        #expect(france.authorityFile.hasSuffix("/fr-root.pem"))
    }

    @Test func `a partner of an early release is known for one`() throws {
        let text = try Example.text("system.yaml").replacingOccurrences(
            of: "floor: {release: 19, ssrc_list: without_length}",
            with: "floor: {release: 14, ssrc_list: length_and_spare_octet}")
        let dialect = try #require(try example.system(text).partners.first).partner.floorDialect
        #expect(dialect == FloorDialect(release: 14, ssrcList: .withLengthAndSpareOctet))
    }

    @Test func `without spare ports there is one pair`() throws {
        let text = try Example.text("system.yaml").replacingOccurrences(of: "  spare_ports: 3 ", with: "  # ")
        let cells = try example.system(text).media.cells
        #expect(cells.map(\.interconnection.count) == [1, 1])
        #expect(cells.map(\.access.count) == [2, 2])
    }

    @Test func `what the example calls a default is the default`() throws {
        let whole = try example.system()
        let text = try Example.text("system.yaml")
        let sections = text.components(separatedBy: "\n\n")
        let kept = sections.filter {
            !$0.hasPrefix("timers:") && !$0.hasPrefix("limits:") && !$0.hasPrefix("services:")
                && !$0.hasPrefix("floor:")
        }
        .joined(separator: "\n\n").replacingOccurrences(of: "log_level: info ", with: "# ")
        #expect(kept.count < text.count)
        let bare = try example.system(kept)
        #expect(bare.timers == whole.timers)
        #expect(bare.limits == whole.limits)
        #expect(bare.floor == whole.floor)
        #expect(bare.logLevel == whole.logLevel)
        #expect(bare.identity == whole.identity)
    }

    @Test func `the reference example of a directory is read whole`() throws {
        let directory = try DirectoryFile.read(for: example.system())
        #expect(
            directory.users.map(\.id.value) == [
                "sip:carla@mc.it.example", "sip:dispatch@mc.it.example", "sip:siren@mc.it.example",
            ])
        let carla = directory.users[0]
        #expect(carla.publicIdentity.value == "sip:carla@vvf.it.example")
        #expect(carla.privateIdentity.value == "carla@vvf.it.example")
        #expect(carla.agency == "Comando Genova")
        #expect(carla.rights.mayCallInEmergency)
        #expect(!carla.rights.mayCallInImminentPeril)
        #expect(carla.maxima.affiliationsN2 == 12)
        #expect(carla.maxima.groupCallsPerClientN4 == 2)
        #expect(carla.maxima.groupCallsN6 == 4)
        #expect(directory.users[1].maxima == UserMaxima())
        #expect(directory.users[1].privateIdentity.value == "dispatch@mc.it.example")
        let flood = try #require(directory.groups.first)
        #expect(
            flood.members.map(\.mcpttID.value) == [
                "sip:carla@mc.it.example", "sip:dispatch@mc.it.example", "sip:luc@mc.fr.example",
                "sip:siren@mc.it.example",
            ])
        #expect(flood.members.map(\.mayInitiate) == [true, true, false, false])
        #expect(flood.members.map(\.isReceiveOnly) == [false, false, false, true])
        #expect(flood.members.map(\.isRequired) == [false, true, false, false])
        #expect(flood.members.map(\.mayJoin) == [true, true, true, true])
        #expect(flood.members.map(\.mayCallInEmergency) == [true, true, false, false])
        #expect(flood.emergency == EmergencyRule(allowsEmergencyCalls: true, allowsImminentPerilCalls: false))
        #expect(flood.allowsConferenceState)
        #expect(flood.acknowledgement == RequiredMembersRule(timeout: .seconds(4), onTimeout: .abandon))
        #expect(flood.hangTime == .seconds(10))
        #expect(flood.maximumDuration == .seconds(7_200))
        #expect(flood.minimumToStart == 2)
        #expect(flood.speech == .amrWB(octetAligned: true))
    }

    @Test func `the directory becomes the snapshot that functions read`() throws {
        let system = try example.system()
        let snapshot = try DirectoryFile.read(for: system).snapshot(for: system)
        let carla = try #require(snapshot.user(publicIdentity: PublicUserIdentity("sip:carla@vvf.it.example")))
        #expect(
            carla.credentials.sha256
                == Digest.ha1(
                    user: "carla@vvf.it.example", realm: "mc.it.example", password: "rain over Genoa",
                    algorithm: .sha256))
        #expect(carla.credentials.md5?.count == 32)
        #expect(carla.maxima.groupCallsN6 == 4)
        #expect(
            snapshot.user(MCPTTID("sip:siren@mc.it.example"))?.endpoint
                == .legacy(affiliations: [MCPTTGroupID("sip:liguria-flood@mc.it.example")]))
        #expect(snapshot.participating(for: MCPTTID("sip:luc@mc.fr.example"))?.system == MCSystemID("mc.fr.example"))
        #expect(
            snapshot.controllingGroup(for: MCPTTGroupID("sip:liguria-flood@mc.it.example"))?.system
                == system.identity.id)
    }

    @Test func `a queue that is turned off has no depth`() throws {
        let system = try example.system()
        let text = try Example.text("directory.yaml").replacingOccurrences(
            of: "queueing: true", with: "queueing: false")
        try example.write(text, "directory.yaml")
        #expect(try DirectoryFile.read(for: system).groups.first?.queueDepth == 0)
    }

    @Test func `who may join, and a state that is not told, reach the group`() throws {
        let system = try example.system()
        let text = try Example.text("directory.yaml")
            .replacingOccurrences(of: "may_join: members ", with: "may_join: [sip:carla@mc.it.example] ")
            .replacingOccurrences(of: "conference_state: true ", with: "conference_state: false ")
            .replacingOccurrences(of: "may_see: members ", with: "may_see: [sip:carla@mc.it.example] ")
        try example.write(text, "directory.yaml")
        let flood = try #require(try DirectoryFile.read(for: system).groups.first)
        #expect(flood.members.map(\.mayJoin) == [true, false, false, false])
        #expect(!flood.allowsConferenceState)
        #expect(flood.members.map(\.maySeeParticipants) == [true, false, false, false])
    }

    @Test func `a password never prints`() throws {
        let directory = try DirectoryFile.read(for: example.system())
        var dumped = ""
        dump(directory, to: &dumped)
        for text in [dumped, "\(directory)", String(reflecting: directory)] {
            #expect(!text.contains("Genoa"))
            #expect(!text.contains("0123456789abcdef"))
        }
        guard case .password(let secret) = directory.users[0].credentials else {
            Issue.record("no password")
            return
        }
        #expect(secret.revealed == "rain over Genoa")
    }
}

extension SocketAddress {
    init(_ address: String, _ port: UInt16) {
        self.init(IPAddress(address) ?? .loopback, port: port)
    }
}
