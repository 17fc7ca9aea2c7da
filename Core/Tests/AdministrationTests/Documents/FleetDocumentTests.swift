import Administration
import ConfigurationDocuments
import MCFoundation
import Policy
import Testing

@Suite("documents of the fleet map: reading")
struct FleetDocumentTests {
    private func get(
        _ uri: String, by name: String?, in documents: FleetDocuments? = nil
    ) throws -> DocumentDecision {
        try (documents ?? Italy.documents()).decide(
            XCAPRequest(method: .get, uri: Italy.uri(uri)), by: name.map { Italy.requester($0) })
    }

    @Test("a profile says the rights, maxima and groups of its user, and only he reads it")
    func profile() throws {
        let uri = "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/mcptt-user-profile-0.xml"
        let answer = try get(uri, by: "anna")
        #expect(answer.response.status == 200)
        #expect(answer.response.contentType == "application/vnd.3gpp.mcptt-user-profile+xml")
        let profile = try UserProfileDocument(parsing: answer.response.body)
        #expect(profile.mcpttID == MCPTTID(Italy.id("anna")))
        #expect(profile.groups.map(\.uri) == [Italy.id("flood")])
        #expect(profile.maximumAffiliations == 12)
        // What the rights say, and nothing beside.
        #expect(profile.allowed == [.emergencyGroupCall])
        #expect(profile.organisation == "Vigili del Fuoco")
        #expect(try get(uri, by: "bruno").response.status == 403)
        #expect(try get(uri, by: "bruno").refusal == .notOwner)
        #expect(try get(uri, by: nil).refusal == .noToken)
        #expect(try get(uri.replacing("profile-0", with: "profile-1"), by: "anna").response.status == 404)
    }

    @Test("each profile of a user has a document, the first says that clients begin with it, and all are listed")
    func severalProfiles() throws {
        let fleet = try Italy.inCommand()
        let documents = try Italy.documents(fleet)
        let uri = "org.3gpp.mcptt.user-profile/users/sip:anna@mc.it.example/mcptt-user-profile-0.xml"
        let first = try UserProfileDocument(parsing: get(uri, by: "anna", in: documents).response.body)
        let second = try UserProfileDocument(
            parsing: get(uri.replacing("profile-0", with: "profile-3"), by: "anna", in: documents).response.body)
        #expect((first.index, first.profileName, first.isPreselected) == (0, "responder", true))
        #expect((second.index, second.profileName, second.isPreselected) == (3, "commander", false))
        #expect(first.allowed == [.emergencyGroupCall] && second.allowed == [.cancelGroupEmergency])
        #expect((first.maximumAffiliations, second.maximumAffiliations) == (12, 40))
        let none = uri.replacing("profile-0", with: "profile-1")
        #expect(try get(none, by: "anna", in: documents).response.status == 404)
        let other = uri.replacing("profile-0", with: "profile-3")
        let node = other + "/~~/mcptt-user-profile"
        #expect(try get(node, by: "anna", in: documents).response.status == 200)
        let listed = documents.listing(of: Italy.id("anna")).filter { $0.auid == "org.3gpp.mcptt.user-profile" }
        #expect(listed == [0, 3].map { FleetDocuments.userProfile(of: Italy.id("anna"), index: $0) })
        #expect(try get(other, by: "bruno", in: documents).refusal == .notOwner)
    }

    @Test("a device is configured for what any profile of its user allows, and selects MCVideo by any")
    func ueConfigurationOfSeveralProfiles() throws {
        var commander = ProfileRecord(name: "commander", rights: [.mcvideo])
        commander.maxima.groupCallsPerClientN4 = 17
        let device = DeviceRecord(instance: Italy.device, organisation: "vvf", user: Italy.id("anna"))
        let fleet = try Italy.with(.replace(commander.record), .create(device.record), in: Italy.inCommand())
        let documents = try Italy.documents(fleet)
        let uri = "org.3gpp.mcptt.ue-config/users/sip:anna@mc.it.example/\(Italy.device)"
        let document = try UEConfiguration(parsing: get(uri, by: "anna", in: documents).response.body)
        #expect(document.maximumGroupCalls == 17)
        let listed = documents.listing(of: Italy.id("anna"))
        #expect(listed.contains(FleetDocuments.mcvideoUserProfile(of: Italy.id("anna"))))
    }

    @Test("a device reads its initial configuration before anybody logged in, whether it is known or not")
    func initialConfiguration() throws {
        for device in [Italy.device, "urn:uuid:ffffffff-0000-4000-8000-000000000000"] {
            let uri = "org.3gpp.mcptt.ue-init-config/users/sip:ue@mc.it.example/\(device)"
            let answer = try get(uri, by: nil)
            #expect(answer.response.status == 200)
            let document = try UEInitialConfiguration(parsing: answer.response.body)
            #expect(document.instanceID == device)
            #expect(document.servers.tokenEndpoint == "https://idm.mc.it.example/token")
            #expect(document.defaultUserProfiles.isEmpty)
        }
    }

    @Test("the configuration of a device goes to the user it was given to")
    func ueConfiguration() throws {
        let uri = "org.3gpp.mcptt.ue-config/users/sip:anna@mc.it.example/\(Italy.device)"
        let document = try UEConfiguration(parsing: get(uri, by: "anna").response.body)
        #expect(document.groupPriorities.map(\.group.value) == [Italy.id("flood")])
        #expect(document.name == "portable")
        #expect(try get(uri, by: "bruno").response.status == 403)
        #expect(try get(uri.replacing("anna", with: "bruno"), by: "bruno").response.status == 404)
    }

