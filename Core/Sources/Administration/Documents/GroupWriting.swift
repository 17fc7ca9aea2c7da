internal import Audit
import ConfigurationDocuments
internal import MCDocuments
internal import MCFoundation
internal import Policy

/// Group documents that users write (TS 24.481 6.3.2 to 6.3.5).
extension FleetDocuments {
    /// Carries a change of a document over to the group behind it.
    ///
    /// The document is made anew from what is kept of the group, so it may be written otherwise than it was put (order,
    /// blanks, elements of services that this system does not have); a node that was put is there afterwards and a
    /// deleted one is gone, or the request is refused (RFC 4825 8.2.3).
    func write(
        _ decision: XCAPDecision, _ request: XCAPRequest, _ key: String, by user: UserRecord,
        _ usage: ApplicationUsage
    ) -> DocumentDecision {
        let current = fleet.group(key)
        let wish: FleetRequest
        switch decision.change {
        case .none: return DocumentDecision(decision.response)
        case .deleted: wish = .delete(.group, key: key)
        case .replaced(let document):
            do throws(XCAPConflict) {
                let record = try record(document, at: key, replacing: current, by: user)
                wish = current == nil ? .create(record.record) : .replace(record.record)
            } catch {
                return DocumentDecision(XCAPResponse(error))
            }
        }
        do throws(FleetRefusal) {
            let decided = try FleetDecision.decide(wish, byUser: user, in: fleet, system: system)
            return try kept(decided, decision, request, usage)
        } catch {
            let audit = error.audit(of: wish, byUser: user, in: fleet)
            let status = error.status(of: wish)
            return DocumentDecision(status, fleet: FleetDecision(audit: [audit]))
        }
    }

    private func record(
        _ document: XCAPDocument, at key: String, replacing current: GroupRecord?, by user: UserRecord
    ) throws(XCAPConflict) -> GroupRecord {
        let group: GroupDocument
        do {
            group = try GroupDocument(parsing: document.octets)
        } catch {
            throw XCAPConflict(error)
        }
        // NOTSPEC: the name of a new document in the tree of a user is free; here it is the ID of the group, so that
        // there is one way to find it.
        guard group.id.value == key, FleetIdentity.canonical(key) == key else {
            throw .constraintFailure(phrase: "the document is named by the uri of its list-service, in lower case")
        }
        guard !group.protectsMedia, !group.protectsFloorControl else {
            throw .constraintFailure(phrase: "protection must be false: there are no keys")
        }
        var record = GroupRecord(
            group.group(replacing: current?.group), organisation: current?.organisation ?? user.organisation)
        record.video = group.video
        record.data = group.data
        let constituents = group.constituents?.map(\.value).sorted()
        guard let current else {
            record.temporary = constituents.map { TemporaryGroup(constituents: $0, requestor: user.id) }
            return record
        }
        guard constituents == current.temporary?.constituents else {
            throw .constraintFailure(phrase: "which groups a temporary group joins is said when it is made")
        }
        record.temporary = current.temporary
        record.regroupedInto = current.regroupedInto
        // They are those of its constituents, whatever list it is sent with.
        if current.temporary != nil { record.setMembers(current.members) }
        return record
    }

    /// The answer as the document stands after the change.
    private func kept(
        _ decided: FleetDecision, _ decision: XCAPDecision, _ request: XCAPRequest, _ usage: ApplicationUsage
    ) throws(FleetRefusal) -> DocumentDecision {
        var after = fleet
        after.apply(decided.changes)
        let document = FleetDocuments(fleet: after, system: system, settings: settings).document(request.uri)
        var response = decision.response
        response.etag = document?.etag
        guard let node = request.uri.node else { return DocumentDecision(response, fleet: decided) }
        let isThere =
            document?.contains(node, defaultNamespace: usage.defaultNamespace, limits: settings.limits) ?? false
        switch request.method {
        case .put where !isThere:
            return DocumentDecision(XCAPResponse(.constraintFailure(phrase: "this system does not keep such a node")))
        case .delete where isThere:
            return DocumentDecision(XCAPResponse(.cannotDelete(phrase: "this system has a value for it always")))
        case .get, .put, .delete: return DocumentDecision(response, fleet: decided)
        }
    }

    /// A write that was turned away before it was looked at.
    func refused(_ request: XCAPRequest, by requester: XCAPRequester?, _ code: String) -> AuditEntry? {
        guard let requester else { return nil }
        let user = fleet.user(requester.serviceID)
        return AuditEntry(
            .refusal, "document.refused",
            actor: AuditParty(
                identity: requester.serviceID, role: "user",
                agency: user.flatMap { fleet.organisation($0.organisation)?.name } ?? ""),
            details: [
                AuditDetail("document", request.uri.document.description, isPersonal: true),
                AuditDetail("request", request.method == .put ? "put" : "delete"),
            ],
            outcome: .refused(code))
    }
}

extension FleetDecision {
    /// Decides what a user with the right to manage groups asked for: he acts as an administrator of his organisation
    /// would, on groups alone; on temporary groups whoever may regroup.
    static func decide(
        _ request: FleetRequest, byUser user: UserRecord, in fleet: FleetSnapshot, system: SystemIdentity
    ) throws(FleetRefusal) -> FleetDecision {
        let right = request.right(in: fleet)
        guard request.kind == .group, fleet.mayByAnyProfile(user, right) else {
            throw FleetRefusal(.notAllowed, "this needs the right \(right.rawValue)")
        }
        var decision = try decide(request, by: user.asGroupManager, in: fleet, system: system)
        decision.audit = decision.audit.map { $0.by(right) }
        return decision
    }
}

extension FleetRequest {
    /// The right by which a user may ask for it: `<allow-regroup>` where it is about a temporary group.
    fileprivate func right(in fleet: FleetSnapshot) -> UserRight {
        if case .create(.group(let group)) = self { return group.temporary == nil ? .manageGroups : .regroup }
        return fleet.group(key)?.temporary == nil ? .manageGroups : .regroup
    }
}

extension UserRecord {
    fileprivate var asGroupManager: AdministratorRecord {
        AdministratorRecord(id: id, organisation: organisation, roles: [.administrator], isSuspended: isSuspended)
    }
}

extension AuditEntry {
    fileprivate func by(_ right: UserRight) -> AuditEntry {
        var entry = self
        entry.actor.role = "user"
        entry.authority = right.rawValue
        return entry
    }
}

extension FleetRefusal {
    fileprivate func audit(of request: FleetRequest, byUser user: UserRecord, in fleet: FleetSnapshot) -> AuditEntry {
        audit(of: request, by: user.asGroupManager, in: fleet).by(request.right(in: fleet))
    }

    /// The user is told what is wrong with his document, and nothing of users and groups of others.
    fileprivate func status(of request: FleetRequest) -> XCAPResponse {
        switch (code, field) {
        case (.conflict, "id"):
            return XCAPResponse(.uniquenessFailure([.init(field: "group/list-service/@uri")]))
        case (_, "members") where code != .invalid && code != .limitExceeded:
            return XCAPResponse(
                .constraintFailure(phrase: "an entry is neither a user of the organisation nor of a partner"))
        case (.notAllowed, _): return XCAPResponse(status: 403)
        case (.notFound, _): return XCAPResponse(status: 404)
        case (.conflict, _), (.invalid, _), (.unknownReference, _), (.foreignDomain, _), (.limitExceeded, _):
            return XCAPResponse(.constraintFailure(phrase: text))
        }
    }
}
