import CallControl
import MCFoundation

/// The pool that verifies tokens, in the simulated world: the text of a token is the MCPTT ID of whom it stands for, and
/// the verdict comes after a while.
struct TokenVerifier {
    /// How long a token is good from its verification on: a device that does not renew its own loses the service within
    /// a run.
    static let lifetime = Duration.seconds(1_800)
    static let scope = "3gpp:mc:ptt_service"

    private var random: SeededGenerator
    /// In the order in which they were asked for.
    private var verdicts: [(at: Instant, job: TokenJobID, verdict: TokenVerdict)] = []
    private var issued: UInt64 = 0

    init(random: SeededGenerator) { self.random = random }

    var nextDeadline: Instant? { verdicts.map(\.at).min() }

    mutating func take(_ job: TokenJob, at now: Now) {
        let delay = Duration.milliseconds(2 + Int64(random.next() % 60))
        issued += 1
        let grant = TokenGrant(
            mcpttID: MCPTTID(job.token.text), scopes: [Self.scope],
            expires: UTCTime(microseconds: now.utc.microseconds + Self.lifetime.wholeNanoseconds / 1_000),
            tokenID: AccessTokenID("t\(issued)"))
        let verdict: TokenVerdict =
            job.acceptedScopes.contains(Self.scope) ? .granted(grant) : .refused(.wrongScope)
        verdicts.append((now.instant + delay, job.id, verdict))
    }

    mutating func takeVerdicts(at now: Now) -> [(job: TokenJobID, verdict: TokenVerdict)] {
        let due = verdicts.filter { $0.at <= now.instant }
        verdicts.removeAll { $0.at <= now.instant }
        return due.map { ($0.job, $0.verdict) }
    }

    /// The process is gone, and with it what it was asked.
    mutating func forget() { verdicts = [] }
}
