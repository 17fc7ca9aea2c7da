import Policy

/// Checks that several kinds of records share.
extension FleetRules {
    mutating func token(_ text: String, _ field: String) {
        if !FleetIdentity.isToken(text) {
            refuse(
                .invalid, field, "expected letters, digits, - _ . or @, at most \(FleetLimits.identity) octets")
        }
    }

    mutating func name(_ text: String, _ field: String) {
        if !FleetIdentity.isName(text) {
            refuse(
                .invalid, field,
                "expected a line of text of at most \(FleetLimits.name) octets that does not begin with =, +, - or @")
        }
    }

    mutating func range(_ number: Int, _ range: ClosedRange<Int>, _ field: String) {
        if !range.contains(number) {
            refuse(.invalid, field, "expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    mutating func organisation(_ key: String) {
        if fleet.organisation(key) == nil {
            refuse(.unknownReference, "organisation", "there is no organisation \(key)")
        }
    }

    mutating func verifier(_ verifier: PasswordVerifier?) {
        if let verifier, verifier.value.isEmpty || verifier.value.utf8.count > FleetLimits.verifier {
            refuse(.invalid, "passwordVerifier", "expected at most \(FleetLimits.verifier) octets")
        }
    }

    mutating func maxima(_ maxima: ProfileMaxima) {
        let fields = [
            ("maxima.affiliationsN2", maxima.affiliationsN2),
            ("maxima.groupCallsPerClientN4", maxima.groupCallsPerClientN4),
            ("maxima.groupCallsN6", maxima.groupCallsN6), ("maxima.transmissionsN7", maxima.transmissionsN7),
        ]
        for (field, number) in fields {
            if let number { range(number, 0...1_000, field) }
        }
    }

    /// In canonical form.
    mutating func identity(_ text: String, _ field: String) -> String? {
        guard let identity = FleetIdentity.canonical(text) else {
            refuse(.invalid, field, "expected an identity such as sip:user@domain, found \"\(text.prefix(80))\"")
            return nil
        }
        return identity
    }

    func isOurs(_ domain: Substring) -> Bool { system.domains.contains(String(domain)) }

    func isPartners(_ domain: Substring) -> Bool { fleet.foreignUsers.domains.contains(String(domain)) }

    /// An identity that this nation gives away: in a domain of ours, and nothing else bears it.
    mutating func ownIdentity(_ text: String, _ field: String, _ kind: FleetKind) -> String? {
        guard let id = identity(text, field) else { return nil }
        let domain = FleetIdentity.domain(ofCanonical: id)
        guard isOurs(domain) else {
            refuse(.foreignDomain, field, "expected a domain of ours (\(system.domains.joined(separator: ", ")))")
            return nil
        }
        if system.services.role(user: String(id.dropFirst(4).prefix { $0 != "@" }), host: String(domain)) != nil {
            refuse(.conflict, field, "a function of this system is addressed by \(id)")
        }
        let bearers: [(FleetKind, Bool)] = [
            (.user, fleet.user(id) != nil), (.group, fleet.group(id) != nil),
            (.functionalAlias, fleet.functionalAlias(id) != nil),
        ]
        if let other = bearers.first(where: { $0.1 && $0.0 != kind }) {
            refuse(.conflict, field, "a \(other.0.rawValue) bears this identity")
        }
        return id
    }

    /// A user of ours, of the organisation in question unless the nation itself acts.
    mutating func ownUser(_ id: String, _ field: String, of organisation: String) {
        guard let user = fleet.user(id) else {
            if expectedUsers.contains(id) { return }
            refuse(.unknownReference, field, "there is no user \(id)")
            return
        }
        if !administrator.isNational, user.organisation != organisation {
            refuse(.notAllowed, field, "\(id) belongs to another organisation")
        }
    }
}
