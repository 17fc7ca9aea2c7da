import MCFoundation

/// One country of the lab.
struct LabCountry: Sendable {
    /// Also the name of its folder.
    var code: String
    var name: String
    var domain: String
    /// Language of the recorded voices.
    var language: String

    static let italy = LabCountry(code: "it", name: "Italy", domain: "it.mcx.example", language: "it")
    static let france = LabCountry(code: "fr", name: "France", domain: "fr.mcx.example", language: "fr")
    static let spain = LabCountry(code: "es", name: "Spain", domain: "es.mcx.example", language: "es")
    static let all = [italy, france, spain]
}

/// One person of the demonstration.
struct LabPerson: Sendable {
    var name: String
    var user: String
    var country: LabCountry
    var organisation: String
    var priority: UInt8
    var groups: [LabGroup]

    var mcpttID: MCPTTID { MCPTTID("sip:\(user)@\(country.domain)") }
    var publicIdentity: PublicUserIdentity { PublicUserIdentity("sip:\(user).phone@\(country.domain)") }
    var privateIdentity: PrivateUserIdentity { PrivateUserIdentity("\(user).phone@\(country.domain)") }
}

/// One group of the demonstration.
enum LabGroup: String, Sendable, CaseIterable {
    case flood, genoa, nice, pyrenees

    var owner: LabCountry {
        switch self {
        case .flood, .genoa: .italy
        case .nice: .france
        case .pyrenees: .spain
        }
    }
    var id: MCPTTGroupID {
        switch self {
        case .flood: MCPTTGroupID("sip:liguria-flood@\(owner.domain)")
        case .genoa: MCPTTGroupID("sip:fire-genoa@\(owner.domain)")
        case .nice: MCPTTGroupID("sip:rescue-nice@\(owner.domain)")
        case .pyrenees: MCPTTGroupID("sip:pyrenees@\(owner.domain)")
        }
    }
    var displayName: String {
        switch self {
        case .flood: "Liguria flood"
        case .genoa: "Fire service Genoa"
        case .nice: "Rescue Nice"
        case .pyrenees: "Pyrenees"
        }
    }
}

/// Who takes part in the Liguria flood, and who must not hear it.
enum LabCast {
    static let rossi = LabPerson(
        name: "Rossi", user: "rossi", country: .italy, organisation: "Vigili del Fuoco", priority: 5,
        groups: [.flood, .genoa])
    static let bianchi = LabPerson(
        name: "Bianchi", user: "bianchi", country: .italy, organisation: "Vigili del Fuoco", priority: 5,
        groups: [.flood, .genoa])
    static let control = LabPerson(
        name: "Control Genoa", user: "control", country: .italy, organisation: "Sala operativa", priority: 200,
        groups: [.flood, .genoa])
    static let martin = LabPerson(
        name: "Martin", user: "martin", country: .france, organisation: "Sapeurs-pompiers", priority: 5,
        groups: [.flood, .pyrenees])
    static let durand = LabPerson(
        name: "Durand", user: "durand", country: .france, organisation: "Sapeurs-pompiers", priority: 5,
        groups: [.flood, .pyrenees])
    static let garcia = LabPerson(
        name: "Garcia", user: "garcia", country: .spain, organisation: "Bomberos", priority: 5,
        groups: [.flood, .pyrenees])
    /// Come late: members of the group who affiliate while somebody talks.
    static let verdi = LabPerson(
        name: "Verdi", user: "verdi", country: .italy, organisation: "Carabinieri", priority: 5, groups: [.flood])
    static let lopez = LabPerson(
        name: "Lopez", user: "lopez", country: .spain, organisation: "Bomberos", priority: 5, groups: [.flood])
    /// A member of the group who is not affiliated, and somebody of another group: they must hear nothing.
    static let esposito = LabPerson(
        name: "Esposito", user: "esposito", country: .italy, organisation: "Guardia di Finanza", priority: 5, groups: []
    )
    static let petit = LabPerson(
        name: "Petit", user: "petit", country: .france, organisation: "SAMU", priority: 5, groups: [.nice])
    /// For people who join by hand, one in each country.
    static let guests = LabCountry.all.map { country in
        LabPerson(
            name: "Guest \(country.name)", user: "guest", country: country, organisation: "Visitors", priority: 5,
            groups: [.flood])
    }

    static let early = [rossi, bianchi, control, martin, durand, garcia]
    static let late = [verdi, lopez]
    static let outsiders = [esposito, petit]
    static let players = early + late + outsiders
    static let everybody = players + guests

    static func members(of group: LabGroup) -> [LabPerson] {
        switch group {
        case .flood: early + late + [esposito] + guests
        case .genoa: [rossi, bianchi, control]
        case .nice: [petit]
        case .pyrenees: [garcia, martin, durand]
        }
    }
}
