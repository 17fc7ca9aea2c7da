import Administration
import Foundation
import MCFoundation
import Policy

/// A nation of two organisations and a partner.
enum Italy {
    static let system = SystemIdentity(id: MCSystemID("it"), domain: "mc.it.example")
    static let partner = Partner(
        system: MCSystemID("fr"), domains: ["mc.fr.example"],
        gateways: [GatewayTarget(host: "198.51.100.1", serverName: "gw.mc.fr.example")])

    static let nation = AdministratorRecord(id: "ministry", roles: [.administrator])
    static let fire = AdministratorRecord(id: "fire-admin", organisation: "vvf", roles: [.administrator])
    static let fireOperator = AdministratorRecord(id: "fire-desk", organisation: "vvf", roles: [.operator])
    static let auditor = AdministratorRecord(id: "court", roles: [.auditor, .reader])

    static func id(_ name: String) -> String { "sip:\(name)@mc.it.example" }
    static func user(_ name: String, _ organisation: String = "vvf") -> UserRecord {
        UserRecord(
            id: id(name), credentials: hashes, loginName: name, passwordVerifier: PasswordVerifier("v-\(name)"),
            displayName: name.capitalized, organisation: organisation, profile: "responder")
    }
    static let hashes = CredentialHashes(
        realm: "mc.it.example", md5: String(repeating: "a", count: 32), sha256: String(repeating: "b", count: 64))

    static func group(_ name: String, _ members: [String] = [], _ organisation: String = "vvf") -> GroupRecord {
        GroupRecord(
            id: id(name), organisation: organisation, type: .prearranged, members: members.map { GroupMember(id: $0) })
    }

    static let records: [FleetRecord] = [
        .organisation(OrganisationRecord(id: "vvf", name: "Vigili del Fuoco", country: "IT")),
        .organisation(OrganisationRecord(id: "ps", name: "Polizia di Stato", country: "IT")),
        .profile(
            ProfileRecord(
                name: "responder", rights: [.joinChatGroup, .callPrearrangedGroup, .emergencyGroupCall],
                maxima: ProfileMaxima(affiliationsN2: 12))),
        .user(user("anna")), .user(user("bruno")), .user(user("carla", "ps")),
        .group(group("flood", [id("anna"), id("bruno")])), .group(group("patrol", [id("carla")], "ps")),
        .administrator(nation), .administrator(fire), .administrator(fireOperator), .administrator(auditor),
    ]
    static let fleet = FleetSnapshot(records, foreignUsers: ForeignUsers(domains: ["mc.fr.example"]))

    /// Anna may select a profile of index 3.
    static func inCommand() throws -> FleetSnapshot {
        var anna = user("anna")
        anna.otherProfiles = [SelectableProfile(index: 3, profile: "commander")]
        let commander = ProfileRecord(
            name: "commander", rights: [.callPrearrangedGroup, .cancelGroupEmergency, .manageGroups],
            maxima: ProfileMaxima(affiliationsN2: 40))
        return try with(.create(commander.record), .replace(anna.record))
    }

    static func decide(
        _ request: FleetRequest, by administrator: AdministratorRecord = nation, in fleet: FleetSnapshot = fleet
    ) throws(FleetRefusal) -> FleetDecision {
        try FleetDecision.decide(request, by: administrator, in: fleet, system: system)
    }

    /// The refusal of a request; nil where it is carried out.
    static func refusal(
        _ request: FleetRequest, by administrator: AdministratorRecord = nation, in fleet: FleetSnapshot = fleet
    ) -> FleetRefusal? {
        do throws(FleetRefusal) {
            _ = try decide(request, by: administrator, in: fleet)
            return nil
        } catch {
            return error
        }
    }

    static func with(_ requests: FleetRequest..., in fleet: FleetSnapshot = fleet) throws -> FleetSnapshot {
        var fleet = fleet
        for request in requests { fleet.apply(try decide(request, in: fleet).changes) }
        return fleet
    }
}

/// JSON whose keys are in order.
struct JSONCoding: RecordCoding {
    func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    func decode<Value: Decodable>(_ type: Value.Type, from octets: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(octets))
    }
}
