import Foundation
import FoundationNetworking
import Logging
import MCFoundation
import Testing
import WebServices

/// Says back what it was asked.
private struct Echo: WebHandler {
    func respond(to request: WebRequest) async -> WebResponse {
        let line =
            "\(request.method) \(request.path) ?\(request.query) \(request.header("x-trial") ?? "-") "
            + "\(request.body.count) \(request.source?.description ?? "-")"
        return WebResponse("text/plain; charset=utf-8", line)
    }
}

@Suite struct WebServerTests {
    private func ask(
        _ server: WebServer, _ path: String, method: String = "GET", headers: [String: String] = [:],
        body: [UInt8]? = nil
    ) async throws -> (status: Int, text: String, response: HTTPURLResponse) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(server.address.port)\(path)")))
        request.httpMethod = method
        for name in headers.keys.sorted() { request.setValue(headers[name], forHTTPHeaderField: name) }
        if let body { request.httpBody = Data(body) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        return (http.statusCode, String(decoding: data, as: UTF8.self), http)
    }

    @Test func `a handler sees what was asked and its answer arrives`() async throws {
        let server = try await serve(WebLimits(), Echo())
        let answer = try await ask(
            server, "/a/b%20c?x=1&y=%3F", method: "POST", headers: ["X-Trial": "yes"], body: [1, 2, 3])
        #expect(answer.status == 200)
        #expect(answer.text == "POST /a/b%20c ?x=1&y=%3F yes 3 127.0.0.1")
        await server.stop()
    }

    @Test func `a body above the limit is refused and the server goes on`() async throws {
        var limits = WebLimits()
        limits.bodyBytes = 1_000
        let server = try await serve(limits, Echo())
        let long = try await ask(server, "/", method: "PUT", body: [UInt8](repeating: 0, count: 1_001))
        #expect(long.status == 413)
        let short = try await ask(server, "/", method: "PUT", body: [UInt8](repeating: 0, count: 1_000))
        #expect(short.text.hasPrefix("PUT / ? - 1000"))
        await server.stop()
    }

    @Test func `without TLS it listens on loopback only`() async throws {
        let outside = SocketAddress(IPAddress(v4: 0), port: 0)
        await #expect(throws: WebServerError.self) {
            _ = try await WebServer.start(
                WebListener(address: outside, tls: nil),
                logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }), handler: Echo())
        }
    }

    @Test func `a port that is taken is told`() async throws {
        let server = try await serve(WebLimits(), Echo())
        let error = await #expect(throws: WebServerError.self) {
            _ = try await WebServer.start(
                WebListener(address: server.address, tls: nil),
                logger: Logger(label: "web", factory: { _ in SwiftLogNoOpLogHandler() }), handler: Echo())
        }
        #expect(error?.description.contains("\(server.address)") == true)
        await server.stop()
    }

    @Test func `requests that are under way when it stops are answered`() async throws {
        let gate = Gate()
        let server = try await serve(WebLimits(), gate)
        async let slow = ask(server, "/slow")
        await gate.untilAsked()
        async let stopped: Void = server.stop()
        await gate.open()
        #expect(try await slow.text == "through")
        await stopped
    }
}

@Suite struct WebRoutesTests {
    private struct Named: WebHandler {
        let name: String
        func respond(to request: WebRequest) async -> WebResponse {
            WebResponse("text/plain", name, headers: name == "cached" ? [WebHeader("Cache-Control", "max-age=60")] : [])
        }
    }

    private var routes: WebRoutes {
        var routes = WebRoutes()
        routes.add("/", Named(name: "root"))
        routes.add("/api/", Named(name: "api"))
        routes.add("/api/v1/", Named(name: "v1"))
        routes.add("/health", Named(name: "cached"))
        return routes
    }

    @Test(arguments: [
        ("/", "root"), ("/other", "root"), ("/api/x", "api"), ("/api/v1/users", "v1"), ("/health", "cached"),
        ("/health/x", "root"), ("/api", "root"),
    ])
    func `the longest route that fits answers`(_ path: String, _ name: String) async {
        let response = await routes.respond(to: WebRequest(method: "GET", path: path))
        #expect(String(decoding: response.body, as: UTF8.self) == name)
    }

    @Test func `every answer says how browsers must treat it, unless the handler said otherwise`() async {
        let plain = await routes.respond(to: WebRequest(method: "GET", path: "/"))
        #expect(plain.header("x-content-type-options") == "nosniff")
        #expect(plain.header("x-frame-options") == "DENY")
        #expect(plain.header("cache-control") == "no-store")
        let cached = await routes.respond(to: WebRequest(method: "GET", path: "/health"))
        #expect(cached.header("cache-control") == "max-age=60")
        #expect(await WebRoutes().respond(to: WebRequest(method: "GET", path: "/")).status == 404)
    }

    @Test(
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", nil), ("Bearer", nil), ("", nil),
        ] as [(String, String?)])
    func `a bearer token is read from its header alone`(_ value: String, _ token: String?) {
        let request = WebRequest(method: "GET", path: "/", headers: [WebHeader("Authorization", value)])
        #expect(request.bearerToken == token)
    }
}
