import Administration
import MCDocuments
import MCFoundation
import Policy
import Testing

@Suite("XCAP: what is refused, and with which error document")
struct XCAPErrorTests {
    @Test(
        "a document that is not well-formed",
        arguments: [
            "", "<a>", "<a></b>", "<a/><b/>", "<a b='1' b='2'/>", "<a b=1/>", "<p:a/>", "text", "<a>&undefined;</a>",
            "<!DOCTYPE a><a/>", "<a>\u{1}</a>", "<a>]]></a", "<a b='<'/>", "<a xmlns:p='u' p:p:b='1'/>", "<a b='&x;'/>",
            "<a xmlns:p=''/>",
        ])
    func notWellFormed(body: String) throws {
        #expect(try decide(.put, nil, body: body, on: nil).isConflict("not-well-formed"))
    }

    @Test(
        "a fragment that is not one element in the scope of its place",
        arguments: [
            "", "text", "<entry>", "<entry/><entry/>", "<entry/>text", "</list><list>", "<?xml version='1.0'?><entry/>",
            "<!-- c --><entry/>", "<entry></entr>", "<entry>&undefined;</entry>", "<entry>\u{1}</entry>",
            "<![CDATA[<entry/>]]>", "<entry a='1' a='2'/>", "<entry><!DOCTYPE a></entry>",
        ])
    func notXMLFragment(body: String) throws {
        let decision = try decide(.put, "resource-lists/list[2]/entry", body: body)
        #expect(decision.isConflict("not-xml-frag"), "\(decision.text)")
        #expect(decision.change == .none)
    }

    @Test("a value that no attribute can have", arguments: ["<", "a & b", "&undefined;", "\"'", "&#0;", "&#xD800;"])
    func notXMLAttributeValue(body: String) throws {
        let decision = try decide(.put, "resource-lists/list[2]/@name", body: body)
        #expect(decision.isConflict("not-xml-att-value"), "\(decision.text)")
    }

    @Test("a value cannot break out of its attribute")
    func attributeStaysInItsPlace() throws {
        let decision = try decide(.put, "resource-lists/list[2]/@name", body: "x' y='z")
        #expect(try #require(decision.document).contains(#"<list name="x' y='z"/>"#))
    }

