public import MCFoundation

/// Asks another user to change affiliations, in a MESSAGE (TS 24.379 F.4, negotiated mode).
public struct AffiliationCommand: Hashable, Sendable {
    public var affiliate: [MCPTTGroupID]
    public var deaffiliate: [MCPTTGroupID]

    public init(affiliate: [MCPTTGroupID] = [], deaffiliate: [MCPTTGroupID] = []) {
        self.affiliate = affiliate
        self.deaffiliate = deaffiliate
    }

    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("command-list") else {
                throw DocumentError(.unexpected, line: root.line, "root is not command-list")
            }
            var command = AffiliationCommand()
            for child in root.children {
                for group in child.children where group.isNamed("group") {
                    guard command.affiliate.count + command.deaffiliate.count < limits.entries else {
                        throw DocumentError(.tooLarge, line: group.line, "more than \(limits.entries) groups")
                    }
                    let id = group.text
                    guard !id.isEmpty else {
                        throw DocumentError(.unexpected, line: group.line, "group without identity")
                    }
                    if child.isNamed("affiliate") {
                        command.affiliate.append(MCPTTGroupID(id))
                    } else if child.isNamed("de-affiliate") {
                        command.deaffiliate.append(MCPTTGroupID(id))
                    }
                }
            }
            return command
        }
    }

    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        writer.element("command-list", [("xmlns", XMLNamespace.affiliationCommand)]) { writer in
            for (name, groups) in [("affiliate", affiliate), ("de-affiliate", deaffiliate)] where !groups.isEmpty {
                writer.element(name) { writer in
                    for group in groups { writer.element("group", text: group.value) }
                }
            }
        }
        return writer.octets
    }
}
