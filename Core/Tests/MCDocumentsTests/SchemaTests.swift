import Foundation
import MCDocuments
import MCFoundation
import Testing

/// The folder with the schemas of the specifications, which are not ours to ship.
private let schemas = ProcessInfo.processInfo.environment["MCX_SCHEMAS"]

@Suite("Documents against the schemas of the specifications")
struct SchemaTests {
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
        "every mcptt-info body that we write is valid",
        .enabled(if: schemas != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func mcpttInfo() throws {
        var withKeys = everyProperty()
        withKeys.floorControlKeys =
            "<MKFC-GKTPs xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><GKTP xmlns=\"urn:3gpp:ns:mcpttGKTP:1.0\" id=\"1\">00ff</GKTP></MKFC-GKTPs>"
        for info in [everyProperty(), withKeys, MCPTTInfo(), MCPTTInfo(sessionType: .adHoc)] {
            let octets = info.serialized()
            let (status, output) = try Self.validate(octets, schema: "all.xsd")
            #expect(status == 0, "\(output)\(String(decoding: octets, as: UTF8.self))")
        }
    }

    @Test(
        "the check itself refuses a body whose children are out of order",
        .enabled(if: schemas != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func control() throws {
        let text = """
            <mcpttinfo xmlns="urn:3gpp:ns:mcpttInfo:1.0"><mcptt-Params><mc-org>x</mc-org><session-type>chat</session-type>\
            </mcptt-Params></mcpttinfo>
            """
        #expect(try Self.validate(Array(text.utf8), schema: "all.xsd").status != 0)
    }

    @Test(
        "every location document that we write is valid",
        .enabled(if: schemas != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func location() throws {
        for info in everyLocation() {
            let octets = info.serialized()
            let (status, output) = try Self.validate(octets, schema: "mcpttlocation-24379-k00.xsd")
            #expect(status == 0, "\(output)\(String(decoding: octets, as: UTF8.self))")
        }
    }
}
