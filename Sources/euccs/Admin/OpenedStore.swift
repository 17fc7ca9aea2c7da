import ConfigurationFiles
import HostTime
import MCFoundation
import NationalAdministration
import Policy
import SQLiteStorage

/// The one place that names the engine of the store.
enum OpenedStore {
    static func administration(
        _ path: String, _ configuration: SystemConfiguration,
        observe: @escaping @Sendable (NationalAdministration.Change) -> Void = { _ in }
    ) throws -> NationalAdministration {
        try NationalAdministration(
            store: try SQLiteStore(path: path, system: configuration.identity.id.value, at: SystemClock.now().utc),
            identity: configuration.identity, partners: configuration.partners.map(\.partner), observe: observe)
    }
}
