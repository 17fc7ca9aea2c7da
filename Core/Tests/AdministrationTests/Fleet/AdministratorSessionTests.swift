import Administration
import Audit
import IdentityManagement
import MCFoundation
import Testing

@Suite struct AdministratorSessionTests {
    private static let source = IPAddress(v4: 0xc000_0201)
    private static let other = IPAddress(v4: 0xc000_0202)
    private static let chief = AdministratorRecord(
        id: "chief", roles: [.administrator], passwordVerifier: PasswordVerifier("v"))
    private static let fleet = FleetSnapshot(Italy.records + [chief.record])

    private struct Desk {
        var sessions: AdministratorSessions
        var random = SeededGenerator(seed: 7)
        var now = Instant.zero

        init(_ limits: SessionLimits = SessionLimits()) { sessions = AdministratorSessions(limits: limits) }

        mutating func open(_ administrator: AdministratorRecord = chief) -> String? {
            sessions.open(administrator, from: source, in: fleet, at: now, using: &random)?.revealed
        }

        mutating func who(_ token: String?, in fleet: FleetSnapshot = AdministratorSessionTests.fleet) -> String? {
            token.flatMap { sessions.administrator(of: $0, in: fleet, at: now)?.id }
        }

        mutating func pass(_ time: Duration) { now = now + time }
    }

    @Test func `the spelling of a name does not tell whether an administrator has it`() {
        func admitted(_ names: [String]) -> [Bool] {
            var desk = Desk()
            return names.map {
                desk.sessions.admit($0, from: Self.source, in: Self.fleet, at: desk.now) == .admitted
            }
        }
        func tried(_ name: String) -> [String] { [String](repeating: name, count: 5) + [name.uppercased()] }
        #expect(admitted(tried("chief")) == [true, true, true, true, false, true])
        #expect(admitted(tried("nobody")) == admitted(tried("chief")))
    }

    @Test func aTokenIsASessionUntilItIsClosed() {
        var desk = Desk()
        let token = desk.open()
        #expect(token?.utf8.count == 43)
        #expect(desk.who(token) == "chief")
        #expect(desk.who("x") == nil)
        if let token { desk.sessions.close(token) }
        #expect(desk.who(token) == nil)
        #expect(desk.sessions.count == 0)
    }

    @Test func itEndsWhenNobodyUsesItAndAfterALongDayAnyway() {
        var desk = Desk()
        let token = desk.open()
        desk.pass(.seconds(899))
        #expect(desk.who(token) == "chief")
        desk.pass(.seconds(899))
        #expect(desk.who(token) == "chief")
        desk.pass(.seconds(900))
        #expect(desk.who(token) == nil)
        let used = desk.open()
        for _ in 0..<71 {
            desk.pass(.seconds(600))
            #expect(desk.who(used) == "chief")
        }
        desk.pass(.seconds(600))
        #expect(desk.who(used) == nil)
    }

    @Test func itEndsWithItsAdministratorAndWithANewPassword() throws {
        var changed = Self.chief
        changed.isSuspended = true
        var renewed = Self.chief
        renewed.passwordVerifier = PasswordVerifier("w")
        for fleet in [
            FleetSnapshot(Italy.records), FleetSnapshot([changed.record]), FleetSnapshot([renewed.record]),
        ] {
            var desk = Desk()
            let token = desk.open()
            #expect(desk.who(token, in: fleet) == nil)
            // And it does not come back.
            #expect(desk.who(token) == nil)
        }
    }

    @Test func whoWasChangedWhileHisPasswordWasLookedAtGetsNone() {
        var desk = Desk()
        var old = Self.chief
        old.passwordVerifier = PasswordVerifier("before")
        #expect(desk.open(old) == nil)
        #expect(desk.open(Italy.nation) == nil)
    }

    @Test func sessionsAreBounded() {
        var limits = SessionLimits()
        limits.sessionsPerAdministrator = 2
        var desk = Desk(limits)
        let tokens = (0..<3).map { _ in desk.open() }
        #expect(tokens.map { desk.who($0) } == [nil, "chief", "chief"])
        limits.sessions = 1
        desk = Desk(limits)
        #expect(desk.open() != nil)
        #expect(desk.open() == nil)
        desk.pass(.seconds(900))
        #expect(desk.open() != nil)
    }

    @Test func guessingIsSlowedDownAndLockedOutAsThePolicySays() {
        var desk = Desk()
        var admitted = 0
        var news = 0
        for _ in 0..<100 {
            switch desk.sessions.admit("chief", from: Self.source, in: Self.fleet, at: desk.now) {
            case .admitted: admitted += 1
            case .wait(let until, let isNews):
                if isNews { news += 1 }
                #expect(until > desk.now)
                desk.pass(.milliseconds(500))
            }
        }
        // Three are free; then 1 s, 2 s, 4 s, ... until ten: within 50 seconds there is time for five more.
        #expect((8...9).contains(admitted))
        #expect(news == admitted - 3)
        desk.pass(.seconds(600))
        while case .admitted = desk.sessions.admit("chief", from: Self.other, in: Self.fleet, at: desk.now) {
            desk.pass(.seconds(300))
        }
        guard case .wait(let until, _) = desk.sessions.admit("chief", from: Self.other, in: Self.fleet, at: desk.now)
        else {
            Issue.record("expected a lock-out")
            return
        }
        #expect(until - desk.now > .seconds(300))
    }

    @Test func namesThatNobodyHasWaitAlikeAndALogInStartsAnew() {
        func tries(_ name: String) -> Int {
            var desk = Desk()
            var admitted = 0
            while case .admitted = desk.sessions.admit(name, from: Self.source, in: Self.fleet, at: desk.now) {
                admitted += 1
            }
            return admitted
        }
        #expect(tries("nobody") == tries("chief"))
        var desk = Desk()
        for _ in 0..<20 {
            #expect(desk.sessions.admit("chief", from: Self.source, in: Self.fleet, at: desk.now) == .admitted)
            #expect(desk.open() != nil)
        }
        for _ in 0..<20 {
            #expect(desk.sessions.admit("chief", from: Self.source, in: Self.fleet, at: desk.now) == .admitted)
            desk.sessions.abandoned("chief", from: Self.source, in: Self.fleet)
        }
    }

    @Test func nothingSecretPrints() {
        var desk = Desk()
        let token = desk.open() ?? ""
        var text = "\(desk.sessions)"
        dump(desk.sessions, to: &text)
        #expect(!text.contains(token) && !token.isEmpty)
        let refusal = AdministratorLogin.refusal("unknown", of: "hunter2", from: Self.source, in: Self.fleet)
        #expect(!"\(refusal)".contains("hunter2"))
        #expect(refusal.outcome == .refused("unknown"))
    }
}
