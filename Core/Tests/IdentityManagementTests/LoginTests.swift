import Audit
import IdentityManagement
import MCFoundation
import Testing

@Suite struct LoginTests {
    private func html(_ answer: IdentityAnswer?) -> [UInt8]? {
        guard case .loginPage(let html, mark: _) = answer else { return nil }
        return html
    }

    /// What is left of a page when its transaction and user name are taken out.
    private func bare(_ answer: IdentityAnswer?, without texts: [String]) -> String? {
        guard let html = html(answer) else { return nil }
        var text = String(decoding: html, as: UTF8.self)
        for part in texts {
            while let range = text.firstRange(of: part) { text.replaceSubrange(range, with: "") }
        }
        return text
    }

    @Test func theRightPasswordGivesACodeWithTheState() throws {
        let desk = try IdentityDesk()
        let page = try desk.openPage()
        guard case .redirect(let location) = desk.logIn(on: page) else {
            Issue.record("no redirect")
            return
        }
        #expect(location.revealed.hasPrefix(IdentityDesk.redirect + "?code="))
        #expect(query("code", of: location)?.utf8.count == 43)
        #expect(query("state", of: location) == "s-1")
        #expect(query("iss", of: location) != nil)
        #expect(desk.audited.last?.action == "login.succeeded")
    }

    /// A page that somebody else opened logs nobody in, whoever is lured there; two windows of one browser do not
    /// disturb each other.
    @Test func aLogInIsGoneOnWithOnlyByTheBrowserThatBeganIt() throws {
        let desk = try IdentityDesk()
        let first = try desk.openPage()
        let mark = try #require(desk.mark)
        let second = try desk.openPage()
        #expect(desk.mark == mark, "no other mark for the second window")
        for stranger in [nil, "", "x", String(mark.revealed.reversed())] {
            desk.mark = stranger.map { IdentitySecret($0) }
            #expect(desk.submit(first, "anna", "pw-anna") == nil)
            guard case .errorPage(.unknownLogin, _) = Self.answerOf(desk) else {
                Issue.record("no page that tells it")
                continue
            }
            #expect(desk.lastRefusal == "other-browser")
        }
        desk.mark = mark
        for page in [first, second] {
            guard case .redirect = desk.logIn(on: page) else {
                Issue.record("not logged in")
                continue
            }
        }
    }

    @Test(arguments: ["x", "", String(repeating: "a", count: 44), String(repeating: "=", count: 43)])
    func aMarkThatIsNoneOfOursIsReplaced(shown: String) throws {
        let desk = try IdentityDesk()
        desk.mark = IdentitySecret(shown)
        _ = try desk.openPage()
        #expect(desk.mark != IdentitySecret(shown))
        #expect(desk.mark?.revealed.utf8.count == 43)
    }

    @Test func unknownNameWrongPasswordSuspendedAndThrottledLookAlike() throws {
        var pages: [String?] = []
        for name in ["anna", "nobody", "bruno", "carla"] {
            let desk = try IdentityDesk { $0.login.freeFailures = 0 }
            desk.people.users[1].isSuspended = true
            desk.people.users.append(LoginUser(mcpttID: MCPTTID("sip:carla@mc.it.example"), passwordVerifier: ""))
            let page = try desk.openPage()
            let answer = desk.logIn(name, name == "bruno" ? "pw-bruno" : "pw-wrong", on: page)
            pages.append(bare(answer, without: [page.revealed, name]))
            // At once again: now it is throttled, and no password is looked at.
            #expect(desk.submit(page, name, "pw-wrong") == nil)
            pages.append(bare(Self.answerOf(desk), without: [page.revealed, name]))
            #expect(desk.lastRefusal == "too-many-failures")
        }
        #expect(pages.allSatisfy { $0 != nil && $0 == pages[0] })
    }

    private static func answerOf(_ desk: IdentityDesk) -> IdentityAnswer? { answer(in: desk.seen) }

    @Test func anUnknownNameCostsTheSameWorkAndNeverGetsIn() throws {
        let desk = try IdentityDesk()
        let page = try desk.openPage()
        let submitted = desk.submit(page, "nobody", "x")
        let work = try #require(submitted)
        #expect(work.job.isDummy)
        #expect(work.job.user == nil)
        #expect(work.job.verifier == IdentitySecret("verifier-dummy"))
        #expect(html(answer(in: desk.feed(.passwordVerified(work.id, matches: true)))) != nil)
        #expect(desk.lastRefusal == "unknown-user")
    }

