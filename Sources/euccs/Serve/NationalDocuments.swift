import Administration
import CallControl
import ConfigurationDocuments
import ConfigurationFiles
import DocumentNotification
import DocumentService
import FloorControl
import HostTime
import IdentityManagement
import IdentityService
import MCDocuments
import MCFoundation
import NationalAdministration
import NationalSystem
import Policy

/// Configuration and group management of the nation, joined to its store, its log-in and its calls.
struct NationalDocuments: Sendable {
    /// Path of the XCAP root.
    static let root = "/xcap"

    let settings: DocumentSettings
    let identity: SystemIdentity
    let administration: NationalAdministration

    init(_ configuration: SystemConfiguration, _ web: WebConfiguration, _ administration: NationalAdministration) {
        let domain = configuration.identity.domain
        let issuer = web.url + NationalIdentity.root
        let endpoints = IdentityEndpoints()
        let root = web.url + NationalDocuments.root
        func priority(_ tier: CallTier) -> ServiceConfiguration.ResourcePriority {
            let parts = ResourcePriority.headerValue(tier).split(separator: ".")
            return .init(namespace: String(parts.first ?? ""), priority: String(parts.last ?? ""))
        }
        var initial = UEInitialConfiguration(
            domain: domain, homeNetwork: web.homeNetwork,
            connectivity: .init(mcptt: "mcptt", commonCore: "mc-common-core", identityManagement: "mc-id"),
            servers: .init(
                authorisationEndpoint: issuer + endpoints.authorization, tokenEndpoint: issuer + endpoints.token,
                httpProxy: web.url, groupManagement: root, configurationManagement: root, keyManagement: web.url),
            groupManagementURI: configuration.identity.services.documents.value,
            groupCreationXUI: "sip:groups@\(domain)", groupManagementRoot: root, configurationManagementRoot: root)
        initial.participatingService = configuration.identity.services.participating.value
        settings = DocumentSettings(
            initialConfiguration: initial,
            serviceConfiguration: ServiceConfiguration(
                domain: domain, floorControl: .init(configuration.floor.timers),
                emergencyPriority: priority(.emergency),
                imminentPerilPriority: priority(.imminentPeril), normalPriority: priority(.normal)))
        identity = configuration.identity
        self.administration = administration
    }

    func handler(_ service: IdentityService) -> DocumentService {
        DocumentService(
            administration: administration, settings: settings, root: NationalDocuments.root,
            verify: { token, purpose, kind, _ in await service.verify(token, for: purpose, of: kind) },
            now: { SystemClock.now().utc })
    }

    /// Answers a subscription of a client.
    func find(_ lookUp: DocumentLookUp, for running: RunningSystem) {
        Task {
            await administration.find(lookUp.subscription, for: lookUp.user, settings: settings) { found in
                running.deliver(found, for: lookUp.id)
            }
        }
    }

    func changes(of change: NationalAdministration.Change) -> [DocumentChange] {
        change.documents(of: identity, settings)
    }
}
