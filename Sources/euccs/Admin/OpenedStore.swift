import ConfigurationFiles
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage
import Storage

/// The one place that names the engine of the store.
enum OpenedStore {
    /// For handles behind which somebody waits who serves: the writer's transaction of an import of a whole nation takes
    /// longer than an administrator would wait for another.
    private static let patient = {
        var limits = StoreLimits()
        limits.busyTimeoutMilliseconds = 60_000
        return limits
    }()

    /// The audit log over a handle of its own: what serves does not wait for who administers.
    static func recorder(
        _ path: String, _ configuration: SystemConfiguration, _ nation: NationRecord,
        alarm: @escaping @Sendable (String) -> Void, allClear: @escaping @Sendable () -> Void
    ) throws -> AuditRecorder {
        AuditRecorder(
            store: try SQLiteStore(
                path: path, system: configuration.identity.id.value, at: SystemClock.now().utc, limits: patient),
            nation: nation, clock: { SystemClock.now() }, alarm: alarm, allClear: allClear)
    }

    /// What identity management keeps, over a handle of its own: who logs in waits for the rows of an import to be
    /// written, but not for its being decided and its passwords being hashed.
    static func keeper(
        _ path: String, _ configuration: SystemConfiguration, failing: @escaping @Sendable (String) -> Void
    ) throws -> IdentityKeeper {
        IdentityKeeper(
            store: try SQLiteStore(
                path: path, system: configuration.identity.id.value, at: SystemClock.now().utc, limits: patient),
            clock: { SystemClock.now().utc }, failing: failing)
    }

    static func administration(
        _ path: String, _ configuration: SystemConfiguration,
        observe: @escaping @Sendable (NationalAdministration.Change) -> Void = { _ in }
    ) throws -> NationalAdministration {
        try NationalAdministration(
            store: try SQLiteStore(path: path, system: configuration.identity.id.value, at: SystemClock.now().utc),
            identity: configuration.identity, partners: configuration.partners.map(\.partner), observe: observe)
    }
}
