import Administration
import Audit
import Testing

@Suite struct FleetReadingTests {
    private func readable(by administrator: AdministratorRecord) -> [String] {
        (Italy.records + [PolicyRecord().record]).filter { FleetReading.mayRead($0, by: administrator) }
            .map { "\($0.kind.rawValue) \($0.key)" }
    }

    @Test func theNationSeesEverythingAndAnOrganisationWhatIsItsOwn() {
        #expect(readable(by: Italy.nation).count == Italy.records.count + 1)
        #expect(
            readable(by: Italy.fire) == [
                "organisation vvf", "profile responder", "user \(Italy.id("anna"))", "user \(Italy.id("bruno"))",
                "group \(Italy.id("flood"))", "administrator fire-admin", "administrator fire-desk", "policy national",
            ])
        #expect(readable(by: Italy.fireOperator) == readable(by: Italy.fire))
    }

    @Test func anAuditorReadsTheAuditLogOnlyAndWhoIsSuspendedNothing() {
        let auditor = AdministratorRecord(id: "a", roles: [.auditor])
        #expect(readable(by: auditor).isEmpty)
        #expect(FleetReading.mayReadAudit(by: auditor))
        #expect(!FleetReading.mayReadAudit(by: Italy.nation))
        #expect(!FleetReading.mayReadAudit(by: AdministratorRecord(id: "a", organisation: "vvf", roles: [.auditor])))
        var suspended = AdministratorRecord(id: "x", roles: AdministratorRole.allCases)
        #expect(FleetReading.mayRead(by: suspended) && FleetReading.mayImport(by: suspended))
        suspended.isSuspended = true
        #expect(readable(by: suspended).isEmpty)
        #expect(!FleetReading.mayReadAudit(by: suspended) && !FleetReading.mayImport(by: suspended))
        #expect(!FleetReading.mayImport(by: Italy.fireOperator))
    }

    @Test func `keys of the nation are withdrawn by its administrators`() {
        #expect(FleetReading.mayWithdrawKeys(by: Italy.nation))
        var suspended = Italy.nation
        suspended.isSuspended = true
        for other in [Italy.fire, Italy.fireOperator, Italy.auditor, suspended] {
            #expect(!FleetReading.mayWithdrawKeys(by: other))
        }
        let entry = FleetReading.withdrawal(ofKey: "k1", by: Italy.nation, in: Italy.fleet)
        #expect(entry.action == "key.withdrawal-ordered" && entry.details == [AuditDetail("kid", "k1")])
    }

    @Test func whatSomebodyMayChangeHeMaySee() {
        for administrator in [Italy.nation, Italy.fire, Italy.fireOperator, Italy.auditor] {
            for record in Italy.records
            where Italy.refusal(.delete(record.kind, key: record.key), by: administrator) == nil {
                #expect(FleetReading.mayRead(record, by: administrator))
            }
        }
    }

    @Test func aRefusalToReadIsAFactWithoutAnIdentityInClear() {
        let entry = FleetReading.refusal(
            of: "read", .user, key: Italy.id("carla"), by: Italy.fire, in: Italy.fleet)
        #expect(entry.kind == .refusal && entry.action == "user.refused" && entry.outcome == .refused("not-allowed"))
        #expect(
            entry.details == [AuditDetail("user", Italy.id("carla"), isPersonal: true), AuditDetail("request", "read")])
    }

    @Test func theDomainOfAKeyIsInLowerCase() {
        #expect(FleetKind.user.canonicalKey("sip:Anna@MC.it.example") == "sip:Anna@mc.it.example")
        #expect(FleetKind.user.canonicalKey("anna") == "anna")
        #expect(FleetKind.device.canonicalKey("urn:UUID:1") == "urn:UUID:1")
    }

    @Test func withinAnOrganisationNobodySetsThePasswordOfWhoHasMoreRoles() throws {
        let auditor = AdministratorRecord(id: "fire-court", organisation: "vvf", roles: [.auditor])
        let fleet = try Italy.with(.create(.administrator(auditor)))
        let request = FleetRequest.setPassword(.administrator("fire-court"), PasswordVerifier("new"))
        #expect(Italy.refusal(request, by: Italy.fire, in: fleet)?.code == .notAllowed)
        #expect(Italy.refusal(request, by: auditor, in: fleet) == nil)
        #expect(Italy.refusal(request, in: fleet) == nil)
    }
}
