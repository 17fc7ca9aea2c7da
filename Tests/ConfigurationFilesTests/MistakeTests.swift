import ConfigurationFiles
import Foundation
import MCFoundation
import Policy
import Testing

/// A change of the reference example that makes it wrong, and what is told.
struct Mistake: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var told: [String]
    var testDescription: String { new.isEmpty ? "without \(old)" : new }

    init(_ old: String, _ new: String, _ told: String...) {
        self.old = old
        self.new = new
        self.told = told
    }
}

@Suite struct MistakeTests {
    let example: Example

    init() throws { example = try Example() }

    static let system = [
        Mistake(
            "country: IT ", "country: Italy ",
            "6:12: system.country: expected a country code of two capital letters, found \"Italy\""),
        Mistake("  name: Italia Emergenza ", "  # ", "6:3: system.name: expected, but missing"),
        Mistake(
            "  name: Italia Emergenza ", "  nome: x\n  name: 7 #",
            "5:3: system.nome: unknown key, expected one of country, domain, id, name, other_domains, realm",
            "6:9: system.name: expected text, found 7"),
        Mistake(
            "  domain: mc.it.example ", "  domain: mc..example ",
            "7:11: system.domain: expected a domain name, found \"mc..example\""),
        Mistake(
            "udp: [\"192.0.2.10:5060\"]", "udp: [\"192.0.2.10\"]",
            "25:11: listeners.access.udp[0]: expected an address with port such as \"192.0.2.1:5061\" or \"[2001:db8::1]:5061\", found \"192.0.2.10\""
        ),
        Mistake(
            "udp: [\"192.0.2.10:5060\"]", "udp: \"192.0.2.10:5060\"",
            "25:10: listeners.access.udp: expected a list, found \"192.0.2.10:5060\""),
        Mistake(
            "authority: it-root.pem ", "# ",
            "34:24: certificates.client_certificates: expected an authority beside \"optional\", found none"),
        Mistake(
            "client_certificates: optional ", "client_certificates: sometimes ",
            "34:24: certificates.client_certificates: expected one of none, optional, required, found \"sometimes\""),
        Mistake(
            "audio_port: 40000", "audio_port: 70000",
            "38:60: media.access.audio_port: expected a whole number from 1 to 65535, found 70000"),
        Mistake(
            "floor_port: 40001", "floor_port: 40000",
            "38:79: media.access.floor_port: expected another port than audio_port, found 40000 too"),
        Mistake(
            "floor_port: 40001", "floor_port: 40002",
            "38:79: media.access.floor_port: expected a port that no audio port of 2 cells with 4 pairs each takes (40000 and every second one after it), found 40002"
        ),
        Mistake(
            "audio_port: 41000, floor_port: 41001", "audio_port: 65534, floor_port: 65535",
            "39:20: media.interconnection: expected ports that leave room below 65536 for 2 cells with 4 pairs each"),
        Mistake(
            "second_ports: 500 ", "second_ports: 2 ",
            "41:17: media.second_ports: expected a number with which each port stays below 65536 and becomes none of the others, found 2"
        ),
        Mistake(
            "directory: directory.yaml", "directory: directory.yaml\nstore: directory.yaml",
            "94:12: directory: expected directory or store, found both"),
        Mistake(
            "documents: sip:mcptt-documents@mc.it.example ", "documents: sip:gms@mc.fr.example ",
            "18:14: services.documents: expected an identity in a domain of this system (mc.it.example, vvf.it.example), found \"sip:gms@mc.fr.example\""
        ),
        Mistake(
            "documents: sip:mcptt-documents@mc.it.example ", "documents: sip:mcptt-gateway@mc.it.example ",
            "17:12: services.gateway: expected an identity of no other function, found \"sip:mcptt-gateway@mc.it.example\"",
            "18:14: services.documents: expected an identity of no other function, found \"sip:mcptt-gateway@mc.it.example\""
        ),
        Mistake(
            "documents: sip:mcptt-documents@mc.it.example ", "documents: gms ",
            "18:14: services.documents: expected an identity such as \"sip:user@domain\", found \"gms\""),
        Mistake("cells: 2 ", "cells: 0 ", "37:10: media.cells: expected a whole number from 1 to 64, found 0"),
        Mistake(
            "v4: 198.51.100.10, audio", "audio",
            "39:20: media.interconnection: expected v4 or v6 or both, found neither"),
        Mistake(
            "domains: [mc.fr.example] ", "domains: [mc.fr.example, vvf.it.example] ",
            "46:30: partners[0].domains[1]: expected a domain of mc.fr.example alone, found one that belongs to this system"
        ),
        Mistake(
            "spare_ports: 3 ", "spare_ports: 7 ",
            "40:16: media.spare_ports: expected a whole number from 0 to 6, found 7"),
        Mistake(
            "interconnection: {v4: 198.51.100.10, audio_port: 41000, floor_port: 41001}",
            "interconnection: {v4: 192.0.2.10, audio_port: 40014, floor_port: 41001}",
            "39:20: media.interconnection: expected ports that media.access does not take, 2 cells with 4 pairs each too, found a mapping"
        ),
        Mistake(
            "groups: [sip:alps@joint.example] ", "groups: [alps] ",
            "59:16: partners[0].routes.groups[0]: expected an identity such as \"sip:user@domain\", found \"alps\""),
        Mistake(
            "users: [sip:anne@joint.example] ", "users: [sip:anne@joint.example, sip:anne@joint.example] ",
            "60:39: partners[0].routes.users[1]: expected an identity routed once, found one that is routed to mc.fr.example"
        ),
        Mistake(
            "aliases: [sip:alps-chief@joint.example]", "aliases: [sip:alps-chief@vvf.it.example]",
            "62:17: partners[0].routes.aliases[0]: expected an identity of another domain than this system's"),
        Mistake(
            "release: 19,", "release: 12,",
            "63:22: partners[0].floor.release: expected a whole number from 13 to 19, found 12"),
        Mistake(
            "ssrc_list: without_length", "ssrc_list: short",
            "63:37: partners[0].floor.ssrc_list: expected one of without_length, length_and_spare_octet, length_and_two_spare_octets, found \"short\""
        ),
        Mistake("trunk: true ", "trunk: maybe ", "50:12: partners[0].trunk: expected true or false, found \"maybe\""),
        Mistake(
            "users_admitted: all ", "users_admitted: some ",
            "54:23: partners[0].agreement.users_admitted: expected all, none or a list of identities, found \"some\""),
        Mistake(
            "users_released: [sip:carla@mc.it.example]", "users_released: [carla]",
            "55:24: partners[0].agreement.users_released[0]: expected an identity such as \"sip:user@domain\", found \"carla\""
        ),
        Mistake(
            "heartbeat: 5 s ", "heartbeat: 5 ",
            "68:14: timers.heartbeat: expected a duration from 100 ms to 300 s, such as \"30 s\" or \"250 ms\", found 5"
        ),
        Mistake(
            "idle: 600 s ", "idle: 2 s ",
            "71:9: timers.idle: expected a duration from 10 s to 86400 s, such as \"30 s\" or \"250 ms\", found \"2 s\""
        ),
        Mistake(
            "idle: 600 s ", "idle: 120 s ",
            "71:9: timers.idle: expected a duration above flow_timer, found \"120 s\""),
        Mistake(
            "flow_timer: 120 s ", "flow_timer: 900 s ",
            "71:9: timers.idle: expected a duration above flow_timer, found \"600 s\""),
        Mistake(
            "end_of_media: 4 s ", "end_of_media: 7 s ",
            "82:17: floor.end_of_media: expected a duration from 1 s to 6 s, such as \"30 s\" or \"250 ms\", found \"7 s\""
        ),
        Mistake(
            "acknowledge_grants: false ", "acknowledge_grants: 1 ",
            "91:23: floor.acknowledge_grants: expected true or false, found 1"),
        Mistake(
            "log_level: info ", "log_level: loud ",
            "93:12: log_level: expected one of trace, debug, info, notice, warning, error, critical, found \"loud\""),
        Mistake(
            "log_level: info ", "log_level: info\nlog_level: debug ",
            "94:1: log_level: key appears twice in its mapping"),
        Mistake(
            "limits:\n", "limits: 5\nlimites:\n", "74:9: limits: expected a mapping, found 5",
            "75:1: limites: unknown key, expected one of certificates, directory, floor, limits, listeners, log_level, media, partners, services, store, system, timers, web"
        ),
    ]

