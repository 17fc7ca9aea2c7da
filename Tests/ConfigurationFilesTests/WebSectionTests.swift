import ConfigurationFiles
import Foundation
import MCFoundation
import Policy
import Testing

@Suite struct WebSectionTests {
    private static let web = """
        store: directory.yaml
        web:
          https: ["192.0.2.10:8443"]

        """

    @Test func `the reference of the store and of web is right too`() throws {
        let example = try Example()
        try example.write("", "nation.sqlite")
        let text = try Example.text("system.yaml").replacingOccurrences(of: "\n#", with: "\n")
            .replacingOccurrences(of: "\ndirectory: directory.yaml", with: "\n# ")
            .replacingOccurrences(of: "\n default:", with: "\n# default:")
            .replacingOccurrences(of: "\n Instead", with: "\n# Instead")
            .replacingOccurrences(of: "\n Keys", with: "\n# Keys")
        let configuration = try example.system(text)
        let web = try #require(configuration.web)
        #expect(web.url == "https://mc.it.example:8443")
        #expect(web.https.map(\.description) == ["192.0.2.10:8443"])
        #expect(web.operations?.port == 9464)
        #expect(web.clients == [WebConfiguration.responder])
        #expect(configuration.directory == .store("\(example.folder)/nation.sqlite"))
    }

    @Test func `what is left out comes from the rest of the file`() throws {
        let example = try Example()
        let text = try Example.text("system.yaml")
            .replacingOccurrences(of: "directory: directory.yaml", with: Self.web)
        let configuration = try example.system(text)
        #expect(configuration.web?.url == "https://mc.it.example:8443")
        #expect(configuration.web?.certificate == configuration.certificates.access)
        #expect(configuration.web?.operations == nil)
    }

    @Test(arguments: [
        ("web:", "", "directory: directory.yaml\n", "expected a store beside it, found a directory file"),
        ("[\"192.0.2.10:8443\"]", "[]", "", "https: expected at least one address, found none"),
        (
            "[\"192.0.2.10:8443\"]", "[\"192.0.2.10:8443\"]\n  url: http://mc.it.example", "",
            "expected an address such as \"https://mc.it.example:8443\", without path"
        ),
        (
            "[\"192.0.2.10:8443\"]", "[\"192.0.2.10:8443\"]\n  url: https://mc.it.example/idm", "",
            "expected an address such as \"https://mc.it.example:8443\", without path"
        ),
    ])
    func `a mistake is told`(old: String, new: String, before: String, told: String) throws {
        let example = try Example()
        let section =
            before.isEmpty
            ? Self.web.replacingOccurrences(of: old, with: new)
            : before + Self.web.replacingOccurrences(of: "store: directory.yaml\n", with: "")
        let mistakes = try example.mistakes(replacing: "directory: directory.yaml", by: section)
        #expect(mistakes.count == 1 && mistakes[0].contains(told), "\(mistakes)")
    }
}
