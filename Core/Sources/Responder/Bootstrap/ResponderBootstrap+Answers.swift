import ConfigurationDocuments
import MCDocuments
import MCFoundation

/// What answers mean.
extension ResponderBootstrap {
    mutating func answered(_ request: DocumentRequest, _ answer: DocumentAnswer, at now: Instant) {
        switch answer.status {
        case 200:
            guard answer.body.count <= request.limit else {
                return missed(request, .tooLarge(limit: request.limit), at: now)
            }
            read(request, answer, at: now)
        case 304 where request.ifNoneMatch != nil:
            settled(request)
            actions.append(.notify(.unchanged(request.document, url: request.url)))
            fetchNext()
        // The token ran out or was revoked (RFC 6750 3.1): the user logs in again, once for one document.
        case 401 where request.needsToken && !hasLoggedInAgain:
            hasLoggedInAgain = true
            logIn()
        case 403 where isWanted(request), 404 where isWanted(request), 410 where isWanted(request):
            settled(request)
            workByDefault(insteadOf: request.url)
            fetchNext()
        case 403 where phase == .ready, 404 where phase == .ready, 410 where phase == .ready:
            settled(request)
            gone(request.url)
            fetchNext()
        default: missed(request, .refused(status: answer.status), at: now)
        }
    }

    private func isWanted(_ request: DocumentRequest) -> Bool {
        request.document == .userProfile && wantedProfile != nil
    }

    /// The user has the profile no more, or never had, that this device was told to work by: it goes on by the one that
    /// his clients begin with, as the system does. What the former one said holds until that is read.
    private mutating func workByDefault(insteadOf url: String) {
        guard let user = facts?.mcpttID else { return }
        wantedProfile = nil
        tags.removeAll { $0.url == url }
        actions.append(.notify(.gone(.userProfile, url: url)))
        queue.insert(request(.userProfile, self.url(.userProfile(of: user, index: profileIndex(of: user)))), at: 0)
    }

    private mutating func logIn() {
        guard let initial else { return }
        isLoggingIn = true
        actions.append(
            .logIn(
                LoginEndpoints(
                    authorization: initial.servers.authorisationEndpoint, token: initial.servers.tokenEndpoint)))
    }

    mutating func loggedIn(_ facts: LoginFacts, at now: Instant) {
        isLoggingIn = false
        guard let initial else { return }
        // NOTSPEC: the UE initial configuration names endpoints and no issuer; the issuer must stand where they stand.
        guard let issuer = Self.origin(facts.issuer), issuer == Self.origin(initial.servers.tokenEndpoint),
            issuer == Self.origin(initial.servers.authorisationEndpoint)
        else { return loginFailed(.wrongIssuer(facts.issuer), at: now) }
        guard let user = facts.mcpttID, self.facts == nil || self.facts?.mcpttID == user else {
            return loginFailed(.wrongUser, at: now)
        }
        let isFirst = self.facts == nil
        self.facts = facts
        actions.append(.adoptTokens)
        if isFirst {
            queue = [
                request(.ueConfiguration, url(.ueConfiguration(of: user, device: deviceID))),
                request(.userProfile, url(.userProfile(of: user, index: profileIndex(of: user)))),
                request(.serviceConfiguration, url(.serviceConfiguration)),
            ]
            fetchNext()
        } else if let current {
            actions.append(.fetch(current))
        }
    }

    mutating func loginFailed(_ reason: BootstrapError.Reason, at now: Instant) {
        isLoggingIn = false
        guard phase == .ready, let current else { return fail(.ueInitialConfiguration, initialURL, reason) }
        missed(current, reason, at: now)
    }

    // MARK: Reading

