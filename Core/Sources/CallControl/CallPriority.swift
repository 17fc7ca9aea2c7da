public import FloorControl
public import MCDocuments
public import SIP

extension MCPTTInfo {
    /// The tier that the indicators of a request ask for.
    public var tier: CallTier {
        if emergencyIndicator == true { return .emergency }
        return imminentPerilIndicator == true ? .imminentPeril : .normal
    }

    /// Emergency or imminent peril is asked for: the caller becomes affiliated (TS 24.379 9.2.2.2.11).
    public var raisesTier: Bool { tier > .normal }

    /// Sets the indicators of a tier; a normal call has none.
    public init(tier: CallTier) {
        self.init()
        switch tier {
        case .normal: break
        case .imminentPeril: imminentPerilIndicator = true
        case .emergency: emergencyIndicator = true
        }
    }

    /// Indicators that exclude each other: an alert belongs to an emergency, and a call has one tier.
    /// - Throws: 403 with warning 150.
    public func requireCoherentIndicators() throws(Refusal) {
        guard emergencyIndicator != true || imminentPerilIndicator != true, alertIndicator != true || tier == .emergency
        else { throw Refusal(.invalidCombination) }
    }

    /// What a refused emergency or imminent peril, or a refused end of one, is answered with: each indicator that the
    /// request has, as it is in a call of this tier (TS 24.379 6.3.3.1.13, 6.3.3.1.14). nil where it has none.
    ///
    /// NOTSPEC: of a refused end of an imminent peril the text says false; clients expect to hear that it goes on.
    public func indicators(asIn tier: CallTier) -> MCPTTInfo? {
        var told = MCPTTInfo()
        if emergencyIndicator != nil { told.emergencyIndicator = tier == .emergency }
        if imminentPerilIndicator != nil { told.imminentPerilIndicator = tier == .imminentPeril }
        // Nobody's alert is kept.
        if alertIndicator != nil { told.alertIndicator = false }
        return told == MCPTTInfo() ? nil : told
    }
}

/// Resource-Priority of the service (RFC 8101): namespaces `mcpttp`, which pre-empts, and `mcpttq`, which queues, with
/// levels from 0 to 15. The level of each tier is the common choice.
public enum ResourcePriority {
    public static func level(of tier: CallTier) -> UInt32 {
        switch tier {
        case .normal: 0
        case .imminentPeril: 8
        case .emergency: 15
        }
    }

    public static func headerValue(_ tier: CallTier) -> String { "mcpttp.\(level(of: tier))" }

    /// The tier of a request is what its indicators say and what the checks allowed; its header must not say more.
    /// - Throws: 403.
    public static func require(atMost tier: CallTier, in headers: Headers) throws(Refusal) {
        for value in headers.values(.resourcePriority) {
            for item in value.split(separator: ",") {
                let text = item.drop { $0 == " " || $0 == "\t" }.lowercased()
                guard text.hasPrefix("mcpttp.") || text.hasPrefix("mcpttq.") else { continue }
                let digits = text.dropFirst(7).prefix { $0 != " " && $0 != "\t" }
                guard let asked = UInt32(digits), asked <= level(of: tier) else { throw Refusal(status: 403) }
            }
        }
    }
}
