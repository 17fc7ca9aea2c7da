/// Several handlers behind one listener, told apart by the beginning of the path. The longest that fits is asked.
public struct WebRoutes: WebHandler {
    private var routes: [(prefix: String, handler: any WebHandler)] = []

    public init() {}

    /// `prefix` is a whole path or, where it ends in `/`, everything below it.
    public mutating func add(_ prefix: String, _ handler: any WebHandler) {
        routes.append((prefix, handler))
        // Stable among equals: what was added first is asked first.
        routes.sort { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    private func handler(of request: WebRequest) -> (any WebHandler)? {
        routes.first { route in
            route.prefix.hasSuffix("/") ? request.path.hasPrefix(route.prefix) : request.path == route.prefix
        }?.handler
    }

    public func bodyLimit(of head: WebRequest) -> Int {
        handler(of: head)?.bodyLimit(of: head) ?? WebLimits.ordinaryBodyBytes
    }

    public func respond(to request: WebRequest) async -> WebResponse {
        var response = await handler(of: request)?.respond(to: request) ?? WebResponse(status: 404)
        // Nothing here is for frames, guesses of types, or caches that others read.
        response.addUnlessSaid("x-content-type-options", "nosniff")
        response.addUnlessSaid("x-frame-options", "DENY")
        response.addUnlessSaid("cache-control", "no-store")
        response.addUnlessSaid("strict-transport-security", "max-age=31536000")
        return response
    }
}

extension WebResponse {
    fileprivate mutating func addUnlessSaid(_ name: String, _ value: String) {
        if header(name) == nil { headers.append(WebHeader(name, value)) }
    }
}
