public import CallControl
import MCDocuments
public import MCFoundation
import OrderedCollections
import Policy
public import SIP
import SIPUserAgent

extension ControllingFunction {
    /// The participating function of a user publishes what a client of his wants to be affiliated with, as far as this
    /// system owns it: the complete set (TS 24.379 9.2.2.3.2).
    mutating func published(_ request: SIPRequest, _ transaction: ServerTransactionID, at now: Now) {
        do throws(Refusal) {
            let publication = try Publication(request, limits: settings.limits)
            guard let system = directory.routing.route(of: publication.key.user)?.serving else {
                throw Refusal(.notGroupMember)
            }
            if !publication.groups.isEmpty { try requireRoom(for: publication.key, from: system) }
            var accepted: [MCPTTGroupID] = []
            var refused: [(group: MCPTTGroupID, warning: MCPTTWarning)] = []
            for group in publication.groups {
                if let warning = refusal(of: publication.key.user, for: group) {
                    refused.append((group, warning))
                } else {
                    accepted.append(group)
                }
            }
            apply(publication.key, accepted, system, cause: "published", at: now)
            for (group, warning) in refused {
                note(
                    "affiliation.refused",
                    [
                        .init("user", publication.key.user.value, isPersonal: true), .init("system", system.value),
                        .init("group", group.value, isPersonal: true), .init("warning", "\(warning.code)"),
                    ])
            }
            if accepted.isEmpty, let first = refused.first { throw Refusal(first.warning) }
            answer(transaction, publication, accepted, refused.map(\.warning), at: now)
        } catch {
            agent.answer(
                transaction, status: error.status, headers: error.responseHeaders(agent: system.domain), at: now)
        }
    }

    /// The same, told to another process of the system, which answered and recorded it.
    public mutating func publishedElsewhere(_ request: SIPRequest, at now: Now) -> [FunctionAction] {
        guard let publication = try? Publication(request, limits: settings.limits),
            let system = directory.routing.route(of: publication.key.user)?.serving,
            publication.groups.isEmpty || (try? requireRoom(for: publication.key, from: system)) != nil
        else { return [] }
        let accepted = publication.groups.filter { refusal(of: publication.key.user, for: $0) == nil }
        apply(publication.key, accepted, system, cause: nil, at: now)
        return drain(at: now)
    }

    /// One user or partner does not take the room of all others.
    private func requireRoom(for key: ClientKey, from serving: MCSystemID) throws(Refusal) {
        guard affiliations.entry(key) == nil else { return }
        let limits = settings.limits
        guard affiliations.count(of: key.user) < limits.affiliatedClientsPerUser else {
            throw Refusal(.tooManyAffiliations)
        }
        guard affiliations.count < limits.affiliatedClients,
            serving == system.id || affiliations.count(from: serving) < limits.affiliatedClientsPerPartner
        else { throw Refusal(status: 503) }
    }

    /// nil where the owner allows it.
    private func refusal(of user: MCPTTID, for id: MCPTTGroupID) -> MCPTTWarning? {
        guard let group = directory.group(id) else { return .groupDoesNotExist }
        guard group.isEnabled else { return .groupDisabled }
        guard group.member(user) != nil else { return .notGroupMember }
        return nil
    }

    /// `cause`: what the log is told; nil: nothing.
    private mutating func apply(
        _ key: ClientKey, _ groups: [MCPTTGroupID], _ system: MCSystemID, cause: String?,
        mayEnter: Bool = true, at now: Now
    ) {
        let change = affiliations.replace(key, groups: groups, system: system)
        settle(key, change.added, at: now)
        if let cause, !change.added.isEmpty || !change.removed.isEmpty {
            note(
                "affiliation.changed",
                [
                    .init("user", key.user.value, isPersonal: true), .init("system", system.value),
                    .init("cause", cause), .init("added", "\(change.added.count)"),
                    .init("removed", "\(change.removed.count)"),
                ] + Self.names("groups-added", change.added) + Self.names("groups-removed", change.removed))
        }
        for id in change.removed + change.removed.compactMap({ directory.group($0)?.regroupedInto }) {
            // Another constituent may hold him in the call of a temporary group.
            if let group = calls[id]?.group, isAffiliated(key, with: group) { continue }
            guard let session = calls[id]?.session(of: key) else { continue }
            if case .settingUp(let setUp)? = calls[id]?.phase, setUp.caller == session { continue }
            agent.end(session, at: now)
            forget(session, in: id)
            afterLeaving(id, at: now)
        }
        guard mayEnter else { return }
        // Late entry: also for what was published again, by a client that came back (TS 24.379 10.1.1.4.6).
        for id in groups + groups.compactMap({ directory.group($0)?.regroupedInto })
        where calls[id]?.group.kind == .prearranged { invite(key, to: id, at: now) }
    }

