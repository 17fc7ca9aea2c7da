import ConfigurationDocuments
import Foundation
import MCDocuments
import Testing

/// The folder with the schemas of release 13 in the one with all schemas, which are not ours to ship.
private let schemas: String? = {
    guard let folder = ProcessInfo.processInfo.environment["MCX_SCHEMAS"] else { return nil }
    return FileManager.default.fileExists(atPath: "\(folder)/rel13/ue-config.xsd") ? "\(folder)/rel13" : nil
}()

@Suite("Configuration documents against the schemas of TS 24.484")
struct ConfigurationSchemaTests {
    private static func validate(_ octets: [UInt8], schema: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["xmllint", "--nonet", "--noout", "--schema", "\(schemas ?? "")/\(schema)", "-"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        input.fileHandleForWriting.write(Data(octets))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test(
        "every document that we write is valid",
        .enabled(if: schemas != nil, "MCX_SCHEMAS names no folder with rel13/ in it"))
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
            let (status, output) = try Self.validate(octets, schema: schema)
            #expect(status == 0, "\(output)\(String(decoding: octets, as: UTF8.self))")
        }
    }

    @Test(
        "the check itself refuses a document without what its schema asks for",
        .enabled(if: schemas != nil, "MCX_SCHEMAS names no folder with rel13/ in it"))
    func control() throws {
        let text = "<mcptt-UE-configuration xmlns='urn:3gpp:mcptt:mcpttUEConfig:1.0' domain='x'/>"
        #expect(try Self.validate(Array(text.utf8), schema: "ue-config.xsd").status != 0)
    }
}
