import CallControl
import MCDocuments
import MCFoundation
import SIP
import SIPUserAgent

/// Which documents the client is told of (TS 24.481 6.2.13, TS 24.484 6.2.13): it subscribes to `xcap-diff`, and its
/// shell fetches what changed.
struct DocumentWatch: Sendable {
    /// Documents and collections (with a slash at the end), as URIs or relative to the XCAP root; empty: none.
    var wanted: [String] = []
    var subscription: SubscriptionID?
    /// By document, so that what is told twice is news once. Bounded by `ResponderLimits.documents`.
    var known: [(uri: String, etag: String)] = []
    var retryAt: Instant?
}

extension ResponderClient {
    mutating func watchDocuments(_ uris: [String], at now: Now) {
        documents.wanted = Array(uris.prefix(settings.limits.watchedDocuments))
        documents.known = []
        endDocumentSubscription(at: now)
        subscribeToDocuments(at: now)
    }

    /// Once registered and authorised, and after each loss of the connection anew.
    mutating func subscribeToDocuments(at now: Now) {
        guard !documents.wanted.isEmpty, documents.subscription == nil, isReady,
            let service = SIPURI(settings.documentService.value)
        else { return }
        documents.retryAt = nil
        var request = serviceRequest(.subscribe, to: service)
        request.headers.append(.contact, dialogContact)
        request.headers.append(.event, "xcap-diff")
        request.headers.append(.accept, XCAPDiff.contentType)
        request.headers.append(.expires, "\(settings.registrationExpires)")
        var information = MCPTTInfo(requestURI: settings.mcpttID.value, clientID: settings.clientID)
        information.accessToken = settings.accessToken?.text
        let list = BodyPart(
            type: MIMEType.resourceLists, body: ResourceLists(uris: documents.wanted).serialized())
        request.body = CallBody(information: information, others: [list]).write(into: &request.headers)
        documents.subscription = userAgent.subscribe(request, at: now)
    }

    mutating func endDocumentSubscription(at now: Now) {
        guard let subscription = documents.subscription else { return }
        documents.subscription = nil
        userAgent.unsubscribe(subscription, at: now)
    }

    mutating func documentsNotified(_ request: SIPRequest) {
        // A change that cannot be read changes nothing; a refresh tells everything again.
        guard let part = request.part(XCAPDiff.contentType), let diff = try? XCAPDiff(parsing: part.body) else {
            return
        }
        let root = diff.root.hasSuffix("/") ? diff.root : diff.root + "/"
        for change in diff.documents.prefix(settings.limits.documents) {
            let uri = root + change.selector
            let index = documents.known.firstIndex { $0.uri == uri }
            guard index.map({ documents.known[$0].etag }) != change.newETag else { continue }
            if let index { documents.known.remove(at: index) }
            if let etag = change.newETag, documents.known.count < settings.limits.documents {
                documents.known.append((uri, etag))
            }
            notify(.documentChanged(uri: uri, etag: change.newETag))
        }
    }

    mutating func documentSubscriptionEnded(_ status: Int?, at now: Now) {
        documents.subscription = nil
        guard registration.isRegistered else { return }
        if let status { notify(.documentsRefused(status: status)) }
        // What may pass is tried again, and so is what the notifier ended: the token may be another one by now.
        if status == nil || status == 408 || status.map({ $0 >= 500 }) == true {
            documents.retryAt = now.instant + nextWait()
        }
    }

    mutating func advanceDocuments(at now: Now) {
        guard let retryAt = documents.retryAt, retryAt <= now.instant else { return }
        documents.retryAt = nil
        subscribeToDocuments(at: now)
    }
}
