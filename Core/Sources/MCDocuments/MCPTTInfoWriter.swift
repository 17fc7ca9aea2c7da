internal import MCFoundation

extension MCPTTInfo {
    /// The body as octets; children in the sequence of the schema.
    public func serialized() -> [UInt8] {
        var writer = XMLWriter()
        writer.element("mcpttinfo", [("xmlns", XMLNamespace.mcpttInfo)]) { writer in
            writer.element("mcptt-Params") { writer in
                writeIdentities(to: &writer)
                writeIndicators(to: &writer)
                writeGroupAndClient(to: &writer)
                for markup in foreignElements { writer.raw(markup) }
                extensions.write(to: &writer)
            }
            rootExtensions.write(to: &writer)
        }
        return writer.octets
    }

    private func writeIdentities(to writer: inout XMLWriter) {
        write("mcptt-access-token", accessToken, as: "mcpttString", to: &writer)
        if let sessionType { writer.element("session-type", text: sessionType.rawValue) }
        write("mcptt-request-uri", requestURI, as: "mcpttURI", to: &writer)
        write("mcptt-calling-user-id", callingUserID?.value, as: "mcpttURI", to: &writer)
        write("mcptt-called-party-id", calledPartyID?.value, as: "mcpttURI", to: &writer)
        write("mcptt-calling-group-id", callingGroupID?.value, as: "mcpttURI", to: &writer)
    }

    private func writeIndicators(to writer: inout XMLWriter) {
        write("required", required, to: &writer)
        write("emergency-ind", emergencyIndicator, to: &writer)
        write("alert-ind", alertIndicator, to: &writer)
        write("imminentperil-ind", imminentPerilIndicator, to: &writer)
        if let broadcastIndicator { writer.element("broadcast-ind", text: "\(broadcastIndicator)") }
        if let organization { writer.element("mc-org", text: organization) }
        if let floorState { writer.element("floor-state", text: floorState) }
    }

    private func writeGroupAndClient(to writer: inout XMLWriter) {
        write("associated-group-id", associatedGroupID?.value, as: "mcpttURI", to: &writer)
        write("originated-by", originatedBy?.value, as: "mcpttURI", to: &writer)
        if let floorControlKeys { writer.raw(floorControlKeys) }
        write("mcptt-client-id", clientID?.value, as: "mcpttString", to: &writer)
        write("alert-ind-rcvd", alertIndicatorReceived, to: &writer)
        if let gatewayUsage { writer.element("gw-mcptt-usage", text: "\(gatewayUsage)") }
    }

    private func write(_ name: String, _ value: String?, as type: String, to writer: inout XMLWriter) {
        if let value {
            writer.element(name, [("type", "Normal")]) { $0.element(type, text: value) }
        } else {
            for element in protectedElements where element.name == name { writer.raw(element.markup) }
        }
    }

    private func write(_ name: String, _ flag: Bool?, to writer: inout XMLWriter) {
        write(name, flag.map { $0 ? "true" : "false" }, as: "mcpttBoolean", to: &writer)
    }
}

extension MCPTTInfoExtensions {
    fileprivate func write(to writer: inout XMLWriter) {
        guard !elements.isEmpty else { return }
        writer.element("anyExt") { writer in
            for element in elements {
                switch element.value {
                case .uri(let text): writer.typed(element.name, "mcpttURI", text)
                case .string(let text): writer.typed(element.name, "mcpttString", text)
                case .boolean(let flag): writer.typed(element.name, "mcpttBoolean", flag ? "true" : "false")
                case .plain(let text): writer.element(element.name, text: text)
                case .markup(let markup): writer.raw(markup)
                }
            }
        }
    }
}

extension XMLWriter {
    fileprivate mutating func typed(_ name: String, _ type: String, _ text: String) {
        element(name, [("type", "Normal")]) { $0.element(type, text: text) }
    }
}