    private mutating func read(_ request: DocumentRequest, _ answer: DocumentAnswer, at now: Instant) {
        do throws(BootstrapRefusal) {
            switch request.document {
            case .ueInitialConfiguration: try readInitial(answer.body)
            case .ueConfiguration: try readDevice(answer.body)
            case .userProfile: try readProfile(answer.body)
            case .serviceConfiguration: try readService(answer.body)
            case .group: try readGroup(answer.body, request)
            }
        } catch {
            return missed(request, error.reason, at: now)
        }
        let isFirst = phase == .learning
        settled(request)
        tags.removeAll { $0.url == request.url }
        // Weak tags compare as equal where the octets may differ (RFC 9110 8.8.1): then it is fetched whole.
        if let etag = answer.etag, !etag.hasPrefix("W/") { tags.append((request.url, etag)) }
        actions.append(
            .notify(
                isFirst ? .read(request.document, url: request.url) : .changed(request.document, url: request.url)))
        if request.document == .ueInitialConfiguration { logIn() } else { fetchNext() }
    }

    private mutating func readInitial(_ body: [UInt8]) throws(BootstrapRefusal) {
        let document = try parsed { () throws(DocumentError) in
            try UEInitialConfiguration(parsing: body, limits: limits.documents)
        }
        guard !document.isIntegrityProtected, !document.isConfidentialityProtected else {
            throw BootstrapRefusal(.needsKeys("signalling"))
        }
        for (name, url) in [
            ("idms-auth-endpoint", document.servers.authorisationEndpoint),
            ("idms-token-endpoint", document.servers.tokenEndpoint),
            ("CMS-XCAP-root-URI", document.configurationManagementRoot),
            ("GMS-XCAP-root-URI", document.groupManagementRoot),
        ] where Self.origin(url) == nil {
            throw BootstrapRefusal(.insecure(name))
        }
        initial = document
    }

    private mutating func readDevice(_ body: [UInt8]) throws(BootstrapRefusal) {
        device = try parsed { () throws(DocumentError) in
            try UEConfiguration(parsing: body, limits: limits.documents)
        }
    }

    private mutating func readProfile(_ body: [UInt8]) throws(BootstrapRefusal) {
        let document = try parsed { () throws(DocumentError) in
            try UserProfileDocument(parsing: body, limits: limits.documents)
        }
        guard document.mcpttID == facts?.mcpttID else { throw BootstrapRefusal(.notOurs) }
        guard document.groups.count <= limits.groups else { throw BootstrapRefusal(.tooMany(limit: limits.groups)) }
        profile = document
        groups.removeAll { group in !document.groups.contains { $0.uri == group.id.value } }
        tags = tags.filter { tag in
            guard case .group(let group) = kind(of: tag.url) else { return true }
            return document.groups.contains { $0.uri == group.value }
        }
        for entry in document.groups where !groups.contains(where: { $0.id.value == entry.uri }) {
            enqueue(request(.group, url(.group(MCPTTGroupID(entry.uri)))))
        }
    }

    private func readService(_ body: [UInt8]) throws(BootstrapRefusal) {
        let document = try parsed { () throws(DocumentError) in
            try ServiceConfiguration(parsing: body, limits: limits.documents)
        }
        guard !document.protectsConfidentiality, !document.protectsIntegrity else {
            throw BootstrapRefusal(.needsKeys("signalling"))
        }
    }

    private mutating func readGroup(_ body: [UInt8], _ request: DocumentRequest) throws(BootstrapRefusal) {
        guard let user = facts?.mcpttID else { return }
        let document = try parsed { () throws(DocumentError) in
            try GroupDocument(parsing: body, limits: limits.documents)
        }
        guard case .group(document.id) = kind(of: request.url) else { throw BootstrapRefusal(.notOurs) }
        guard !document.protectsMedia, !document.protectsFloorControl else {
            throw BootstrapRefusal(.needsKeys("media or floor control"))
        }
        let group = ResponderGroup(document, of: user)
        if let index = groups.firstIndex(where: { $0.id == group.id }) {
            groups[index] = group
        } else {
            groups.append(group)
        }
    }

    private func parsed<Document>(
        _ read: () throws(DocumentError) -> Document
    ) throws(BootstrapRefusal) -> Document {
        do { return try read() } catch { throw BootstrapRefusal(.unreadable(error)) }
    }

    // MARK: Changes

