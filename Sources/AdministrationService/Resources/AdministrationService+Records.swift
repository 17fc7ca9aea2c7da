import Administration
import Foundation
import MCFoundation
import NationalAdministration
import WebServices

/// Reading and changing single records.
extension AdministrationService {
    /// There is such a record and the caller, who may see others, may not see this one: to him there is none.
    func isHidden(_ kind: FleetKind, _ key: String, from caller: Caller) -> Bool {
        guard FleetReading.mayRead(by: caller.administrator), let record = caller.fleet.record(kind, key: key) else {
            return false
        }
        return !FleetReading.mayRead(record, by: caller.administrator)
    }

    /// A page of records in the order of their keys.
    func list(_ kind: FleetKind, _ parameters: [String: String], by caller: Caller) async throws -> WebResponse {
        guard FleetReading.mayRead(by: caller.administrator) else { try await refuse("read", kind, by: caller) }
        var limit = limits.ordinaryPage
        if let text = parameters["limit"] {
            guard let number = Int(text), text.utf8.allSatisfy({ (48...57).contains($0) }),
                (1...limits.page).contains(number)
            else { throw Problem(.invalidQuery, field: "limit", "expected a number from 1 to \(limits.page)") }
            limit = number
        }
        let all = caller.fleet.orderedKeys(of: kind)
        let keys = parameters["after"].map { all.after($0) } ?? all
        var items: [JSONValue] = []
        var octets = 0
        var last: String?
        for key in keys {
            guard let record = caller.fleet.record(kind, key: key),
                FleetReading.mayRead(record, by: caller.administrator)
            else { continue }
            if let organisation = parameters["organisation"], record.organisation != organisation { continue }
            // There is one more than fits.
            if items.count == limit || octets >= limits.pageBytes {
                var members: [(String, JSONValue)] = [("items", .array(items))]
                if let last { members.append(("next", .string(last))) }
                return .json(.object(members))
            }
            let json = try RecordBody.json(of: record)
            octets += json.octets.count
            items.append(json)
            last = key
        }
        return .json(["items": .array(items)])
    }

    func get(_ kind: FleetKind, _ key: String, _ request: WebRequest, by caller: Caller) async throws -> WebResponse {
        guard FleetReading.mayRead(by: caller.administrator) else {
            try await refuse("read", kind, key: key, by: caller)
        }
        if isHidden(kind, key, from: caller) {
            try await administration.record(
                [FleetReading.refusal(of: "read", kind, key: key, by: caller.administrator, in: caller.fleet)],
                at: clock().utc)
            throw Problem.notFound
        }
        guard let record = caller.fleet.record(kind, key: key) else { throw Problem.notFound }
        let json = try RecordBody.json(of: record)
        let tag = try RecordBody.tag(of: json)
        let conditions = try Preconditions(request)
        if let ifMatch = conditions.ifMatch, !ifMatch.matches(tag) { throw Preconditions.failed }
        if let ifNoneMatch = conditions.ifNoneMatch, !ifNoneMatch.matchesNone(tag) {
            return WebResponse(status: 304, headers: [WebHeader("etag", tag)])
        }
        return .json(json, headers: [WebHeader("etag", tag)])
    }

    func put(
        _ kind: FleetKind, _ key: String, _ request: WebRequest, _ parameters: [String: String], by caller: Caller
    ) async throws -> WebResponse {
        let isDry = try Self.flag(parameters["dry_run"], "dry_run")
        let conditions = try Preconditions(request)
        let body = try body(of: request, limit: limits.recordBytes)
        let record = try RecordBody.record(kind, key: key, from: body)
        let secrets = try await secrets(of: record, body, in: caller.fleet)
        let choose: @Sendable (FleetSnapshot, AdministratorRecord) throws -> (FleetRequest, Bool) = { fleet, acting in
            let old = fleet.record(kind, key: key)
            try conditions.check(old, by: acting)
            let new = secrets.applied(to: record, insteadOf: old)
            return (old == nil ? FleetRequest.create(new) : .replace(new), old == nil)
        }
        if isDry {
            let fleet = try await administration.rehearse(
                by: caller.administrator.id, at: clock().utc, choosing: choose)
            let json = try RecordBody.json(of: fleet.record(kind, key: key) ?? record)
            return .json(json, headers: [WebHeader("etag", try RecordBody.tag(of: json))])
        }
        let performed = try await administration.perform(
            by: caller.administrator.id, at: clock().utc, choosing: choose)
        let isNew = performed.context
        let kept = performed.fleet.record(kind, key: key) ?? record
        let json = try RecordBody.json(of: kept)
        var headers = [WebHeader("etag", try RecordBody.tag(of: json))]
        if isNew { headers.append(WebHeader("location", request.path)) }
        return .json(json, status: isNew ? 201 : 200, headers: headers)
    }

