import Administration
import IdentityManagement
import MCFoundation
import NationalAdministration
import Storage
import Synchronization
import Testing

@Suite struct IdentityKeeperTests {
    private let now = UTCTime(microseconds: 1_800_000_000_000_000)
    private let anna = MCPTTID("sip:anna@mc.it.example")

    private func keeper(
        _ store: any NationalStore, at time: UTCTime? = nil,
        failing: @escaping @Sendable (String) -> Void = { _ in }
    ) -> IdentityKeeper {
        let time = time ?? now
        return IdentityKeeper(store: store, clock: { time }, failing: failing)
    }

    private func keep(_ keeper: IdentityKeeper, _ changes: [IdentityChange]) async -> Bool {
        await withCheckedContinuation { done in keeper.keep(changes) { done.resume(returning: $0) } }
    }

    private func login() throws -> KeptLogin {
        let json =
            #"{"id":"a","user":"sip:anna@mc.it.example","clientID":"radio","scope":"openid","methods":["pwd"],"#
            + #""end":1800000900000000,"used":1800000000000000,"until":1800000600000000,"current":"c","#
            + #""accessTokens":[{"id":"t","expires":1800000300}]}"#
        return try JSONRecordCoding().decode(KeptLogin.self, from: Array(json.utf8))
    }

    @Test func `what is kept is there for the next process, until its time`() async throws {
        let disk = MemoryDisk()
        let login = try login()
        let kept: [IdentityChange] = [
            .login(login), .revocation(.token(id: "t", user: anna, expires: 1_800_000_300)),
            .revocation(.user(anna, issuedUntil: 1_800_000_000, expires: 1_800_000_400)),
            .lockOut(KeptLockOut(user: anna, failures: 10, until: UTCTime(microseconds: 1_800_000_200_000_000))),
        ]
        #expect(await keep(keeper(MemoryStore(disk: disk)), kept))
        let next = try keeper(MemoryStore(disk: disk)).kept()
        #expect(next.logins == [login])
        #expect(next.revocations.count == 2)
        for case .revocation(let revocation) in kept { #expect(next.revocations.contains(revocation)) }
        #expect(
            next.lockOuts == [
                KeptLockOut(user: anna, failures: 10, until: UTCTime(microseconds: 1_800_000_200_000_000))
            ])
        // The leeway of who accepts tokens is in it.
        let later = try keeper(MemoryStore(disk: disk), at: UTCTime(microseconds: 1_800_000_359_000_000)).kept()
        #expect(later.logins.count == 1 && later.lockOuts.isEmpty && later.revocations.count == 2)
        let last = try keeper(MemoryStore(disk: disk), at: UTCTime(microseconds: 1_800_000_600_000_000)).kept()
        #expect(last.logins.isEmpty && last.revocations.isEmpty)
    }

    @Test func `what is over is gone, in the order in which it was said`() async throws {
        let store = MemoryStore()
        let keeper = keeper(store)
        let login = try login()
        let lockOut = KeptLockOut(user: anna, failures: 10, until: UTCTime(microseconds: .max))
        keeper.keep([.login(login), .lockOut(lockOut)]) { _ in }
        keeper.keep([.loginEnded("a")]) { _ in }
        keeper.keep([.login(login)]) { _ in }
        #expect(await keep(keeper, [.loginEnded("a"), .lockOutEnded(anna)]))
        #expect(try keeper.kept().logins.isEmpty)
        #expect(try keeper.kept().lockOuts.isEmpty)
    }

    @Test func `what is not kept is said to be so, and why is told once`() async throws {
        let store = TroubledStore(MemoryStore())
        let told = Mutex<[String]>([])
        let keeper = keeper(store) { why in told.withLock { $0.append(why) } }
        let login = try login()
        store.be(.failing(StoreError(.full, "no room")))
        #expect(await !keep(keeper, [.login(login)]))
        #expect(await !keep(keeper, [.login(login)]))
        #expect(told.withLock { $0.count } == 1)
        #expect(told.withLock { $0.first?.contains("no room") } == true)
        store.be(.well)
        #expect(await keep(keeper, [.login(login)]))
        store.be(.failing(StoreError(.full, "no room")))
        #expect(await !keep(keeper, [.loginEnded("a")]))
        #expect(told.withLock { $0.count } == 2)
    }

    @Test func `it takes no number of the nation's commits`() async throws {
        let store = MemoryStore()
        #expect(await keep(keeper(store), [.login(try login())]))
        #expect(try store.sequence() == 0)
    }
}
