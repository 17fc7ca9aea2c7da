import CallControl
import MCDocuments
import MCFoundation
import SIP
import SIPUserAgent

/// Service settings (TS 24.379 7.2) and affiliation (9.2).
struct Publication: Sendable {
    var settingsTransaction: ClientTransactionID?
    var affiliationTransaction: ClientTransactionID?
    /// The last PUBLISH of settings failed for a reason that may pass, or the system says that it does not know us.
    var mustRepeatSettings = false
    /// The settings were accepted since we registered.
    var isAuthorised = false
    /// nil: the user never said.
    var wantedGroups: [MCPTTGroupID]?
    /// Groups that the user took back and did not turn to since: nobody brings him back into their calls, for joining
    /// would affiliate again.
    var leftGroups: [MCPTTGroupID] = []
    /// The wish changed while a PUBLISH was out.
    var isChanged = false
    /// The last PUBLISH failed for a reason that may pass.
    var mustRepeat = false
    /// As the last NOTIFY says.
    var groups: [GroupAffiliation] = []
    var subscription: SubscriptionID?
    /// When a refused publication or subscription is tried again.
    var retryAt: Instant?

    var nextDeadline: Instant? { retryAt }
}

extension ResponderClient {
    /// A request to the participating function, outside of every dialog.
    func serviceRequest(_ method: Method, to uri: SIPURI? = nil) -> SIPRequest {
        let uri = uri ?? participating
        var request = SIPRequest(method: method, uri: uri)
        request.headers.append(.from, "<\(identity)>")
        request.headers.append(.to, "<\(uri)>")
        for route in registration.serviceRoute { request.headers.append(.route, route) }
        request.headers.append(.pPreferredIdentity, "<\(identity)>")
        request.headers.append(.pPreferredService, ServiceHeaders.serviceIdentifier)
        return request
    }

    /// TS 24.379 7.2.2: PUBLISH of the service settings, which also authorises the client for the service.
    /// Expires 0 logs off.
    mutating func publishSettings(isEnding: Bool = false, at now: Now) {
        var information = MCPTTInfo(requestURI: participating.description, clientID: settings.clientID)
        information.accessToken = settings.accessToken?.text
        let document = PoCSettings([
            .init(
                id: settings.clientID.value, answerMode: settings.answerMode == .automatic ? .automatic : .manual,
                selectedUserProfileIndex: settings.userProfile == 0 ? nil : UInt32(settings.userProfile))
        ])
        var request = serviceRequest(.publish)
        request.headers.append(.event, "poc-settings")
        request.headers.append(.expires, isEnding ? "0" : Self.unlimited)
        let parts = CallBody(
            information: information, others: [BodyPart(type: MIMEType.poCSettings, body: document.serialized())])
        request.body = parts.write(into: &request.headers)
        let transaction = userAgent.send(request, at: now)
        publication.settingsTransaction = isEnding ? nil : transaction
        publication.mustRepeatSettings = false
    }

    /// TS 24.379 9.2.1.2: the complete set of this client; Expires 0 where it is empty.
    private mutating func publishAffiliation(at now: Now) {
        guard let groups = publication.wantedGroups, publication.isAuthorised else { return }
        guard publication.affiliationTransaction == nil else {
            publication.isChanged = true
            return
        }
        publication.isChanged = false
        publication.mustRepeat = false
        var document = AffiliationDocument(entity: settings.mcpttID, publicationID: random.token(12))
        document.clients = [
            .init(client: settings.clientID, groups: groups.map { GroupAffiliation(group: $0) })
        ]
        var request = serviceRequest(.publish)
        request.headers.append(.event, "presence")
        request.headers.append(.expires, groups.isEmpty ? "0" : Self.unlimited)
        let parts = CallBody(
            information: MCPTTInfo(requestURI: settings.mcpttID.value, clientID: settings.clientID),
            others: [BodyPart(type: MIMEType.presence, body: document.serialized())])
        request.body = parts.write(into: &request.headers)
        publication.affiliationTransaction = userAgent.send(request, at: now)
    }

    /// 2^32 - 1: as long as the registration lasts (TS 24.379 9.2.1.2).
    private static let unlimited = "4294967295"

    mutating func affiliate(_ groups: [MCPTTGroupID], at now: Now) {
        var unique: [MCPTTGroupID] = []
        for group in groups.prefix(settings.limits.groups) where !unique.contains(group) { unique.append(group) }
        let left = (publication.wantedGroups ?? []).filter { !unique.contains($0) }
        let before = publication.leftGroups.filter { !unique.contains($0) && !left.contains($0) }
        publication.leftGroups = Array((before + left).suffix(settings.limits.groups))
        rejoins.removeAll { left.contains($0.request.group) }
        publication.wantedGroups = unique
        if registration.isRegistered { publishAffiliation(at: now) }
    }

    /// TS 24.379 9.2.1.3: only the NOTIFY tells what the affiliation came to.
    private mutating func subscribe(at now: Now) {
        guard publication.subscription == nil else { return }
        var request = serviceRequest(.subscribe)
        request.headers.append(.contact, dialogContact)
        request.headers.append(.event, "presence")
        request.headers.append(.accept, MIMEType.presence)
        request.headers.append(.expires, Self.unlimited)
        let parts = CallBody(
            information: MCPTTInfo(requestURI: settings.mcpttID.value, clientID: settings.clientID))
        request.body = parts.write(into: &request.headers)
        publication.subscription = userAgent.subscribe(request, at: now)
    }

