import CallControl
import MCFoundation
import MCGateway
import MCSystem
import Policy
import Responder
import SIP
import SIPUserAgent

/// Makes the countries, responders and groups of a plan.
struct WorldBuilder {
    let plan: WorldPlan

    struct GroupPlan {
        var id: MCPTTGroupID
        var owner: Int
        var kind: Group.Kind
        var members: [DeviceID]
    }

    func domain(_ country: Int) -> String { "mc\(country).example" }
    func system(_ country: Int) -> MCSystemID { MCSystemID(domain(country)) }

    /// Devices are numbered country by country.
    func country(of device: DeviceID) -> Int { device.value / plan.respondersPerCountry }
    var deviceCount: Int { plan.countries * plan.respondersPerCountry }
    func userPart(_ device: DeviceID) -> String { "responder\(device.value)" }
    func mcpttID(_ device: DeviceID) -> MCPTTID {
        MCPTTID("sip:mcptt.\(userPart(device))@\(domain(country(of: device)))")
    }
    func clientID(_ device: DeviceID) -> MCPTTClientID {
        MCPTTClientID("urn:uuid:00000000-0000-4000-8000-\(String(1_000_000_000_000 + device.value).dropFirst(1))")
    }
    private func password(_ device: DeviceID) -> String { "secret-\(device.value)" }

    /// National groups share out the responders of the country; of shared and chat groups some of every country are
    /// members.
    func groups(_ random: inout SeededGenerator) -> [GroupPlan] {
        var groups: [GroupPlan] = []
        for country in 0..<plan.countries {
            let own = country * plan.respondersPerCountry..<(country + 1) * plan.respondersPerCountry
            for number in 0..<plan.nationalGroupsPerCountry {
                let members = own.filter { $0 % plan.nationalGroupsPerCountry == number }.map { DeviceID($0) }
                groups.append(group("national\(number)", country, .prearranged, members))
            }
            for number in 0..<plan.sharedGroupsPerCountry {
                groups.append(group("shared\(number)", country, .prearranged, someOfAll(&random)))
            }
            for number in 0..<plan.chatGroupsPerCountry {
                groups.append(group("chat\(number)", country, .chat, someOfAll(&random)))
            }
        }
        return groups
    }

    /// Every sixth, but never fewer than the first two of each country.
    private func someOfAll(_ random: inout SeededGenerator) -> [DeviceID] {
        (0..<deviceCount).filter { number in
            let isChosen = random.next() % 6 == 0
            return isChosen || number % plan.respondersPerCountry < 2
        }.map { DeviceID($0) }
    }

    private func group(_ name: String, _ owner: Int, _ kind: Group.Kind, _ members: [DeviceID]) -> GroupPlan {
        GroupPlan(id: MCPTTGroupID("sip:\(name)@\(domain(owner))"), owner: owner, kind: kind, members: members)
    }

    func directory(_ country: Int, _ groups: [GroupPlan]) throws(DirectoryError) -> DirectorySnapshot {
        let own = system(country)
        let identity = SystemIdentity(id: own, domain: domain(country))
        let users = (country * plan.respondersPerCountry..<(country + 1) * plan.respondersPerCountry).map { number in
            let device = DeviceID(number)
            let name = userPart(device) + "@" + domain(country)
            func secret(_ algorithm: DigestAlgorithm) -> String? {
                Digest.ha1(user: name, realm: identity.realm, password: password(device), algorithm: algorithm)
            }
            return User(
                mcpttID: mcpttID(device), publicIdentity: PublicUserIdentity("sip:" + name),
                privateIdentity: PrivateUserIdentity(name),
                credentials: DigestSecrets(realm: identity.realm, md5: secret(.md5), sha256: secret(.sha256)),
                priority: UInt8(number % 8), homeSystem: own)
        }
        let partners = (0..<plan.countries).filter { $0 != country }.map { other in
            Partner(
                system: system(other), domains: [domain(other)],
                gateways: [
                    GatewayTarget(
                        host: SystemAddresses(country: other).interconnectionSIP.address.description, port: 5062,
                        serverName: domain(other))
                ])
        }
        let owned = groups.filter { $0.owner == country }.map { group in
            Group(
                id: group.id, kind: group.kind,
                members: group.members.map { Member(mcpttID: mcpttID($0), priority: UInt8($0.value % 8)) })
        }
        return try DirectorySnapshot(system: identity, users: users, groups: owned, partners: partners)
    }

    func cellSettings(_ country: Int) -> CellSettings? {
        let addresses = SystemAddresses(country: country)
        // The key is part of the plan and protects nothing but a simulated world.
        guard let key = SessionIdentityKey([UInt8](repeating: UInt8(truncatingIfNeeded: country + 1), count: 32)) else {
            return nil
        }
        var settings = CellSettings(
            access: SentBy(host: addresses.accessSIP.address.description, tlsPort: addresses.accessSIP.port),
            interconnection: SentBy(
                host: addresses.interconnectionSIP.address.description, tlsPort: addresses.interconnectionSIP.port),
            media: addresses.media, sessionIdentityKey: key)
        settings.serializesInternally = plan.serializesInternally
        settings.requiresToken = true
        return settings
    }

    func address(_ device: DeviceID) -> IPAddress {
        let number = device.value % plan.respondersPerCountry
        let country = UInt32(country(of: device))
        return IPAddress(v4: 0x0a00_0100 + country << 16 + UInt32(number / 200) << 8 + UInt32(number % 200) + 1)
    }

    func responderSettings(_ device: DeviceID) -> ResponderSettings {
        let country = country(of: device)
        let name = userPart(device) + "@" + domain(country)
        let edge = SystemAddresses(country: country).accessSIP
        var settings = ResponderSettings(
            publicIdentity: PublicUserIdentity("sip:" + name), privateIdentity: PrivateUserIdentity(name),
            password: Secret(password(device)), mcpttID: mcpttID(device),
            clientID: clientID(device),
            instance: InstanceID(
                "urn:uuid:00000000-0000-4000-8000-\(String(1_000_000_000_000 + device.value).dropFirst(1))"),
            domain: domain(country),
            edge: Target(host: edge.address.description, port: edge.port, transport: .tls, serverName: domain(country)),
            participatingService: ServiceIdentities(domain: domain(country)).participating,
            sentBy: SentBy(host: address(device).description, tlsPort: 40_000))
        settings.floorPriority = UInt8(device.value % 8)
        settings.accessToken = AccessToken(mcpttID(device).value)
        return settings
    }
}
