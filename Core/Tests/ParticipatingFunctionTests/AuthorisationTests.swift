import CallControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import Policy
import SIP
import SIPUserAgent
import Testing

extension ParticipatingFixture {
    /// A system that serves nobody without a token.
    static func strict(
        _ change: (inout User, inout Partner) -> Void = { _, _ in },
        settings adjust: (inout ParticipatingSettings) -> Void = { _ in }
    ) throws -> ParticipatingFixture {
        var settings = ParticipatingSettings()
        settings.authorisation.requiresToken = true
        settings.authorisation.audience = "mcptt"
        adjust(&settings)
        return try ParticipatingFixture(binds: false, settings: settings, change)
    }

    /// What a good token of anna says.
    func grant(seconds: Int64 = 3_600, _ change: (inout TokenGrant) -> Void = { _ in }) -> TokenVerdict {
        var grant = TokenGrant(
            mcpttID: Self.anna, scopes: ["openid", "3gpp:mc:ptt_service"],
            expires: UTCTime(microseconds: now.utc.microseconds + seconds * 1_000_000), tokenID: AccessTokenID("t1"))
        change(&grant)
        return .granted(grant)
    }

    /// Publishes settings with a token and has it granted.
    mutating func authorise(
        client: String = "urn:uuid:1", from origin: RequestOrigin = .user(identity, flow), seconds: Int64 = 3_600,
        id: String = "t1"
    ) throws {
        let job = try #require(publishSettings(client: client, token: "secret", from: origin).jobs.first)
        let verdict = grant(seconds: seconds) { $0.tokenID = AccessTokenID(id) }
        #expect(handle(.tokenVerified(job.id, verdict)).verdict == [200])
    }
}

extension [FunctionAction] {
    var jobs: [TokenJob] { compactMap { if case .verify(let job) = $0 { job } else { nil } } }
    var withdrawn: [RegisteredContact] {
        compactMap { if case .withdrawRegistration(_, let device) = $0 { device } else { nil } }
    }
    func causes(_ name: String) -> [String] {
        compactMap { action in
            guard case .note(let note) = action, note.name == name else { return nil }
            return note.value("cause")
        }
    }
}

/// Service authorisation by token (TS 24.379 7.3).
@Suite struct AuthorisationTests {
    private static let fire = ParticipatingFixture.fire
    private static let tablet = RegisteredContact(
        instance: InstanceID("urn:uuid:2"),
        uri: SIPURI(user: "ims-anna", host: "it.example", parameters: Parameters([Parameter("gr", "urn:uuid:2")])),
        flow: FlowID(2))
    private static let overTablet = RequestOrigin.user(ParticipatingFixture.identity, FlowID(2))

    @Test func theAnswerWaitsForTheVerdictAndThenTheClientIsServed() throws {
        var fixture = try ParticipatingFixture.strict()
        let asked = fixture.publishSettings(token: "eyJ.secret")
        #expect(asked.responses.isEmpty)
        let job = try #require(asked.jobs.first)
        #expect(job.token.text == "eyJ.secret")
        #expect(job.acceptedScopes == ["3gpp:mc:ptt_service", "3gpp:mcptt:ptt_server"])
        #expect(job.audience == "mcptt")
        #expect(job.use == .serviceSettings)
        // Until then nothing is granted.
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
        let verdict = fixture.grant()
        let answered = fixture.handle(.tokenVerified(job.id, verdict))
        #expect(answered.verdict == [200])
        #expect(answered.responses.first?.headers[.expires] == "4294967295")
        #expect(fixture.affiliate([Self.fire]).verdict == [200])
        // A verdict that comes twice, or of a job that nobody asked for, is nothing.
        #expect(fixture.handle(.tokenVerified(job.id, verdict)).isEmpty)
        #expect(fixture.handle(.tokenVerified(TokenJobID(99), verdict)).isEmpty)
        #expect(fixture.function.population.references == 1)
    }

    @Test func aTokenPrintsNowhere() throws {
        var fixture = try ParticipatingFixture.strict()
        let asked = fixture.publishSettings(token: "eyJ.secret")
        var dumped = ""
        dump(asked.jobs, to: &dumped)
        for text in ["\(asked)", String(reflecting: asked), dumped, "\(asked.jobs[0].token)"] {
            #expect(!text.contains("eyJ.secret"))
        }
    }

