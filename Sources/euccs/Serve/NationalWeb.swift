import AdministrationService
import ConfigurationFiles
import DocumentService
import Foundation
import HostTime
import IdentityService
import Logging
import MCFoundation
import Telemetry
import WebServices

/// What of a national system is reached over HTTP.
struct NationalWeb {
    /// Certificates of all servers, ready to be shown.
    struct Prepared {
        fileprivate var shown: [(server: WebServer, certificate: WebCertificate)] = []
    }

    private(set) var servers: [(name: String, server: WebServer)] = []

    var addresses: [(String, SocketAddress)] { servers.map { ($0.name, $0.server.address) } }

    static func start(
        _ configuration: WebConfiguration?, identity: IdentityService?, documents: NationalDocuments?,
        _ metrics: ServeMetrics, _ logger: Logger
    ) async throws -> NationalWeb {
        var web = NationalWeb()
        guard let configuration else { return web }
        var routes = WebRoutes()
        if let identity {
            routes.add(NationalIdentity.root + "/", await IdentityPages(identity, root: NationalIdentity.root))
            if let documents { routes.add(NationalDocuments.root + "/", documents.handler(identity)) }
        }
        if let administration = metrics.administration {
            routes.add(
                "/admin/v1/",
                AdministrationService(
                    administration, logins: identity.map(NationalIdentity.access), clock: { SystemClock.now() }))
        }
        do {
            let certificate = try text(configuration.certificate.certificate)
            let key = try text(configuration.certificate.key)
            for (number, address) in configuration.https.enumerated() {
                let listener = try WebListener(address: address, certificatePEM: certificate, keyPEM: key)
                web.servers.append(
                    ("web-https-\(number)", try await WebServer.start(listener, logger: logger, handler: routes)))
            }
            if let address = configuration.operations {
                var operations = WebRoutes()
                operations.add("/healthz", HealthPage())
                operations.add("/metrics", MetricsPage(metrics: metrics))
                operations.add("/readyz", ReadinessPage(metrics: metrics))
                let listener = WebListener(address: address, tls: nil)
                web.servers.append(
                    ("web-operations", try await WebServer.start(listener, logger: logger, handler: operations)))
            }
            return web
        } catch {
            await web.stop()
            throw error
        }
    }

    /// Reads the certificate again that its servers show; nothing changes yet.
    func prepare(_ configuration: WebConfiguration?) throws -> Prepared {
        guard let configuration else { return Prepared() }
        let certificate = try Self.text(configuration.certificate.certificate)
        let key = try Self.text(configuration.certificate.key)
        return Prepared(
            shown: try servers.map { ($0.server, try $0.server.prepare(certificatePEM: certificate, keyPEM: key)) })
    }

    /// From now on new connections are shown it.
    func apply(_ prepared: Prepared) {
        for (server, certificate) in prepared.shown { server.show(certificate) }
    }

    func stop() async {
        for (_, server) in servers { await server.stop() }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    }
}

/// The process answers.
struct HealthPage: WebHandler {
    func respond(to request: WebRequest) async -> WebResponse { WebResponse("text/plain; charset=utf-8", "ok\n") }
}

/// Whether clients are served.
struct ReadinessPage: WebHandler {
    let metrics: ServeMetrics

    func respond(to request: WebRequest) async -> WebResponse {
        let readiness = metrics.readiness
        return WebResponse(status: readiness.status, "text/plain; charset=utf-8", readiness.text + "\n")
    }
}

/// Numbers for Prometheus.
struct MetricsPage: WebHandler {
    let metrics: ServeMetrics

    func respond(to request: WebRequest) async -> WebResponse {
        let text = MetricsText.render(await metrics.families())
        return WebResponse(status: 200, headers: [WebHeader("content-type", MetricsText.contentType)], body: text)
    }
}
