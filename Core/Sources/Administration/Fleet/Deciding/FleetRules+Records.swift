import IdentityManagement
import Policy

extension FleetRules {
    /// The record in canonical form, every reason against it collected.
    mutating func checked(_ record: FleetRecord, insteadOf old: FleetRecord?) -> FleetRecord {
        switch record {
        case .organisation(let value): .organisation(checked(value))
        case .profile(let value): .profile(checked(value))
        case .user(let value):
            if case .user(let old) = old { .user(checked(value, old)) } else { .user(checked(value, nil)) }
        case .device(let value): .device(checked(value))
        case .group(let value):
            if case .group(let old) = old { .group(checked(value, old)) } else { .group(checked(value, nil)) }
        case .functionalAlias(let value):
            if case .functionalAlias(let old) = old {
                .functionalAlias(checked(value, old))
            } else {
                .functionalAlias(checked(value, nil))
            }
        case .policy(let value): .policy(checked(value))
        case .administrator(let value): .administrator(checked(value))
        }
    }

    private mutating func checked(_ value: OrganisationRecord) -> OrganisationRecord {
        token(value.id, "id")
        name(value.name, "name")
        if value.name.isEmpty { refuse(.invalid, "name", "an organisation has a name") }
        if value.country.utf8.count != 2 || !value.country.utf8.allSatisfy({ (65...90).contains($0) }) {
            refuse(.invalid, "country", "a country is two capital letters (ISO 3166)")
        }
        // Followed to its end: a chain that comes back would have no end.
        var parent = value.parent
        var steps = 0
        while let next = parent, steps < FleetLimits.organisationDepth {
            guard next != value.id else {
                refuse(.conflict, "parent", "the organisation would be a part of itself")
                return value
            }
            guard let organisation = fleet.organisation(next) else {
                refuse(.unknownReference, "parent", "there is no organisation \(next)")
                return value
            }
            parent = organisation.parent
            steps += 1
        }
        if parent != nil { refuse(.limitExceeded, "parent", "organisations nest at most \(steps) deep") }
        return value
    }

    private mutating func checked(_ value: ProfileRecord) -> ProfileRecord {
        token(value.name, "name")
        maxima(value.maxima)
        return ProfileRecord(name: value.name, rights: value.rights, maxima: value.maxima)
    }

    private mutating func checked(_ value: DeviceRecord) -> DeviceRecord {
        // RFC 8141 2: urn: and what it names, without blanks.
        if !value.instance.lowercased().hasPrefix("urn:") || value.instance.utf8.count > FleetLimits.identity
            || !value.instance.utf8.allSatisfy({ (33...126).contains($0) && !"<>\"".utf8.contains($0) })
        {
            refuse(.invalid, "instance", "an instance is a URN such as urn:uuid:… or urn:gsma:imei:…")
        }
        name(value.name, "name")
        organisation(value.organisation)
        var value = value
        if let user = value.user, let id = identity(user, "user") {
            value.user = id
            ownUser(id, "user", of: value.organisation)
        }
        return value
    }

    private mutating func checked(
        _ value: FunctionalAliasRecord, _ old: FunctionalAliasRecord?
    ) -> FunctionalAliasRecord {
        var users: [String] = []
        if value.users.count > FleetLimits.usersPerAlias {
            refuse(.limitExceeded, "users", "an alias has at most \(FleetLimits.usersPerAlias) users")
        } else {
            for text in value.users {
                guard let id = identity(text, "users") else { continue }
                users.append(id)
                if old?.users.contains(id) != true { ownUser(id, "users", of: value.organisation) }
            }
        }
        name(value.displayName, "displayName")
        organisation(value.organisation)
        let id = ownIdentity(value.id, "id", .functionalAlias)
        return FunctionalAliasRecord(
            id: id ?? value.id, displayName: value.displayName, organisation: value.organisation, users: users)
    }

    private mutating func checked(_ value: AdministratorRecord) -> AdministratorRecord {
        token(value.id, "id")
        if let key = value.organisation { organisation(key) }
        if value.roles.isEmpty { refuse(.invalid, "roles", "an administrator has a role") }
        verifier(value.passwordVerifier)
        var value = value
        value.roles = value.roles.sortedOnce()
        return value
    }

    private mutating func checked(_ value: PolicyRecord) -> PolicyRecord {
        range(value.auditRetentionDays, 1...36_500, "auditRetentionDays")
        range(value.password.minimumLength, 8...64, "password.minimumLength")
        range(value.password.maximumLength, 64...1_024, "password.maximumLength")
        range(value.tokens.authorizationCode, 1_000...600_000, "tokens.authorizationCode")
        range(value.tokens.accessToken, 60_000...86_400_000, "tokens.accessToken")
        range(value.tokens.idToken, 60_000...86_400_000, "tokens.idToken")
        range(value.tokens.refreshToken, 60_000...7_776_000_000, "tokens.refreshToken")
        range(value.throttle.freeFailures, 0...100, "throttle.freeFailures")
        range(value.throttle.firstDelay, 100...60_000, "throttle.firstDelay")
        range(value.throttle.lockOutFailures, 3...1_000, "throttle.lockOutFailures")
        range(value.throttle.lockOutTime, 1_000...86_400_000, "throttle.lockOutTime")
        return value
    }
}
