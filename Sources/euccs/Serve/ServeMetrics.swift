import HostTime
import MCFoundation
import NationalAdministration
import NationalSystem
import Telemetry

/// What a process that serves tells whoever watches it.
struct ServeMetrics: Sendable {
    let system: NationalSystem
    let administration: NationalAdministration?
    var audit: ServeAudit?

    /// Numbers for `MetricsText`.
    func families() async -> [MetricFamily] {
        var families = await system.metrics()
        if let audit { families += Self.families(of: audit) }
        guard let administration else { return families }
        let position = await administration.position()
        families.append(
            MetricFamily(
                "euccs_store_sequence", help: "Number of the latest commit that the system serves by.", kind: .gauge,
                value: Double(position.sequence)))
        if let at = position.at {
            let age = Double(SystemClock.now().utc.microseconds - at.microseconds) / 1_000_000
            families.append(
                MetricFamily(
                    "euccs_store_age_seconds", help: "Time since the latest commit that the system serves by.",
                    kind: .gauge, value: max(0, age)))
        }
        return families
    }

    private static func families(of audit: ServeAudit) -> [MetricFamily] {
        let backlog = audit.backlog
        return [
            MetricFamily(
                "euccs_audit_waiting_entries", help: "Entries of the audit log that are not durable yet.", kind: .gauge,
                value: Double(backlog.waiting)),
            MetricFamily(
                "euccs_audit_lost_entries",
                help: "Entries that there was no room for; 0 again once the log itself tells of them.", kind: .gauge,
                value: Double(backlog.lost)),
            MetricFamily(
                "euccs_audit_trouble", help: "1 where the audit log cannot be kept now.", kind: .gauge,
                value: audit.trouble == nil ? 0 : 1),
        ]
    }

    /// Whether new calls are welcome.
    var readiness: Readiness { Readiness(isDraining: system.isDraining, auditTrouble: audit?.trouble) }
}