    mutating func endSubscription(at now: Now) {
        guard let subscription = publication.subscription else { return }
        publication.subscription = nil
        userAgent.unsubscribe(subscription, at: now)
    }

    mutating func publicationAnswered(_ id: ClientTransactionID, _ response: SIPResponse, at now: Now) {
        let warning = response.headers.warnings.compactMap(\.mcpttCode).first
        if id == publication.settingsTransaction {
            publication.settingsTransaction = nil
            guard registration.isRegistered else { return }
            let isFirst = !publication.isAuthorised
            guard response.isSuccess else {
                // The user may have the selected profile no more: better served by the one with which clients begin than
                // not at all.
                if response.status == 403, settings.userProfile != 0 {
                    settings.userProfile = 0
                    return publishSettings(at: now)
                }
                // What was granted before stands until it runs out: then the system knows us no more, and says so.
                publication.mustRepeatSettings = Self.mayPass(response.status)
                notify(.serviceSettingsRefused(status: response.status, warning: warning))
                return retryPublication(response.status, at: now)
            }
            publication.isAuthorised = true
            guard isFirst else { return }
            notify(.registered)
            // What a subscription of before a lost flow would tell comes from a server that may not know it any more.
            endSubscription(at: now)
            subscribe(at: now)
            publishAffiliation(at: now)
            endDocumentSubscription(at: now)
            subscribeToDocuments(at: now)
            rejoinCalls(at: now)
        } else if id == publication.affiliationTransaction {
            publication.affiliationTransaction = nil
            if response.isSuccess {
                connection.failures = 0
            } else {
                notify(.affiliationRefused(status: response.status, warning: warning))
                publication.mustRepeat = Self.mayPass(response.status)
                retryPublication(response.status, at: now)
                authorisationLost(warning, at: now)
            }
            if publication.isChanged { publishAffiliation(at: now) }
        }
    }

    /// The system does not know the client (404 "141"): its token ran out or was revoked, or the system started anew. The
    /// settings are published again with the token that there is; all else follows from their answer.
    mutating func authorisationLost(_ warning: Int?, at now: Now) {
        guard warning == MCPTTWarning.userUnknown.code, registration.isRegistered, publication.isAuthorised else {
            return
        }
        publication.isAuthorised = false
        publication.retryAt = now.instant + nextWait()
    }

    /// What may pass is tried again; a refusal with a reason is final until the user wants something else.
    private mutating func retryPublication(_ status: Int, at now: Now) {
        guard Self.mayPass(status), registration.isRegistered else { return }
        publication.retryAt = now.instant + nextWait()
    }

    private static func mayPass(_ status: Int) -> Bool { status == 408 || (500..<600).contains(status) }

    mutating func advancePublication(at now: Now) {
        guard let retryAt = publication.retryAt, retryAt <= now.instant else { return }
        publication.retryAt = nil
        guard registration.isRegistered else { return }
        if publication.mustRepeatSettings || !publication.isAuthorised {
            publishSettings(at: now)
        } else {
            subscribe(at: now)
            if publication.mustRepeat { publishAffiliation(at: now) }
        }
    }

    mutating func notified(_ id: SubscriptionID, _ request: SIPRequest) {
        guard id == publication.subscription, let part = request.part(MIMEType.presence) else { return }
        let document: AffiliationDocument
        do throws(DocumentError) {
            document = try AffiliationDocument(parsing: part.body)
        } catch {
            // A state that cannot be read changes nothing; the next NOTIFY brings the whole state again.
            return
        }
        let own = document.clients.filter { $0.client == settings.clientID }.flatMap(\.groups)
        for group in own.prefix(settings.limits.groups) {
            guard let status = group.status,
                publication.groups.first(where: { $0.group == group.group })?.status != status
            else { continue }
            notify(.affiliation(group.group, ResponderAffiliation(status)))
        }
        for known in publication.groups where !own.contains(where: { $0.group == known.group }) {
            guard known.status != .deaffiliated else { continue }
            notify(.affiliation(known.group, .deaffiliated))
        }
        publication.groups = Array(own.prefix(settings.limits.groups))
    }

    mutating func subscriptionEnded(_ id: SubscriptionID, _ status: Int?, at now: Now) {
        guard id == publication.subscription else { return }
        publication.subscription = nil
        guard registration.isRegistered else { return }
        publication.retryAt = now.instant + nextWait()
        // The user agent tells the number only; of a SUBSCRIBE to the own service this one has one meaning.
        if status == 404 { authorisationLost(MCPTTWarning.userUnknown.code, at: now) }
    }
}

extension ResponderAffiliation {
    init(_ status: AffiliationStatus) {
        switch status {
        case .affiliating: self = .affiliating
        case .affiliated: self = .affiliated
        case .deaffiliating: self = .deaffiliating
        case .deaffiliated: self = .deaffiliated
        }
    }
}
