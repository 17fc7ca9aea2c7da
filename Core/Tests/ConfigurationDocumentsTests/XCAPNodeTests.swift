import ConfigurationDocuments
import MCFoundation
import Testing

/// The resource-lists document of RFC 4825's examples, with a comment and a prefix of its own.
let friends = """
    <?xml version="1.0" encoding="UTF-8"?>
    <resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists" xmlns:x="urn:x">
      <list name="friends"><!-- keep me -->
        <entry uri="sip:alice@example.com" x:rank="1"/>
        <entry uri="sip:bob@example.com"><display-name>Bob</display-name></entry>
        <external anchor="http://example.com/a/b"/>
      </list>
      <list name="empty"/>
      <x:list name="foreign">y</x:list>
    </resource-lists>
    """

let listUsage = ApplicationUsage(
    auid: "resource-lists", mimeType: "application/resource-lists+xml",
    defaultNamespace: "urn:ietf:params:xml:ns:resource-lists", service: .groups, access: .ownReadOnly)

func listURI(_ node: String?, query: String = "") throws -> XCAPURI {
    let document = "/xcap/resource-lists/users/sip:joe@example.com/index"
    return try XCAPURI(parsing: node.map { document + "/~~/" + $0 + query } ?? document, root: "/xcap")
}

/// One request on a document; nil: on none.
func decide(
    _ method: XCAPMethod, _ node: String?, query: String = "", type: String? = nil, body: String = "",
    ifMatch: ETagCondition? = nil, ifNoneMatch: ETagCondition? = nil, on document: String? = friends,
    rules: ApplicationUsage = listUsage, limits: XCAPLimits = .init()
) throws -> XCAPDecision {
    let types = [nil: "application/resource-lists+xml", "@": "application/xcap-att+xml"]
    let expected = node == nil ? types[nil] : (node?.contains("/@") ?? false) ? types["@"] : "application/xcap-el+xml"
    return XCAP.decide(
        XCAPRequest(
            method: method, uri: try listURI(node, query: query), contentType: type ?? expected, body: Array(body.utf8),
            ifMatch: ifMatch, ifNoneMatch: ifNoneMatch),
        document: document.map { XCAPDocument(octets: Array($0.utf8)) }, rules: rules,
        root: "http://xcap.example.com/xcap", limits: limits)
}

extension XCAPDecision {
    var text: String { String(decoding: response.body, as: UTF8.self) }
    var document: String? { newDocument.map { String(decoding: $0.octets, as: UTF8.self) } }
}

