import ConfigurationDocuments
import FloorControl
import MCDocuments
public import MCFoundation

/// How a device comes to know what it needs, in the order of the specification (TS 24.484 4.2, TS 24.481 6.2): UE initial
/// configuration, log-in at the identity management that it names, UE configuration, user profile, service
/// configuration, the documents of the groups; only then it registers. Afterwards it fetches what is told as changed.
///
/// It fetches nothing and holds no token: its shell carries out the actions, one fetch at a time.
public struct ResponderBootstrap: Sendable {
    let initialURL: String
    /// nil: the one that the UE initial configuration names.
    var wantedProfile: UInt8?
    let limits: BootstrapLimits
    var phase = Phase.idle
    /// The document that is being fetched.
    var current: DocumentRequest?
    /// Documents still to be fetched, in order.
    var queue: [DocumentRequest] = []
    /// The current document was refused for its token, and the user logged in again.
    var hasLoggedInAgain = false
    var isLoggingIn = false
    /// Entity tags with quotes, by URL, of what is read.
    var tags: [(url: String, etag: String)] = []
    /// Changed documents that could not be had, and when they are asked for again. One for each document that is known.
    var retries: [Retry] = []

    var initial: UEInitialConfiguration?
    var facts: LoginFacts?
    var profile: UserProfileDocument?
    var device: UEConfiguration?
    /// In the order of the profile.
    var groups: [ResponderGroup] = []
    /// What the shell was told last.
    var told: UserConfiguration?
    var actions: [BootstrapAction] = []

    enum Phase: Hashable, Sendable {
        /// Can become `learning`.
        case idle
        /// Can become `ready` or `failed`.
        case learning
        case ready
        case failed
    }

    struct Retry: Sendable {
        var request: DocumentRequest
        var attempts: Int
        /// nil while it is asked for.
        var at: Instant?
    }

    /// - Parameters:
    ///   - initialConfiguration: Address of the UE initial configuration of this device; the last segment of its
    ///     path is the ID of the device.
    ///   - userProfile: Index of the profile that the device is to work by; nil: the one that it is configured to begin
    ///     with.
    public init(initialConfiguration: String, userProfile: UInt8? = nil, limits: BootstrapLimits = .init()) {
        initialURL = initialConfiguration
        wantedProfile = userProfile
        self.limits = limits
    }

    /// As it was told last; nil until there is all of it.
    public var configuration: UserConfiguration? { told }

    /// When `.timeAdvanced` is due.
    public var nextDeadline: Instant? { retries.compactMap(\.at).min() }

    public mutating func handle(_ event: BootstrapEvent, at now: Instant) -> [BootstrapAction] {
        switch (phase, event) {
        case (.idle, .started): start()
        case (.learning, .answered(let request, let answer)), (.ready, .answered(let request, let answer)):
            if request == current { answered(request, answer, at: now) }
        case (.learning, .unanswered(let request, let why)), (.ready, .unanswered(let request, let why)):
            if request == current { missed(request, .unanswered(why), at: now) }
        case (.learning, .tooLarge(let request)), (.ready, .tooLarge(let request)):
            if request == current { missed(request, .tooLarge(limit: request.limit), at: now) }
        case (.learning, .loggedIn(let facts)), (.ready, .loggedIn(let facts)):
            if isLoggingIn { loggedIn(facts, at: now) }
        case (.learning, .loginFailed(let why)), (.ready, .loginFailed(let why)):
            if isLoggingIn { loginFailed(.loginFailed(why), at: now) }
        case (.ready, .documentChanged(let uri, let etag)): changed(uri, etag)
        case (.ready, .timeAdvanced): advance(at: now)
        case (.idle, _), (.learning, .started), (.learning, .documentChanged), (.learning, .timeAdvanced),
            (.ready, .started), (.failed, _):
            break
        }
        defer { actions.removeAll() }
        return actions
    }

    // MARK: Order

    private mutating func start() {
        phase = .learning
        guard Self.origin(initialURL) != nil else { return fail(.ueInitialConfiguration, initialURL, .insecure("it")) }
        queue = [request(.ueInitialConfiguration, initialURL, needsToken: false)]
        fetchNext()
    }

    func request(_ document: ManagedDocument, _ url: String, needsToken: Bool = true) -> DocumentRequest {
        DocumentRequest(
            document, url: url, needsToken: needsToken, ifNoneMatch: tags.first { $0.url == url }?.etag,
            limit: limits.documents.octets)
    }

    /// The next document, or what follows when there is none left.
    mutating func fetchNext() {
        guard current == nil, !isLoggingIn else { return }
        if !queue.isEmpty {
            let waiting = queue.removeFirst()
            let next = request(waiting.document, waiting.url, needsToken: waiting.needsToken)
            current = next
            hasLoggedInAgain = false
            actions.append(.fetch(next))
            return
        }
        tell()
    }