    /// A document was told as changed: it is fetched unless it is the one that is known, or none of ours.
    mutating func changed(_ uri: String, _ etag: String?) {
        guard let kind = kind(of: uri) else { return }
        let url = url(kind.uri(facts?.mcpttID, deviceID, (facts?.mcpttID).map { profileIndex(of: $0) } ?? 0))
        guard let etag else {
            gone(url)
            return fetchNext()
        }
        if case .group(let group) = kind, profile?.groups.contains(where: { $0.uri == group.value }) != true {
            // The profile that names it is told as changed too, and brings it.
            return
        }
        guard tags.first(where: { $0.url == url })?.etag != "\"\(etag)\"" else { return }
        retries.removeAll { $0.request.url == url }
        enqueue(request(kind.document, url))
        fetchNext()
    }

    /// What is not there cannot be obeyed any more. A profile that is gone leaves the user what he had: whether he may
    /// still use it, the servers say.
    private mutating func gone(_ url: String) {
        guard let kind = kind(of: url) else { return }
        if kind == .userProfile, wantedProfile != nil { return workByDefault(insteadOf: url) }
        let wasKnown = tags.contains { $0.url == url }
        tags.removeAll { $0.url == url }
        queue.removeAll { $0.url == url }
        retries.removeAll { $0.request.url == url }
        switch kind {
        case .group(let group): groups.removeAll { $0.id == group }
        case .ueConfiguration: device = nil
        case .userProfile, .serviceConfiguration: break
        }
        if wasKnown { actions.append(.notify(.gone(kind.document, url: url))) }
    }

    private mutating func settled(_ request: DocumentRequest) {
        current = nil
        retries.removeAll { $0.request.url == request.url }
    }

    // MARK: Addresses

    /// The profile that the device was told to work by, else the one that the UE initial configuration names
    /// (TS 24.484 7.2.2.7).
    func profileIndex(of user: MCPTTID) -> UInt8 {
        wantedProfile ?? initial?.defaultUserProfiles.first { $0.userID == user.value }?.index ?? 0
    }

    func url(_ uri: XCAPURI) -> String {
        guard let initial else { return "" }
        let isGroup = uri.auid == ManagedDocument.group.auid
        return uri.absolute(root: isGroup ? initial.groupManagementRoot : initial.configurationManagementRoot)
    }

    /// Which of the documents of this device a URI means, however it is escaped; nil for others.
    func kind(of url: String) -> KnownDocument? {
        guard let initial, let user = facts?.mcpttID else { return nil }
        for root in [initial.groupManagementRoot, initial.configurationManagementRoot] {
            let base = root.hasSuffix("/") ? root : root + "/"
            guard url.hasPrefix(base), let uri = try? XCAPURI(parsingSelector: String(url.dropFirst(base.count))) else {
                continue
            }
            if uri.auid == ManagedDocument.group.auid {
                switch uri.tree {
                case .global where uri.path.count == 2 && uri.path[0] == "byGroupID":
                    return .group(MCPTTGroupID(uri.path[1]))
                case .user(user.value) where uri.path.count == 1: return .group(MCPTTGroupID(uri.path[0]))
                case .global, .user: return nil
                }
            }
            if uri == .serviceConfiguration { return .serviceConfiguration }
            if uri == .userProfile(of: user, index: profileIndex(of: user)) { return .userProfile }
            if uri == .ueConfiguration(of: user, device: deviceID) { return .ueConfiguration }
            return nil
        }
        return nil
    }
}

/// A document that this device follows.
enum KnownDocument: Hashable {
    case ueConfiguration, userProfile, serviceConfiguration
    case group(MCPTTGroupID)

    var document: ManagedDocument {
        switch self {
        case .ueConfiguration: .ueConfiguration
        case .userProfile: .userProfile
        case .serviceConfiguration: .serviceConfiguration
        case .group: .group
        }
    }

    func uri(_ user: MCPTTID?, _ device: String, _ profileIndex: UInt8) -> XCAPURI {
        let user = user ?? MCPTTID("")
        return switch self {
        case .ueConfiguration: .ueConfiguration(of: user, device: device)
        case .userProfile: .userProfile(of: user, index: profileIndex)
        case .serviceConfiguration: .serviceConfiguration
        case .group(let group): .group(group)
        }
    }
}

/// Why a document is not taken.
private struct BootstrapRefusal: Error {
    var reason: BootstrapError.Reason
    init(_ reason: BootstrapError.Reason) { self.reason = reason }
}
