import Foundation
import MCFoundation

/// Ports of one country on loopback.
struct LabPorts {
    var access: UInt16
    var partner: UInt16
    var web: UInt16
    var operations: UInt16
    /// The first of the ports for media towards users, and of those towards partners: audio, floor, and the same again
    /// for each further media cell and each spare pair.
    var media: UInt16
    var partnerMedia: UInt16
}

/// Makes each country's system as its operator would: `euccs admin init`, partners in its configuration, organisations
/// and a fleet map. Devices get profiles with which their users log in.
struct LabGround {
    private static let mediaCells = 2
    private static let sparePorts = 3

    let folder: URL
    private let administration: LabAdministration
    private(set) var ports: [String: LabPorts] = [:]
    private(set) var devicePasswords: [String: String] = [:]
    private(set) var loginPasswords: [String: String] = [:]
    /// Of the devices: their instances (RFC 5626 4.1).
    private var instances: [String: String] = [:]

    /// - Parameters:
    ///   - folder: what stands there from an earlier run is replaced.
    ///   - program: `euccs`.
    init(folder: URL, program: String) throws {
        self.folder = folder
        administration = LabAdministration(program: program)
        // Held until everything is written; no two systems get the same.
        let mediaPorts = 2 * Self.mediaCells * (1 + Self.sparePorts)
        let runs = [1, 1, 1, 1, mediaPorts, mediaPorts]
        let reservation = try PortReservation(runs: LabCountry.all.flatMap { _ in runs })
        for (index, country) in LabCountry.all.enumerated() {
            let mine = Array(reservation.firsts[runs.count * index..<runs.count * (index + 1)])
            ports[country.code] = LabPorts(
                access: mine[0], partner: mine[1], web: mine[2], operations: mine[3], media: mine[4],
                partnerMedia: mine[5])
        }
        var random = SystemRandomNumberGenerator()
        for person in LabCast.everybody {
            devicePasswords[person.mcpttID.value] = random.token(20)
            loginPasswords[person.mcpttID.value] = random.token(20)
            instances[person.mcpttID.value] = "urn:uuid:\(UUID().uuidString.lowercased())"
        }
        for country in LabCountry.all { try found(country) }
        for country in LabCountry.all { try join(country) }
    }

    func folder(of country: LabCountry) -> URL { folder.appendingPathComponent(country.code) }
    func log(of country: LabCountry) -> URL { folder(of: country).appendingPathComponent("system.log") }
    func configurationFile(of country: LabCountry) -> URL { folder(of: country).appendingPathComponent("system.yaml") }

    private func ports(of country: LabCountry) throws -> LabPorts {
        guard let ports = ports[country.code] else { throw LabError("no ports for \(country.name)") }
        return ports
    }

    private func found(_ country: LabCountry) throws {
        let home = folder(of: country)
        try? FileManager.default.removeItem(at: home)
        let ports = try ports(of: country)
        try administration.run([
            "init", "--folder", home.path, "--name", country.name, "--country", country.code.uppercased(), "--domain",
            country.domain, "--address", "127.0.0.1", "--access-port", "\(ports.access)", "--partner-port",
            "\(ports.partner)", "--web-port", "\(ports.web)", "--operations-port", "\(ports.operations)",
            "--media-port", "\(ports.media)", "--partner-media-port", "\(ports.partnerMedia)", "--media-cells",
            "\(Self.mediaCells)", "--spare-ports", "\(Self.sparePorts)", "--days", "30",
        ])
    }

    /// Once every country has its authority: partners, users and groups, devices.
    private func join(_ country: LabCountry) throws {
        let file = configurationFile(of: country)
        let text = try String(contentsOf: file, encoding: .utf8) + partners(of: country)
        try text.write(to: file, atomically: true, encoding: .utf8)
        let people = LabCast.everybody.filter { $0.country.code == country.code }
        var organisations: [String] = []
        for person in people where !organisations.contains(person.organisation) {
            organisations.append(person.organisation)
            try administration.run([
                "organisation", "--config", file.path, "--as", "admin", "--name", person.organisation,
                LabGround.key(ofOrganisation: person.organisation),
            ])
        }
        let users = folder(of: country).appendingPathComponent("users.csv")
        let groups = folder(of: country).appendingPathComponent("groups.csv")
        try self.users(people).write(to: users, atomically: true, encoding: .utf8)
        try self.groups(of: country).write(to: groups, atomically: true, encoding: .utf8)
        try administration.run([
            "import", "--config", file.path, "--as", "admin", "--users", users.path, "--groups", groups.path,
        ])
        for person in people {
            try handOut(deviceOf: person, configuration: file)
            try profile(of: person).write(to: profileFile(of: person), atomically: true, encoding: .utf8)
        }
    }

