import MCDocuments
import MCFoundation
import Testing

@Suite("Documents beside mcptt-info")
struct DocumentTests {
    @Test("an affiliation document is read as it was written")
    func affiliation() throws {
        var document = AffiliationDocument(entity: MCPTTID("sip:u@a.example"), publicationID: "p1")
        document.clients = [
            .init(
                client: MCPTTClientID("c1"),
                groups: [
                    GroupAffiliation(group: MCPTTGroupID("sip:g1@a.example")),
                    GroupAffiliation(
                        group: MCPTTGroupID("sip:g2@a.example"), status: .affiliated,
                        expires: UTCTime(microseconds: 1_790_856_000_000_000)),
                ],
                functionalAliases: [
                    FunctionalAliasStatus(alias: FunctionalAlias("sip:f@a.example"), status: "activated")
                ]),
            .init(client: MCPTTClientID("c2")),
        ]
        document.functionalAliasPublicationID = "p2"
        let octets = document.serialized()
        #expect(try AffiliationDocument(parsing: octets) == document)
        let text = String(decoding: octets, as: UTF8.self)
        #expect(text.contains("expires=\"2026-10-01T12:00:00Z\""))
        #expect(text.contains("<mcpttPI10:p-id>p1</mcpttPI10:p-id>"))
    }

    @Test("affiliation elements are known with and without their namespace")
    func affiliationTolerance() throws {
        let text = """
            <presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:u@a.example"><tuple id="c1"><status>
            <affiliation xmlns="urn:3gpp:ns:mcpttPresInfo:1.0" group="sip:g1@a.example" expires="2026-10-01T14:00:00.5+02:00"/>
            <affiliation group="sip:g2@a.example" status="deaffiliating"/></status></tuple><p-id>x</p-id></presence>
            """
        let document = try AffiliationDocument(parsing: Array(text.utf8))
        #expect(document.clients.first?.groups.map(\.group.value) == ["sip:g1@a.example", "sip:g2@a.example"])
        #expect(document.clients.first?.groups.first?.expires == UTCTime(microseconds: 1_790_856_000_500_000))
        #expect(document.clients.first?.groups.last?.status == .deaffiliating)
        #expect(document.publicationID == "x")
    }

