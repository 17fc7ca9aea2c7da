import Administration
import CallControl
import ConfigurationDocuments
import DocumentNotification
import MCDocuments
import MCFoundation
import MCSystem
import Policy
import SIP
import SIPUserAgent
import Testing

/// A handset is told by SIP when its documents change, octets only (RFC 5875).
@Suite struct DocumentTests {
    private static let anna = MCPTTID("sip:anna@mc.it.example")
    private static let bruno = MCPTTID("sip:bruno@mc.it.example")
    private static let fire = FleetDocuments.group("sip:fire@mc.it.example")
    private static let groups = "org.openmobilealliance.groups/global/byGroupID/"

    private func lab(requiresToken: Bool = false) throws -> Lab {
        var lab = Lab()
        lab.requiresToken = requiresToken
        try lab.addSite("it", users: ["anna", "bruno"])
        for name in ["anna", "bruno"] {
            let index = lab.addHandset(name, at: 0)
            lab.act(index) { $0.register(at: $1) }
        }
        return lab
    }

    /// The keeper of the documents answers.
    private func answer(_ lab: inout Lab, _ documents: [FoundDocument]) throws {
        let lookUp = try #require(lab.sites[0].lookUps.first)
        lab.sites[0].lookUps.removeFirst()
        lab.tell(0, .documentsFound(lookUp.id, documents))
        lab.settle()
    }

    private func change(
        _ lab: inout Lab, _ uri: XCAPURI = fire, from old: String?, to new: String?, before: DocumentReaders,
        after: DocumentReaders
    ) {
        lab.tell(
            0,
            .documentsChanged([
                DocumentChange(uri, previousETag: old, newETag: new, formerReaders: before, readers: after)
            ]))
        lab.settle()
    }

    private func watching(_ targets: [String] = [groups]) throws -> Lab {
        var lab = try lab()
        for index in 0...1 {
            lab.act(index) { _ = $0.watch(targets, at: $1) }
            try answer(&lab, index == 0 ? [FoundDocument(uri: Self.fire, etag: "\"1\"")] : [])
        }
        return lab
    }

    @Test func aSubscriberIsToldWhatThereIsAndThenWhatChanges() throws {
        var lab = try watching()
        #expect(lab.handsets[0].diffs.map(\.documents) == [[.init(Self.fire, from: nil, to: "\"1\"")]])
        change(
            &lab, from: "\"1\"", to: "\"2\"", before: .some([Self.anna]), after: .some([Self.anna, Self.bruno]))
        #expect(lab.handsets[0].diffs.last?.documents == [.init(Self.fire, from: "\"1\"", to: "\"2\"")])
        // For bruno it is new; it was nothing of his before.
        #expect(lab.handsets[1].diffs.last?.documents == [.init(Self.fire, from: nil, to: "\"2\"")])
        change(&lab, from: "\"2\"", to: "\"3\"", before: .some([Self.anna, Self.bruno]), after: .some([Self.anna]))
        #expect(lab.handsets[1].diffs.last?.documents == [.init(Self.fire, from: "\"2\"", to: nil)])
        let count = lab.handsets[1].diffs.count
        change(&lab, from: "\"3\"", to: "\"4\"", before: .some([Self.anna]), after: .some([Self.anna]))
        #expect(lab.handsets[1].diffs.count == count)
        #expect(lab.handsets[0].diffs.last?.documents == [.init(Self.fire, from: "\"3\"", to: "\"4\"")])
        #expect(lab.sites[0].cell.population.documents.sessions == 2)
    }

    @Test func aGroupIsToldByTheAddressInTheOwnTreeToo() throws {
        var lab = try watching(["org.openmobilealliance.groups/users/sip:anna@mc.it.example/"])
        change(&lab, from: "\"1\"", to: "\"2\"", before: .some([Self.anna]), after: .some([Self.anna]))
        let own = FleetDocuments.group("sip:fire@mc.it.example", ofMember: Self.anna.value)
        #expect(lab.handsets[0].diffs.last?.documents == [.init(own, from: "\"1\"", to: "\"2\"")])
    }

    @Test func whatIsNotSubscribedToIsNotTold() throws {
        var lab = try watching([Self.groups + "sip:other@mc.it.example"])
        let count = lab.handsets[0].diffs.count
        change(&lab, from: "\"1\"", to: "\"2\"", before: .some([Self.anna]), after: .some([Self.anna]))
        #expect(lab.handsets[0].diffs.count == count)
    }

    @Test func theSubscriberIsAskedForAndNobodyElse() throws {
        var lab = try lab()
        lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
        let lookUp = try #require(lab.sites[0].lookUps.first)
        #expect(lookUp.user == Self.anna)
        #expect(lookUp.subscription.covers(Self.fire))
    }

    @Test func aKeeperThatIsSilentIs503() throws {
        var lab = try lab()
        lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
        lab.pass(.seconds(9))
        #expect(lab.handsets[0].endedSubscriptions == [503])
        #expect(lab.sites[0].cell.population.documents.references == 0)
        // A late answer finds nobody.
        try answer(&lab, [FoundDocument(uri: Self.fire, etag: "\"1\"")])
        #expect(lab.handsets[0].diffs.isEmpty)
    }

    @Test func anotherPackageAndARequestWithoutAListAreRefused() throws {
        var lab = try lab()
        lab.act(0) { _ = $0.watch([Self.groups], event: "presence", at: $1) }
        lab.act(0) { _ = $0.watch([], at: $1) }
        lab.act(0) { _ = $0.watch(["sip:anna@mc.it.example"], at: $1) }
        #expect(lab.handsets[0].endedSubscriptions == [489, 400, 400])
        #expect(lab.sites[0].lookUps.isEmpty)
    }

