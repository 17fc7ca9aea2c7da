import CallControl
import ConfigurationDocuments
import Foundation
import HostTime
import MCDocuments
import MCFoundation
import NIOHTTP1
public import Responder
import WebClient

/// Carries out what `ResponderBootstrap` decides: fetches documents over HTTPS and logs the user in.
public actor DeviceBootstrap {
    private let profile: BootstrapProfile
    private let web: WebExchange
    private var machine: ResponderBootstrap
    private var login: DeviceLogin?
    private var tokens: LoginTokens?
    /// Of a log-in that is not judged yet.
    private var proposed: (DeviceLogin, LoginTokens)?
    private var outcome: Result<UserConfiguration, BootstrapError>?
    private var alarm: Task<Void, Never>?
    private var isEnded = false
    private let news: @Sendable (BootstrapNews) -> Void

    /// - Parameters:
    ///   - news: called in order; from `come` on with what is read, afterwards with what changed.
    /// - Throws: Where the authority of the profile is no certificate.
    public init(
        _ profile: BootstrapProfile, limits: BootstrapLimits = .init(),
        news: @escaping @Sendable (BootstrapNews) -> Void
    ) throws {
        self.profile = profile
        self.news = news
        web = try WebExchange(authorityPEM: profile.authorityPEM)
        machine = ResponderBootstrap(
            initialConfiguration: profile.initialConfiguration, userProfile: profile.userProfile, limits: limits)
    }

    /// From the UE initial configuration to everything that a registration needs.
    public func come() async throws(BootstrapError) -> BootstrapOutcome {
        await tell(.started)
        switch outcome {
        case .success(let configuration):
            guard let tokens else { break }
            return BootstrapOutcome(configuration: configuration, tokens: tokens)
        case .failure(let error): throw error
        case nil: break
        }
        throw BootstrapError(
            .ueInitialConfiguration, url: profile.initialConfiguration, .unanswered("it was ended before"))
    }

    /// A NOTIFY of `xcap-diff` told it.
    public func documentChanged(uri: String, etag: String?) async {
        await tell(.documentChanged(uri: uri, etag: etag))
    }

    /// Keeps the access token fresh, until the task is cancelled.
    public func keepFresh(failing: @escaping @Sendable (LoginError) -> Void) async {
        guard let login, let tokens else { return }
        await login.keepFresh(tokens, handOn: { [self] fresh in Task { await adopt(fresh) } }, failing: failing)
    }

    public func end() {
        isEnded = true
        alarm?.cancel()
    }

    // MARK: Events and actions

    private func tell(_ event: BootstrapEvent) async {
        var events = [event]
        while !events.isEmpty, !isEnded {
            for action in machine.handle(events.removeFirst(), at: SystemClock.now().instant) {
                switch action {
                case .fetch(let request): events.append(await fetch(request))
                case .logIn(let endpoints): events.append(await logIn(endpoints))
                case .adoptTokens: adoptTokens()
                case .register(let configuration): outcome = .success(configuration)
                case .obey(let configuration): news(.configuration(configuration))
                case .notify(let notice): news(.notice(notice))
                case .fail(let error): outcome = .failure(error)
                }
            }
        }
        setAlarm()
    }

    private func setAlarm() {
        alarm?.cancel()
        alarm = nil
        guard !isEnded, let deadline = machine.nextDeadline else { return }
        alarm = Task { [weak self] in
            let wait = deadline - SystemClock.now().instant
            guard (try? await Task.sleep(for: max(wait, .zero))) != nil else { return }
            // What follows must not be cancelled by the alarm that it sets.
            await self?.alarmWentOff()
        }
    }

    private func alarmWentOff() async {
        alarm = nil
        await tell(.timeAdvanced)
    }

    private func adoptTokens() {
        guard let (login, fresh) = proposed else { return }
        proposed = nil
        self.login = login
        if tokens == nil { tokens = fresh } else { adopt(fresh) }
    }

    private func adopt(_ fresh: LoginTokens) {
        tokens = fresh
        news(.token(fresh))
    }

    private func fetch(_ document: DocumentRequest) async -> BootstrapEvent {
        guard var request = WebExchange.Request(.GET, document.url) else {
            return .unanswered(document, why: "it is no https address")
        }
        request.limit = document.limit
        request.headers = [("accept", document.document.contentType)]
        if let tag = document.ifNoneMatch { request.headers.append(("if-none-match", tag)) }
        if document.needsToken, let tokens {
            request.headers.append(("authorization", "Bearer \(tokens.access.text)"))
        }
        do {
            let answer = try await web.send(request)
            return .answered(
                document, DocumentAnswer(status: answer.status, etag: answer.header("etag"), body: answer.body))
        } catch let failure as WebExchange.Failure where failure.isTooLarge {
            return .tooLarge(document)
        } catch {
            return .unanswered(document, why: "\(error)")
        }
    }

    private func logIn(_ endpoints: LoginEndpoints) async -> BootstrapEvent {
        do {
            let login = try DeviceLogin(
                LoginProfile(
                    at: .endpoints(endpoints), userName: profile.userName, password: profile.password,
                    authorityPEM: profile.authorityPEM))
            let fresh = try await login.logIn()
            proposed = (login, fresh)
            return .loggedIn(LoginFacts(issuer: fresh.issuer ?? "", mcpttID: fresh.mcpttID))
        } catch {
            return .loginFailed(why: "\(error)")
        }
    }
}