    @Test(arguments: system) func `a wrong system file is told with place, expectation and finding`(mistake: Mistake)
        throws
    {
        #expect(
            try example.mistakes(replacing: mistake.old, by: mistake.new) == mistake.told.map { "system.yaml:\($0)" })
    }

    @Test func `a file that is not there is told with the place where it is named`() throws {
        let told = try example.mistakes(replacing: "authority: fr-root.pem", by: "authority: fr-rot.pem")
        #expect(
            told == ["system.yaml:49:16: partners[0].authority: expected a readable file, found none at fr-rot.pem"])
    }

    static let directory = [
        Mistake(
            "priority: 120 ", "priority: 256 ",
            "11:15: users[0].priority: expected a whole number from 0 to 255, found 256"),
        Mistake(
            "id: sip:carla@mc.it.example  ", "id: sip:carla@mc.es.example  ",
            "4:9: users[0].id: expected an identity in a domain of this system (mc.it.example, vvf.it.example), found \"sip:carla@mc.es.example\"",
            "43:14: groups[0].members[1].id: expected a user of this file, found \"sip:carla@mc.it.example\""),
        Mistake("password: \"rain over Genoa\"", "password: 1234", "7:15: users[0].password: expected text in quotes"),
        Mistake("    password: \"rain over Genoa\"", "    #", "4:5: users[0]: expected password or ha1, found neither"),
        Mistake(
            "0123456789abcdef0123456789abcdef\"\n", "0123456789ABCDEF\"\n",
            "27:12: users[1].ha1.md5: expected 32 hexadecimal digits in lower case",
            "28:15: users[1].ha1.sha256: expected 64 hexadecimal digits in lower case"),
        Mistake(
            "id: sip:siren@mc.it.example\n", "id: sip:dispatch@mc.it.example\n",
            "30:9: users[2].id: expected another MCPTT ID, found \"sip:dispatch@mc.it.example\" of line 25",
            "44:14: groups[0].members[2].id: expected a user of this file, found \"sip:siren@mc.it.example\""),
        Mistake(
            "affiliations: [sip:liguria-flood@", "affiliations: [sip:liguria-fire@",
            "34:22: users[2].legacy.affiliations[0]: expected a group of this file, found \"sip:liguria-fire@mc.it.example\""
        ),
        Mistake(
            "receive_only: true    ", "receive_only: false    ",
            "33:21: users[2].legacy.receive_only: expected true, for without floor control nobody can talk, found false"
        ),
        Mistake(
            "- sip:luc@mc.fr.example", "- sip:ana@mc.es.example",
            "45:9: groups[0].members[3]: expected a user of this system or of a partner, found \"sip:ana@mc.es.example\""
        ),
        Mistake(
            "- sip:luc@mc.fr.example", "- sip:carla@mc.it.example",
            "45:9: groups[0].members[3]: expected another member, found \"sip:carla@mc.it.example\" of line 43"),
        Mistake(
            "may_initiate: [sip:dispatch@", "may_initiate: [sip:boss@",
            "46:20: groups[0].may_initiate[0]: expected a member of the group, found \"sip:boss@mc.it.example\""),
        Mistake(
            "type: prearranged ", "type: broadcast ",
            "39:11: groups[0].type: expected one of prearranged, chat, found \"broadcast\""),
        Mistake(
            "min_to_start: 2 ", "min_to_start: 501 ",
            "48:19: groups[0].min_to_start: expected at most max_participants (500), found 501"),
        Mistake(
            "codec: amr-wb ", "codec: evs ",
            "55:12: groups[0].codec: expected one of amr-wb, amr-wb-be, opus, found \"evs\""),
        Mistake(
            "hang_time: 10 s ", "hang_time: ten ",
            "49:16: groups[0].hang_time: expected a duration from 1 s to 600 s, such as \"30 s\" or \"250 ms\", found \"ten\""
        ),
        Mistake(
            "calls: 4 ", "calls: 0 ", "24:14: users[0].maxima.calls: expected a whole number from 1 to 1000, found 0"),
        Mistake(
            "may_join: members ", "may_join: all ",
            "61:15: groups[0].may_join: expected members, nobody or a list of members, found \"all\""),
        Mistake(
            "may_call: [sip:dispatch@", "may_call: [sip:boss@",
            "65:18: groups[0].emergency.may_call[0]: expected a member of the group, found \"sip:boss@mc.it.example\""),
        Mistake(
            "timeout: 4 s ", "timeout: 90 s ",
            "69:16: groups[0].acknowledgement.timeout: expected a duration from 1 s to 60 s, such as \"30 s\" or \"250 ms\", found \"90 s\""
        ),
        Mistake(
            "on_timeout: abandon ", "on_timeout: wait ",
            "70:19: groups[0].acknowledgement.on_timeout: expected one of proceed, abandon, found \"wait\""),
    ]

    @Test(arguments: directory) func `a wrong directory file is told with place, expectation and finding`(
        mistake: Mistake
    ) throws {
        let told = try example.directoryMistakes(replacing: mistake.old, by: mistake.new)
        #expect(told == mistake.told.map { "directory.yaml:\($0)" })
    }

    @Test func `whom a partner homes beside its domains may be a member`() throws {
        let text = try Example.text("directory.yaml").replacingOccurrences(
            of: "- sip:luc@mc.fr.example", with: "- sip:ana@mc.es.example")
        try example.write(text, "directory.yaml")
        var system = try example.system()
        #expect(throws: ConfigurationError.self) { try DirectoryFile.read(for: system) }
        system.partners[0].partner.exceptions.servedUsers = [MCPTTID("sip:ana@mc.es.example")]
        _ = try DirectoryFile.read(for: system)
    }

    @Test func `what is no YAML is told with its place`() throws {
        let told = try example.told { _ = try example.system("system:\n  name: [x\n") }
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("system.yaml:3:1: expected YAML, found a mistake in it: ") == true)
        #expect(
            try example.told { _ = try example.system("") } == [
                "system.yaml:1:1: expected a mapping, found an empty file"
            ])
        #expect(
            try example.told { _ = try example.system("- a\n") } == [
                "system.yaml:1:1: expected a mapping, found a list"
            ])
    }

    @Test func `a file that cannot be read is told`() throws {
        let path = example.folder + "/nothing.yaml"
        #expect(
            try example.told { _ = try SystemConfiguration.read(path: path) } == ["nothing.yaml: file cannot be read"])
    }
}