    @Test func withoutATokenItIs403With101AndNothingElseIsServed() throws {
        var fixture = try ParticipatingFixture.strict()
        for token in [nil, ""] as [String?] {
            let actions = fixture.publishSettings(token: token)
            #expect(actions.verdict == [403, 101])
            #expect(actions.jobs.isEmpty)
            #expect(actions.causes("authorisation.refused") == ["missing"])
        }
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
        let request = fixture.call()
        #expect(fixture.receive(request).verdict == [404, 141])
        #expect(fixture.observe().verdict == [404, 141])
    }

    @Test func aTokenOfAnyLengthIsNotPassedOn() throws {
        var fixture = try ParticipatingFixture.strict(settings: { $0.limits.tokenOctets = 8 })
        #expect(fixture.publishSettings(token: "123456789").verdict == [403, 101])
        #expect(fixture.publishSettings(token: "12345678").jobs.count == 1)
    }

    @Test(arguments: [
        TokenRefusal.malformed, .signature, .issuer, .expired, .notYetValid, .wrongAudience, .wrongScope, .revoked,
        .unknownUser,
    ])
    func whateverIsWrongTheClientIsToldTheSame(reason: TokenRefusal) throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(fixture.publishSettings(token: "x").jobs.first)
        let actions = fixture.handle(.tokenVerified(job.id, .refused(reason)))
        #expect(actions.verdict == [403, 101])
        #expect(actions.causes("authorisation.refused") == [reason.rawValue])
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
    }

    @Test func aGrantForSomebodyElseOrSomethingElseIs403With101() throws {
        let changes: [(String, (inout TokenGrant) -> Void)] = [
            ("other user", { $0.mcpttID = MCPTTID("sip:bruno@it.example") }),
            ("other client", { $0.clientID = MCPTTClientID("urn:uuid:2") }),
            ("wrongScope", { $0.scopes = ["openid", "3gpp:mc:video_service"] }),
            ("expired", { $0.expires = UTCTime(microseconds: 0) }),
        ]
        for (cause, change) in changes {
            var fixture = try ParticipatingFixture.strict()
            let job = try #require(fixture.publishSettings(token: "x").jobs.first)
            let verdict = fixture.grant(change)
            let actions = fixture.handle(.tokenVerified(job.id, verdict))
            #expect(actions.verdict == [403, 101])
            #expect(actions.causes("authorisation.refused") == [cause])
            #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
        }
    }

    @Test(arguments: [["3gpp:mcptt:ptt_server"], ["3gpp:mc:ptt_service"]])
    func eitherReleasesScopeIsEnough(scopes: [String]) throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(fixture.publishSettings(token: "x").jobs.first)
        let verdict = fixture.grant {
            $0.scopes = scopes
            $0.clientID = MCPTTClientID("urn:uuid:1")
        }
        #expect(fixture.handle(.tokenVerified(job.id, verdict)).verdict == [200])
    }

    @Test func aPoolThatNeverAnswersIs503AndItsLateVerdictIsNothing() throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(fixture.publishSettings(token: "x").jobs.first)
        #expect(fixture.wait(.milliseconds(7_999)).responses.isEmpty)
        let over = fixture.wait(.milliseconds(1))
        #expect(over.verdict == [503])
        #expect(over.responses.first?.headers[.retryAfter] == "5")
        let verdict = fixture.grant()
        #expect(fixture.handle(.tokenVerified(job.id, verdict)).isEmpty)
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
        #expect(fixture.function.population.references == 0)
    }

    @Test func aPoolThatCannotTellNowIs503() throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(fixture.publishSettings(token: "x").jobs.first)
        let actions = fixture.handle(.tokenVerified(job.id, .refused(.unavailable)))
        #expect(actions.verdict == [503])
        #expect(actions.responses.first?.headers[.retryAfter] == "5")
    }

    @Test func moreThanMayWaitAreToldToComeAgain() throws {
        var fixture = try ParticipatingFixture.strict(settings: { $0.limits.waitingAuthorisations = 1 })
        #expect(fixture.publishSettings(client: "urn:uuid:1", token: "x").jobs.count == 1)
        let second = fixture.publishSettings(client: "urn:uuid:2", token: "x")
        #expect(second.verdict == [503])
        #expect(second.jobs.isEmpty)
        // One user does not fill the table by himself.
        var other = try ParticipatingFixture.strict(settings: { $0.limits.clientsPerUser = 1 })
        #expect(other.publishSettings(client: "urn:uuid:1", token: "x").jobs.count == 1)
        #expect(other.publishSettings(client: "urn:uuid:2", token: "x").verdict == [503])
    }

    @Test func aLaterPublicationOrALogOffTakesThePlaceOfOneThatWaits() throws {
        var fixture = try ParticipatingFixture.strict()
        let first = try #require(fixture.publishSettings(token: "one").jobs.first)
        let again = fixture.publishSettings(token: "two")
        #expect(again.responses.map(\.status) == [500])
        let second = try #require(again.jobs.first)
        let verdict = fixture.grant()
        #expect(fixture.handle(.tokenVerified(first.id, verdict)).isEmpty)
        let left = fixture.publishSettings(expires: "0")
        #expect(left.responses.map(\.status) == [500, 200])
        #expect(fixture.handle(.tokenVerified(second.id, verdict)).isEmpty)
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
    }

    @Test func aRequestWhoseDeviceOrUserIsGoneWaitsNoMore() throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(fixture.publishSettings(token: "x").jobs.first)
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .removed(ParticipatingFixture.device)))
        let verdict = fixture.grant()
        #expect(fixture.handle(.tokenVerified(job.id, verdict)).isEmpty)

        var other = try ParticipatingFixture.strict()
        let late = try #require(other.publishSettings(token: "x").jobs.first)
        #expect(try other.suspend().responses.count == 1)
        #expect(other.handle(.tokenVerified(late.id, verdict)).isEmpty)
        #expect(other.function.population.references == 0)
    }

    // MARK: Time

    @Test func aClientIsDroppedWithItsCallsWhenItsTokenRunsOut() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise(seconds: 600)
        let published = try #require(fixture.affiliate([Self.fire]).sent(.publish).first)
        _ = fixture.answer(published, 200)
        _ = fixture.wait(.seconds(590))
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        _ = fixture.answer(out, 200, body: [0])
        let before = fixture.wait(.seconds(9))
        #expect(before.sent(.bye).isEmpty)
        let over = fixture.wait(.seconds(1))
        #expect(over.endedCalls == [try #require(out.request.headers.callID)])
        #expect(over.sent(.publish).map { $0.request.headers[.expires] } == ["0"])
        #expect(over.causes("service.left") == ["authorisation expired"])
        #expect(over.withdrawn.isEmpty)
        let again = fixture.call()
        #expect(fixture.receive(again).verdict == [404, 141])
    }

    @Test func aFreshTokenInTimeExtendsTheBindingAndItsCallsGoOn() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise(seconds: 600)
        _ = fixture.wait(.seconds(590))
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        _ = fixture.answer(out, 200, body: [0])
        try fixture.authorise(seconds: 600, id: "t2")
        #expect(fixture.wait(.seconds(20)).sent(.bye).isEmpty)
        #expect(fixture.wait(.seconds(579)).causes("service.left").isEmpty)
        #expect(fixture.affiliate([Self.fire]).verdict == [200])
        #expect(fixture.wait(.seconds(1)).causes("service.left") == ["authorisation expired"])
    }

    @Test func aRefusedRenewalLeavesWhatWasGrantedUntilItRunsOut() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise(seconds: 600)
        let job = try #require(fixture.publishSettings(token: "forged").jobs.first)
        #expect(fixture.handle(.tokenVerified(job.id, .refused(.signature))).verdict == [403, 101])
        #expect(fixture.affiliate([Self.fire]).verdict == [200])
        #expect(fixture.wait(.seconds(600)).causes("service.left") == ["authorisation expired"])
    }

    @Test func afterLogOffNoDeadlineIsLeft() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise(seconds: 600)
        #expect(fixture.publishSettings(expires: "0").verdict == [200])
        #expect(fixture.wait(.seconds(700)).causes("service.left").isEmpty)
    }

    // MARK: Devices

    @Test func anotherDeviceOfTheUserNeedsATokenOfItsOwn() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise()
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .registered(Self.tablet)))
        // It knows the password and names the client that was authorised.
        #expect(fixture.affiliate([Self.fire], from: Self.overTablet).verdict == [404, 141])
        let request = fixture.call()
        #expect(fixture.receive(request, from: Self.overTablet).verdict == [404, 141])
        #expect(fixture.observe(from: Self.overTablet).verdict == [404, 141])
        try fixture.authorise(client: "urn:uuid:2", from: Self.overTablet, id: "t2")
        #expect(fixture.affiliate([Self.fire], client: "urn:uuid:2", from: Self.overTablet).verdict == [200])
        // The first one still is who it is, over its own flow.
        #expect(fixture.affiliate([Self.fire]).verdict == [200])
    }

    @Test func aClientThatLostItsDeviceComesBackOnlyWithThat() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise()
        let identity = ParticipatingFixture.identity
        _ = fixture.handle(.registrationChanged(identity, .removed(ParticipatingFixture.device)))
        _ = fixture.handle(.registrationChanged(identity, .registered(Self.tablet)))
        #expect(fixture.affiliate([Self.fire], from: Self.overTablet).verdict == [404, 141])
        var back = ParticipatingFixture.device
        back.flow = FlowID(7)
        _ = fixture.handle(.registrationChanged(identity, .registered(back)))
        #expect(fixture.affiliate([Self.fire], from: .user(identity, FlowID(7))).verdict == [200])
        #expect(fixture.wait(.seconds(40)).causes("service.left").isEmpty)
    }

    @Test func aTelephoneNeedsNoToken() throws {
        var fixture = try ParticipatingFixture.strict({ user, _ in
            user.endpoint = .legacy(affiliations: [Self.fire])
        })
        let request = fixture.invitation()
        #expect(fixture.receive(request, from: .system).sent(.invite).count == 1)
        // But who publishes is none.
        #expect(fixture.publishSettings().verdict == [403, 101])
        // And who is made a client of is one without token.
        let actions = try fixture.replace { $0.endpoint = .client }
        #expect(actions.causes("service.left") == ["withdrawn"])
    }

    // MARK: Taking back

    @Test func aRevokedTokenTakesItsClientCallsSubscriptionsAndRegistrationAndNobodyElses() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise()
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .registered(Self.tablet)))
        try fixture.authorise(client: "urn:uuid:2", from: Self.overTablet, id: "t2")
        let observed = try #require(fixture.observe().sent(.notify).first)
        _ = fixture.answer(observed, 200)
        let request = fixture.call()
        let out = try #require(fixture.receive(request).sent(.invite).first)
        _ = fixture.answer(out, 200, body: [0])
        #expect(fixture.handle(.tokensRevoked(.these([AccessTokenID("t9")]))).isEmpty)
        let actions = fixture.handle(.tokensRevoked(.these([AccessTokenID("t0"), AccessTokenID("t1")])))
        #expect(actions.sent(.bye).contains { $0.request.headers.callID == out.request.headers.callID })
        let last = actions.sent(.notify).compactMap { $0.request.headers[.subscriptionState] }
        #expect(last.contains { $0.hasPrefix("terminated") })
        #expect(actions.withdrawn == [ParticipatingFixture.device])
        // What was to be said goes out before the way is closed.
        if case .withdrawRegistration? = actions.last {} else { Issue.record("the registration ends too early") }
        #expect(fixture.affiliate([Self.fire]).verdict == [404, 141])
        #expect(fixture.affiliate([Self.fire], client: "urn:uuid:2", from: Self.overTablet).verdict == [200])
    }

    @Test func aTokenThatWasRevokedWhileItWasVerifiedIsRefused() throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(fixture.publishSettings(token: "x").jobs.first)
        _ = fixture.handle(.tokensRevoked(.these([AccessTokenID("t1")])))
        let verdict = fixture.grant()
        #expect(fixture.handle(.tokenVerified(job.id, verdict)).verdict == [403, 101])
        // More revocations than are remembered let nobody in.
        var other = try ParticipatingFixture.strict(settings: { $0.limits.revokedTokensRemembered = 1 })
        let asked = try #require(other.publishSettings(token: "x").jobs.first)
        let many = other.handle(.tokensRevoked(.these([AccessTokenID("t1"), AccessTokenID("t2")])))
        #expect(many.verdict == [503])
        #expect(other.handle(.tokenVerified(asked.id, verdict)).isEmpty)
    }

    @Test func whoOnlyRingsIsCalledOffWhenHisTokenIsRevoked() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise()
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .registered(Self.tablet)))
        try fixture.authorise(client: "urn:uuid:2", from: Self.overTablet, id: "t2")
        _ = fixture.affiliate([Self.fire])
        _ = fixture.affiliate([Self.fire], client: "urn:uuid:2", from: Self.overTablet)
        let request = fixture.invitation(client: nil)
        let ringing = fixture.receive(request, from: .system).sent(.invite)
        #expect(ringing.count == 2)
        for invite in ringing { _ = fixture.answer(invite, 180) }
        let actions = fixture.handle(.tokensRevoked(.these([AccessTokenID("t1")])))
        #expect(actions.cancelled == 1)
        #expect(actions.responses.isEmpty)
    }

    @Test func `all tokens of a user are revoked with whatever waits for its verdict, and nobody else's`() throws {
        var fixture = try ParticipatingFixture.strict()
        try fixture.authorise()
        let before = fixture.affiliate([Self.fire])
        #expect(before.responses.first?.status == 200)
        let others = fixture.handle(.tokensRevoked(.all(of: MCPTTID("sip:other@it.example"))))
        #expect(others.isEmpty)
        _ = fixture.affiliate([Self.fire])
        let actions = fixture.handle(.tokensRevoked(.all(of: ParticipatingFixture.anna)))
        #expect(!actions.isEmpty)
        let answer = fixture.affiliate([Self.fire])
        #expect(answer.responses.first?.status == 404)
    }

    // MARK: REGISTER

    private func present(
        _ fixture: inout ParticipatingFixture, _ token: String = "secret"
    ) -> [FunctionAction] {
        let presented = PresentedAuthorisation(client: MCPTTClientID("urn:uuid:1"), token: AccessToken(token))
        return fixture.handle(
            .registrationChanged(
                ParticipatingFixture.identity, .presented(ParticipatingFixture.device, presented)))
    }

    @Test func aTokenInRegisterAuthorisesAndSettingsNeedNoneThen() throws {
        var fixture = try ParticipatingFixture.strict()
        #expect(fixture.publishSettings().verdict == [403, 101])
        let job = try #require(present(&fixture).jobs.first)
        #expect(job.token.text == "secret")
        #expect(fixture.handle(.tokenVerified(job.id, fixture.grant())).responses.isEmpty)
        #expect(fixture.publishSettings().verdict == [200])
        let call = fixture.call()
        #expect(fixture.receive(call).sent(.invite).count == 1)
        // Over another flow that is another device.
        _ = fixture.handle(.registrationChanged(ParticipatingFixture.identity, .registered(Self.tablet)))
        #expect(fixture.publishSettings(from: Self.overTablet).verdict == [403, 101])
        #expect(fixture.wait(.seconds(3_600)).causes("service.left") == ["authorisation expired"])
    }

    @Test func settingsThatComeBeforeTheVerdictWaitForIt() throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(present(&fixture).jobs.first)
        #expect(fixture.publishSettings().responses.isEmpty)
        // A refresh meanwhile is not verified too.
        #expect(present(&fixture).jobs.isEmpty)
        #expect(fixture.handle(.tokenVerified(job.id, fixture.grant())).verdict == [200])
    }

    @Test func aTokenInRegisterThatProvesNothingBindsNobody() throws {
        var fixture = try ParticipatingFixture.strict()
        let job = try #require(present(&fixture).jobs.first)
        let refused = fixture.handle(.tokenVerified(job.id, .refused(.signature)))
        #expect(refused.responses.isEmpty)
        #expect(refused.causes("authorisation.refused") == ["signature"])
        #expect(fixture.publishSettings().verdict == [403, 101])
        let call = fixture.call()
        #expect(fixture.receive(call).verdict == [404, 141])
        #expect(present(&fixture, "").causes("authorisation.refused") == ["missing"])
    }

    @Test func whereNoTokenIsAskedForOneInRegisterChangesNothing() throws {
        var fixture = try ParticipatingFixture()
        #expect(present(&fixture).isEmpty)
    }
}