    private mutating func tell() {
        guard let configuration = compose() else { return }
        switch phase {
        case .learning:
            phase = .ready
            told = configuration
            actions.append(.register(configuration))
        case .ready where configuration != told:
            told = configuration
            actions.append(.obey(configuration))
        case .idle, .ready, .failed: break
        }
    }

    private func compose() -> UserConfiguration? {
        guard let initial, let user = facts?.mcpttID else { return nil }
        var configuration = UserConfiguration(
            mcpttID: user, domain: initial.domain,
            participatingService: initial.participatingService.map { PublicServiceIdentity($0) },
            documentService: PublicServiceIdentity(initial.groupManagementURI),
            floorTimers: FloorParticipantTimers(initial.timers), priority: profile?.priority.map { UInt8(clamping: $0) }
        )
        configuration.userProfile = profileIndex(of: user)
        configuration.displayName = profile?.displayName
        configuration.maximumGroupCalls = device?.maximumGroupCalls
        configuration.maximumPrivateCalls = device?.maximumPrivateCalls
        let wanted = profile?.groups.map(\.uri) ?? []
        configuration.groups = wanted.compactMap { uri in groups.first { $0.id.value == uri } }
        configuration.watched = [
            XCAPURI.userProfile(of: user, index: configuration.userProfile).description,
            XCAPURI.serviceConfiguration.description,
            // All groups, so that a group to which the user is added is told too.
            "\(ManagedDocument.group.auid)/global/byGroupID/",
        ]
        if device != nil {
            configuration.watched.append(XCAPURI.ueConfiguration(of: user, device: deviceID).description)
        }
        return configuration
    }

    /// The last segment of the address of the UE initial configuration, decoded.
    public var deviceID: String {
        let path = initialURL.prefix { $0 != "?" && $0 != "#" }
        let segment = path.split(separator: "/").last ?? ""
        return XCAPURI.decoded(segment) ?? String(segment)
    }

    // MARK: Failure

    mutating func fail(_ document: ManagedDocument, _ url: String, _ reason: BootstrapError.Reason) {
        phase = .failed
        current = nil
        queue = []
        actions.append(.fail(BootstrapError(document, url: url, reason)))
    }

    /// A document could not be had, or not be read. Before the registration that is the end, but for what a client can do
    /// without; afterwards what was known holds.
    mutating func missed(_ request: DocumentRequest, _ reason: BootstrapError.Reason, at now: Instant) {
        current = nil
        guard phase == .ready else {
            guard Self.isOptional(request.document) else { return fail(request.document, request.url, reason) }
            actions.append(.notify(.unavailable(BootstrapError(request.document, url: request.url, reason))))
            return fetchNext()
        }
        let attempts = (retries.first { $0.request.url == request.url }?.attempts ?? 0) + 1
        retries.removeAll { $0.request.url == request.url }
        let mayPass = Self.mayPass(reason) && retries.count < limits.waiting
        // What may pass is asked for until it is had: nobody tells the change again.
        if mayPass {
            let wait = limits.retryBase * (1 << min(attempts - 1, max(0, limits.attempts - 1), 10))
            retries.append(Retry(request: request, attempts: attempts, at: now + wait))
        }
        if !mayPass || attempts == limits.attempts {
            actions.append(.notify(.unavailable(BootstrapError(request.document, url: request.url, reason))))
        }
        fetchNext()
    }

    /// A user of no group has no UE configuration, for its schema wants one at least; and a group may have gone since the
    /// profile was read.
    private static func isOptional(_ document: ManagedDocument) -> Bool {
        switch document {
        case .ueConfiguration, .group: true
        case .ueInitialConfiguration, .userProfile, .serviceConfiguration: false
        }
    }

    private static func mayPass(_ reason: BootstrapError.Reason) -> Bool {
        switch reason {
        case .unanswered, .loginFailed: true
        case .refused(let status): status == 408 || status == 429 || (500..<600).contains(status)
        case .tooLarge, .unreadable, .insecure, .notOurs, .needsKeys, .wrongIssuer, .wrongUser, .tooMany: false
        }
    }

    private mutating func advance(at now: Instant) {
        for index in retries.indices {
            guard let due = retries[index].at, due <= now else { continue }
            retries[index].at = nil
            enqueue(retries[index].request)
        }
        fetchNext()
    }

    /// One that waits already is not fetched twice.
    mutating func enqueue(_ request: DocumentRequest) {
        guard !queue.contains(where: { $0.url == request.url }), queue.count < limits.waiting else { return }
        queue.append(request)
    }

    /// Scheme, host and port of an https address; nil for any other.
    static func origin(_ url: String) -> String? {
        guard url.lowercased().hasPrefix("https://") else { return nil }
        let authority = url.dropFirst(8).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let text = authority.lowercased()
        return text.hasSuffix(":443") ? String(text.dropLast(4)) : text
    }
}
