import CallControl
import FloorControl
import MCFoundation
import Policy
import Yams

/// Partners: who they are, what was agreed with them, what is routed to them.
extension SystemReader {
    struct PartnerRead {
        var configuration: PartnerConfiguration
        var domains: [(name: String, value: Value)]
        /// What is routed to it one by one: kind and name.
        var routed: [(name: String, value: Value)]
    }

    func partner(_ value: Value) -> PartnerRead? {
        guard let fields = value.fields() else { return nil }
        let system = fields.required("system")?.domain()
        let country = fields.optional("country")?.country() ?? ""
        let domains = fields.required("domains")?.list { value in value.domain().map { (name: $0, value: value) } }
        let gateways = fields.required("gateways")?.list { gateway($0, system: system) }
        let authority = fields.required("authority")?.file(in: folder)
        let trunk = fields.optional("trunk").map { $0.flag() ?? true } ?? true
        let agreement = fields.optional("agreement").map { self.agreement($0) ?? Agreement() } ?? Agreement()
        let domain = domains?.first?.name ?? system ?? ""
        let services = fields.optional("services").flatMap { self.services($0, domain: domain) }
        let routes = fields.optional("routes").map { self.routes($0) }
        let dialect = fields.optional("floor").map { self.dialect($0) ?? .current } ?? .current
        fields.end()
        if let domains, domains.isEmpty { value.issues.add(value, "domains: expected at least one domain, found none") }
        if let gateways, gateways.isEmpty {
            value.issues.add(value, "gateways: expected at least one gateway, found none")
        }
        guard let system, let domains, let gateways, let authority else { return nil }
        return PartnerRead(
            configuration: PartnerConfiguration(
                partner: Partner(
                    system: MCSystemID(system), country: country, domains: domains.map(\.name), services: services,
                    gateways: gateways, agreement: agreement, offersTrunks: trunk,
                    exceptions: routes?.exceptions ?? RoutingExceptions(), floorDialect: dialect),
                authorityFile: authority),
            domains: domains, routed: routes?.read ?? [])
    }

    private func routes(_ value: Value) -> (exceptions: RoutingExceptions, read: [(name: String, value: Value)]) {
        var exceptions = RoutingExceptions()
        var read: [(name: String, value: Value)] = []
        guard let fields = value.fields() else { return (exceptions, read) }
        func take<ID>(_ key: String, _ part: WritableKeyPath<RoutingExceptions, [ID]>, _ make: (String) -> ID) {
            exceptions[keyPath: part] =
                fields.optional(key)?.list { value in
                    guard let identity = value.identity() else { return nil }
                    read.append((name: "\(key) \(identity)", value: value))
                    return make(identity)
                } ?? []
        }
        take("groups", \.groups, MCPTTGroupID.init)
        take("users", \.users, MCPTTID.init)
        take("served_users", \.servedUsers, MCPTTID.init)
        take("aliases", \.aliases, FunctionalAlias.init)
        fields.end()
        return (exceptions, read)
    }

    private func dialect(_ value: Value) -> FloorDialect? {
        guard let fields = value.fields() else { return nil }
        var dialect = FloorDialect.current
        if let release = fields.optional("release")?.integer(FloorDialect.releases) { dialect.release = release }
        if let layout = fields.optional("ssrc_list")?.choice(SSRCListTerm.self) { dialect.ssrcList = layout.layout }
        fields.end()
        return dialect
    }

    private enum SSRCListTerm: String, CaseIterable {
        case withoutLength = "without_length"
        case spareOctet = "length_and_spare_octet"
        case twoSpareOctets = "length_and_two_spare_octets"

        var layout: SSRCListLayout {
            switch self {
            case .withoutLength: .withoutLength
            case .spareOctet: .withLengthAndSpareOctet
            case .twoSpareOctets: .withLengthAndTwoSpareOctets
            }
        }
    }

    private func gateway(_ value: Value, system: String?) -> GatewayTarget? {
        guard let fields = value.fields() else { return nil }
        let address = fields.required("address")?.hostAndPort()
        let name = fields.optional("name")?.domain()
        fields.end()
        guard let address else { return nil }
        // RFC 5922 7.2: the certificate proves the SIP domain, whatever host serves it.
        return GatewayTarget(host: address.host, port: address.port, serverName: name ?? system ?? address.host)
    }

    private func agreement(_ value: Value) -> Agreement? {
        guard let fields = value.fields() else { return nil }
        var agreement = Agreement()
        if let read = fields.optional("groups_offered") { agreement.groupsOffered = admission(read, MCPTTGroupID.init) }
        if let read = fields.optional("groups_used") { agreement.groupsUsed = admission(read, MCPTTGroupID.init) }
        if let read = fields.optional("users_admitted") { agreement.usersAdmitted = admission(read, MCPTTID.init) }
        if let read = fields.optional("users_released") { agreement.usersReleased = admission(read, MCPTTID.init) }
        fields.end()
        return agreement
    }

    private func admission<ID: TextualIdentity>(_ value: Value, _ make: (String) -> ID) -> Admission<ID> {
        switch value.node {
        case .sequence: return .only(value.list { $0.identity().map(make) } ?? [])
        case .scalar(let scalar) where scalar.string == "all": return .all
        case .scalar(let scalar) where scalar.string == "none": return .none
        case .scalar, .mapping, .alias:
            value.expected("all, none or a list of identities")
            return .none
        }
    }

    /// A domain belongs to one system, and so does what is routed by itself: who may assert it would else be ambiguous.
    func checkDomains(of partners: [PartnerRead], own: System) {
        var owners: [String: String] = [:]
        for domain in [own.domain] + own.otherDomains { owners[domain] = "this system" }
        var systems = [own.id.value: "this system"]
        for read in partners {
            let name = read.configuration.partner.system.value
            if let other = systems[name], let value = read.domains.first?.value {
                value.issues.add(value, "expected a partner that is not listed yet, found \(name) as \(other) already")
            }
            systems[name] = "a partner"
            for (domain, value) in read.domains {
                if let other = owners[domain] {
                    value.issues.add(value, "expected a domain of \(name) alone, found one that belongs to \(other)")
                }
                owners[domain] = name
            }
            for (entry, value) in read.routed {
                if let domain = entry.split(separator: "@").last, owners[domain.lowercased()] == "this system" {
                    // The directory would not know whether it is the partner's or its own.
                    value.issues.add(value, "expected an identity of another domain than this system's")
                }
                if let other = owners[entry] {
                    value.issues.add(value, "expected an identity routed once, found one that is routed to \(other)")
                }
                owners[entry] = name
            }
        }
    }
}
