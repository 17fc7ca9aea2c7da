import CallControl
import MCDocuments
import MCFoundation
import OrderedCollections
import Policy
import SIP
import SIPUserAgent

/// Which clients a user has, on which devices, and how they answer calls (TS 24.379 7.3).
extension ParticipatingFunction {
    /// PUBLISH of service settings: binds MCPTT ID and client ID to the device. Expires 0 logs the client off.
    mutating func settingsPublished(
        _ request: SIPRequest, _ transaction: ServerTransactionID, _ user: User, _ flow: FlowID, at now: Now
    ) throws(Refusal) {
        let before = try conditional(request, \.settingsTag, user, flow)
        let body = try CallBody(reading: request)
        try body.information?.requireReadable()
        var entity: PoCSettings.Entity?
        if let part = request.part(MIMEType.poCSettings) {
            do throws(DocumentError) {
                entity = try PoCSettings(parsing: part.body).entities.first
            } catch {
                throw Refusal(status: error.reason == .tooLarge ? 413 : 400)
            }
        }
        guard let client = body.information?.clientID ?? entity.map({ MCPTTClientID($0.id) }) ?? before else {
            throw Refusal(.invalidCombination)
        }
        guard before ?? client == client else { throw Refusal(status: 412) }
        let key = ClientKey(user: user.mcpttID, client: client)
        let profile = entity?.selectedUserProfileIndex ?? 0
        let expires = request.headers.integer(.expires) ?? .max
        switch expires {
        // What it published before stands; the device may be another one.
        case .max where request.body.isEmpty:
            if let known = users[key.user]?.clients[client], known.device?.flow != flow {
                try bind(key, answerMode: known.answerMode, profile: nil, flow, at: now)
            }
        case 0:
            // Whoever leaves needs no token: nothing is granted.
            supersede(key, at: now)
            dropClient(key, .loggedOff, at: now)
        // NOTSPEC: which code refuses a profile that he does not have. Who leaves may have selected whatever he did.
        case .max where UInt8(exactly: profile).flatMap { user.selecting($0) } == nil: throw Refusal(status: 403)
        case .max where settings.authorisation.requiresToken:
            // Also of a user who is configured as a telephone: a telephone publishes nothing.
            let wish = WaitingAuthorisation(
                transaction: transaction, key: key, answerMode: entity?.answerMode, profile: UInt8(profile), flow: flow)
            guard let token = body.information?.accessToken else {
                return try publishSettingsAlone(wish, transaction, at: now)
            }
            return try authorise(wish, with: token, at: now)
        case .max: try bind(key, answerMode: entity?.answerMode, profile: UInt8(profile), flow, at: now)
        default: throw Self.tooBrief
        }
        publicationAccepted(transaction, \.settingsTag, of: key, expires: expires, at: now)
    }

    /// Settings and affiliations do not run out (TS 24.379 7.2.1.1, 9.2.2.2.3).
    static var tooBrief: Refusal {
        var headers = Headers()
        headers.append(.minExpires, "\(UInt32.max)")
        return Refusal(status: 423, headers: headers)
    }

    /// - Throws: 403 where the user has as many clients as the limits allow.
    func requireRoom(for key: ClientKey) throws(Refusal) {
        guard let user = users[key.user] else { return }
        guard user.clients[key.client] != nil || user.clients.count < settings.limits.clientsPerUser else {
            throw Refusal(status: 403, .functionNotAllowed)
        }
    }

    /// `profile`: nil: as it is. `grant`: what the token of the client says; nil where none is asked for.
    mutating func bind(
        _ key: ClientKey, answerMode: PoCSettings.AnswerMode?, profile: UInt8?, _ flow: FlowID,
        grant: TokenGrant? = nil, at now: Now
    ) throws(Refusal) {
        try requireRoom(for: key)
        // It may have been taken from him while his token was verified.
        if let profile, directory.user(key.user)?.selecting(profile) == nil { throw Refusal(status: 403) }
        var user = users[key.user] ?? ServedUser()
        var client = user.clients[key.client] ?? ServedClient(answerMode: nil, device: nil, isLegacy: false)
        let wasUnreachable = client.device == nil && !client.groups.isEmpty
        client.answerMode = answerMode
        client.device =
            user.devices.first { $0.flow == flow } ?? user.devices.first { $0.instance?.value == key.client.value }
            ?? (user.devices.count == 1 ? user.devices.first : nil)
        if let grant {
            client.device?.flow = flow
            client.isLegacy = false
            client.authorisation = ClientAuthorisation(tokenID: grant.tokenID, device: client.device)
            let left = grant.expires.microseconds.subtractingReportingOverflow(now.utc.microseconds)
            deadlines.set(
                .authorisation(key), at: now.instant + .microseconds(left.overflow ? .max : left.partialValue))
        }
        user.clients[key.client] = client
        users[key.user] = user
        deadlines.cancel(.grace(key))
        if wasUnreachable, client.device != nil { publishAll(key, at: now) }
        note("service.bound", [.init("user", key.user.value, isPersonal: true)])
        if let profile { select(profile, for: key, at: now) }
    }

    // MARK: Devices

    mutating func registrationChanged(
        _ identity: PublicUserIdentity, _ change: RegistrationChange, at now: Now
    ) {
        guard let user = directory.user(publicIdentity: identity), user.servingSystem == system.id else { return }
        switch change {
        case .registered(let device): deviceRegistered(device, user, at: now)
        case .presented(let device, let presented): registrationAuthorises(presented, device, user, at: now)
        case .removed(let device): deviceRemoved(device, user.mcpttID, at: now)
        }
    }

