import Administration
import Audit
import MCFoundation
import Policy
import Testing

/// Who joined and left large groups stands in the log whole.
@Suite struct MembershipAuditTests {
    private static func identities(_ count: Int) -> [String] {
        let padding = String(repeating: "x", count: 180)
        return (0..<count).map { "sip:\(10_000 + $0)\(padding)@mc.fr.example" }
    }

    private static func listed(_ name: String, _ entries: [AuditEntry]) -> [String] {
        entries.flatMap(\.details).filter { $0.name == name }
            .flatMap { $0.value.split(separator: " ").map { String($0) } }
    }

    @Test(arguments: [1, 19, 20, 21, 100, 2_000, 10_000])
    func everyMemberIsToldInWhatTheLogKeeps(count: Int) throws {
        let identities = Self.identities(count)
        let members = identities.map { GroupMember(id: $0) }
        let joined = try Italy.decide(.setMembers(group: Italy.id("flood"), members))
        #expect(Self.listed("added", joined.audit) == identities)
        for entry in joined.audit {
            #expect(entry.action == joined.audit.first?.action)
            #expect(entry.details.first == AuditDetail("group", Italy.id("flood")))
            #expect(entry.details.count <= AuditLimits.maxDetails)
            #expect(entry.details.allSatisfy { $0.value.utf8.count <= AuditLimits.maxValueOctets })
        }
        // What is chained is what was told: nothing was cut or left out.
        var chain = AuditChain(system: Italy.system.id, created: UTCTime(microseconds: 1))
        var random = SeededGenerator(seed: 1)
        let kept = joined.audit.flatMap { entry in
            chain.append(entry, at: UTCTime(microseconds: 2), using: &random).personal.map(\.value)
        }
        let words = kept.flatMap { $0.split(separator: " ").map { String($0) } }
        #expect(identities.allSatisfy(Set(words).contains))
        var after = Italy.fleet
        after.apply(joined.changes)
        let left = try Italy.decide(.setMembers(group: Italy.id("flood"), []), in: after)
        #expect(Self.listed("removed", left.audit) == identities)
    }

    @Test func anOrdinaryChangeIsOneEntry() throws {
        let decision = try Italy.decide(.setMembers(group: Italy.id("flood"), [GroupMember(id: Italy.id("anna"))]))
        #expect(decision.audit.count == 1)
        #expect(decision.audit.first?.details.contains { $0.name == "part" } == false)
    }
}