    /// Groups in one field; none for none.
    private static func names(_ name: String, _ groups: some Sequence<MCPTTGroupID>) -> [Observation.Field] {
        let value = groups.map(\.value).joined(separator: " ")
        return value.isEmpty ? [] : [.init(name, value, isPersonal: true)]
    }

    /// The directory changed: who is a member no more is affiliated no more, and leaves the call. A group that is switched
    /// off keeps who is affiliated: it is as it was when it is switched on again. `changed`: the groups that it can be
    /// because of; nil: any.
    mutating func reviseAffiliations(with changed: [MCPTTGroupID]?, at now: Now) {
        for (key, entry) in changed.map({ affiliations.all(with: $0) }) ?? affiliations.all {
            let remaining = entry.groups.filter { directory.group($0)?.member(key.user) != nil }
            guard remaining.count < entry.groups.count else { continue }
            let withdrawn = entry.groups.filter { !remaining.contains($0) }
            // Nobody is called back into a call that he left because something else changed.
            apply(key, remaining, entry.system, cause: "directory", mayEnter: false, at: now)
            withdraw(withdrawn, from: key, at: now)
        }
    }

    /// 200, with what became of each group: a set may be granted in part.
    private mutating func answer(
        _ transaction: ServerTransactionID, _ publication: Publication, _ accepted: [MCPTTGroupID],
        _ warnings: [MCPTTWarning], at now: Now
    ) {
        var headers = Headers()
        headers.append(.expires, "\(publication.expires)")
        headers.append(.sipETag, random.token(16))
        for warning in warnings { headers.append(.warning, warning.headerValue(agent: system.domain)) }
        let status = AffiliationDocument(
            entity: publication.key.user,
            clients: [
                .init(
                    client: publication.key.client,
                    groups: publication.groups.map {
                        GroupAffiliation(group: $0, status: accepted.contains($0) ? .affiliated : .deaffiliated)
                    })
            ],
            publicationID: publication.publicationID)
        let body = CallBody.write([BodyPart(type: MIMEType.presence, body: status.serialized())], into: &headers)
        agent.answer(transaction, status: 200, headers: headers, body: body, at: now)
    }

    /// By joining a chat group or declaring an emergency (TS 24.379 9.2.2.3.6).
    mutating func affiliateImplicitly(
        _ key: ClientKey, _ group: MCPTTGroupID, _ system: MCSystemID, at now: Now
    ) {
        guard (try? requireRoom(for: key, from: system)) != nil,
            affiliations.add(key, group: group, system: system)
        else { return }
        settle(key, [group], at: now)
        note(
            "affiliation.implicit",
            [
                .init("user", key.user.value, isPersonal: true), .init("system", system.value),
                .init("group", group.value, isPersonal: true),
            ])
    }
}

/// A PUBLISH for affiliation, read.
private struct Publication {
    var key: ClientKey
    /// In the order of the document; empty for Expires 0.
    var groups: [MCPTTGroupID]
    var expires: UInt32
    var publicationID: String?

    init(_ request: SIPRequest, limits: ControllingLimits) throws(Refusal) {
        guard let part = request.part(MIMEType.presence) else { throw Refusal(.invalidCombination) }
        let document: AffiliationDocument
        do throws(DocumentError) {
            document = try AffiliationDocument(parsing: part.body)
        } catch {
            throw Refusal(status: error.reason == .tooLarge ? 413 : 400)
        }
        guard document.clients.count == 1, let client = document.clients.first else {
            throw Refusal(.invalidCombination)
        }
        guard client.groups.count <= limits.groupsPerRequest else { throw Refusal(.tooManyAffiliations) }
        key = ClientKey(user: document.entity, client: client.client)
        publicationID = document.publicationID
        expires = request.headers.integer(.expires) ?? .max
        switch expires {
        case 0: groups = []
        case .max: groups = client.groups.map(\.group)
        default:
            // TS 24.379 9.2.2.2.3: affiliations end by being taken back, not by time.
            var headers = Headers()
            headers.append(.minExpires, "\(UInt32.max)")
            throw Refusal(status: 423, headers: headers)
        }
    }
}
