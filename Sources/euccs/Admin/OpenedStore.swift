import ConfigurationFiles
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage

/// The one place that names the engine of the store.
enum OpenedStore {
    /// The audit log over a handle of its own: what serves does not wait for who administers.
    static func recorder(
        _ path: String, _ configuration: SystemConfiguration, _ nation: NationRecord,
        alarm: @escaping @Sendable (String) -> Void, allClear: @escaping @Sendable () -> Void
    ) throws -> AuditRecorder {
        AuditRecorder(
            store: try SQLiteStore(path: path, system: configuration.identity.id.value, at: SystemClock.now().utc),
            nation: nation, clock: { SystemClock.now() }, alarm: alarm, allClear: allClear)
    }

    /// What identity management keeps, over a handle of its own: nobody who logs in waits for an import.
    static func keeper(
        _ path: String, _ configuration: SystemConfiguration, failing: @escaping @Sendable (String) -> Void
    ) throws -> IdentityKeeper {
        IdentityKeeper(
            store: try SQLiteStore(path: path, system: configuration.identity.id.value, at: SystemClock.now().utc),
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
