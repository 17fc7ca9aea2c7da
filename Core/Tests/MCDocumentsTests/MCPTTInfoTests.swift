import MCDocuments
import MCFoundation
import Testing

private func parse(_ text: String, limits: DocumentLimits = .init()) throws(DocumentError) -> MCPTTInfo {
    try MCPTTInfo(parsing: Array(text.utf8), limits: limits)
}

private func wrap(_ parameters: String) -> String {
    "<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params>\(parameters)</mcptt-Params></mcpttinfo>"
}

/// A body with every property set.
func everyProperty() -> MCPTTInfo {
    var info = MCPTTInfo(
        sessionType: .prearranged, requestURI: "sip:group@a.example", callingUserID: MCPTTID("sip:u1@a.example"),
        calledPartyID: MCPTTID("sip:u2@b.example"), callingGroupID: MCPTTGroupID("sip:group@a.example"),
        emergencyIndicator: true, clientID: MCPTTClientID("urn:uuid:1 & <2>"))
    info.accessToken = "eyJ.x\"y'z"
    info.required = true
    info.alertIndicator = false
    info.imminentPerilIndicator = true
    info.broadcastIndicator = false
    info.organization = "Vigili del fuoco\t(Genova)"
    info.floorState = "idle"
    info.associatedGroupID = MCPTTGroupID("sip:other@a.example")
    info.originatedBy = MCPTTID("sip:u3@a.example")
    info.alertIndicatorReceived = true
    info.gatewayUsage = false
    info.extensions.functionalAlias = FunctionalAlias("sip:chief@a.example")
    info.extensions.isCallToFunctionalAlias = true
    info.extensions.releaseReason = "not selected for call"
    info.extensions.requestType = "private-call-call-back-request"
    info.extensions.responseType = "group-selection-change-response"
    info.extensions.ambientListeningType = "remote-init"
    info.extensions.emergencyIndicatorReceived = true
    info.extensions.multipleDevicesIndicator = true
    info.extensions.preconfiguredGroupID = MCPTTGroupID("sip:pre@a.example")
    info.extensions.userRequestedPriority = 3
    info.extensions.usedPriority = 2
    info.extensions.partnerMCPTTID = MCPTTID("sip:u1@b.example")
    info.extensions.calledFunctionalAlias = FunctionalAlias("sip:medic@a.example")
    info.extensions.nonAcknowledgedUsers = [MCPTTID("sip:u8@a.example"), MCPTTID("sip:u9@a.example")]
    info.rootExtensions.set("ric-commencement-mode", .plain("automatic"))
    return info
}

@Suite("The mcptt-info body")
struct MCPTTInfoTests {
    @Test("what is written is what is read")
    func roundTrip() throws {
        let info = everyProperty()
        #expect(try MCPTTInfo(parsing: info.serialized()) == info)
        #expect(try MCPTTInfo(parsing: MCPTTInfo().serialized()) == MCPTTInfo())
    }

