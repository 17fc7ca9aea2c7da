import CallControl
import MCDocuments
import MCFoundation
import Policy
import Registrar
import SIP
import SIPUserAgent
import Testing

@Suite struct RegistrationTests {
    @Test func aRequestWithoutCredentialsIsChallengedInBothAlgorithmsStrongestFirst() throws {
        var desk = try Desk()
        let response = try #require(desk.send(Desk.request()).response)
        #expect(response.status == 401)
        let challenges = response.headers.values(.wwwAuthenticate).compactMap { DigestChallenge($0) }
        #expect(challenges.map(\.algorithm) == [.sha256, .md5])
        #expect(challenges.allSatisfy { $0.realm == "it.example" && !$0.isStale })
        #expect(desk.registrar.count == 0)
    }

    @Test(arguments: [DigestAlgorithm.md5, .sha256])
    func theRightPasswordBindsTheDevice(_ algorithm: DigestAlgorithm) throws {
        var desk = try Desk()
        let actions = desk.send(try desk.authorized(Desk.request(), algorithm: algorithm))
        let response = try #require(actions.response)
        #expect(response.status == 200)
        let contact = try #require(response.headers.contacts.first)
        #expect(contact.parameters["expires"] == "600")
        #expect(contact.parameters["reg-id"] == "1")
        #expect(contact.parameters["+sip.instance"] == "<urn:uuid:1>")
        #expect(contact.parameters["pub-gruu"] == "sip:anna@it.example;gr=urn:uuid:1")
        #expect(response.headers[.path] == "<sip:token1@edge.it.example:5060;lr;ob>")
        #expect(response.headers[.serviceRoute] == "<sip:edge.it.example:5060;lr>")
        #expect(response.headers[.pAssociatedURI] == "<sip:anna@it.example>")
        #expect(response.headers[.flowTimer] == "120")
        #expect(response.headers.lists("outbound", in: .require))
        let gruu = try #require(SIPURI("sip:anna@it.example;gr=urn:uuid:1"))
        let device = RegisteredContact(instance: InstanceID("urn:uuid:1"), uri: gruu, flow: FlowID(1))
        #expect(actions.changes == [.registered(device)])
        #expect(desk.registrar.binding(for: gruu)?.flow == FlowID(1))
        #expect(desk.registrar.identities(of: FlowID(1)) == [Desk.anna])
    }

