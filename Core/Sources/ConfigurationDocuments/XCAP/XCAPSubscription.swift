public import MCDocuments

/// What a subscriber of `xcap-diff` wants to hear of (RFC 5875 4.3): documents, or all that it may see below a path.
public struct XCAPSubscription: Hashable, Sendable {
    public var targets: [Target]

    public enum Target: Hashable, Sendable {
        case document(XCAPURI)
        /// A path with a slash at its end, relative to the root, decoded, as segments.
        case collection([String])
    }

    /// Reads the URI list of a SUBSCRIBE. URIs may be relative to the root, or start with it.
    ///
    /// - Parameter root: The XCAP root URI of this server.
    /// - Throws: Where the body is no URI list, or holds what is no document of this server.
    public init(
        parsing octets: [UInt8], root: String, documentLimits: DocumentLimits = .init(), limits: XCAPLimits = .init()
    ) throws(DocumentError) {
        let base = root.hasSuffix("/") ? root : root + "/"
        var targets: [Target] = []
        for entry in try ResourceLists(parsing: octets, limits: documentLimits).entries {
            let relative = entry.uri.hasPrefix(base) ? String(entry.uri.dropFirst(base.count)) : entry.uri
            guard let target = Self.target(relative, limits) else {
                throw DocumentError(.unexpected, "an entry is no document below the root")
            }
            guard !targets.contains(target) else { continue }
            guard targets.count < limits.subscribedTargets else {
                throw DocumentError(.tooLarge, "more than \(limits.subscribedTargets) documents")
            }
            targets.append(target)
        }
        self.init(targets: targets)
    }

    public init(targets: [Target]) {
        self.targets = targets
    }

    private static func target(_ text: String, _ limits: XCAPLimits) -> Target? {
        guard text.hasSuffix("/") else {
            guard let uri = try? XCAPURI(parsingSelector: text, limits: limits) else { return nil }
            // A node is watched through its document.
            return .document(uri.document)
        }
        guard text.utf8.count <= limits.uriOctets else { return nil }
        var segments: [String] = []
        for part in text.dropLast().split(separator: "/", omittingEmptySubsequences: false) {
            guard segments.count < limits.segments, let segment = XCAPURI.decoded(part), !segment.isEmpty,
                segment != "..", segment != "."
            else { return nil }
            segments.append(segment)
        }
        return .collection(segments)
    }

    /// True where a change of this document is to be notified.
    public func covers(_ uri: XCAPURI) -> Bool {
        targets.contains { target in
            switch target {
            case .document(let wanted): wanted == uri.document
            case .collection(let segments): uri.segments.starts(with: segments)
            }
        }
    }
}

extension XCAPURI {
    /// From the AUID to the document's name, decoded.
    var segments: [String] {
        switch tree {
        case .user(let xui): [auid, "users", xui] + path
        case .global: [auid, "global"] + path
        }
    }
}