    @Test("every user reads the service configuration, of the system and of an organisation that exists")
    func serviceConfiguration() throws {
        #expect(try get("org.3gpp.mcptt.service-config/global/service-config.xml", by: "carla").response.status == 200)
        #expect(
            try get("org.3gpp.mcptt.service-config/global/vvf/service-config.xml", by: "carla").response.status == 200)
        #expect(
            try get("org.3gpp.mcptt.service-config/global/nobody/service-config.xml", by: "carla").response.status
                == 404)
    }

    @Test(
        "members and managers of the organisation read a group, at both of its addresses; others cannot tell it exists")
    func groups() throws {
        let answer = try get(Italy.flood, by: "anna")
        #expect(answer.response.status == 200)
        let document = try GroupDocument(parsing: answer.response.body)
        #expect(document.entries.map(\.displayName) == ["Anna", "Bruno"])
        let own = "org.openmobilealliance.groups/users/sip:anna@mc.it.example/sip:flood@mc.it.example"
        #expect(try get(own, by: "anna").response == answer.response)
        #expect(try get(own, by: "bruno").refusal == .notOwner)
        #expect(try get(Italy.flood, by: "chiara").response.status == 200)
        // dario is no member; carla of the police neither; chiara manages the groups of the fire brigade.
        let hidden = try get(Italy.flood, by: "dario").response
        #expect(hidden.status == 403)
        #expect(try get(Italy.rescue, by: "dario").response == hidden)
        #expect(try get(Italy.flood, by: "carla").response.status == 403)
        #expect(try get(Italy.patrol, by: "chiara").response.status == 403)
        #expect(try get(Italy.rescue, by: "chiara").response.status == 404)
        #expect(try get(Italy.flood.replacing("flood", with: "FLOOD"), by: "chiara").response.status == 404)
    }

    @Test("tags hold until the document changes, and answer conditions; nodes are read alone")
    func conditions() throws {
        let documents = try Italy.documents()
        let etag = try #require(try get(Italy.flood, by: "anna", in: documents).response.etag)
        var request = XCAPRequest(method: .get, uri: try Italy.uri(Italy.flood), ifNoneMatch: .tags([etag]))
        #expect(documents.decide(request, by: Italy.requester("anna")).response.status == 304)
        let changed = try Italy.documents(
            Italy.with(
                .removeMember(group: Italy.id("flood"), user: Italy.id("bruno")), in: Italy.withManager()))
        #expect(changed.decide(request, by: Italy.requester("anna")).response.status == 200)
        #expect(changed.decide(request, by: Italy.requester("bruno")).response.status == 403)
        request.ifNoneMatch = nil
        request.uri = try Italy.uri(Italy.flood + "/~~/group/list-service/list/entry%5b2%5d/@uri")
        #expect(
            documents.decide(request, by: Italy.requester("anna")).response.body == Array(Italy.id("bruno").utf8))
        #expect(changed.decide(request, by: Italy.requester("anna")).response.status == 404)
    }

    @Test("a suspended user and one who is gone read nothing, whatever their token says")
    func suspended() throws {
        let documents = try Italy.documents(
            Italy.with(.setSuspended(user: Italy.id("anna"), true), in: Italy.withManager()))
        #expect(try get(Italy.flood, by: "anna", in: documents).response.status == 403)
        #expect(
            try get("org.3gpp.mcptt.service-config/global/service-config.xml", by: "nobody").response.status == 403)
        #expect(documents.listing(of: Italy.id("anna")).isEmpty)
    }

    @Test("the directory lists what its user may read, with the tags that he will find")
    func directory() throws {
        let documents = try Italy.documents()
        let uri = "org.openmobilealliance.xcap-directory/users/sip:anna@mc.it.example/directory.xml"
        let answer = try get(uri, by: "anna")
        #expect(answer.response.contentType == "application/vnd.oma.xcap-directory+xml")
        let text = String(decoding: answer.response.body, as: UTF8.self)
        let listing = documents.listing(of: Italy.id("anna"))
        #expect(listing.count == 4)
        for uri in listing {
            let document = try #require(documents.document(uri))
            #expect(text.contains(uri.absolute(root: "https://xcap.mc.it.example/xcap")))
            #expect(text.contains(document.etag.replacing("\"", with: "")))
            #expect(documents.mayRead(Italy.id("anna"), uri))
        }
        #expect(!text.contains("patrol"))
        #expect(try get(uri, by: "bruno").response.status == 403)
    }

    @Test("a group is asked for without its members")
    func excludingMembers() throws {
        let body = Array(
            #"<document xmlns="urn:3gpp:ns:mcpttGMOP:1.0"><request><get-excluding-memberlist/></request></document>"#
                .utf8)
        let documents = try Italy.documents()
        let answer = documents.decideOperation(
            body, on: try Italy.uri(Italy.flood), by: Italy.requester("anna")
        ).response
        #expect(answer.status == 200)
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains("sip:flood@mc.it.example") && !text.contains("anna") && !text.contains("<list>"))
        func status(_ body: String, _ name: String, _ uri: String = Italy.flood) throws -> Int {
            documents.decideOperation(Array(body.utf8), on: try Italy.uri(uri), by: Italy.requester(name))
                .response.status
        }
        #expect(try status(String(decoding: body, as: UTF8.self), "dario") == 403)
        #expect(try status("<document", "anna") == 400)
        #expect(
            try status(#"<document xmlns="urn:3gpp:ns:mcpttGMOP:1.0"><request><x/></request></document>"#, "anna")
                == 501)
        #expect(try status("", "anna", "org.3gpp.mcptt.service-config/global/service-config.xml") == 405)
    }
}
