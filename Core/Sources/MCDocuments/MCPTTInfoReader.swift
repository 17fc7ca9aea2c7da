internal import MCFoundation

extension MCPTTInfo {
    /// Reads a body. Children are taken in any order, values also without their typed child, as older clients write
    /// them; what is written follows the schema.
    public init(parsing octets: [UInt8], limits: DocumentLimits = .init()) throws(DocumentError) {
        self = try XMLTree.read(octets, limits: limits) { root throws(DocumentError) in
            guard root.isNamed("mcpttinfo") else {
                throw DocumentError(.unexpected, line: root.line, "root is not mcpttinfo")
            }
            var info = MCPTTInfo()
            for child in root.children {
                if child.isNamed("mcptt-Params") {
                    for parameter in child.children { try info.take(parameter, limits) }
                } else if child.isNamed("anyExt") {
                    try info.rootExtensions.take(child, limits)
                }
            }
            return info
        }
    }

    private mutating func take(_ node: XMLNode, _ limits: DocumentLimits) throws(DocumentError) {
        if let namespace = node.namespace, namespace != XMLNamespace.mcpttInfo {
            guard foreignElements.count < limits.entries else {
                throw DocumentError(.tooLarge, line: node.line, "more than \(limits.entries) elements")
            }
            foreignElements.append(try node.markup())
        } else if node.isNamed("session-type") {
            sessionType = MCPTTSessionType(rawValue: node.text)
        } else if node.isNamed("mc-org") {
            organization = node.text
        } else if node.isNamed("floor-state") {
            floorState = node.text
        } else if node.isNamed("MKFC-GKTPs") {
            floorControlKeys = try node.markup()
        } else if node.isNamed("anyExt") {
            try extensions.take(node, limits)
        } else if node.attribute("type") == "Encrypted" {
            guard Self.protectable.contains(node.name) else { return }
            guard protectedElements.count < limits.entries else {
                throw DocumentError(.tooLarge, line: node.line, "more than \(limits.entries) elements")
            }
            protectedElements.append(.init(name: node.name, markup: try node.markup()))
        } else if try !takeIdentity(node) {
            try takeIndicator(node)
        }
    }

    /// The children that the schema lets be encrypted, by its contentType.
    private static let protectable = [
        "mcptt-access-token", "mcptt-request-uri", "mcptt-calling-user-id", "mcptt-called-party-id",
        "mcptt-calling-group-id", "required", "emergency-ind", "alert-ind", "imminentperil-ind", "associated-group-id",
        "originated-by", "mcptt-client-id", "alert-ind-rcvd",
    ]

    private mutating func takeIdentity(_ node: XMLNode) throws(DocumentError) -> Bool {
        if node.isNamed("mcptt-access-token") {
            accessToken = node.content
        } else if node.isNamed("mcptt-request-uri") {
            requestURI = node.content
        } else if node.isNamed("mcptt-calling-user-id") {
            callingUserID = node.content.map { MCPTTID($0) }
        } else if node.isNamed("mcptt-called-party-id") {
            calledPartyID = node.content.map { MCPTTID($0) }
        } else if node.isNamed("mcptt-calling-group-id") {
            callingGroupID = node.content.map { MCPTTGroupID($0) }
        } else if node.isNamed("associated-group-id") {
            associatedGroupID = node.content.map { MCPTTGroupID($0) }
        } else if node.isNamed("originated-by") {
            originatedBy = node.content.map { MCPTTID($0) }
        } else if node.isNamed("mcptt-client-id") {
            clientID = node.content.map { MCPTTClientID($0) }
        } else {
            return false
        }
        return true
    }

    private mutating func takeIndicator(_ node: XMLNode) throws(DocumentError) {
        if node.isNamed("emergency-ind") {
            emergencyIndicator = try node.indicator()
        } else if node.isNamed("alert-ind") {
            alertIndicator = try node.indicator()
        } else if node.isNamed("imminentperil-ind") {
            imminentPerilIndicator = try node.indicator()
        } else if node.isNamed("broadcast-ind") {
            broadcastIndicator = try node.indicator()
        } else if node.isNamed("required") {
            required = try node.indicator()
        } else if node.isNamed("alert-ind-rcvd") {
            alertIndicatorReceived = try node.indicator()
        } else if node.isNamed("gw-mcptt-usage") {
            gatewayUsage = try node.indicator()
        }
    }
}

extension MCPTTInfoExtensions {
    fileprivate mutating func take(_ node: XMLNode, _ limits: DocumentLimits) throws(DocumentError) {
        for child in node.children {
            guard elements.count < limits.entries else {
                throw DocumentError(.tooLarge, line: child.line, "more than \(limits.entries) extensions")
            }
            elements.append(Element(child.name, try Self.value(of: child)))
        }
    }

    private static func value(of node: XMLNode) throws(DocumentError) -> Value {
        guard node.namespace == XMLNamespace.mcpttInfo, node.attribute("type") != "Encrypted" else {
            return .markup(try node.markup())
        }
        var children = node.children
        guard let first = children.next() else { return .plain(node.text) }
        guard children.next() == nil else { return .markup(try node.markup()) }
        if first.isNamed("mcpttURI") { return .uri(first.text) }
        if first.isNamed("mcpttString") { return .string(first.text) }
        if first.isNamed("mcpttBoolean"), let flag = first.text.xmlBoolean { return .boolean(flag) }
        return .markup(try node.markup())
    }
}

extension XMLNode {
    /// The value of an element of the schema's contentType: in its typed child, or directly; nil where it is empty.
    fileprivate var content: String? {
        var children = self.children
        let text = children.next()?.text ?? self.text
        return text.isEmpty ? nil : text
    }

    /// A boolean in its typed child, or directly. An empty element means that the indication is there.
    fileprivate func indicator() throws(DocumentError) -> Bool {
        guard let content else { return true }
        guard let flag = content.xmlBoolean else {
            throw DocumentError(.unexpected, line: line, "indicator is neither true nor false")
        }
        return flag
    }
}
