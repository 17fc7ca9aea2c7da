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
        for name in ["nation.sqlite", "provider.secret", "provider.pem"] { try example.write("", name) }
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
        var provider = ProviderConfiguration(
            issuer: "https://login.it.example/realm",
            authorizationEndpoint: "https://login.it.example/realm/authorize",
            tokenEndpoint: "https://login.it.example/realm/token", keysEndpoint: "https://login.it.example/realm/keys",
            clientID: "mcx", clientSecretFile: "\(example.folder)/provider.secret",
            authority: "\(example.folder)/provider.pem")
        #expect(web.provider == provider)
        provider.scope = "openid"
        provider.claim = "sub"
        provider.algorithms = [.es256, .es384, .rs256, .ps256, .edDSA]
        #expect(web.provider == provider)
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
        #expect(configuration.web?.provider == nil)
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

    @Test func `a change of web waits for a restart`() throws {
        let example = try Example()
        func read(_ section: String) throws -> SystemConfiguration {
            try example.system(
                try Example.text("system.yaml").replacingOccurrences(of: "directory: directory.yaml", with: section))
        }
        let change = ConfigurationChange(from: try read(Self.web), to: try read(Self.provider))
        #expect(change.takesEffect.isEmpty)
        #expect(change.needsRestart == ["web"])
        #expect(change.effective.web?.provider == nil)
    }

    private static let provider = """
        store: directory.yaml
        web:
          https: ["192.0.2.10:8443"]
          provider:
            issuer: https://login.it.example
            authorization_endpoint: https://login.it.example/authorize?tenant=it
            token_endpoint: https://login.it.example:8443/token
            jwks_uri: https://[2001:db8::1]:8443/keys
            client_id: mcx

        """

    @Test func `a provider with what is needed has defaults for the rest`() throws {
        let example = try Example()
        let text = try Example.text("system.yaml")
            .replacingOccurrences(of: "directory: directory.yaml", with: Self.provider)
        let provider = try #require(try example.system(text).web?.provider)
        #expect(provider.scope == "openid" && provider.claim == "sub")
        #expect(provider.clientSecretFile == nil && provider.authority == nil)
        #expect(provider.algorithms == ProviderAlgorithm.allCases)
        #expect(provider.authorizationEndpoint == "https://login.it.example/authorize?tenant=it")
    }

    @Test(arguments: [
        (
            "issuer: https://login.it.example", "issuer: http://login.it.example",
            "web.provider.issuer: expected an address"
        ),
        (
            "issuer: https://login.it.example", "issuer: https://login.it.example?a=b",
            "web.provider.issuer: expected an address"
        ),
        ("    issuer: https://login.it.example\n", "", "web.provider.issuer: expected, but missing"),
        ("    client_id: mcx\n", "", "web.provider.client_id: expected, but missing"),
        (":8443/token", ":8443/token#here", "web.provider.token_endpoint: expected an address such as"),
        (":8443/token", ":port/token", "web.provider.token_endpoint: expected an address such as"),
        ("https://[2001:db8::1]:8443/keys", "ldap://keys", "web.provider.jwks_uri: expected an address such as"),
        ("client_id: mcx", "client_id: mcx\n    authority: none.pem", "expected a readable file"),
        ("client_id: mcx", "client_id: mcx\n    client_secret_file: none", "expected a readable file"),
        ("client_id: mcx", "client_id: mcx\n    scope: profile", "web.provider.scope: expected scopes with openid"),
        (
            "client_id: mcx", "client_id: mcx\n    algorithms: [HS256]",
            "expected one of ES256, ES384, RS256, PS256, EdDSA"
        ),
        (
            "client_id: mcx", "client_id: mcx\n    algorithms: []",
            "web.provider.algorithms: expected at least one algorithm"
        ),
        ("client_id: mcx", "client_id: mcx\n    client_secret: s", "web.provider.client_secret: unknown key"),
    ])
    func `a mistake about the provider is told`(old: String, new: String, told: String) throws {
        let example = try Example()
        try #require(Self.provider.contains(old))
        let section = Self.provider.replacingOccurrences(of: old, with: new)
        let mistakes = try example.mistakes(replacing: "directory: directory.yaml", by: section)
        #expect(mistakes.count == 1 && mistakes[0].contains(told), "\(mistakes)")
    }
}