    private mutating func deviceRegistered(_ device: RegisteredContact, _ user: User, at now: Now) {
        var served = users[user.mcpttID] ?? ServedUser()
        if let index = served.devices.firstIndex(where: { $0.isSameDevice(as: device) }) {
            served.devices[index] = device
        } else {
            if served.devices.count >= settings.limits.devicesPerUser { served.devices.removeFirst() }
            served.devices.append(device)
        }
        var returned: [ClientKey] = []
        for id in Array(served.clients.keys) {
            guard let client = served.clients[id] else { continue }
            let key = ClientKey(user: user.mcpttID, client: id)
            if let known = client.device {
                if known.isSameDevice(as: device) { served.clients[id]?.device = device }
            } else if returns(device, as: id, client, key, isOnly: served.clients.count == 1) {
                served.clients[id]?.device = device
                returned.append(key)
            }
        }
        users[user.mcpttID] = served
        for key in returned {
            deadlines.cancel(.grace(key))
            // The owners hear again: late entry into running calls follows from it.
            publishAll(key, at: now)
        }
        if case .legacy = user.endpoint { addLegacy(device, user, at: now) }
    }

    /// True where a device that registered is the one that a client without device was on. One that was authorised by a
    /// token is on that device and on no other.
    private func returns(
        _ device: RegisteredContact, as id: MCPTTClientID, _ client: ServedClient, _ key: ClientKey, isOnly: Bool
    ) -> Bool {
        if let authorisation = client.authorisation { return authorisation.device?.isSameDevice(as: device) == true }
        return id == Self.clientID(of: device) || device.instance?.value == id.value
            || deadlines[.grace(key)] != nil && isOnly
    }

    private mutating func deviceRemoved(_ device: RegisteredContact, _ user: MCPTTID, at now: Now) {
        guard let served = users[user] else { return }
        let flows = served.devices.filter { $0.isSameDevice(as: device) }.map(\.flow)
        for flow in flows { endWaiting(of: user, over: flow, at: now) }
        users[user]?.devices.removeAll { $0.isSameDevice(as: device) }
        for (id, client) in served.clients where client.device?.isSameDevice(as: device) == true {
            users[user]?.clients[id]?.device = nil
            deadlines.set(
                .grace(ClientKey(user: user, client: id)), at: now.instant + settings.deaffiliationGrace)
        }
    }

    // MARK: Telephones

    /// A plain telephone says nothing of itself: its registration is its service settings, its affiliations are
    /// configured.
    private mutating func addLegacy(_ device: RegisteredContact, _ user: User, at now: Now) {
        let key = ClientKey(user: user.mcpttID, client: Self.clientID(of: device))
        guard users[key.user]?.clients[key.client] == nil,
            (users[key.user]?.clients.count ?? 0) < settings.limits.clientsPerUser
        else { return }
        users[key.user]?.clients[key.client] = ServedClient(answerMode: .automatic, device: device, isLegacy: true)
        refreshLegacy(user, at: now)
    }

    mutating func refreshLegacy(_ user: User, at now: Now) {
        guard case .legacy(let groups) = user.endpoint, let served = users[user.mcpttID] else { return }
        for (id, client) in served.clients where client.isLegacy {
            let current = client.groups.filter { $0.value.state != .deaffiliating }.map(\.key)
            if current != groups { affiliate(ClientKey(user: user.mcpttID, client: id), with: groups, at: now) }
        }
    }

    /// The client ID that a telephone is known by.
    static func clientID(of device: RegisteredContact) -> MCPTTClientID {
        MCPTTClientID(device.instance?.value ?? device.uri.description)
    }

    // MARK: Leaving

    /// Log-off, the device is gone for longer than the grace, or the client is authorised no more: affiliations are taken
    /// back, calls end.
    mutating func dropClient(_ key: ClientKey, _ departure: Departure, at now: Now) {
        guard users[key.user]?.clients[key.client] != nil else { return }
        deadlines.cancel(.grace(key))
        deadlines.cancel(.authorisation(key))
        for id in users[key.user]?.calls ?? [] { leave(id, key.client, reason: departure.reason, at: now) }
        if departure.isLossOfAuthorisation { endSubscriptions(of: key, at: now) }
        affiliate(key, with: [], at: now)
        let client = users[key.user]?.clients.removeValue(forKey: key.client)
        for owner in users[key.user]?.watches.keys ?? [] { reviseWatch(of: key.user, at: owner, now) }
        notifyObservers(of: key.user, at: now)
        note(
            "service.left",
            [.init("user", key.user.value, isPersonal: true), .init("cause", departure.rawValue)])
        // What counts over all clients may have been allowed by its profile alone.
        if client?.profile ?? 0 != 0, let user = directory.user(key.user) { revise(user, at: now) }
    }

    /// Nothing more is told to a client of what it asked to be told.
    private mutating func endSubscriptions(of key: ClientKey, at now: Now) {
        let observer = AffiliationObserver(user: key.user, client: key.client)
        for subscription in users[key.user]?.observers ?? [] where observedUsers[subscription] == observer {
            agent.notify(subscription, state: .terminated(reason: "rejected"), at: now)
            observerLeft(subscription)
        }
        endRelays(of: key, at: now)
    }

    mutating func dropUser(_ id: MCPTTID, at now: Now) {
        for client in users[id]?.waiting.keys ?? [] { supersede(ClientKey(user: id, client: client), at: now) }
        for client in users[id]?.clients.keys ?? [] {
            dropClient(ClientKey(user: id, client: client), .withdrawn, at: now)
        }
        for observer in users[id]?.observers ?? [] {
            agent.notify(observer, state: .terminated(reason: "noresource"), at: now)
            observedUsers[observer] = nil
        }
        users.removeValue(forKey: id)
    }
}