    /// The device stands in the fleet map, so that it has a UE configuration (TS 24.484 8.2).
    private func handOut(deviceOf person: LabPerson, configuration: URL) throws {
        let device = [
            "name": "\(person.user)'s radio", "user": person.mcpttID.value,
            "organisation": LabGround.key(ofOrganisation: person.organisation),
        ]
        let file = folder(of: person.country).appendingPathComponent("\(person.user)-device.json")
        try JSONEncoder().encode(device).write(to: file)
        try administration.run([
            "record", "put", "--config", configuration.path, "--as", "admin", "--file", file.path, "devices",
            instance(of: person),
        ])
    }

    /// The instance URN of a person's device.
    private func instance(of person: LabPerson) -> String { instances[person.mcpttID.value] ?? "" }

    private func partners(of country: LabCountry) throws -> String {
        let partners = try LabCountry.all.filter { $0.code != country.code }.map { partner in
            """
              - system: \(partner.domain)
                domains: [\(partner.domain)]
                gateways: [{address: "127.0.0.1:\(try ports(of: partner).partner)", name: \(partner.domain)}]
                authority: ../\(partner.code)/authority.pem
            """
        }
        return "partners:\n\(partners.joined(separator: "\n"))\nlog_level: notice\n"
    }

    private static func key(ofOrganisation name: String) -> String {
        name.lowercased().replacingOccurrences(of: " ", with: "-")
    }

    private func users(_ people: [LabPerson]) -> String {
        let rows = people.map { person in
            [
                person.mcpttID.value, person.publicIdentity.value, person.privateIdentity.value,
                devicePasswords[person.mcpttID.value] ?? "", person.user, loginPasswords[person.mcpttID.value] ?? "",
                person.name, LabGround.key(ofOrganisation: person.organisation), "\(person.priority)", "responder",
            ].joined(separator: ",")
        }
        let columns =
            "id,sip_identity,user_name,password,login_name,login_password,display_name,organisation,priority,profile"
        return ([columns] + rows).joined(separator: "\n") + "\n"
    }

    private func groups(of country: LabCountry) -> String {
        let rows = LabGroup.allCases.filter { $0.owner.code == country.code }.map { group in
            let members = LabCast.members(of: group).map { "\($0.mcpttID);\($0.priority)" }
            return "\(group.id),\(group.displayName),prearranged,national,20 s,\(members.joined(separator: " "))"
        }
        return (["id,name,type,organisation,hang_time,members"] + rows).joined(separator: "\n") + "\n"
    }

    // MARK: Profiles of devices

    func profileFile(of person: LabPerson) -> URL {
        folder(of: person.country).appendingPathComponent("\(person.user).yaml")
    }

    private func initialConfiguration(of person: LabPerson, _ ports: LabPorts) -> String {
        "https://127.0.0.1:\(ports.web)/xcap/org.3gpp.mcptt.ue-init-config/users/\(person.publicIdentity)/"
            + instance(of: person)
    }

    private func profile(of person: LabPerson) throws -> String {
        let ports = try ports(of: person.country)
        return """
            # Device of \(person.name), for `euccs responder --profile`
            initial_configuration: \(initialConfiguration(of: person, ports))
            sip_identity: \(person.publicIdentity)
            user_name: \(person.privateIdentity)
            password: \(devicePasswords[person.mcpttID.value] ?? "")
            edge: "127.0.0.1:\(ports.access)"
            authority: authority.pem
            address: 127.0.0.1
            login_name: \(person.user)
            login_password: \(loginPasswords[person.mcpttID.value] ?? "")

            """
    }
}