    @Test("a parent that is not there: the error names what is")
    func noParent() throws {
        let deep = try decide(.put, "resource-lists/list[1]/entry[7]/note", body: "<note/>")
        #expect(
            deep.text.contains(
                "<no-parent><ancestor>http://xcap.example.com/xcap/resource-lists/users/sip:joe@example.com/index/~~/"
                    + "resource-lists/list%5B1%5D</ancestor></no-parent>"), "\(deep.text)")
        let attribute = try decide(.put, "other/@name", body: "x")
        #expect(attribute.text.contains("/index</ancestor>"))
        #expect(try decide(.put, "a/b", body: "<b/>", on: nil).text.contains("<no-parent></no-parent>"))
    }

    @Test("octets that are not UTF-8, or say that they are something else")
    func notUTF8() throws {
        for (node, type) in [
            (nil, "application/resource-lists+xml"), ("resource-lists/list[2]/entry", "application/xcap-el+xml"),
            ("resource-lists/list[2]/@name", "application/xcap-att+xml"),
        ] as [(String?, String)] {
            let request = XCAPRequest(
                method: .put, uri: try listURI(node), contentType: type, body: [0x3c, 0xff, 0x2f, 0x3e])
            let document = XCAPDocument(octets: Array(friends.utf8))
            #expect(XCAP.decide(request, document: document, rules: listUsage).isConflict("not-utf-8"))
        }
        #expect(try decide(.put, nil, body: "<?xml version='1.0' encoding='ISO-8859-1'?><a/>").isConflict("not-utf-8"))
        #expect(try decide(.put, nil, body: "<?xml version='1.0' encoding='utf-8'?><a/>").response.status == 200)
    }

    @Test("a content type that is not the one of the node")
    func contentType() throws {
        #expect(try decide(.put, nil, type: "text/xml", body: "<a/>").response.status == 415)
        #expect(
            try decide(.put, "resource-lists/list[2]/entry", type: "text/xml", body: "<entry/>").response.status == 415)
        #expect(try decide(.put, "resource-lists/list[2]/@name", type: "text/plain", body: "x").response.status == 415)
        let cased = try decide(.put, nil, type: "Application/Resource-Lists+XML; charset=utf-8", body: "<a/>")
        #expect(cased.response.status == 200)
    }

    @Test("what is larger than the limits")
    func limits() throws {
        var limits = XCAPLimits()
        limits.octets = friends.utf8.count
        let entry = #"<entry uri="x"/>"#
        #expect(try decide(.put, nil, body: friends + " ", limits: limits).response.status == 413)
        #expect(
            try decide(.put, "resource-lists/list[2]/entry", body: entry, limits: limits).isConflict(
                "constraint-failure"))
        limits = XCAPLimits()
        limits.elements = 7
        #expect(
            try decide(.put, "resource-lists/list[2]/entry", body: "<entry><a/></entry>", limits: limits)
                .response.status == 500)
        limits.elements = 8
        #expect(
            try decide(.put, "resource-lists/list[2]/entry", body: "<entry><a/></entry>", limits: limits).isConflict(
                "constraint-failure"))
        let deep = String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)
        #expect(try decide(.put, nil, body: deep, on: nil).isConflict("constraint-failure"))
        let wide = "<a " + (0..<65).map { "b\($0)='1'" }.joined(separator: " ") + "/>"
        #expect(try decide(.put, nil, body: wide, on: nil).isConflict("constraint-failure"))
    }

    @Test("the rules' own errors go out as they are, alternatives included, and nothing is kept")
    func constraints() throws {
        let unique = listUsage.adding { (_, _) throws(XCAPConflict) in
            throw .uniquenessFailure([.init(field: "a/@uri", alternatives: ["sip:b@x", "sip:c&d@x"])])
        }
        let taken = try decide(.put, nil, body: "<a/>", rules: unique)
        #expect(
            taken.text.contains(
                #"<uniqueness-failure><exists field="a/@uri"><alt-value>sip:b@x</alt-value><alt-value>sip:c&amp;d@x"#))
        #expect(taken.response.status == 409 && taken.change == .none)
        let failing = listUsage.adding { (_, uri) throws(XCAPConflict) in
            throw .constraintFailure(phrase: "no \(uri.path[0])")
        }
        let decision = try decide(.put, "resource-lists/list[2]/entry", body: "<entry/>", rules: failing)
        #expect(decision.text.contains(#"<constraint-failure phrase="no index"/>"#))
    }

    private static func put(_ octets: [UInt8], _ path: String, _ rules: ApplicationUsage) throws -> XCAPDecision {
        XCAP.decide(
            XCAPRequest(
                method: .put, uri: try XCAPURI(parsing: "/\(rules.auid)/\(path)", root: "/"),
                contentType: rules.mimeType, body: octets), document: nil, rules: rules)
    }

    @Test("the documents that we write are accepted at their places, and not at others'")
    func ownDocuments() throws {
        let group = GroupDocument(group: sampleGroup()).serialized()
        #expect(try Self.put(group, "global/byGroupID/sip:fire@example.org", .groups).response.status == 201)
        #expect(
            try Self.put(group, "global/byGroupID/sip:other@example.org", .groups).isConflict("constraint-failure"))
        #expect(try Self.put(group, "users/sip:alice@example.org/g.xml", .groups).response.status == 201)
        let profile = sampleProfile().serialized()
        let name = "mcptt-user-profile-2.xml"
        #expect(try Self.put(profile, "users/sip:alice@example.org/\(name)", .userProfile).response.status == 201)
        #expect(
            try Self.put(profile, "users/sip:bob@example.org/\(name)", .userProfile).isConflict("constraint-failure"))
        #expect(
            try Self.put(profile, "users/sip:alice@example.org/mcptt-user-profile-3.xml", .userProfile).isConflict(
                "constraint-failure"))
        #expect(
            try Self.put(sampleUEConfiguration().serialized(), "users/sip:alice@example.org/x", .ueConfiguration)
                .response.status == 201)
        #expect(
            try Self.put(
                sampleServiceConfiguration().serialized(), "global/service-config.xml", .serviceConfiguration
            ).response.status == 201)
        #expect(
            try Self.put(
                sampleInitialConfiguration().serialized(), "users/sip:ue@example.org/ue", .ueInitialConfiguration
            ).response.status == 201)
        #expect(try Self.put(profile, "global/byGroupID/x", .groups).isConflict("schema-validation-error"))
    }

    @Test("a document that asks for protection is refused with a reason: there are no keys")
    func protection() throws {
        let bare = #"<group xmlns="urn:oma:xml:poc:list-service"><list-service uri="sip:g@x"/></group>"#
        let decision = try Self.put(Array(bare.utf8), "global/byGroupID/sip:g@x", .groups)
        #expect(decision.isConflict("constraint-failure") && decision.text.contains("protect-media"))
        var service = sampleServiceConfiguration()
        service.protectsIntegrity = true
        #expect(
            try Self.put(service.serialized(), "global/service-config.xml", .serviceConfiguration).isConflict(
                "constraint-failure"))
    }

    @Test("a node of a group document is changed, and the group is another")
    func groupEntry() throws {
        let uri = "/xcap/org.openmobilealliance.groups/global/byGroupID/sip:fire@example.org/~~/group/list-service/"
        let request = XCAPRequest(
            method: .put, uri: try XCAPURI(parsing: uri + "list/entry[@uri=\"sip:erin@example.org\"]", root: "/xcap"),
            contentType: "application/xcap-el+xml",
            body: Array(
                #"<entry uri="sip:erin@example.org"><mcpttgi:user-priority>4</mcpttgi:user-priority></entry>"#.utf8))
        let document = XCAPDocument(octets: GroupDocument(group: sampleGroup()).serialized())
        let decision = XCAP.decide(request, document: document, rules: .groups)
        #expect(decision.response.status == 201, "\(decision.text)")
        let group = try GroupDocument(parsing: #require(decision.newDocument).octets).group(replacing: sampleGroup())
        #expect(group.members.count == 5)
        #expect(group.member(MCPTTID("sip:erin@example.org"))?.priority == 4)
    }

    @Test("random changes of a document and of a fragment never trap, and what is kept is well-formed")
    func noise() throws {
        var generator = SeededGenerator(seed: 20)
        let alphabet = Array("<>/\"'=&; a:x!-[]?".utf8)
        let fragment = Array(#"<entry uri="sip:c@x"><a b='1'>&amp;</a><!-- c --></entry>"#.utf8)
        for _ in 0..<1_500 {
            var body = fragment
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<body.count, using: &generator)
                body[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let request = XCAPRequest(
                method: .put, uri: try listURI("resource-lists/list[2]/*"), contentType: "application/xcap-el+xml",
                body: body)
            let decision = XCAP.decide(
                request, document: XCAPDocument(octets: Array(friends.utf8)), rules: listUsage)
            guard let kept = decision.newDocument else { continue }
            let text = String(decoding: kept.octets, as: UTF8.self)
            #expect(try decide(.put, nil, body: text, on: nil).response.status == 201)
            #expect(text.contains("<x:list name=\"foreign\">y</x:list>\n</resource-lists>"))
        }
    }
}
