import FloorControl
import MCDocuments
import MCFoundation
import Responder
import SDP
import SIP
import Testing

/// A client whose documents say something else.
@Suite struct ConfigureTests {
    private static let other = MCPTTGroupID("sip:rescue@it.example")
    private static let foreign = MCPTTGroupID("sip:nice@fr.example")

    private static func configuration(_ groups: [ResponderGroup], priority: UInt8 = 5) -> UserConfiguration {
        UserConfiguration(
            mcpttID: MCPTTID("sip:anna@mcptt.it.example"), domain: "it.example",
            documentService: PublicServiceIdentity("sip:documents@it.example"), priority: priority, groups: groups)
    }

    private func offer(_ request: SIPRequest?) throws -> SpeechOffer {
        let octets = try #require(request?.part("application/sdp")).body
        return try SpeechOffer(reading: SessionDescription(parsing: octets))
    }

    @Test func `A call is offered with priority and codec of its group`() throws {
        let bench = try Bench.registered()
        bench.command(
            .configure(
                Self.configuration([ResponderGroup(id: Bench.group, codec: .opus, priority: 77)], priority: 12)))
        bench.command(.call(CallRequest(group: Bench.group)))
        bench.giveMedia(1)
        let first = try offer(bench.take(.invite))
        #expect(first.codec == .opus)
        #expect(first.floorParameters.priority == 77)
        bench.command(.call(CallRequest(group: Self.other)))
        bench.giveMedia(2)
        let second = try offer(bench.take(.invite))
        #expect(second.codec == .amrWB(octetAlign: true))
        #expect(second.floorParameters.priority == 12)
    }

    @Test func `A group that the documents name no more is left, and one that they never named stays`() throws {
        let bench = try Bench.registered()
        let both = [ResponderGroup(id: Bench.group), ResponderGroup(id: Self.other)]
        bench.command(.configure(Self.configuration(both)))
        bench.command(.affiliate([Bench.group, Self.other, Self.foreign]))
        bench.answer(bench.take(.publish))
        bench.command(.configure(Self.configuration([both[1]])))
        let publish = try #require(bench.take(.publish))
        let document = try AffiliationDocument(parsing: try #require(publish.part(MIMEType.presence)).body)
        #expect(document.clients.flatMap(\.groups).map(\.group) == [Self.other, Self.foreign])
        bench.answer(publish)
        bench.command(.configure(Self.configuration([both[1]], priority: 9)))
        #expect(bench.take(.publish) == nil)
    }

    @Test func `Another user profile is published, and its documents are watched`() throws {
        let bench = try Bench.registered { $0.userProfile = 2 }
        bench.requests = []
        var configuration = Self.configuration([ResponderGroup(id: Bench.group)])
        configuration.userProfile = 2
        bench.command(.configure(configuration))
        #expect(bench.requests.isEmpty)
        configuration.userProfile = 0
        configuration.watched = ["org.openmobilealliance.groups/global/byGroupID/"]
        bench.command(.configure(configuration))
        let publish = try #require(bench.take(.publish))
        let settings = try PoCSettings(parsing: try #require(publish.part(MIMEType.poCSettings)).body)
        #expect(settings.entities.first?.selectedUserProfileIndex == nil)
        #expect(bench.take(.subscribe) != nil)
    }
}