    @Test("an invitation is written as the schema orders it")
    func text() {
        let info = MCPTTInfo(
            sessionType: .chat, requestURI: "sip:m@a.example", callingUserID: MCPTTID("sip:u@a.example"),
            callingGroupID: MCPTTGroupID("sip:g@a.example"))
        let text = String(decoding: info.serialized(), as: UTF8.self)
        #expect(
            text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <mcpttinfo xmlns="urn:3gpp:ns:mcpttInfo:1.0"><mcptt-Params><session-type>chat</session-type>\
                <mcptt-request-uri type="Normal"><mcpttURI>sip:m@a.example</mcpttURI></mcptt-request-uri>\
                <mcptt-calling-user-id type="Normal"><mcpttURI>sip:u@a.example</mcpttURI></mcptt-calling-user-id>\
                <mcptt-calling-group-id type="Normal"><mcpttURI>sip:g@a.example</mcpttURI></mcptt-calling-group-id>\
                </mcptt-Params></mcpttinfo>
                """)
    }

    @Test("children are taken in any order, with prefixes, without typed children, and plain indicators")
    func tolerance() throws {
        let info = try parse(
            """
            <m:mcpttinfo xmlns:m="urn:3gpp:ns:mcpttInfo:1.0"><m:mcptt-Params>
              <m:mcptt-client-id type="Normal"><m:mcpttString> c1 </m:mcpttString></m:mcptt-client-id>
              <m:mcptt-request-uri>sip:g@a.example</m:mcptt-request-uri>
              <m:imminentperil-ind>true</m:imminentperil-ind>
              <m:alert-ind type="Normal"><m:mcpttBoolean>0</m:mcpttBoolean></m:alert-ind>
              <m:emergency-ind/>
              <m:session-type>prearranged</m:session-type>
              <m:mcptt-calling-user-id type="Normal"/>
              <x:unknown xmlns:x="urn:x">1</x:unknown>
            </m:mcptt-Params></m:mcpttinfo>
            """)
        #expect(info.clientID == MCPTTClientID("c1"))
        #expect(info.requestURI == "sip:g@a.example")
        #expect(info.imminentPerilIndicator == true)
        #expect(info.alertIndicator == false)
        #expect(info.emergencyIndicator == true)
        #expect(info.sessionType == .prearranged)
        #expect(info.callingUserID == nil)
        #expect(info.broadcastIndicator == nil)
    }

    @Test("encrypted values are kept as markup that stands by itself, and leave their property empty")
    func encryption() throws {
        let info = try parse(
            """
            <m:mcpttinfo xmlns:m="urn:3gpp:ns:mcpttInfo:1.0" xmlns:e="http://www.w3.org/2001/04/xmlenc#"><m:mcptt-Params>\
            <m:session-type>chat</m:session-type>\
            <m:mcptt-request-uri type="Encrypted"><e:EncryptedData Type="x"/></m:mcptt-request-uri>\
            </m:mcptt-Params></m:mcpttinfo>
            """)
        #expect(info.requestURI == nil)
        #expect(info.protectedElements.map(\.name) == ["mcptt-request-uri"])
        let again = try MCPTTInfo(parsing: info.serialized())
        #expect(again.protectedElements.map(\.name) == ["mcptt-request-uri"])
        #expect(again.protectedElements.first?.markup.contains("EncryptedData") == true)
        #expect(again.sessionType == .chat)
    }

    @Test("extensions of other namespaces and with structure survive")
    func extensions() throws {
        let info = try parse(
            wrap(
                """
                <anyExt><functional-alias-URI type="Normal"><mcpttURI>sip:f@a.example</mcpttURI></functional-alias-URI>\
                <v:own xmlns:v="urn:vendor" a="1"><v:deep>2</v:deep></v:own>\
                <forwarding-immediate-list><entry><uri-entry>sip:x@a.example</uri-entry></entry></forwarding-immediate-list>\
                </anyExt>
                """))
        #expect(info.extensions.functionalAlias == FunctionalAlias("sip:f@a.example"))
        #expect(info.extensions.elements.map(\.name) == ["functional-alias-URI", "own", "forwarding-immediate-list"])
        let again = try MCPTTInfo(parsing: info.serialized())
        #expect(again == info)
        #expect(info.extensions.text(of: "own") == nil)
    }

    @Test(
        "White space in what is passed on as it came stays: a signature may cover it",
        arguments: ["\n  ", "&#10;", " "])
    func protectedElementsAreVerbatim(space: String) throws {
        let element =
            "<mcptt-request-uri type=\"Encrypted\">\(space)<e:EncryptedData xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/>"
            + "\(space)</mcptt-request-uri>"
        let text =
            "<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params>\(element)</mcptt-Params></mcpttinfo>"
        let info = try MCPTTInfo(parsing: Array(text.utf8))
        let markup = try #require(info.protectedElements.first?.markup)
        let meant = space == "&#10;" ? "\n" : space
        #expect(markup.contains(">\(meant)<e:EncryptedData"))
        #expect(markup.hasSuffix("/>\(meant)</mcptt-request-uri>"))
        let octets = info.serialized()
        #expect(try MCPTTInfo(parsing: octets).serialized() == octets)
    }

    @Test("elements of other namespaces and of none keep their namespace when they are written again")
    func foreignElements() throws {
        let info = try parse(
            """
            <m:mcpttinfo xmlns:m="urn:3gpp:ns:mcpttInfo:1.0" xmlns:v="urn:vendor"><m:mcptt-Params>\
            <v:own><plain/></v:own><m:anyExt><bare a="1"/></m:anyExt></m:mcptt-Params></m:mcpttinfo>
            """)
        #expect(info.foreignElements == ["<v:own xmlns:v=\"urn:vendor\" xmlns=\"\"><plain/></v:own>"])
        #expect(info.extensions.elements == [.init("bare", .markup("<bare xmlns=\"\" a=\"1\"/>"))])
        let again = try MCPTTInfo(parsing: info.serialized())
        #expect(again.serialized() == info.serialized())
        #expect(again.foreignElements.count == 1)
        guard case .markup = again.extensions.elements.first?.value else {
            Issue.record("an element without a namespace was taken for one of the schema")
            return
        }
    }

    @Test("later request types are read from their own element")
    func requestTypes() throws {
        let info = try parse(
            wrap("<anyExt><req-type type=\"Normal\"><mcpttString>x-request</mcpttString></req-type></anyExt>"))
        #expect(info.extensions.requestType == "x-request")
    }

    @Test("an indicator that is neither true nor false is an error with its line")
    func indicators() {
        #expect(throws: DocumentError.self) { try parse(wrap("<alert-ind>maybe</alert-ind>")) }
        let text = "<mcpttinfo>\n<mcptt-Params>\n<alert-ind>maybe</alert-ind></mcptt-Params></mcpttinfo>"
        #expect { try parse(text) } throws: { ($0 as? DocumentError)?.line == 3 }
    }

    @Test("control characters cannot break the markup")
    func controlCharacters() throws {
        var info = MCPTTInfo()
        info.organization = "a\u{0}b\u{1}\u{ffff}\r\n]]>"
        let again = try MCPTTInfo(parsing: info.serialized())
        #expect(again.organization == "a\u{fffd}b\u{fffd}\u{fffd}\r\n]]>")
    }
}