    /// Makes what is kept of the passwords in a body, before the store is asked.
    private func secrets(
        of record: FleetRecord, _ body: JSONValue, in fleet: FleetSnapshot
    ) async throws -> NewSecrets {
        var secrets = NewSecrets()
        switch record {
        case .user(let user):
            if let password = body["password"]?.text {
                guard let name = user.loginName else {
                    throw Problem.invalid("password", "who has no loginName has no password for it")
                }
                secrets.verifier = try await verifier(of: password, for: name, in: fleet)
            }
            if let password = body["device_password"]?.text {
                secrets.credentials = PasswordWork.hashes(
                    userName: user.privateIdentity, realm: await administration.nation.realm, password: password)
            }
        case .administrator(let administrator):
            secrets.verifier = try await verifier(of: body["password"]?.text, for: administrator.id, in: fleet)
        case .organisation, .profile, .device, .group, .functionalAlias, .policy: break
        }
        return secrets
    }

    func delete(
        _ kind: FleetKind, _ key: String, _ request: WebRequest, by caller: Caller
    ) async throws -> WebResponse {
        try requireNoBody(request)
        let conditions = try Preconditions(request)
        try await carryOut(kind, key, by: caller, conditions) { .delete(kind, key: key) }
        return WebResponse(status: 204)
    }

    func suspend(
        _ user: String, _ isSuspended: Bool, _ request: WebRequest, by caller: Caller
    ) async throws -> WebResponse {
        try requireNoBody(request)
        let fleet = try await carryOut(.user, user, by: caller) { .setSuspended(user: user, isSuspended) }
        guard let record = fleet.record(.user, key: user) else { throw Problem.notFound }
        let json = try RecordBody.json(of: record)
        return .json(json, headers: [WebHeader("etag", try RecordBody.tag(of: json))])
    }

    func putMember(
        _ user: String, of group: String, _ request: WebRequest, by caller: Caller
    ) async throws -> WebResponse {
        let member = try RecordBody.member(user, from: try body(of: request, limit: limits.loginBytes))
        let wasMember = caller.fleet.group(group)?.member(user) != nil
        let fleet = try await carryOut(.group, group, by: caller) { .setMember(group: group, member) }
        let kept = fleet.group(group)?.member(user) ?? member
        return .json(try RecordBody.json(of: kept), status: wasMember ? 200 : 201)
    }

    func removeMember(_ user: String, of group: String, by caller: Caller) async throws -> WebResponse {
        try await carryOut(.group, group, by: caller) { .removeMember(group: group, user: user) }
        return WebResponse(status: 204)
    }

    /// Carries out a request on a record that has to be there. To whom the record is hidden it is not there, whatever
    /// else would be against it; the audit log knows better.
    @discardableResult
    func carryOut(
        _ kind: FleetKind, _ key: String, by caller: Caller, _ conditions: Preconditions = Preconditions(),
        _ choose: @escaping @Sendable () -> FleetRequest
    ) async throws -> FleetSnapshot {
        let isHidden = isHidden(kind, key, from: caller)
        do {
            return try await administration.perform(by: caller.administrator.id, at: clock().utc) { fleet, acting in
                try conditions.check(fleet.record(kind, key: key), by: acting)
                return (choose(), ())
            }.fleet
        } catch is FleetRefusal where isHidden {
            throw Problem.notFound
        }
    }
}
