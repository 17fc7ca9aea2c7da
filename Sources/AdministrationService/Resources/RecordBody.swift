import Administration
import Cryptography
import Foundation
import NationalAdministration

/// A record as JSON outside: without secrets on the way out, with passwords in clear on the way in.
enum RecordBody {
    private static let coding = JSONRecordCoding()

    /// Only what stands in the schema: what is added to a record some day does not leave by itself.
    static func json(of record: FleetRecord) throws -> JSONValue {
        let all = try JSONReader.read(record.stored(by: coding).body)
        let fields = RecordSchemas.schema(of: record.kind).fields.filter { $0.use != .secret }
        return .object(fields.compactMap { field in all[field.name].map { (field.name, $0) } })
    }

    /// A strong entity tag (RFC 9110 8.8.3): of what goes out, so that nothing of a secret is in it, where somebody
    /// could try passwords on it.
    static func tag(of json: JSONValue) throws -> String {
        "\"" + Data(try SHA256.digest(json.octets).prefix(18)).base64EncodedString() + "\""
    }

    /// The record that a body makes under a key, without secrets.
    ///
    /// - Throws: `Problem`.
    static func record(_ kind: FleetKind, key: String, from body: JSONValue) throws -> FleetRecord {
        let schema = RecordSchemas.schema(of: kind)
        try schema.check(body)
        var body = body
        if let field = RecordSchemas.keyField(of: kind) {
            if let named = body[field]?.text, kind.canonicalKey(named) != key {
                // RFC 9110 9.3.4: what is sent does not fit what it is sent to.
                throw Problem(.conflict, field: field, "expected the one of the path, or none")
            }
            body = body.with(field, .string(key))
        }
        let secrets = schema.fields.filter { $0.use == .secret }.map(\.name)
        body = body.without(secrets)
        let template = template(kind, key: key, body: body)
        let defaults = try JSONReader.read(template.stored(by: coding).body)
        let octets = body.filled(from: defaults).octets
        do {
            return try FleetRecord(StoredRecord(kind: kind.rawValue, key: template.key, body: octets), by: coding)
        } catch {
            throw Problem.invalid("", "the record cannot be read")
        }
    }

    /// The record with every default.
    private static func template(_ kind: FleetKind, key: String, body: JSONValue) -> FleetRecord {
        switch kind {
        case .organisation: .organisation(OrganisationRecord(id: key, name: "", country: ""))
        case .profile: .profile(ProfileRecord(name: key))
        case .user: .user(UserRecord(id: key, publicIdentity: body["publicIdentity"]?.text, organisation: ""))
        case .device: .device(DeviceRecord(instance: key, organisation: ""))
        case .group: .group(GroupRecord(id: key, organisation: "", type: .prearranged))
        case .functionalAlias: .functionalAlias(FunctionalAliasRecord(id: key, organisation: ""))
        case .policy: .policy(PolicyRecord())
        case .administrator: .administrator(AdministratorRecord(id: key, roles: []))
        }
    }

    /// The entry of a member that a body makes.
    static func member(_ user: String, from body: JSONValue) throws -> GroupMember {
        try JSONSchema.object(RecordSchemas.memberFields).check(body)
        let defaults = try JSONReader.read(coding.encode(GroupMember(id: user)))
        return try coding.decode(GroupMember.self, from: body.filled(from: defaults).octets)
    }

    static func json(of member: GroupMember) throws -> JSONValue { try JSONReader.read(coding.encode(member)) }
}

/// What new passwords of a record come to; nil stays as it is.
struct NewSecrets: Sendable {
    var credentials: CredentialHashes?
    var verifier: PasswordVerifier?

    /// The record with its new secrets, or those that it has had.
    func applied(to record: FleetRecord, insteadOf old: FleetRecord?) -> FleetRecord {
        switch (record, old) {
        case (.user(var user), let old):
            var kept: UserRecord?
            if case .user(let old) = old { kept = old }
            user.credentials = credentials ?? kept?.credentials
            user.passwordVerifier = verifier ?? kept?.passwordVerifier
            return .user(user)
        case (.administrator(var administrator), let old):
            var kept: AdministratorRecord?
            if case .administrator(let old) = old { kept = old }
            administrator.passwordVerifier = verifier ?? kept?.passwordVerifier
            return .administrator(administrator)
        case (.group(var group), .group(let old)?):
            // Parts that group documents alone have stay as they are.
            group.video = old.video
            group.data = old.data
            return .group(group)
        case (.organisation, _), (.profile, _), (.device, _), (.group, _), (.functionalAlias, _), (.policy, _):
            return record
        }
    }
}

extension NewSecrets: CustomStringConvertible, CustomReflectable {
    var description: String { "NewSecrets" }
    var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