    @Test func moreSubscriptionsThanOneMayHaveAreTurnedAway() throws {
        var lab = try lab()
        for _ in 0..<4 { lab.act(0) { _ = $0.watch([Self.groups], at: $1) } }
        #expect(lab.sites[0].lookUps.count == 4)
        lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
        #expect(lab.handsets[0].endedSubscriptions == [503])
        for _ in 0..<4 { try answer(&lab, []) }
        for _ in 0..<4 {
            lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
            try answer(&lab, [])
        }
        lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
        #expect(lab.handsets[0].endedSubscriptions == [503, 503])
        // Another user has room.
        lab.act(1) { _ = $0.watch([Self.groups], at: $1) }
        #expect(lab.sites[0].lookUps.count == 1)
    }

    @Test func whoUnsubscribesIsToldNothingMore() throws {
        var lab = try lab()
        let id = lab.act(0) { $0.watch([Self.groups], at: $1) }
        try answer(&lab, [])
        lab.act(0) { $0.unwatch(id, at: $1) }
        #expect(lab.sites[0].cell.population.documents.sessions == 0)
        let count = lab.handsets[0].diffs.count
        change(&lab, from: nil, to: "\"2\"", before: .nobody, after: .some([Self.anna]))
        #expect(lab.handsets[0].diffs.count == count)
    }

    @Test func aRefreshTellsEverythingAgain() throws {
        var lab = try lab()
        lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
        try answer(&lab, [])
        lab.pass(.seconds(301))
        try answer(&lab, [FoundDocument(uri: Self.fire, etag: "\"5\"")])
        #expect(lab.handsets[0].diffs.last?.documents == [.init(Self.fire, from: nil, to: "\"5\"")])
        #expect(lab.sites[0].cell.population.documents.sessions == 1)
    }

    @Test(arguments: [false, true])
    func aUserWhoIsGoneIsToldNothingMore(isMadeAnew: Bool) throws {
        var lab = try watching()
        let system = Lab.identity("it")
        let (anna, bruno) = (Lab.user("anna", of: system), Lab.user("bruno", of: system))
        var directory = try DirectorySnapshot(system: system, users: [anna, bruno], groups: [])
        lab.tell(0, .directoryReplaced(directory))
        lab.settle()
        #expect(lab.sites[0].cell.population.documents.sessions == 2)
        directory.removeUser(anna.mcpttID)
        if isMadeAnew { directory = try DirectorySnapshot(system: system, users: [bruno], groups: []) }
        lab.tell(0, .directoryReplaced(directory))
        lab.settle()
        #expect(lab.sites[0].cell.population.documents.sessions == 1)
        let count = lab.handsets[0].diffs.count
        change(&lab, from: "\"1\"", to: "\"2\"", before: .some([Self.anna]), after: .some([Self.anna]))
        #expect(lab.handsets[0].diffs.count == count)
    }

    // MARK: Tokens

    private func grant(_ lab: Lab, _ user: MCPTTID, seconds: Int64 = 3_600) -> TokenVerdict {
        .granted(
            TokenGrant(
                mcpttID: user, scopes: ["3gpp:mc:ptt_group_management_service"],
                expires: UTCTime(microseconds: lab.now.utc.microseconds + seconds * 1_000_000),
                tokenID: AccessTokenID("t")))
    }

    @Test func withoutATokenOrWithAnothersNobodySubscribes() throws {
        var lab = try lab(requiresToken: true)
        lab.act(0) { _ = $0.watch([Self.groups], at: $1) }
        #expect(lab.handsets[0].endedSubscriptions == [403])
        lab.act(0) { _ = $0.watch([Self.groups], token: "secret", at: $1) }
        let job = try #require(lab.sites[0].jobs.last)
        #expect(job.use == .documents && job.acceptedScopes.contains("3gpp:mc:ptt_group_management_service"))
        lab.tell(0, .tokenVerified(job.id, grant(lab, Self.bruno)))
        lab.settle()
        #expect(lab.handsets[0].endedSubscriptions == [403, 403])
        #expect(lab.sites[0].lookUps.isEmpty)
    }

    enum End: CaseIterable { case revoked, allOfTheUserRevoked, expired }

    @Test(arguments: End.allCases) func aSubscriptionEndsWithItsToken(_ end: End) throws {
        var lab = try lab(requiresToken: true)
        lab.act(0) { _ = $0.watch([Self.groups], token: "secret", at: $1) }
        let job = try #require(lab.sites[0].jobs.last)
        lab.tell(0, .tokenVerified(job.id, grant(lab, Self.anna, seconds: 60)))
        lab.settle()
        try answer(&lab, [])
        #expect(lab.sites[0].cell.population.documents.sessions == 1)
        switch end {
        case .revoked:
            lab.tell(0, .tokensRevoked(.these([AccessTokenID("t")])))
            lab.settle()
        case .allOfTheUserRevoked:
            // Those of others do not matter.
            lab.tell(0, .tokensRevoked(.all(of: Self.bruno)))
            lab.settle()
            #expect(lab.sites[0].cell.population.documents.sessions == 1)
            lab.tell(0, .tokensRevoked(.all(of: Self.anna)))
            lab.settle()
        case .expired:
            lab.pass(.seconds(61))
        }
        #expect(lab.sites[0].cell.population.documents.sessions == 0)
        #expect(lab.handsets[0].endedSubscriptions == [nil])
    }
}
