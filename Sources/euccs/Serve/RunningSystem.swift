import Administration
import CallControl
import DocumentNotification
import ExternalLogin
import IdentityManagement
import IdentityService
import NationalAdministration
import NationalSystem
import Policy
import Synchronization

/// What others on the same nation reach its system by: the newest fleet map, and the system itself once it is up.
final class RunningSystem: Sendable {
    private struct State {
        var system: NationalSystem?
        var waiting: DirectorySnapshot?
        var documents: NationalDocuments?
        var identity: IdentityService?
        var provider: ProviderLogin?
    }

    let fleet = CurrentFleet()
    let directory = CurrentDirectory()
    private let state = Mutex(State())

    func isUp(_ system: NationalSystem) {
        state.withLock { state in
            state.system = system
            if let directory = state.waiting { system.replaceDirectory(directory) }
            state.waiting = nil
        }
    }

    func replace(_ change: NationalAdministration.Change) {
        fleet.replace(change.fleet)
        directory.replace(change.directory)
        // The policy it takes from the fleet map itself.
        if let identity = state.withLock({ $0.identity }) {
            let events = FleetIdentities.events(of: change.changes, before: change.before)
            if !events.isEmpty { Task { for event in events { await identity.tell(event) } } }
        }
        let told = state.withLock { state -> (NationalSystem, NationalDocuments)? in
            guard let system = state.system else {
                state.waiting = change.directory
                return nil
            }
            system.replaceDirectory(change.directory)
            return state.documents.map { (system, $0) }
        }
        // What differs takes its time after an import, and whoever revokes a token does not wait for it. Changes come one
        // after the other, so they are told in order.
        if let (system, documents) = told { system.documentsChanged(documents.changes(of: change)) }
    }

    /// From now on subscribers are told of changed documents.
    func tell(_ documents: NationalDocuments?) { state.withLock { $0.documents = documents } }

    /// From now on log-in is told who was suspended.
    func tell(_ identity: IdentityService) { state.withLock { $0.identity = identity } }

    /// Who authenticates the nation's users instead of us; nil: we do.
    var provider: ProviderLogin? {
        get { state.withLock { $0.provider } }
        set { state.withLock { $0.provider = newValue } }
    }

    func deliver(_ documents: [FoundDocument], for lookUp: DocumentLookUpID) {
        state.withLock { $0.system?.deliver(documents, for: lookUp) }
    }

    /// Before the system is up nobody is served by a token.
    func revoke(_ tokens: RevokedTokens) {
        state.withLock { $0.system?.revoke(tokens) }
    }
}

/// The fleet map as it was published last.
final class CurrentFleet: Sendable {
    private let fleet = Mutex(FleetSnapshot([]))

    var value: FleetSnapshot { fleet.withLock { $0 } }

    func replace(_ newest: FleetSnapshot) { fleet.withLock { $0 = newest } }
}

/// The directory as it was published last, for who is not the signalling cell.
final class CurrentDirectory: Sendable {
    private let directory = Mutex<DirectorySnapshot?>(nil)

    var value: DirectorySnapshot? { directory.withLock { $0 } }

    func replace(_ newest: DirectorySnapshot) { directory.withLock { $0 = newest } }
}