@Suite("XCAP: URIs and node selectors")
struct XCAPNodeTests {
    @Test("a URI is root, usage, tree, owner, document and node, decoded")
    func uri() throws {
        let uri = try XCAPURI(
            parsing: "/xcap/org.3gpp.mcptt.user-profile/users/sip%3Aa%40x/dir/p%201.xml/~~/p:a%5B2%5D/@b"
                + "?xmlns(p=urn:p)%20other(x)xmlns(q=urn:q)", root: "/xcap/")
        #expect(uri.auid == "org.3gpp.mcptt.user-profile")
        #expect(uri.tree == .user("sip:a@x"))
        #expect(uri.path == ["dir", "p 1.xml"])
        #expect(
            uri.node
                == NodeSelector(
                    steps: [.init(name: .init("a", prefix: "p", namespace: "urn:p"), position: 2)],
                    terminal: .attribute(.init("b"))))
        #expect(try XCAPURI(parsing: "/xcap/u/global/byGroupID/sip:g@x", root: "/xcap").tree == .global)
    }

    @Test("a URI written out reads as the same")
    func written() throws {
        for node in [
            "resource-lists/list[@name=\"a/b\"]/*[2][@x='%26quot;q%26quot;']", "a/b/@c", "a/namespace::*", "a%5b1%5d",
        ] {
            let uri = try listURI(node)
            #expect(try XCAPURI(parsing: "/r/" + uri.description, root: "/r") == uri)
        }
        let bound = try listURI("p:a/@p:b", query: "?xmlns(p=urn:p)")
        #expect(
            bound.absolute(root: "http://h/r")
                == "http://h/r/resource-lists/users/sip:joe@example.com/index/~~/p:a/@p:b?xmlns(p=urn:p)")
    }

    @Test(
        "what is no URI of XCAP is refused with its status",
        arguments: [
            ("/other/a/global/b", 404), ("/xcap/a/global", 404), ("/xcap/a/users/u", 404), ("/xcap/a/other/b/c", 404),
            ("/xcap/a/users/../b", 404), ("/xcap/a/users/%2e%2e/b", 404), ("/xcap/a//b/c", 404),
            ("/xcap/a/global/%zz", 404), ("/xcap/a/global/%ff", 404), ("/xcap/a/global/b%00", 404),
            ("/xcap/a/global/b/~~/", 400), ("/xcap/a/global/b/~~/a[0]", 400), ("/xcap/a/global/b/~~/a[@b]", 400),
            ("/xcap/a/global/b/~~/a[@b=\"c]", 400), ("/xcap/a/global/b/~~/@a", 400),
            ("/xcap/a/global/b/~~/a/@b/c", 400),
            ("/xcap/a/global/b/~~/p:a", 400), ("/xcap/a/global/b/~~/a/", 400), ("/xcap/a/global/b/~~/a[1]x", 400),
            ("/xcap/a/global/b/~~/a[99999999999999999999]", 400), ("/xcap/a/global/b/~~/a?xmlns(p", 400),
            ("/xcap/a/global/b/~~/a[@b=\"<\"]", 400),
            ("/xcap/a/global/" + String(repeating: "x/", count: 16) + "x", 414),
            ("/xcap/a/global/b/~~/" + String(repeating: "x/", count: 32) + "x", 414),
            ("/xcap/a/global/" + String(repeating: "x", count: 8_192), 414),
        ])
    func refused(target: String, status: Int) {
        let error = #expect(throws: XCAPURIError.self) { try XCAPURI(parsing: target, root: "/xcap") }
        #expect(error?.status == status)
    }

    @Test(
        "a selector finds one element, and gives its octets as they are",
        arguments: [
            ("resource-lists/list[2]", #"<list name="empty"/>"#),
            ("*/list[@name=\"empty\"]", #"<list name="empty"/>"#),
            ("*/*[3]", #"<x:list name="foreign">y</x:list>"#),
            ("resource-lists/list[1]/entry[2]/display-name", "<display-name>Bob</display-name>"),
            ("resource-lists/list[1]/*[2][@uri=\"sip:bob@example.com\"]/*", "<display-name>Bob</display-name>"),
            (
                "resource-lists/list[1]/external[@anchor=\"http://example.com/a/b\"]",
                #"<external anchor="http://example.com/a/b"/>"#
            ),
            ("resource-lists/list%5B1%5D/entry[@uri=%22sip:bob@example.com%22]/*", "<display-name>Bob</display-name>"),
        ])
    func elements(node: String, expected: String) throws {
        let decision = try decide(.get, node)
        #expect(decision.response.status == 200)
        #expect(decision.response.contentType == "application/xcap-el+xml")
        #expect(decision.text == expected)
        #expect(decision.response.etag == XCAPDocument(octets: Array(friends.utf8)).etag)
    }

    @Test(
        "none and several are both no resource",
        arguments: [
            "resource-lists/list", "*/*", "list", "resource-lists/list[3]", "resource-lists/list[2][@name=\"friends\"]",
            "resource-lists/list[2]/@title", "resource-lists/list[1]/entry/@uri", "resource-lists/nothing/namespace::*",
        ])
    func notOne(node: String) throws {
        #expect(try decide(.get, node).response.status == 404)
        guard !node.hasSuffix("namespace::*") else { return }
        #expect(try decide(.delete, node).response.status == 404)
    }

    @Test("prefixes are those of the query, not of the document")
    func prefixes() throws {
        let query = "?xmlns(p=urn:x)"
        #expect(try decide(.get, "resource-lists/p:list", query: query).text.hasPrefix("<x:list"))
        #expect(
            try decide(.get, "resource-lists/list[1]/entry[@p:rank=\"1\"]/@uri", query: query).text.contains("alice"))
        #expect(try decide(.get, "resource-lists/list[1]/entry[1]/@rank", query: query).response.status == 404)
    }

    @Test("an attribute comes as it stands, the bindings come as an empty element")
    func terminals() throws {
        let attribute = try decide(.get, "resource-lists/list[1]/@name")
        #expect(attribute.text == "friends")
        #expect(attribute.response.contentType == "application/xcap-att+xml")
        let bindings = try decide(.get, "resource-lists/list[2]/namespace::*")
        #expect(
            bindings.text == #"<list xmlns="urn:ietf:params:xml:ns:resource-lists" xmlns:x="urn:x"/>"#)
        #expect(bindings.response.contentType == "application/xcap-ns+xml")
        let put = try decide(.put, "resource-lists/list[2]/namespace::*")
        #expect(put.response.status == 405 && put.response.allowed == [.get])
    }

    @Test("a document of another usage is not there")
    func otherUsage() throws {
        #expect(try decide(.get, nil, rules: .groups).response.status == 404)
        #expect(ApplicationUsage.named("resource-lists") == nil)
    }
}
