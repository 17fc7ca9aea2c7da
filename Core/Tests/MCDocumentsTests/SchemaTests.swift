import MCDocuments
import MCFoundation
import Testing

@Suite("Documents against the schemas of the specifications")
struct SchemaTests {
    @Test(
        "every mcptt-info body that we write is valid",
        .enabled(if: SchemaCheck.folder != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func mcpttInfo() throws {
        var withKeys = everyProperty()
        withKeys.floorControlKeys =
            "<MKFC-GKTPs xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><GKTP xmlns=\"urn:3gpp:ns:mcpttGKTP:1.0\" id=\"1\">00ff</GKTP></MKFC-GKTPs>"
        for info in [everyProperty(), withKeys, MCPTTInfo(), MCPTTInfo(sessionType: .adHoc)] {
            let octets = info.serialized()
            #expect(try SchemaCheck.complaint(about: octets, schema: "all.xsd") == nil)
        }
    }

    @Test(
        "the check itself refuses a body whose children are out of order",
        .enabled(if: SchemaCheck.folder != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func control() throws {
        let text = """
            <mcpttinfo xmlns="urn:3gpp:ns:mcpttInfo:1.0"><mcptt-Params><mc-org>x</mc-org><session-type>chat</session-type>\
            </mcptt-Params></mcpttinfo>
            """
        #expect(try SchemaCheck.complaint(about: Array(text.utf8), schema: "all.xsd") != nil)
    }

    @Test(
        "every location document that we write is valid",
        .enabled(if: SchemaCheck.folder != nil, "MCX_SCHEMAS does not name the folder with the schemas"))
    func location() throws {
        for info in everyLocation() {
            let octets = info.serialized()
            #expect(try SchemaCheck.complaint(about: octets, schema: "mcpttlocation-24379-k00.xsd") == nil)
        }
    }
}
