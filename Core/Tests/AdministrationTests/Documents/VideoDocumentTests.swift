import Administration
import ConfigurationDocuments
import MCFoundation
import Policy
import Testing

@Suite("documents of the fleet map: MCVideo and MCData")
struct VideoDocumentTests {
    /// anna may use MCVideo and has a device; flood is a group of all three services, managed by chiara.
    private let documents: FleetDocuments

    init() throws {
        var fleet = try Italy.withManager()
        var anna = try #require(fleet.user(Italy.id("anna")))
        anna.rights = RightsOverride(allowed: [.mcvideo, .privateCall, .overrideOfTransmission])
        fleet = try Italy.with(.replace(anna.record), in: fleet)
        let documents = try Italy.documents(fleet)
        let put = documents.decide(try Italy.put(Italy.flood, Self.flood()), by: Italy.requester("chiara"))
        #expect(put.response.status == 200)
        fleet.apply(put.fleet.changes)
        self.documents = try Italy.documents(fleet)
    }

    private static func flood(_ change: (inout GroupDocument) -> Void = { _ in }) -> [UInt8] {
        var document = GroupDocument(
            id: MCPTTGroupID(Italy.id("flood")), displayName: "Flood",
            entries: ["anna", "bruno"].map { .init(mcpttID: MCPTTID(Italy.id($0))) })
        document.invitesMembers = true
        document.rules = [.init(id: "all", condition: .listMembers, actions: [.initiateConference, .join])]
        var video = VideoGroup(invitesMembers: true, allowsConferenceState: true)
        video.maximumDuration = 60_000
        video.audioEncodings = ["AMR-WB"]
        video.videoEncodings = ["H264"]
        video.maximumTransmitters = 2
        video.minimumToStart = 1
        video.priority = 7
        video.receptionHangTime = 30_000
        document.video = video
        var data = DataGroup(allowsShortData: true, allowsFiles: true, maySend: true)
        data.maximumShortData = 1_000
        data.maximumFile = 1_000_000
        document.data = data
        change(&document)
        return document.serialized()
    }

    private func requester(_ name: String, _ service: String = "video") -> XCAPRequester {
        XCAPRequester(serviceID: Italy.id(name), scopes: ["3gpp:mc:\(service)_config_management_service"])
    }

    private func get(_ uri: String, by requester: XCAPRequester) throws -> XCAPResponse {
        documents.decide(XCAPRequest(method: .get, uri: try Italy.uri(uri)), by: requester).response
    }

    private static let profile =
        "org.3gpp.mcvideo.user-profile/users/sip:anna@mc.it.example/mcvideo-user-profile-0.xml"

    /// Names of the elements in the order of their first tags.
    private func names(_ octets: [UInt8]) -> [String] {
        String(decoding: octets, as: UTF8.self).split(separator: "<").dropFirst()
            .filter { !$0.hasPrefix("/") && !$0.hasPrefix("?") }
            .map { String($0.prefix { !" />".contains($0) }) }
    }

    @Test("a user with the service reads his profile: who he is, his groups of that service, what he may")
    func userProfile() throws {
        let answer = try get(Self.profile, by: requester("anna"))
        #expect(answer.status == 200 && answer.contentType == "application/vnd.3gpp.mcvideo-user-profile+xml")
        #expect(
            names(answer.body) == [
                "mcvideo-user-profile", "Status", "ProfileName", "Pre-selected-indication", "Common", "MCVideoUserID",
                "uri-entry", "display-name", "MCVideo-group-call", "MaxSimultaneousCallsN6", "Priority",
                "MissionCriticalOrganization", "OnNetwork", "MCVideoGroupInfo", "MCVideo-Group-ID", "uri-entry",
                "display-name", "MaxAffiliationsN2", "cp:ruleset", "cp:rule", "cp:actions", "allow-private-call",
                "allow-emergency-group-call",
            ])
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains(#"xmlns="urn:3gpp:ns:mcvideo:user-profile:1.0""#))
        #expect(text.contains("sip:flood@mc.it.example") && !text.contains("override"))
    }

