import ConfigurationFiles
import Foundation
import IdentityService
import Logging
import MCFoundation
import WebServices

/// What of a national system is reached over HTTP.
struct NationalWeb {
    private(set) var servers: [(name: String, server: WebServer)] = []

    var addresses: [(String, SocketAddress)] { servers.map { ($0.name, $0.server.address) } }

    static func start(
        _ configuration: WebConfiguration?, identity: IdentityService?, _ running: RunningSystem, _ logger: Logger
    ) async throws -> NationalWeb {
        var web = NationalWeb()
        guard let configuration else { return web }
        var routes = WebRoutes()
        if let identity {
            routes.add(NationalIdentity.root + "/", await IdentityPages(identity, root: NationalIdentity.root))
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
                operations.add("/readyz", ReadinessPage(running: running))
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
    let running: RunningSystem

    func respond(to request: WebRequest) async -> WebResponse {
        running.isReady
            ? WebResponse("text/plain; charset=utf-8", "ready\n")
            : WebResponse(status: 503, "text/plain; charset=utf-8", "starting\n")
    }
}
