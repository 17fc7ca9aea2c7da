import MCDocuments
import Testing

private func failure(_ octets: [UInt8], limits: DocumentLimits = .init()) -> DocumentError? {
    do throws(DocumentError) {
        _ = try MCPTTInfo(parsing: octets, limits: limits)
        return nil
    } catch {
        return error
    }
}

private func failure(_ text: String, limits: DocumentLimits = .init()) -> DocumentError? {
    failure(Array(text.utf8), limits: limits)
}

@Suite("Documents of hostile peers")
struct HostileDocumentTests {
    @Test(
        "a document type declaration is refused before anything in it counts",
        arguments: [
            "<!DOCTYPE mcpttinfo><mcpttinfo/>",
            "<!DOCTYPE mcpttinfo [<!ENTITY a \"b\">]><mcpttinfo>&a;</mcpttinfo>",
            "<!DOCTYPE mcpttinfo [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><mcpttinfo>&a;</mcpttinfo>",
            "<!DOCTYPE mcpttinfo SYSTEM \"http://192.0.2.1/x.dtd\"><mcpttinfo/>",
            "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]><mcpttinfo a=\"&c;\"/>",
        ])
    func documentType(text: String) {
        let error = failure(text)
        #expect(error?.reason == .malformed)
        #expect(error?.diagnosis == "document type declaration")
    }

    @Test("an entity that nobody declared is malformed")
    func entities() {
        #expect(failure("<mcpttinfo>&undeclared;</mcpttinfo>")?.reason == .malformed)
    }

    @Test(
        "what is no document is malformed",
        arguments: ["", " ", "x", "<", "<mcpttinfo>", "<mcpttinfo></mcptt>", "<mcpttinfo/><mcpttinfo/>", "<a:b/>x"])
    func malformed(text: String) {
        #expect(failure(text)?.reason == .malformed)
    }

    @Test("octets that are no text are malformed")
    func octets() {
        #expect(failure([0xff, 0xfe, 0x00])?.reason == .malformed)
        #expect(failure(Array("<mcpttinfo>".utf8) + [0xc3, 0x28] + Array("</mcpttinfo>".utf8))?.reason == .malformed)
        #expect(failure(Array("<mcpttinfo>".utf8) + [0] + Array("</mcpttinfo>".utf8))?.reason == .malformed)
    }

    @Test("no other encoding than UTF-8 is read, whatever the declaration says")
    func encodings() {
        let utf16 = Array("<mcpttinfo/>".utf16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        #expect(failure(utf16)?.reason == .malformed)
        #expect(failure([0xff, 0xfe] + utf16)?.reason == .malformed)
        #expect(failure([0xef, 0xbb, 0xbf] + Array("<mcpttinfo/>".utf8)) == nil)
        let latin = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><mcpttinfo>"
        #expect(failure(latin + "</mcpttinfo>") == nil)
        #expect(failure(Array(latin.utf8) + [0xe8] + Array("</mcpttinfo>".utf8))?.reason == .malformed)
        #expect(failure("<?xml version=\"1.0\" encoding=\"IBM037\"?><mcpttinfo/>") == nil)
    }

    @Test(
        "a namespace with markup in it is refused, because it would be written again as markup",
        arguments: ["&lt;", "&amp;", "&quot;", "&apos;", "a&#10;b", "a b", "&#9;"])
    func namespaces(name: String) {
        let text = "<mcpttinfo><mcptt-Params><v:own xmlns:v=\"\(name)\"/></mcptt-Params></mcpttinfo>"
        #expect(failure(text)?.diagnosis == "a namespace is no URI")
    }

    @Test("another document is unexpected")
    func otherRoot() {
        #expect(failure("<presence/>")?.reason == .unexpected)
    }

    @Test("depth is bounded exactly")
    func depth() {
        func nested(_ count: Int) -> String {
            "<mcpttinfo>" + String(repeating: "<a>", count: count - 1) + String(repeating: "</a>", count: count - 1)
                + "</mcpttinfo>"
        }
        var limits = DocumentLimits()
        limits.depth = 5
        #expect(failure(nested(5), limits: limits) == nil)
        #expect(failure(nested(6), limits: limits)?.reason == .tooLarge)
        #expect(failure(nested(100_000 / 8))?.reason == .tooLarge)
    }

    @Test("size and number of entries are bounded")
    func size() {
        var limits = DocumentLimits()
        limits.octets = 20
        #expect(failure("<mcpttinfo/>         ", limits: limits)?.reason == .tooLarge)
        #expect(failure("<mcpttinfo/>", limits: limits) == nil)
        limits = .init()
        limits.entries = 2
        func extensions(_ count: Int) -> String {
            "<mcpttinfo><anyExt>" + String(repeating: "<x/>", count: count) + "</anyExt></mcpttinfo>"
        }
        #expect(failure(extensions(2), limits: limits) == nil)
        #expect(failure(extensions(3), limits: limits)?.reason == .tooLarge)
    }
}
