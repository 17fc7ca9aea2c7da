import ConfigurationDocuments
import MCFoundation
import Testing

@Suite("XCAP: PUT and DELETE of documents, elements and attributes")
struct XCAPEditTests {
    private static let entry = #"<entry uri="sip:carol@example.com"/>"#

    @Test("a document is created, replaced, read and deleted")
    func documents() throws {
        let created = try decide(.put, nil, body: friends, on: nil)
        #expect(created.response.status == 201)
        #expect(created.document == friends)
        #expect(created.response.etag == created.newDocument?.etag)
        let replaced = try decide(.put, nil, body: "<a/>")
        #expect(replaced.response.status == 200)
        #expect(replaced.response.etag != created.response.etag)
        let read = try decide(.get, nil)
        #expect(read.text == friends && read.response.contentType == "application/resource-lists+xml")
        #expect(try decide(.delete, nil).change == .deleted)
        #expect(try decide(.delete, nil, on: nil).response.status == 404)
        #expect(try decide(.get, nil, on: nil).response.status == 404)
    }

    @Test(
        "an element is put where its selector finds it, and all else stays as it is",
        arguments: [
            // Beside the last of its name, not at the end.
            (
                "resource-lists/list[1]/entry[@uri=\"sip:carol@example.com\"]", entry,
                "</display-name></entry>", entry
            ),
            // At a position that is taken: before the one there.
            (
                "resource-lists/list[1]/entry[1][@uri=\"sip:carol@example.com\"]", entry, "<!-- keep me -->\n    ",
                entry
            ),
            ("resource-lists/list[1]/entry[3]", entry, "</display-name></entry>", entry),
            // None of its name: as the last.
            ("resource-lists/list[1]/note", "<note/>", #"<external anchor="http://example.com/a/b"/>"#, "<note/>"),
            // An empty tag opens.
            ("resource-lists/list[2]/entry", entry, #"<list name="empty">"#, entry + "</list>"),
            ("resource-lists/list[2]/*", entry, #"<list name="empty">"#, entry + "</list>"),
            // Into text without elements: at its end.
            ("resource-lists/*[3]/note", "<note/>", "foreign\">y", "<note/>"),
        ])
    func insertions(node: String, body: String, before: String, inserted: String) throws {
        let decision = try decide(.put, node, body: "\n " + body + "\n")
        #expect(decision.response.status == 201, "\(decision.text)")
        let document = try #require(decision.document)
        #expect(document.contains(before + inserted))
        #expect(document.contains("<!-- keep me -->"))
        #expect(try decide(.get, node, on: document).text == body)
        // What was there is still there, octet for octet.
        #expect(document.count == friends.count + inserted.count + (before.hasSuffix("empty\">") ? -1 : 0))
    }

    @Test("an element that is there is replaced, and PUT twice is as PUT once")
    func replacement() throws {
        let node = "resource-lists/list[1]/entry[2]"
        let once = try decide(.put, node, body: Self.entry)
        #expect(once.response.status == 200)
        #expect(
            once.document
                == friends.replacing(
                    #"<entry uri="sip:bob@example.com"><display-name>Bob</display-name></entry>"#, with: Self.entry))
        #expect(try decide(.put, node, body: Self.entry, on: once.document).newDocument == once.newDocument)
        let root = try decide(
            .put, "resource-lists", body: #"<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"/>"#)
        #expect(root.response.status == 200)
        #expect(try #require(root.document).hasSuffix(#"resource-lists"/>"#))
    }

    @Test("a fragment may use the prefixes of the place where it goes")
    func inheritedPrefix() throws {
        let decision = try decide(.put, "resource-lists/list[2]/entry", body: #"<entry x:rank="2"/>"#)
        #expect(decision.response.status == 201)
        #expect(
            try decide(.put, "resource-lists/list[2]/entry", body: #"<entry z:rank="2"/>"#).isConflict("not-xml-frag"))
    }

    @Test(
        "where the selector would not find what was put, nothing is put",
        arguments: [
            ("resource-lists/list[1]/entry[@uri=\"sip:dave@example.com\"]", entry),
            ("resource-lists/list[1]/entry[5]", entry),
            ("resource-lists/list[1]/entry[9]", entry), ("resource-lists/list[2]/note", entry),
            ("resource-lists/list[1]/*", entry), ("resource-lists/list", "<list/>"), ("other", "<other/>"),
            ("resource-lists/list[2]", entry), ("resource-lists/list[2][@name=\"new\"]", "<list name=\"other\"/>"),
            ("resource-lists/list[@name=\"empty\"]", "<list name=\"full\"/>"),
        ])
    func cannotInsert(node: String, body: String) throws {
        let decision = try decide(.put, node, body: body)
        #expect(decision.isConflict("cannot-insert"), "\(decision.text)")
        #expect(decision.change == .none)
    }

    @Test("elements and attributes are deleted with nothing left of them")
    func deletions() throws {
        let entry = try decide(.delete, "resource-lists/list[1]/entry[@uri=\"sip:alice@example.com\"]")
        #expect(entry.response.status == 200)
        #expect(entry.document == friends.replacing(#"<entry uri="sip:alice@example.com" x:rank="1"/>"#, with: ""))
        let attribute = try decide(.delete, "resource-lists/list[1]/entry[1]/@p:rank", query: "?xmlns(p=urn:x)")
        #expect(attribute.document == friends.replacing(#" x:rank="1""#, with: ""))
        let inPath = try decide(.delete, "resource-lists/list[@name=\"empty\"]/@name")
        #expect(inPath.document == friends.replacing(#"<list name="empty"/>"#, with: "<list/>"))
    }

    @Test(
        "where the selector would find another afterwards, nothing is deleted",
        arguments: ["resource-lists/list[1]/entry[1]", "resource-lists/*[1]", "resource-lists"])
    func cannotDelete(node: String) throws {
        let decision = try decide(.delete, node)
        #expect(decision.isConflict("cannot-delete"))
        #expect(decision.change == .none)
    }

    @Test("attributes are added and replaced; a quote in the value chooses the other quotes")
    func attributes() throws {
        let replaced = try decide(.put, "resource-lists/list[1]/@name", body: "close &amp; \"old\"")
        #expect(replaced.response.status == 200)
        #expect(try #require(replaced.document).contains(#"<list name='close &amp; "old"'>"#))
        let added = try decide(.put, "resource-lists/list[2]/@title", body: "it's")
        #expect(added.response.status == 201)
        #expect(try #require(added.document).contains(#"<list name="empty" title="it's"/>"#))
        let prefixed = try decide(.put, "resource-lists/list[1]/@p:rank", query: "?xmlns(p=urn:x)", body: "7")
        #expect(try #require(prefixed.document).contains(#"<list name="friends" x:rank="7">"#))
        let unknown = try decide(.put, "resource-lists/list[1]/@p:rank", query: "?xmlns(p=urn:y)", body: "7")
        #expect(unknown.isConflict("cannot-insert"))
        let moved = try decide(.put, "resource-lists/list[@name=\"empty\"]/@name", body: "full")
        #expect(moved.isConflict("cannot-insert"))
    }

    @Test(
        "conditions compare the document's tag, also for a node",
        arguments: [nil, "resource-lists/list[2]", "resource-lists/list[2]/@name"])
    func conditions(node: String?) throws {
        let etag = XCAPDocument(octets: Array(friends.utf8)).etag
        let body = node == nil ? friends : node?.contains("@") == true ? "empty" : "<list/>"
        func status(_ method: XCAPMethod, match: String? = nil, noneMatch: String? = nil) throws -> Int {
            try decide(
                method, node, body: body, ifMatch: match.map { ETagCondition(parsing: $0) },
                ifNoneMatch: noneMatch.map { ETagCondition(parsing: $0) }
            ).response.status
        }
        #expect(try status(.put, match: "\"other\", \(etag)") == 200)
        #expect(try status(.put, match: "*") == 200)
        #expect(try status(.put, match: "\"other\"") == 412)
        #expect(try status(.put, match: "W/" + etag) == 412)
        #expect(try status(.delete, match: "\"other\"") == 412)
        #expect(try status(.put, noneMatch: "*") == 412)
        #expect(try status(.put, noneMatch: etag) == 412)
        #expect(try status(.put, noneMatch: "\"other\"") == 200)
        #expect(try status(.get, noneMatch: etag) == 304)
        #expect(try status(.get, noneMatch: "\"other\"") == 200)
        #expect(try status(.get, match: "\"other\"") == 412)
        #expect(try status(.get, noneMatch: "W/" + etag) == 304)
        // What is no condition is not taken for one that holds.
        for malformed in ["", "other", "\"other", "*, \"other\""] {
            #expect(try status(.put, noneMatch: malformed) == 412)
            #expect(try status(.get, noneMatch: malformed) == 412)
            #expect(try status(.put, match: malformed) == 412)
        }
    }

    @Test("a new node under conditions: the tag guards the document, the star asks for the node")
    func conditionsOnCreation() throws {
        let etag = XCAPDocument(octets: Array(friends.utf8)).etag
        let node = "resource-lists/list[2]/entry"
        #expect(try decide(.put, node, body: Self.entry, ifMatch: .tags([etag])).response.status == 201)
        #expect(try decide(.put, node, body: Self.entry, ifMatch: .tags(["\"x\""])).response.status == 412)
        #expect(try decide(.put, node, body: Self.entry, ifMatch: .any).response.status == 412)
        #expect(try decide(.put, node, body: Self.entry, ifNoneMatch: .any).response.status == 201)
        #expect(try decide(.put, nil, body: friends, ifNoneMatch: .any, on: nil).response.status == 201)
        #expect(try decide(.put, nil, body: friends, ifMatch: .any, on: nil).response.status == 412)
    }
}

extension XCAPDecision {
    /// 409 with this element.
    func isConflict(_ element: String) -> Bool {
        response.status == 409 && response.contentType == "application/xcap-error+xml"
            && text.contains(#"<xcap-error xmlns="urn:ietf:params:xml:ns:xcap-error"><\#(element)"#)
    }
}