    @Test("nobody without the service, and nobody else, reads it")
    func access() throws {
        let bruno = Self.profile.replacing("anna", with: "bruno")
        #expect(try get(bruno, by: requester("bruno")).status == 404)
        #expect(try get(Self.profile, by: requester("bruno")).status == 403)
        #expect(try get(Self.profile, by: Italy.requester("anna")).status == 403)
        #expect(try get(Self.profile.replacing("-0", with: "-1"), by: requester("anna")).status == 404)
        #expect(
            documents.decide(
                XCAPRequest(method: .delete, uri: try Italy.uri(Self.profile)), by: requester("anna")
            ).response.status == 403)
        let listing = documents.listing(of: Italy.id("anna")).map(\.auid).filter { $0.contains("mcvideo") }
        #expect(listing == ["service-config", "user-profile", "ue-config"].map { "org.3gpp.mcvideo.\($0)" })
        #expect(documents.listing(of: Italy.id("bruno")).allSatisfy { !$0.auid.contains("mcvideo") })
    }

    @Test("the service configuration has what its schema asks for, protection switched off in words")
    func serviceConfiguration() throws {
        let uri = "org.3gpp.mcvideo.service-config/global/mcvideo-service-config.xml"
        let answer = try get(uri, by: requester("anna"))
        #expect(answer.status == 200)
        #expect(
            names(answer.body).dropFirst(3) == [
                "signalling-protection", "confidentiality-protection", "integrity-protection",
                "protection-between-mcvideo-servers", "allow-signalling-protection",
                "allow-transmission-control-protection", "emergency-resource-priority", "resource-priority-namespace",
                "resource-priority-priority", "imminent-peril-resource-priority", "resource-priority-namespace",
                "resource-priority-priority", "normal-resource-priority", "resource-priority-namespace",
                "resource-priority-priority", "anyExt", "tc-timers-counters-R14", "T100-transmission-request",
                "T101-transmission-end-request", "T102-queue-position-request", "T103-receive-media-request",
                "T104-receive-media-release", "private-call-hang-timer", "T2-transmission-idle",
                "T3-transmission-revoke", "T4-transmission-granted", "reception-hang-time", "T6-reception-granted",
                "T11-stream-reception-idle", "C2-transmission-idle", "C4-transmission-granted",
                "C6-reception-granted", "C7-reception-accpeted", "C11-media-receivers",
            ])
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(!text.contains(">true<") && text.contains("<reception-hang-time>PT30S</reception-hang-time>"))
        #expect(try get(uri.replacing("global/", with: "global/vvf/"), by: requester("anna")).status == 200)
        #expect(try get(uri.replacing("global/", with: "global/nobody/"), by: requester("anna")).status == 404)
    }

    @Test("the configuration of a device that was given to the user names his groups of the service")
    func ueConfiguration() throws {
        let uri = "org.3gpp.mcvideo.ue-config/users/sip:anna@mc.it.example/\(Italy.device)"
        let answer = try get(uri, by: requester("anna"))
        #expect(answer.status == 200)
        #expect(
            names(answer.body) == [
                "mcvideo-UE-configuration", "mcvideo-UE-id", "Instance-ID-URN", "name", "common",
                "MCVIDEO-Private-Call", "Max-Simul-Call-Nc10", "MCVIDEO-Group-Call", "Max-Simul-Call-Nc4",
                "Max-Simul-Trans-Nc5", "Prioritized-MCVIDEO-Group", "MCVIDEO-Group-Priority", "MCVIDEO-Group-ID",
                "group-priority-hierarchy", "on-network", "IPv6Preferred", "Relay-Service", "Relayed-MCVIDEO-Group",
                "MCVIDEO-Group-ID", "Relay-Service-Code", "anyExt",
            ])
        #expect(try get(uri + "x", by: requester("anna")).status == 404)
    }

    @Test("MCData has no documents here yet: the answer says so and tells nothing else")
    func data() throws {
        for name in ["user-profile/users/sip:anna@mc.it.example/mcdata-user-profile-0.xml"] {
            #expect(try get("org.3gpp.mcdata.\(name)", by: requester("anna", "data")).status == 404)
        }
    }

    @Test("a group document keeps what it says of video and data, and members find their IDs in it")
    func groupParts() throws {
        let document = try #require(documents.document(try Italy.uri(Italy.flood)))
        let read = try GroupDocument(parsing: document.octets)
        let asked = try GroupDocument(parsing: Self.flood())
        #expect(read.video == asked.video && read.data == asked.data)
        #expect(read.video?.allowsConferenceState == true && read.data?.maySend == true)
        #expect(read.video?.receptionHangTime == 30_000 && read.data?.maximumFile == 1_000_000)
        let text = String(decoding: document.octets, as: UTF8.self)
        #expect(text.contains("<mcpttgi:mcvideo-mcvideo-id uri=\"sip:anna@mc.it.example\"/>"))
        #expect(text.contains("urn:urn-7:3gpp-service.ims.icsi.mcdata"))
        // A group without them has no trace of them.
        let patrol = try #require(documents.document(try Italy.uri(Italy.patrol)))
        let plain = String(decoding: patrol.octets, as: UTF8.self)
        #expect(!plain.contains("mcvideo") && !plain.contains("mcdata"))
    }

    @Test("a document that asks for protection of video or data is refused: there are no keys")
    func protection() throws {
        let text = String(decoding: Self.flood(), as: UTF8.self)
        for element in [
            "mcvideo-protect-media", "mcvideo-protect-transmission-control", "mcdata-protect-media",
            "mcdata-protect-transmission-control",
        ] {
            let tag = "<mcpttgi:\(element)>false</mcpttgi:\(element)>"
            #expect(text.contains(tag))
            for other in [tag.replacing("false", with: "true"), ""] {
                let put = documents.decide(
                    try Italy.put(Italy.flood, Array(text.replacing(tag, with: other).utf8)),
                    by: Italy.requester("chiara"))
                #expect(put.response.status == 409 && put.fleet.changes.isEmpty, "\(element)")
            }
        }
    }

    @Test("who gets the service is told of his new profile")
    func change() throws {
        let fleet = documents.fleet
        var bruno = try #require(fleet.user(Italy.id("bruno")))
        bruno.rights = RightsOverride(allowed: [.mcvideo])
        let decision = try Italy.decide(.replace(bruno.record), in: fleet)
        var after = fleet
        after.apply(decision.changes)
        let told = try Italy.documents(after).changes(by: decision.changes, since: documents)
        let change = try #require(told.first { $0.uri == FleetDocuments.mcvideoUserProfile(of: bruno.id) })
        #expect(change.previousETag == nil && change.newETag != nil)
    }
}