    @Test func aUserWithoutAVerifierDoesNotGetInThroughTheDummy() throws {
        let desk = try IdentityDesk()
        desk.people.users[0].passwordVerifier = IdentitySecret("")
        let page = try desk.openPage()
        let submitted = desk.submit(page, "anna", "x")
        let work = try #require(submitted)
        #expect(work.job.isDummy)
        #expect(html(answer(in: desk.feed(.passwordVerified(work.id, matches: true)))) != nil)
    }

    @Test func aUserSuspendedOrGoneMeanwhileIsRefused() throws {
        for isGone in [false, true] {
            let desk = try IdentityDesk()
            let page = try desk.openPage()
            let submitted = desk.submit(page, "anna", "pw-anna")
            let work = try #require(submitted)
            if isGone { desk.people.users.removeFirst() } else { desk.people.users[0].isSuspended = true }
            #expect(html(answer(in: desk.feed(.passwordVerified(work.id, matches: true)))) != nil)
            #expect(desk.lastRefusal == (isGone ? "unknown-user" : "suspended"))
        }
    }

    @Test func `a password that was changed while it was looked at opens nothing`() throws {
        let desk = try IdentityDesk()
        let page = try desk.openPage()
        let submitted = desk.submit(page, "anna", "pw-anna")
        let work = try #require(submitted)
        desk.people.users[0].passwordVerifier = IdentitySecret("verifier-other")
        #expect(html(answer(in: desk.feed(.passwordVerified(work.id, matches: true)))) != nil)
        #expect(desk.lastRefusal == "password-changed")
        guard case .redirect = desk.logIn("anna", "pw-other", on: page) else {
            Issue.record("the new one does not open")
            return
        }
    }

    @Test func `the spelling of a name does not tell whether somebody has it`() throws {
        // Whoever tries one spelling until it waits, and then another, sees the same for names that somebody has.
        var admitted: [[Bool]] = []
        for names in [["anna", "ANNA"], ["nobody", "NOBODY"]] {
            let desk = try IdentityDesk { $0.login.freeFailures = 1 }
            admitted.append(
                try [names[0], names[0], names[0], names[1]].map { name in
                    let work = desk.submit(try desk.openPage(), name, "pw-x")
                    if let work { desk.feed(.passwordVerified(work.id, matches: false)) }
                    return work != nil
                })
        }
        #expect(admitted[0] == [true, true, false, true])
        #expect(admitted[1] == admitted[0])
    }

    @Test func `what was typed as a name that nobody has does not come into the log`() throws {
        let desk = try IdentityDesk()
        let page = try desk.openPage()
        for _ in 0..<3 { _ = desk.logIn("pw-anna", "", on: page) }
        #expect(desk.lastRefusal == "unknown-user")
        #expect(!desk.audited.contains { "\($0)".contains("pw-anna") })
        #expect(!desk.audited.contains { $0.details.contains { $0.value.contains("pw-anna") } })
    }

    @Test func delaysGrowAndEndInALockOut() throws {
        let desk = try IdentityDesk { $0.login.attemptsPerPage = 1_000 }
        let page = try desk.openPage()
        var waits: [Int] = []
        for _ in 0..<10 {
            var seconds = 0
            while desk.submit(page, "anna", "pw-x") == nil, seconds < 1_000 {
                desk.pass(.seconds(1))
                seconds += 1
            }
            waits.append(seconds)
            for case .verifyPassword(let id, _) in desk.seen { desk.feed(.passwordVerified(id, matches: false)) }
        }
        #expect(waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64])
        #expect(desk.audited.contains { $0.action == "login.locked-out" })
        desk.pass(.seconds(500))
        let later = try desk.openPage()
        #expect(html(desk.logIn(on: later)) != nil)
        desk.pass(.seconds(401))
        guard case .redirect = desk.logIn(on: later) else {
            Issue.record("still locked out")
            return
        }
    }

    @Test func anAdministratorForgives() throws {
        let desk = try IdentityDesk { $0.login.failuresUntilLockOut = 1 }
        let page = try desk.openPage()
        #expect(html(desk.logIn("anna", "pw-x", on: page)) != nil)
        #expect(html(desk.logIn(on: page)) != nil)
        desk.feed(.userForgiven(IdentityDesk.anna))
        #expect(html(desk.logIn(on: page)) == nil)
    }

    @Test func manyAttemptsAtOnceAreNotFree() throws {
        let desk = try IdentityDesk()
        var admitted = 0
        for _ in 0..<20 {
            let page = try desk.openPage()
            if desk.submit(page, "anna", "pw-x") != nil { admitted += 1 }
        }
        // Three are free, the fourth brings the first delay.
        #expect(admitted == 4)
    }

