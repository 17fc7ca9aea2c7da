import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import SDP
import SIP
import Testing

@Suite struct MCPTTWarningTests {
    @Test func aWarningIsWrittenAsTheServiceWantsAndReadBack() {
        var headers = Headers()
        headers.append(.warning, MCPTTWarning.tooManyParticipants.headerValue(agent: "it.example"))
        headers.append(.warning, "370 it.example \"Insufficient Bandwidth\"")
        headers.append(.warning, "399 fr.example \"301 of an interworking function\"")
        #expect(headers[.warning] == "399 it.example \"122 too many participants\"")
        #expect(MCPTTWarning.codes(in: headers) == [122, 301])
    }

    @Test func numbersAreThoseOfTheirReleaseAndNothingInBetween() {
        let codes = MCPTTWarning.allCases.map(\.code)
        #expect(codes == codes.sorted())
        // 129 to 135 are not allocated (TS 24.379 4.4.2); 301 to 350 are those of interworking functions.
        #expect(codes.allSatisfy { (100...128).contains($0) || (136...201).contains($0) })
        #expect(MCPTTWarning(code: 130) == nil)
        #expect(MCPTTWarning(code: 117) == .groupIsPrearranged)
    }

    @Test func statusesOfTheCallPath() {
        let statuses: [(MCPTTWarning, Int)] = [
            (.tooManyAffiliations, 486), (.tooManyGroupCalls, 486), (.isfocusNotAssigned, 403),
            (.proceededWithoutRequiredMembers, 200), (.abandonedWithoutRequiredMembers, 480),
            (.groupDoesNotExist, 404), (.groupDisabled, 403), (.notGroupMember, 403), (.groupIsPrearranged, 404),
            (.groupIsChat, 404), (.notAffiliated, 403), (.tooManyParticipants, 486), (.sessionAlreadyExists, 200),
            (.groupCallDoesNotExist, 404), (.userUnknown, 404), (.controllingFunctionUnknown, 404),
            (.noServiceSettings, 480), (.notAuthorisedWithInterconnectedSystem, 403),
        ]
        for (warning, status) in statuses { #expect(warning.status == status) }
    }
}

@Suite struct SessionIdentityTests {
    @Test func aTokenThatStandsForAnotherIdentityIsTurnedBack() throws {
        let theirs = try #require(SIPURI("sip:mcptt-gateway@it.example;gr=a~b.c-d"))
        let token = try #require(SessionIdentity.token(standingFor: theirs))
        let mine = try #require(SessionIdentity.uri(service: "sip:mcptt-participating@it.example", token: token))
        let read = try #require(SIPURI(mine.description))
        #expect(SessionIdentity.token(read).flatMap { SessionIdentity.identity(stoodForBy: $0) } == theirs)
    }

    @Test func theReferenceOfACallIsReadOffEveryIdentityThatStandsForIt() throws {
        let token = SessionIdentity.token(reference: "k3abcdefgh29", secret: "s-e.c_ret")
        let own = try #require(SessionIdentity.uri(service: "sip:mcptt-controlling@it.example", token: token))
        #expect(SessionIdentity.reference(of: own) == "k3abcdefgh29")
        let standing = try #require(SessionIdentity.token(standingFor: own))
        let passed = try #require(SessionIdentity.uri(service: "sip:mcptt-participating@it.example", token: standing))
        #expect(SessionIdentity.reference(of: passed) == "k3abcdefgh29")
        for text in [
            "sip:mcptt@it.example", "sip:mcptt@it.example;gr=k3abcdefgh29", "sip:mcptt@it.example;gr=K3abcdefgh29.x",
            "sip:mcptt@it.example;gr=k3abcdefgh2.9", "sip:mcptt@it.example;gr=a~b~it.example", "sip:a@b;gr=urn:uuid:1",
        ] {
            #expect(SessionIdentity.reference(of: try #require(SIPURI(text))) == nil)
        }
    }

    @Test func whatIsNoSessionIdentityHasNoToken() throws {
        for text in ["sip:mcptt-gateway@it.example", "sip:it.example;gr=x", "tel:+391234", "sip:a@[2001:db8::1];gr=x"] {
            #expect(SessionIdentity.token(standingFor: try #require(SIPURI(text))) == nil)
        }
        for token in ["", "~", "~~", "a~b", "~b~c", "a~~c", "a~b~"] {
            #expect(SessionIdentity.identity(stoodForBy: token) == nil)
        }
    }
}

@Suite struct CallBodyTests {
    @Test func aBodyIsReadAsItWasWritten() throws {
        let other = BodyPart(type: MIMEType.resourceLists, body: Array("<resource-lists/>".utf8))
        let body = CallBody(
            information: MCPTTInfo(sessionType: .chat, requestURI: "sip:g@it.example"),
            sessionDescription: Array("v=0\r\n".utf8), others: [other])
        var request = SIPRequest(method: .invite, uri: SIPURI(host: "it.example"))
        request.body = body.write(into: &request.headers)
        let read = try CallBody(reading: request)
        #expect(read.information == body.information)
        #expect(read.sessionDescription == body.sessionDescription)
        #expect(read.others.map(\.body) == [other.body])
    }

    @Test func whatIsUnreadableIs400AndWhatIsEncryptedIs403With140() throws {
        var request = SIPRequest(method: .invite, uri: SIPURI(host: "it.example"))
        request.body = CallBody.write([BodyPart(type: MIMEType.mcpttInfo, body: [0x3c])], into: &request.headers)
        #expect(throws: Refusal(status: 400)) { try CallBody(reading: request) }
        var information = MCPTTInfo()
        information.protectedElements = [.init(name: "mcptt-request-uri", markup: "<x/>")]
        #expect(throws: Refusal(.cannotDecrypt)) { try information.requireReadable() }
    }

    @Test func eachIndicatorThatWasAskedForIsToldAsItIs() {
        var asked = MCPTTInfo(emergencyIndicator: true)
        asked.alertIndicator = true
        let denied = asked.indicators(asIn: .normal)
        #expect(denied?.emergencyIndicator == false)
        #expect(denied?.alertIndicator == false)
        #expect(denied?.imminentPerilIndicator == nil)
        #expect(MCPTTInfo(emergencyIndicator: false).indicators(asIn: .emergency)?.emergencyIndicator == true)
        var over = MCPTTInfo()
        over.imminentPerilIndicator = false
        #expect(over.indicators(asIn: .imminentPeril)?.imminentPerilIndicator == true)
        #expect(MCPTTInfo().indicators(asIn: .emergency) == nil)
    }
}

@Suite struct IdentifierTests {
    @Test func sourcesAreNeverZeroNorHandedOutTwice() {
        var allocator = SSRCAllocator(random: SeededGenerator(seed: 1))
        var seen: Set<UInt32> = []
        for _ in 0..<10_000 {
            let ssrc = allocator.allocate()
            #expect(ssrc != 0 && seen.insert(ssrc).inserted)
        }
    }

    @Test func countersOfTwoFunctionsNeverMeet() {
        var first = NumberedCounter(number: 1)
        var second = NumberedCounter(number: 2)
        #expect(first.next() >> 56 == 1)
        #expect(second.next() >> 56 == 2)
        #expect(first.next() != first.next())
    }
}