    @Test func whatTheBodySaysOfTheClientIsHandedOn() throws {
        var desk = try Desk()
        var request = Desk.request()
        var information = MCPTTInfo(clientID: MCPTTClientID("urn:uuid:9"))
        information.accessToken = "secret"
        request.body = CallBody(information: information).write(into: &request.headers)
        let changes = desk.send(try desk.authorized(request)).changes
        guard case .registered(let device)? = changes.first, changes.count == 2,
            case .presented(let same, let presented) = changes[1]
        else { return #expect(Bool(false), "\(changes)") }
        #expect(same == device)
        #expect(presented == PresentedAuthorisation(client: MCPTTClientID("urn:uuid:9"), token: AccessToken("secret")))
        #expect(!"\(presented)".contains("secret"))
        // Whoever does not prove the password presents nothing; a body that cannot be read changes nothing.
        #expect(desk.send(try desk.authorized(request, password: "guess")).changes.isEmpty)
        var broken = Desk.request("bruno")
        broken.headers.append(.contentType, MIMEType.mcpttInfo.description)
        broken.body = Array("<".utf8)
        #expect(desk.send(try desk.authorized(broken, as: "bruno")).changes.count == 1)
    }

    @Test func aWrongPasswordAndAnUnknownUserGetTheSameRefusal() throws {
        var desk = try Desk()
        let wrong = desk.send(try desk.authorized(Desk.request(), password: "guess"))
        let unknown = desk.send(try desk.authorized(Desk.request("zoe"), as: "zoe"))
        #expect(wrong.status == 403)
        #expect(unknown.status == 403)
        #expect(desk.registrar.count == 0)
    }

    @Test func nobodyBindsADeviceToAnothersIdentity() throws {
        var desk = try Desk()
        #expect(desk.send(try desk.authorized(Desk.request("bruno"), as: "anna")).status == 403)
        #expect(desk.registrar.count == 0)
    }

    @Test func credentialsAreAcceptedOnce() throws {
        var desk = try Desk()
        let request = try desk.authorized(Desk.request())
        #expect(desk.send(request).status == 200)
        var replay = request
        replay.headers.set(.cseq, "2 REGISTER")
        let response = try #require(desk.send(replay).response)
        #expect(response.status == 401)
        #expect(response.headers[.wwwAuthenticate].flatMap { DigestChallenge($0) }?.isStale == true)
    }

    @Test func anOldNonceIsStaleNotWrong() throws {
        var desk = try Desk()
        let request = try desk.authorized(Desk.request())
        desk.pass(.seconds(301))
        let response = try #require(desk.send(request).response)
        #expect(response.status == 401)
        #expect(response.headers[.wwwAuthenticate].flatMap { DigestChallenge($0) }?.isStale == true)
    }

    @Test func aForeignDomainIsNotServed() throws {
        var desk = try Desk()
        var request = Desk.request()
        request.uri = SIPURI(host: "fr.example")
        #expect(desk.send(request).status == 404)
    }

    @Test func aTooShortIntervalIsRefusedWithTheLeast() throws {
        var desk = try Desk()
        let response = try #require(try desk.register(Desk.request(expires: 30)).response)
        #expect(response.status == 423)
        #expect(response.headers[.minExpires] == "60")
    }

    @Test func anExcessiveIntervalIsCut() throws {
        var desk = try Desk()
        let response = try desk.register(Desk.request(expires: 4_294_967_295)).response
        #expect(response?.headers.contacts.first?.parameters["expires"] == "3600")
    }

    @Test func aUserHasSeveralDevicesAndEachIsReachedByItsOwnName() throws {
        var desk = try Desk()
        try desk.register(Desk.request(instance: "urn:uuid:1"), flow: 1)
        try desk.register(Desk.request(instance: "urn:uuid:2", contact: "sip:anna@192.0.2.2", callID: "c2"), flow: 2)
        #expect(desk.registrar.bindings(of: Desk.anna).count == 2)
        let second = try #require(SIPURI("sip:anna@it.example;gr=urn:uuid:2"))
        #expect(desk.registrar.binding(for: second)?.flow == FlowID(2))
    }

    @Test func theBindingsOfAUserAreLimited() throws {
        var desk = try Desk { $0.limits.bindingsPerUser = 2 }
        for index in 1...3 {
            let request = Desk.request(
                instance: "urn:uuid:\(index)", contact: "sip:a@192.0.2.\(index)", callID: "c\(index)")
            #expect(try desk.register(request, flow: UInt64(index)).status == (index < 3 ? 200 : 403))
        }
        #expect(desk.registrar.count == 2)
    }

    @Test func theSameDeviceOverANewFlowReplacesTheOldOne() throws {
        var desk = try Desk()
        try desk.register(Desk.request(), flow: 1)
        try desk.register(Desk.request(callID: "c2"), flow: 2)
        #expect(desk.registrar.bindings(of: Desk.anna).map(\.flow) == [FlowID(2)])
        #expect(desk.registrar.identities(of: FlowID(1)).isEmpty)
    }

    @Test func aDelayedRequestDoesNotUndoALaterOne() throws {
        var desk = try Desk()
        try desk.register(Desk.request(cseq: 5))
        #expect(try desk.register(Desk.request(expires: 0, cseq: 4)).status == 500)
        #expect(desk.registrar.count == 1)
        #expect(try desk.register(Desk.request(expires: 0, cseq: 6)).status == 200)
        #expect(desk.registrar.count == 0)
    }

    @Test func expiresZeroRemovesTheDeviceAndSaysSo() throws {
        var desk = try Desk()
        try desk.register(Desk.request())
        let actions = try desk.register(Desk.request(expires: 0, cseq: 2))
        #expect(actions.status == 200)
        #expect(actions.response?.headers.has(.contact) == false)
        guard case .removed(let device)? = actions.changes.first else { return #expect(Bool(false), "no removal") }
        #expect(device.instance == InstanceID("urn:uuid:1"))
    }

    @Test func theWildcardRemovesEverythingButOnlyWithExpiresZero() throws {
        var desk = try Desk()
        try desk.register(Desk.request(instance: "urn:uuid:1"), flow: 1)
        try desk.register(Desk.request(instance: "urn:uuid:2", contact: "sip:anna@192.0.2.2", callID: "c2"), flow: 2)
        var request = Desk.request(expires: 60, callID: "c3")
        request.headers.set(.contact, "*")
        #expect(try desk.register(request).status == 400)
        request.headers.set(.expires, "0")
        let actions = try desk.register(request)
        #expect(actions.status == 200)
        #expect(actions.changes.count == 2)
        #expect(desk.registrar.count == 0)
    }

    @Test func aBindingEndsWithItsTime() throws {
        var desk = try Desk()
        try desk.register(Desk.request(expires: 60))
        #expect(desk.registrar.nextDeadline == desk.now.instant + .seconds(60))
        desk.pass(.seconds(59))
        #expect(desk.registrar.handle(.timeAdvanced, at: desk.now).isEmpty)
        desk.pass(.seconds(1))
        #expect(desk.registrar.handle(.timeAdvanced, at: desk.now).changes.count == 1)
        #expect(desk.registrar.count == 0)
        #expect(desk.registrar.nextDeadline == nil)
    }

    @Test func aBrokenFlowMakesTheDeviceUnreachableAndAfterTheGraceGone() throws {
        var desk = try Desk()
        try desk.register(Desk.request())
        #expect(desk.registrar.handle(.flowClosed(FlowID(1)), at: desk.now).changes.isEmpty)
        #expect(desk.registrar.bindings(of: Desk.anna).isEmpty)
        #expect(desk.registrar.identities(of: FlowID(1)).isEmpty)
        desk.pass(.seconds(5))
        #expect(desk.registrar.handle(.timeAdvanced, at: desk.now).changes.count == 1)
    }

    @Test func aDeviceThatComesBackWithinTheGraceNeverLeft() throws {
        var desk = try Desk()
        try desk.register(Desk.request())
        _ = desk.registrar.handle(.flowClosed(FlowID(1)), at: desk.now)
        desk.pass(.seconds(2))
        try desk.register(Desk.request(cseq: 2), flow: 2)
        desk.pass(.seconds(10))
        #expect(desk.registrar.handle(.timeAdvanced, at: desk.now).isEmpty)
        #expect(desk.registrar.bindings(of: Desk.anna).map(\.flow) == [FlowID(2)])
    }

    @Test func behindAnotherProxyAFlowCannotBeKept() throws {
        var desk = try Desk()
        let request = try desk.authorized(Desk.request())
        #expect(desk.send(request, isFirstHop: false).status == 439)
    }

    @Test func pathOfAProxyBeforeTheEdgeIsKeptAndToldBack() throws {
        var desk = try Desk()
        var request = Desk.request(instance: nil, registration: nil)
        request.headers.append(.path, "<sip:near.example;lr>")
        request.headers.append(.path, "<sip:far.example;lr>")
        let response = desk.send(try desk.authorized(request), isFirstHop: false).response
        #expect(
            response?.headers.values(.path) == [
                "<sip:token1@edge.it.example:5060;lr;ob>", "<sip:near.example;lr>", "<sip:far.example;lr>",
            ])
        let binding = desk.registrar.bindings(of: Desk.anna).first
        #expect(binding?.path.map(\.description) == ["<sip:near.example;lr>", "<sip:far.example;lr>"])
        request.headers.set(.cseq, "2 REGISTER")
        for index in 0..<8 { request.headers.append(.path, "<sip:p\(index).example;lr>") }
        #expect(desk.send(try desk.authorized(request), isFirstHop: false).status == 403)
    }

    @Test func aProxyThatKeepsTheFlowOfTheDeviceSpeaksForIt() throws {
        var desk = try Desk()
        var request = Desk.request()
        request.headers.append(.path, "<sip:near.example;lr>")
        request.headers.append(.path, "<sip:flow@first.example;lr;ob>")
        let actions = desk.send(try desk.authorized(request), isFirstHop: false)
        #expect(actions.status == 200)
        // The keep-alives of the device end at that proxy.
        #expect(actions.promises.isEmpty)
    }

    @Test func whoIsToldAFlowTimerIsExpectedToKeepIt() throws {
        var desk = try Desk { $0.flowTimer = 60 }
        #expect(try desk.register(Desk.request()).promises == [.seconds(80)])
        let plain = Desk.request("bruno", instance: nil, registration: nil, callID: "c2", supported: [])
        #expect(try desk.register(plain, flow: 2, as: "bruno").promises.isEmpty)
    }

    @Test func whoPromisesNoKeepAliveIsGrantedLessThanASilentFlowLasts() throws {
        var desk = try Desk { $0.maximumExpiresWithoutKeepAlive = 500 }
        let plain = Desk.request(instance: nil, registration: nil, expires: 3_600, supported: [])
        #expect(
            try desk.register(plain).response?.headers.contacts.first?.parameters["expires"] == "500")
        let kept = Desk.request("bruno", expires: 3_600, callID: "c2")
        #expect(
            try desk.register(kept, flow: 2, as: "bruno").response?.headers.contacts.first?.parameters["expires"]
                == "3600")
    }

    @Test func theChallengeDoesNotTellWhetherAnAccountExistsNorWhatItHas() throws {
        func challenges(_ desk: inout Desk, _ name: String) -> [DigestAlgorithm] {
            let values = desk.send(Desk.request(name)).response?.headers.values(.wwwAuthenticate) ?? []
            return values.compactMap { DigestChallenge($0)?.algorithm }
        }
        func user(_ name: String, _ change: (inout DigestSecrets) -> Void) -> User {
            var user = Desk.user(name)
            change(&user.credentials)
            return user
        }
        var desk = try Desk()
        let old = user("anna") { $0.sha256 = nil }
        let mixed = try DirectorySnapshot(system: Desk.system, users: [old, Desk.user("bruno")], groups: [])
        _ = desk.registrar.handle(.directoryReplaced(mixed), at: desk.now)
        for name in ["anna", "bruno", "zoe"] { #expect(challenges(&desk, name) == [.sha256, .md5]) }
        // A plain telephone may look no further than the first challenge.
        var siren = user("siren") { $0.sha256 = nil }
        siren.endpoint = .legacy(affiliations: [])
        let withSiren = try DirectorySnapshot(system: Desk.system, users: [old, Desk.user("bruno"), siren], groups: [])
        _ = desk.registrar.handle(.directoryReplaced(withSiren), at: desk.now)
        #expect(challenges(&desk, "siren") == [.md5])
        #expect(challenges(&desk, "anna") == [.sha256, .md5])
        // Where no account has the better hash, nobody is asked for it: some clients look at the first challenge alone.
        let plain = try DirectorySnapshot(system: Desk.system, users: [old], groups: [])
        _ = desk.registrar.handle(.directoryReplaced(plain), at: desk.now)
        for name in ["anna", "zoe"] { #expect(challenges(&desk, name) == [.md5]) }
    }

    // MARK: Temporary GRUU (RFC 5627)

    private func temporary(_ actions: [RegistrarAction]) throws -> SIPURI {
        let text = try #require(actions.response?.headers.contacts.first?.parameters["temp-gruu"])
        return try #require(SIPURI(text))
    }

    @Test func aTemporaryNameTellsNobodyAndReachesTheDevice() throws {
        var desk = try Desk()
        let first = try temporary(desk.register(Desk.request()))
        let second = try temporary(desk.register(Desk.request(cseq: 2)))
        #expect(first.user != second.user)
        for uri in [first, second] {
            #expect(uri.user?.contains("anna") == false)
            #expect(uri.parameters["gr"] == "")
            #expect(uri.host == "it.example")
            #expect(desk.registrar.binding(for: uri)?.identity == Desk.anna)
        }
        // Turned in one character, or asked for at another domain, it is nobody's.
        let user = try #require(first.user)
        for index in [6, user.count / 2, user.count - 1] {
            var turned = Array(user)
            turned[index] = turned[index] == "0" ? "1" : "0"
            var uri = first
            uri.user = String(turned)
            #expect(desk.registrar.binding(for: uri) == nil)
        }
        var elsewhere = first
        elsewhere.host = "fr.example"
        #expect(desk.registrar.binding(for: elsewhere) == nil)
    }

    @Test func aTemporaryNameEndsWithItsCallIDAndWithTheBinding() throws {
        var desk = try Desk()
        let first = try temporary(desk.register(Desk.request()))
        let second = try temporary(desk.register(Desk.request(callID: "c2")))
        #expect(desk.registrar.binding(for: first) == nil)
        #expect(desk.registrar.binding(for: second) != nil)
        try desk.register(Desk.request(expires: 0, callID: "c2", cseq: 2))
        #expect(desk.registrar.binding(for: second) == nil)
    }

    // MARK: Caller preferences (RFC 3841)

    @Test func ofSeveralDevicesTheOneThatTheCallerWantsIsTaken() throws {
        var desk = try Desk()
        for (number, tags) in [(1, "+g.3gpp.mcptt;audio"), (2, "audio;video"), (3, "mobility=\"fixed\"")] {
            var request = Desk.request(
                instance: "urn:uuid:\(number)", contact: "sip:anna@192.0.2.\(number)", callID: "c\(number)")
            request.headers.set(.contact, "\(request.headers[.contact] ?? "");\(tags)")
            try desk.register(request, flow: UInt64(number))
        }
        func flow(
            _ accept: [String], _ reject: [String] = [], _ uri: String = "sip:anna@it.example"
        ) throws -> UInt64? {
            var headers = Headers()
            for value in accept { headers.append(.acceptContact, value) }
            for value in reject { headers.append(.rejectContact, value) }
            let target = try #require(SIPURI(uri))
            return desk.registrar.binding(for: target, preferring: CallerPreferences(headers))?.flow.value
        }
        #expect(try flow([]) == 3)
        #expect(try flow(["*;+g.3gpp.mcptt;require;explicit"]) == 1)
        #expect(try flow(["*;video"]) == 2)
        #expect(try flow(["*;mobility=\"mobile\";require"]) == 2)
        #expect(try flow([], ["*;mobility=\"fixed\""]) == 2)
        #expect(try flow(["*;audio"], ["*;video"]) == 1)
        #expect(try flow(["*;+g.3gpp.mcdata.sds;require;explicit"]) == nil)
        // The one device that is named is called, whatever it has.
        #expect(try flow(["*;+g.3gpp.mcptt;require;explicit"], [], "sip:anna@it.example;gr=urn:uuid:3") == 3)
    }

    @Test func whereOutboundIsRequiredADeviceWithoutItIsToldSo() throws {
        var desk = try Desk { $0.requiresOutbound = true }
        let response = try #require(
            try desk.register(Desk.request(instance: nil, registration: nil, supported: [])).response)
        #expect(response.status == 421)
        #expect(response.headers.lists("outbound", in: .require))
    }

    @Test func aTelephoneWithoutInstanceIsReachedByANameThatNobodyElseCanTake() throws {
        var desk = try Desk()
        let plain = Desk.request(instance: nil, registration: nil, contact: "sip:100@192.0.2.9", supported: [])
        guard case .registered(let device)? = try desk.register(plain).changes.first else {
            return #expect(Bool(false), "not registered")
        }
        #expect(device.instance == nil)
        #expect(desk.registrar.binding(for: device.uri)?.contact.uri.description == "sip:100@192.0.2.9")
        let other = Desk.request(
            "bruno", instance: nil, registration: nil, contact: "sip:100@192.0.2.9", callID: "c9", supported: [])
        try desk.register(other, flow: 2, as: "bruno")
        #expect(desk.registrar.binding(for: device.uri)?.flow == FlowID(1))
    }

    @Test func aUserThatLeavesTheDirectoryLosesHisDevices() throws {
        var desk = try Desk()
        try desk.register(Desk.request())
        let directory = try DirectorySnapshot(system: Desk.system, users: [Desk.user("bruno")], groups: [])
        #expect(desk.registrar.handle(.directoryReplaced(directory), at: desk.now).changes.count == 1)
        #expect(desk.registrar.count == 0)
    }

    @Test func ofAFewChangedUsersThoseWhoAreGoneLoseTheirDevices() throws {
        var desk = try Desk()
        var directory = desk.directory
        try desk.register(Desk.request())
        let other = Desk.request("bruno", instance: "urn:uuid:2", contact: "sip:bruno@192.0.2.2", callID: "c2")
        try desk.register(other, flow: 2, as: "bruno")
        try directory.setUser(Desk.user("carla"))
        #expect(desk.registrar.handle(.directoryReplaced(directory), at: desk.now).changes.isEmpty)
        var renamed = Desk.user("anna")
        renamed.publicIdentity = PublicUserIdentity("sip:anna.rossi@it.example")
        try directory.setUser(renamed)
        #expect(desk.registrar.handle(.directoryReplaced(directory), at: desk.now).changes.count == 1)
        #expect(desk.registrar.identities(of: FlowID(1)).isEmpty)
        directory.removeUser(Desk.user("bruno").mcpttID)
        #expect(desk.registrar.handle(.directoryReplaced(directory), at: desk.now).changes.count == 1)
        #expect(desk.registrar.count == 0)
    }

    @Test func aQueryListsTheBindings() throws {
        var desk = try Desk()
        try desk.register(Desk.request())
        var query = Desk.request(expires: nil, callID: "c2")
        query.headers.remove(.contact)
        desk.pass(.seconds(100))
        let response = try desk.register(query).response
        #expect(response?.headers.contacts.map { $0.parameters["expires"] } == ["500"])
    }
}
