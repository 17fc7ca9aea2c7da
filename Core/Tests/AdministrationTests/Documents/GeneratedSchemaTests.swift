import Administration
import ConfigurationDocuments
import MCFoundation
import Policy
import Testing

/// The documents that a fleet map makes, as devices read them, against the schemas of TS 24.484. Groups (TS 24.481),
/// MCVideo documents and directories have no schema at hand.
@Suite("documents of the fleet map: schemas")
struct GeneratedSchemaTests {
    private static let schemas = [
        ApplicationUsage.userProfile.auid: "rel13/mcptt-user-profile.xsd",
        ApplicationUsage.ueConfiguration.auid: "rel13/ue-config.xsd",
        ApplicationUsage.ueInitialConfiguration.auid: "rel13/ue-init-config.xsd",
        ApplicationUsage.serviceConfiguration.auid: "rel13/Servconf.xsd",
    ]

    /// Users as they come: one with every right, maximum and a device with a name, one with nothing at all, names that
    /// XML has to escape, a telephone.
    private static func documents() throws -> FleetDocuments {
        var anna = Italy.user("anna")
        anna.displayName = "Anna <&\"'> \u{1f692}"
        anna.agency = "Comando & Co."
        anna.priority = 255
        anna.rights = RightsOverride(allowed: UserRight.allCases)
        anna.maxima = ProfileMaxima(
            affiliationsN2: 0, groupCallsPerClientN4: 1_000, groupCallsN6: 0, transmissionsN7: 1_000)
        var bruno = UserRecord(id: Italy.id("bruno"), organisation: "vvf")
        bruno.legacyAffiliations = [Italy.id("flood")]
        var flood = Italy.group("flood", [Italy.id("anna"), Italy.id("bruno")])
        flood.displayName = "Flood & fire"
        flood.priority = 255
        var police = UserRecord(id: Italy.id("nobody"), organisation: "ps")
        police.rights = RightsOverride(denied: UserRight.allCases)
        let device = DeviceRecord(
            instance: Italy.device, name: "portable <1>", organisation: "vvf", user: Italy.id("anna"))
        let fleet = try Italy.with(
            .replace(anna.record), .replace(bruno.record), .replace(flood.record), .create(police.record),
            .create(device.record),
            .create(
                DeviceRecord(instance: "urn:uuid:2", organisation: "vvf", user: Italy.id("bruno")).record))
        return try Italy.documents(fleet)
    }

    /// Everything that anybody may read, and what a device reads first.
    private static func made() throws -> [(uri: XCAPURI, octets: [UInt8])] {
        let documents = try documents()
        var uris: [XCAPURI] = []
        for user in documents.fleet.keys(of: .user) {
            for uri in documents.listing(of: user) where !uris.contains(uri) { uris.append(uri) }
            for name in ["radio", Italy.device] {
                uris.append(
                    XCAPURI(
                        auid: ApplicationUsage.ueInitialConfiguration.auid, tree: .user(user), path: [name]))
            }
        }
        return try uris.map { uri in (uri, try #require(documents.document(uri), "\(uri)").octets) }
    }

    @Test("the fleet makes a document of every kind that has a schema, of every user")
    func kinds() throws {
        let made = try Self.made()
        for auid in Self.schemas.keys.sorted() { #expect(made.contains { $0.uri.auid == auid }, "\(auid)") }
        #expect(made.count(where: { $0.uri.auid == ApplicationUsage.userProfile.auid }) == 4)
        #expect(made.count(where: { $0.uri.auid == ApplicationUsage.ueConfiguration.auid }) == 2)
    }

    @Test(
        "every one of them is valid",
        .enabled(if: SchemaCheck.has("rel13/ue-config.xsd"), "MCX_SCHEMAS names no folder with rel13/ in it"))
    func valid() throws {
        for (uri, octets) in try Self.made() {
            guard let schema = Self.schemas[uri.auid] else { continue }
            let complaint = try SchemaCheck.complaint(about: octets, schema: schema)
            #expect(complaint == nil, "\(uri)")
        }
    }
}
