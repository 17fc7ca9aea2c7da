import CallControl
import MCDocuments
import MCFoundation
import ParticipatingFunction
import SIP
import SIPUserAgent
import Testing

/// What the function learns from owners of groups abroad after they granted an affiliation (TS 24.379 9.2.2.2.8).
@Suite struct OwnerWatchTests {
    private static let french = ParticipatingFixture.french
    private static let other = MCPTTGroupID("sip:secours@fr.example")
    private static let france = MCSystemID("fr")

    /// anna is affiliated with these groups of France, and a client of hers is told of it.
    private struct Watched {
        var fixture: ParticipatingFixture
        let subscription: SentRequest
        private var notices = 0

        init(_ groups: [MCPTTGroupID] = [OwnerWatchTests.french]) throws {
            fixture = try ParticipatingFixture()
            _ = fixture.takeNotices(fixture.observe())
            let actions = fixture.affiliate(groups)
            subscription = try #require(actions.sent(.subscribe).first)
            _ = fixture.takeNotices(actions)
            _ = fixture.answer(subscription, 200) { $0.headers.append(.expires, "3600") }
            _ = fixture.takeNotices(fixture.answer(try #require(actions.sent(.publish).first), 200))
        }

        /// The owner tells what it holds of anna's client.
        mutating func tell(
            _ groups: [(MCPTTGroupID, AffiliationStatus)], of user: MCPTTID = ParticipatingFixture.anna,
            isLast: Bool = false
        ) -> [FunctionAction] {
            notices += 1
            var request = fixture.fresh(.notify, to: "sip:mcptt-participating@it.example")
            request.headers.set(.from, (subscription.request.headers[.to] ?? "") + ";tag=peer\(subscription.id.value)")
            request.headers.set(.to, subscription.request.headers[.from] ?? "")
            request.headers.set(.callID, subscription.request.headers.callID ?? "")
            request.headers.set(.cseq, "\(notices) NOTIFY")
            request.headers.append(.contact, "<sip:mcptt-controlling-group@fr.example>")
            request.headers.append(.event, "presence")
            request.headers.append(.subscriptionState, isLast ? "terminated;reason=noresource" : "active;expires=3600")
            let document = AffiliationDocument(
                entity: user,
                clients: [
                    .init(
                        client: MCPTTClientID("urn:uuid:1"),
                        groups: groups.map { GroupAffiliation(group: $0.0, status: $0.1) })
                ])
            request.body = CallBody.write(
                [BodyPart(type: MIMEType.presence, body: document.serialized())], into: &request.headers)
            return fixture.receive(request, from: .system)
        }

        func isAffiliated(with group: MCPTTGroupID = OwnerWatchTests.french) -> Bool {
            fixture.function.confirmsAffiliation(
                ParticipatingFixture.anna, client: MCPTTClientID("urn:uuid:1"), with: group)
        }
    }

    @Test func anOwnerAbroadIsWatchedAsLongAsAUserIsWithItsGroups() throws {
        var fixture = try ParticipatingFixture()
        #expect(fixture.affiliate([ParticipatingFixture.fire]).sent(.subscribe).isEmpty)
        let actions = fixture.affiliate([Self.french, Self.other])
        let subscription = try #require(actions.sent(.subscribe).first)
        #expect(actions.sent(.subscribe).count == 1)
        #expect(subscription.request.uri.description == "sip:mcptt-controlling-group@fr.example")
        #expect(subscription.request.headers[.event] == "presence")
        #expect(subscription.request.headers[.accept] == "application/pidf+xml")
        #expect(subscription.information?.callingUserID == ParticipatingFixture.anna)
        #expect(subscription.information?.requestURI == ParticipatingFixture.anna.value)
        _ = fixture.answer(subscription, 200) { $0.headers.append(.expires, "3600") }
        #expect(fixture.affiliate([Self.french]).sent(.subscribe).isEmpty)
        let left = fixture.affiliate([]).sent(.subscribe)
        #expect(left.map { $0.request.headers[.expires] } == ["0"])
    }

    @Test func whatTheOwnerTakesBackIsGoneAndTold() throws {
        var watched = try Watched([Self.french, Self.other])
        let actions = watched.tell([(Self.french, .deaffiliated), (Self.other, .affiliated)])
        #expect(!watched.isAffiliated())
        #expect(watched.isAffiliated(with: Self.other))
        #expect(watched.fixture.takeNotices(actions) == [.affiliated, .deaffiliated])
        #expect(actions.notes("affiliation.endedByOwner").count == 1)
        #expect(actions.sent(.publish).isEmpty)
        #expect(watched.fixture.wait(.seconds(100)).sent(.publish).isEmpty)
        // With the last of them the subscription has done its service.
        let last = watched.tell([(Self.french, .deaffiliated), (Self.other, .deaffiliated)])
        #expect(last.sent(.subscribe).map { $0.request.headers[.expires] } == ["0"])
    }

    @Test func whereTheOwnerForgotTheSetIsPublishedAgainAndItsAnswerDecides() throws {
        var watched = try Watched([Self.french, Self.other])
        #expect(watched.tell([(Self.other, .affiliated)]).sent(.publish).isEmpty)
        #expect(watched.isAffiliated())
        #expect(watched.fixture.wait(.seconds(59)).sent(.publish).isEmpty)
        let again = try #require(watched.fixture.wait(.seconds(31)).sent(.publish).first)
        #expect(again.affiliations == [Self.french, Self.other])
        _ = watched.fixture.answer(again, 403) {
            $0.headers.append(.warning, MCPTTWarning.notGroupMember.headerValue(agent: "fr.example"))
        }
        #expect(!watched.isAffiliated())
    }

    /// The owner holds what we gave up: the message that says so crossed one that asked for it, or was lost.
    @Test func whatTheOwnerHoldsThatWeDoNotIsPublishedAgain() throws {
        var watched = try Watched()
        _ = watched.tell([(Self.french, .affiliated), (Self.other, .affiliated)])
        let again = watched.fixture.wait(.seconds(90)).sent(.publish)
        #expect(again.map(\.affiliations) == [[Self.french]])
    }

    /// It was asked for again: what is told may be older than that, or younger.
    @Test func whatIsTakenBackWhileItIsAskedForIsAskedOnceMore() throws {
        var watched = try Watched([Self.other])
        let asked = watched.fixture.affiliate([Self.other, Self.french])
        _ = watched.tell([(Self.other, .affiliated), (Self.french, .deaffiliated)])
        _ = watched.fixture.answer(try #require(asked.sent(.publish).first), 200)
        #expect(watched.isAffiliated())
        #expect(watched.fixture.wait(.seconds(90)).sent(.publish).map(\.affiliations) == [[Self.other, Self.french]])
    }

    @Test func ofAnotherUserNothingIsBelieved() throws {
        var watched = try Watched()
        _ = watched.tell([(Self.french, .deaffiliated)], of: MCPTTID("sip:bruno@it.example"))
        #expect(watched.isAffiliated())
        #expect(watched.fixture.wait(.seconds(100)).sent(.publish).isEmpty)
    }

    @Test func aGroupOfAnotherOwnerIsNotItsAffair() throws {
        var watched = try Watched()
        let home = watched.fixture.affiliate([Self.french, ParticipatingFixture.fire])
        for publication in home.sent(.publish) { _ = watched.fixture.answer(publication, 200) }
        _ = watched.tell([(Self.french, .affiliated), (ParticipatingFixture.fire, .deaffiliated)])
        #expect(watched.isAffiliated(with: ParticipatingFixture.fire))
    }

    @Test func aSubscriptionThatEndedIsMadeAnewUnlessThePartnerIsLost() throws {
        var watched = try Watched()
        #expect(watched.tell([(Self.french, .affiliated)], isLast: true).sent(.subscribe).isEmpty)
        #expect(watched.fixture.wait(.seconds(59)).sent(.subscribe).isEmpty)
        let again = try #require(watched.fixture.wait(.seconds(31)).sent(.subscribe).first)
        _ = watched.fixture.handle(.partnerStateChanged(Self.france, .lost))
        _ = watched.fixture.answer(again, 503)
        #expect(watched.fixture.wait(.seconds(120)).sent(.subscribe).isEmpty)
        let back = watched.fixture.handle(.partnerStateChanged(Self.france, .reachable(epoch: "two")))
        #expect(back.sent(.subscribe).count == 1)
        #expect(watched.fixture.wait(.seconds(25)).sent(.subscribe).isEmpty)
    }

    /// Its process, or ours at the border, is another one: a subscription that still stands leads nowhere.
    @Test func whereAPartnerIsBackTheSubscriptionIsMadeAnew() throws {
        var watched = try Watched()
        let back = watched.fixture.handle(.partnerStateChanged(Self.france, .reachable(epoch: "two")))
        #expect(back.sent(.subscribe).map { $0.request.headers[.expires] } == ["0", "3600"])
    }

    @Test func whoLogsOffIsWatchedNoMore() throws {
        var watched = try Watched()
        let actions = watched.fixture.publishSettings(expires: "0")
        #expect(actions.sent(.subscribe).map { $0.request.headers[.expires] } == ["0"])
    }

    @Test func whoeverDoesNotKnowSuchSubscriptionsIsAskedSeldom() throws {
        var fixture = try ParticipatingFixture()
        let actions = fixture.affiliate([Self.french])
        _ = fixture.answer(try #require(actions.sent(.subscribe).first), 489)
        _ = fixture.answer(try #require(actions.sent(.publish).first), 200)
        #expect(fixture.affiliate([Self.french, Self.other]).sent(.subscribe).isEmpty)
        #expect(fixture.wait(.seconds(3_590)).sent(.subscribe).isEmpty)
        #expect(!fixture.wait(.seconds(1_810)).sent(.subscribe).isEmpty)
    }

    @Test func whoeverIsAffiliatedByJoiningIsWatchedToo() throws {
        var fixture = try ParticipatingFixture()
        let out = try #require(fixture.receive(fixture.call(Self.french, type: .chat)).sent(.invite).first)
        #expect(fixture.answer(out, 200, body: [0]).sent(.subscribe).count == 1)
    }

    /// What was still to be said of a client that another process serves would take that process's affiliations back.
    @Test func whatWasToBeSaidOfAClientIsForgottenWhenAnotherProcessServesIt() throws {
        var watched = try Watched([Self.french, Self.other])
        _ = watched.tell([(Self.other, .affiliated)])
        let client = MCPTTClientID("urn:uuid:1")
        let actions = watched.fixture.function.handedOver(
            ParticipatingFixture.anna, client: client, at: watched.fixture.now)
        #expect(actions.sent(.publish).isEmpty)
        #expect(actions.sent(.subscribe).map { $0.request.headers[.expires] } == ["0"])
        #expect(watched.fixture.wait(.seconds(100)).sent(.publish).isEmpty)
    }

    @Test func anOwnerThatNeverAgreesIsAskedOnceAMinute() throws {
        var watched = try Watched()
        var asked = 0
        for _ in 0..<30 {
            _ = watched.tell([])
            for publication in watched.fixture.wait(.seconds(10)).sent(.publish) {
                asked += 1
                _ = watched.fixture.answer(publication, 200)
            }
        }
        #expect((2...5).contains(asked))
    }
}
