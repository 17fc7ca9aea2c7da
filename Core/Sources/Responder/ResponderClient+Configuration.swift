import FloorControl
import MCFoundation
import OrderedCollections
import SIPUserAgent

/// A client whose documents change while it runs (TS 24.484 6.3, TS 24.481 6.3).
extension ResponderClient {
    /// Calls that stand go on; their next floor requests have the new priority. Affiliations to groups that the documents
    /// named before and name no more are taken back; groups of others, which they never named, stay.
    mutating func configure(_ configuration: UserConfiguration, at now: Now) {
        let gone = settings.groups.map(\.id).filter { configuration.group($0) == nil }
        let former = settings.userProfile
        settings.obey(configuration)
        if settings.userProfile != former {
            if registration.isRegistered { publishSettings(at: now) }
            watchDocuments(configuration.watched, at: now)
        }
        for handle in Array(calls.keys) {
            guard var call = calls[handle] else { continue }
            call.floor.reconfigure(floorSettings(call))
            calls[handle] = call
        }
        guard let wanted = publication.wantedGroups, wanted.contains(where: { gone.contains($0) }) else { return }
        affiliate(wanted.filter { !gone.contains($0) }, at: now)
    }
}
