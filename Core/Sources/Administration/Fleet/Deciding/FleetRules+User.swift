import Policy

extension FleetRules {
    mutating func checked(_ value: UserRecord, _ old: UserRecord?) -> UserRecord {
        var value = value
        if let id = ownIdentity(value.id, "id", .user) { value.id = id }
        identities(&value)
        credentials(of: value, old)
        // Who may log in no more does not come back with an old password.
        if value.loginName == nil { value.passwordVerifier = nil }
        verifier(value.passwordVerifier)
        name(value.displayName, "displayName")
        name(value.agency, "agency")
        organisation(value.organisation)
        if let profile = value.profile, fleet.profile(profile) == nil {
            refuse(.unknownReference, "profile", "there is no profile \(profile)")
        }
        value.otherProfiles = otherProfiles(value)
        value.rights = RightsOverride(allowed: value.rights.allowed, denied: value.rights.denied)
        maxima(value.maxima)
        if let groups = value.legacyAffiliations {
            value.legacyAffiliations = affiliations(groups, of: value, old?.legacyAffiliations ?? [])
        }
        return value
    }

    private mutating func otherProfiles(_ value: UserRecord) -> [SelectableProfile]? {
        guard let others = value.otherProfiles, !others.isEmpty else { return nil }
        let field = "otherProfiles"
        guard others.count <= FleetLimits.otherProfiles else {
            refuse(.limitExceeded, field, "a user has at most \(FleetLimits.otherProfiles) other profiles")
            return others
        }
        let sorted = others.sorted { ($0.index, $0.profile) < ($1.index, $1.profile) }
        if sorted[0].index == 0 { refuse(.invalid, field, "expected an index of 1 to 255: 0 is his profile") }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.index == next.index {
            refuse(.invalid, field, "the index \(one.index) stands there twice")
        }
        let names = value.profileNames.sorted()
        for (one, next) in zip(names, names.dropFirst()) where one == next {
            refuse(.invalid, field, "the profile \(one) stands there twice")
        }
        for other in sorted where fleet.profile(other.profile) == nil {
            refuse(.unknownReference, field, "there is no profile \(other.profile)")
        }
        return sorted
    }

    private mutating func identities(_ value: inout UserRecord) {
        if let identity = identity(value.publicIdentity, "publicIdentity") {
            value.publicIdentity = identity
            if isPartners(FleetIdentity.domain(ofCanonical: identity)) {
                refuse(.foreignDomain, "publicIdentity", "the domain is a partner's")
            }
            if let other = fleet.user(publicIdentity: identity), other.id != value.id {
                refuse(.conflict, "publicIdentity", "another user has this SIP identity")
            }
        }
        if !FleetIdentity.isUserName(value.privateIdentity) {
            refuse(.invalid, "privateIdentity", "expected printable signs other than : \" and \\")
        } else if let other = fleet.user(privateIdentity: value.privateIdentity), other.id != value.id {
            refuse(.conflict, "privateIdentity", "another user has this user name")
        }
        if let name = value.loginName {
            if !FleetIdentity.isToken(name) {
                refuse(.invalid, "loginName", "expected letters, digits, - _ . or @")
            } else if let other = fleet.user(loginName: name), other.id != value.id {
                refuse(.conflict, "loginName", "another user logs in by this name")
            }
        }
    }

    private mutating func credentials(of value: UserRecord, _ old: UserRecord?) {
        guard let hashes = value.credentials else { return }
        if hashes.realm != system.realm {
            refuse(.invalid, "credentials", "expected hashes made for the realm \(system.realm)")
        }
        if hashes.md5 == nil, hashes.sha256 == nil { refuse(.invalid, "credentials", "expected md5 or sha256") }
        for (hash, digits) in [(hashes.md5, 32), (hashes.sha256, 64)] {
            if let hash, !FleetIdentity.isHexadecimal(hash, digits: digits) {
                refuse(.invalid, "credentials", "expected \(digits) hexadecimal digits in lower case")
            }
        }
        if let old, old.privateIdentity != value.privateIdentity, old.credentials == hashes {
            refuse(.conflict, "credentials", "the hashes are made of the old user name: a new one needs new ones")
        }
    }

    private mutating func affiliations(_ groups: [String], of value: UserRecord, _ old: [String]) -> [String] {
        guard groups.count <= FleetLimits.affiliationsPerTelephone else {
            refuse(
                .limitExceeded, "legacyAffiliations",
                "a telephone listens to at most \(FleetLimits.affiliationsPerTelephone) groups")
            return groups
        }
        var result: [String] = []
        for text in groups {
            guard let id = identity(text, "legacyAffiliations") else { continue }
            result.append(id)
            guard !old.contains(id), !expectedGroups.contains(id) else { continue }
            guard let group = fleet.group(id) else {
                refuse(.unknownReference, "legacyAffiliations", "there is no group \(id)")
                continue
            }
            if !administrator.isNational, group.organisation != value.organisation {
                refuse(.notAllowed, "legacyAffiliations", "\(id) belongs to another organisation")
            }
        }
        return result.sortedOnce()
    }
}