    @Test func aSourceIsThrottledWhateverNamesItTries() throws {
        let desk = try IdentityDesk { $0.login.freeFailuresPerSource = 5 }
        var admitted = 0
        for number in 0..<20 {
            // Every address of one IPv6 network is one source.
            let source = IPAddress(v6High: 0x2001_0db8_0000_0001, low: UInt64(number))
            let page = try desk.openPage(from: source)
            if desk.submit(page, "name\(number)", "pw-x", from: source) != nil { admitted += 1 }
        }
        #expect(admitted == 6)
        let elsewhere = try desk.openPage()
        #expect(desk.submit(elsewhere, "anna", "pw-anna") != nil)
    }

    @Test func inventedNamesMakeNoUsersFailuresForgotten() throws {
        let desk = try IdentityDesk {
            $0.limits.failureRecords = 4
            $0.login.failuresUntilLockOut = 1
            $0.login.freeFailuresPerSource = 1_000
        }
        let page = try desk.openPage()
        _ = desk.logIn("anna", "pw-x", on: page)
        for number in 0..<20 {
            let page = try desk.openPage()
            _ = desk.logIn("name\(number)", "pw-x", on: page)
        }
        let later = try desk.openPage()
        #expect(desk.submit(later, "anna", "pw-anna") == nil)
    }

    @Test func aPageAllowsSoManyAttemptsAndThenDenies() throws {
        let desk = try IdentityDesk { $0.login.attemptsPerPage = 2 }
        let page = try desk.openPage()
        #expect(html(desk.logIn("anna", "pw-x", on: page)) != nil)
        guard case .redirect(let location) = desk.logIn("anna", "pw-x", on: page) else {
            Issue.record("no redirect")
            return
        }
        #expect(query("error", of: location) == "access_denied")
        guard case .errorPage(.unknownLogin, _) = desk.logIn(on: page) else {
            Issue.record("page still open")
            return
        }
    }

    @Test func forgedUsedAndExpiredPagesAreRefused() throws {
        let desk = try IdentityDesk()
        let forged = IdentitySecret(String(repeating: "A", count: 43))
        guard case .errorPage(.unknownLogin, _) = desk.logIn(on: forged) else {
            Issue.record("forged page accepted")
            return
        }
        let page = try desk.openPage()
        _ = desk.logIn(on: page)
        guard case .errorPage(.unknownLogin, _) = desk.logIn(on: page) else {
            Issue.record("used page accepted")
            return
        }
        let old = try desk.openPage()
        desk.pass(.seconds(600))
        guard case .errorPage(.unknownLogin, _) = desk.logIn(on: old) else {
            Issue.record("expired page accepted")
            return
        }
    }

    @Test func openPagesAreBounded() throws {
        let desk = try IdentityDesk {
            $0.limits.loginTransactions = 4
            $0.limits.loginTransactionsPerSource = 3
        }
        for _ in 0..<3 { #expect(desk.page() != nil) }
        guard case .redirect(let location) = desk.authorize() else {
            Issue.record("no redirect")
            return
        }
        #expect(query("error", of: location) == "temporarily_unavailable")
        let other = IPAddress(v4: 1)
        #expect(desk.page(from: other) != nil)
        #expect(desk.page(from: IPAddress(v4: 2)) == nil)
        desk.pass(.seconds(600))
        #expect(desk.page() != nil)
    }

    @Test func anEndlessPasswordIsNotVerified() throws {
        let desk = try IdentityDesk()
        let page = try desk.openPage()
        #expect(desk.submit(page, "anna", String(repeating: "p", count: 2_000)) == nil)
        #expect(desk.submit(page, String(repeating: "p", count: 2_000), "x") == nil)
    }

    @Test func aResultCountsOnceAndInTime() throws {
        let desk = try IdentityDesk { $0.login.failuresUntilLockOut = 1 }
        let page = try desk.openPage()
        let submitted = desk.submit(page, "anna", "pw-anna")
        let work = try #require(submitted)
        #expect(desk.server.nextDeadline.map { $0 <= desk.now.instant + .seconds(20) } == true)
        desk.pass(.seconds(21))
        guard case .errorPage(.busy, _) = answer(in: desk.feed(.timeAdvanced)) else {
            Issue.record("the browser got no answer")
            return
        }
        #expect(answer(in: desk.feed(.passwordVerified(work.id, matches: true))) == nil)
        guard case .redirect = desk.logIn(on: page) else {
            Issue.record("an attempt that nobody judged counted as a failure")
            return
        }
    }

    @Test func passwordsBeingVerifiedAreBounded() throws {
        let desk = try IdentityDesk { $0.limits.authenticationsInFlight = 1 }
        let first = try desk.openPage()
        #expect(desk.submit(first, "anna", "x") != nil)
        let second = try desk.openPage()
        guard case .errorPage(.busy, _) = desk.logIn("bruno", "pw-bruno", on: second) else {
            Issue.record("not bounded")
            return
        }
    }
}