    @Test(
        "an affiliation document without what it must have is unexpected",
        arguments: [
            "<presence/>", "<presence entity=\"\"/>", "<presence entity=\"x\"><tuple/></presence>",
            "<presence entity=\"x\"><tuple id=\"c\"><status><affiliation/></status></tuple></presence>",
            "<presence entity=\"x\"><tuple id=\"c\"><status><affiliation group=\"g\" status=\"?\"/></status></tuple></presence>",
            "<presence entity=\"x\"><tuple id=\"c\"><status><affiliation group=\"g\" expires=\"soon\"/></status></tuple></presence>",
            "<presence entity=\"x\"><tuple id=\"c\"><status><functionalAlias/></status></tuple></presence>",
        ])
    func affiliationErrors(text: String) {
        #expect { try AffiliationDocument(parsing: Array(text.utf8)) } throws: {
            ($0 as? DocumentError)?.reason == .unexpected
        }
    }

    @Test(
        "times are written and read as dateTime",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"), (-2_203_891_200, "1900-03-01T00:00:00Z"),
        ])
    func dateTime(seconds: Int64, text: String) throws {
        var document = AffiliationDocument(entity: MCPTTID("x"))
        let time = UTCTime(microseconds: seconds * 1_000_000)
        document.clients = [
            .init(client: MCPTTClientID("c"), groups: [GroupAffiliation(group: MCPTTGroupID("g"), expires: time)])
        ]
        let octets = document.serialized()
        #expect(String(decoding: octets, as: UTF8.self).contains("expires=\"\(text)\""))
        #expect(try AffiliationDocument(parsing: octets) == document)
    }

    @Test("service settings are read as they were written, modes in any case")
    func settings() throws {
        let settings = PoCSettings([
            .init(id: "c1", answerMode: .automatic, selectedUserProfileIndex: 2), .init(id: "c2", answerMode: .manual),
            .init(id: "c3"),
        ])
        #expect(try PoCSettings(parsing: settings.serialized()) == settings)
        let old =
            "<poc-settings><entity id=\"a\"><am-settings><answer-mode>AUTOMATIC</answer-mode></am-settings></entity></poc-settings>"
        #expect(try PoCSettings(parsing: Array(old.utf8)).entities.first?.answerMode == .automatic)
        let wrong =
            "<poc-settings><entity id=\"a\"><am-settings><answer-mode>x</answer-mode></am-settings></entity></poc-settings>"
        #expect(throws: DocumentError.self) { try PoCSettings(parsing: Array(wrong.utf8)) }
        #expect(throws: DocumentError.self) {
            try PoCSettings(parsing: Array("<poc-settings><entity/></poc-settings>".utf8))
        }
    }

    @Test("lists of resources nest and flatten")
    func lists() throws {
        let lists = ResourceLists([
            .init(
                name: "a&b", entries: [.init(uri: "sip:1@a.example", displayName: "One")],
                lists: [.init(entries: [.init(uri: "sip:2@a.example")])]),
            .init(entries: [.init(uri: "sip:3@a.example")]),
        ])
        let read = try ResourceLists(parsing: lists.serialized())
        #expect(read == lists)
        #expect(read.entries.map(\.uri) == ["sip:1@a.example", "sip:2@a.example", "sip:3@a.example"])
        var limits = DocumentLimits()
        limits.entries = 3
        #expect(throws: DocumentError.self) { try ResourceLists(parsing: lists.serialized(), limits: limits) }
    }

    @Test("conference information is read as it was written")
    func conference() throws {
        let info = ConferenceInfo(
            entity: "sip:g@a.example", version: 7, state: .partial,
            users: [
                .init(
                    entity: "sip:u@a.example", state: .full, displayText: "U",
                    endpoints: [.init(entity: "c1", status: "connected"), .init(entity: "c2")]),
                .init(entity: "sip:v@a.example", state: .deleted),
            ])
        #expect(try ConferenceInfo(parsing: info.serialized()) == info)
        let ended = ConferenceInfo(entity: "sip:g@a.example", version: 8, state: .deleted)
        #expect(try ConferenceInfo(parsing: ended.serialized()) == ended)
        let wrong = "<conference-info entity=\"a\" version=\"-1\"/>"
        #expect(throws: DocumentError.self) { try ConferenceInfo(parsing: Array(wrong.utf8)) }
    }

    @Test("a filter is read as it was written")
    func filter() throws {
        let filter = SimpleFilter(
            namespaceBindings: [.init(prefix: "pidf", urn: "urn:ietf:params:xml:ns:pidf")],
            filters: [
                .init(id: "1", includes: ["//pidf:tuple[@id=\"c1\"]"], excludes: ["x"]), .init(id: "2", uri: "sip:a"),
            ])
        #expect(try SimpleFilter(parsing: filter.serialized()) == filter)
    }

    @Test("an affiliation command is read as it was written")
    func command() throws {
        let command = AffiliationCommand(
            affiliate: [MCPTTGroupID("sip:1@a.example"), MCPTTGroupID("sip:2@a.example")],
            deaffiliate: [MCPTTGroupID("sip:3@a.example")])
        #expect(try AffiliationCommand(parsing: command.serialized()) == command)
        let empty = "<command-list><affiliate><group/></affiliate></command-list>"
        #expect(throws: DocumentError.self) { try AffiliationCommand(parsing: Array(empty.utf8)) }
    }

    @Test("location requests and reports are read as they were written")
    func location() throws {
        for info in everyLocation() { #expect(try MCPTTLocationInfo(parsing: info.serialized()) == info) }
        let configuration = """
            <location-info xmlns="urn:3gpp:ns:mcpttLocationInfo:1.0"><Configuration ConfigScope="Full"><TriggeringCriteria/>\
            </Configuration></location-info>
            """
        let read = try MCPTTLocationInfo(parsing: Array(configuration.utf8))
        guard case .configuration(let markup) = read.content else {
            Issue.record("no configuration")
            return
        }
        #expect(markup.hasPrefix("<Configuration xmlns=\"urn:3gpp:ns:mcpttLocationInfo:1.0\""))
        #expect(try MCPTTLocationInfo(parsing: read.serialized()) == read)
        let wide = """
            <location-info><Report ReportType="Emergency"><CurrentLocation><CurrentCoordinate><longitude><threebytes>16777216\
            </threebytes></longitude></CurrentCoordinate></CurrentLocation></Report></location-info>
            """
        #expect(throws: DocumentError.self) { try MCPTTLocationInfo(parsing: Array(wide.utf8)) }
    }
}

func everyLocation() -> [MCPTTLocationInfo] {
    [
        MCPTTLocationInfo(.request(.init(id: "r1"))),
        MCPTTLocationInfo(.request(.init(id: "r1", refresh: true))),
        MCPTTLocationInfo(.report(.init(isEmergency: false))),
        MCPTTLocationInfo(
            .report(
                .init(
                    isEmergency: true, id: "r1", triggers: ["t1", "t2"],
                    coordinate: .init(longitude: 0xff_ffff, latitude: 5),
                    servingCell: "222001" + String(repeating: "01", count: 14)))),
    ]
}
