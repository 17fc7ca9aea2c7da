import ConfigurationDocuments
import MCDocuments
import Testing

@Suite("Configuration documents against the schemas of TS 24.484")
struct ConfigurationSchemaTests {
    @Test(
        "every document that we write is valid",
        .enabled(if: SchemaCheck.has("rel13/ue-config.xsd"), "MCX_SCHEMAS names no folder with rel13/ in it"))
    func valid() throws {
        let documents = [
            (sampleProfile().serialized(), "mcptt-user-profile.xsd"),
            (UserProfileDocument(user: sampleUser()).serialized(), "mcptt-user-profile.xsd"),
            (sampleInitialConfiguration().serialized(), "ue-init-config.xsd"),
            (sampleUEConfiguration().serialized(), "ue-config.xsd"),
            (sampleServiceConfiguration().serialized(), "Servconf.xsd"),
            (
                ServiceConfiguration(
                    domain: "x", emergencyPriority: .init(namespace: "a", priority: "1"),
                    imminentPerilPriority: .init(namespace: "a", priority: "1"),
                    normalPriority: .init(namespace: "a", priority: "1")
                ).serialized(), "Servconf.xsd"
            ),
        ]
        for (octets, schema) in documents {
            let complaint = try SchemaCheck.complaint(about: octets, schema: "rel13/\(schema)")
            #expect(complaint == nil)
        }
    }

    @Test(
        "the check itself refuses a document without what its schema asks for",
        .enabled(if: SchemaCheck.has("rel13/ue-config.xsd"), "MCX_SCHEMAS names no folder with rel13/ in it"))
    func control() throws {
        let text = "<mcptt-UE-configuration xmlns='urn:3gpp:mcptt:mcpttUEConfig:1.0' domain='x'/>"
        #expect(try SchemaCheck.complaint(about: Array(text.utf8), schema: "rel13/ue-config.xsd") != nil)
    }
}
