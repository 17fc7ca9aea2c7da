public import Administration
public import ConfigurationDocuments
public import MCFoundation
public import Policy

/// Group and configuration documents of the nation (TS 24.481, TS 24.484).
extension NationalAdministration {
    /// The documents as the fleet map is now.
    public func documents(_ settings: DocumentSettings) -> FleetDocuments {
        FleetDocuments(fleet: fleet, system: identity, settings: settings)
    }

    /// Decides on a request to write a document, on what is true inside the writer's transaction, and keeps what comes of
    /// it with its audit entries. The decision says what the requester is to be answered; a refused write is audited, once
    /// a minute while it is tried again.
    ///
    /// - Throws: `StoreError` where it cannot be kept; then nothing is.
    public func perform(
        _ request: XCAPRequest, by requester: XCAPRequester?, settings: DocumentSettings, at now: UTCTime
    ) throws -> DocumentDecision {
        var outcome: DocumentDecision?
        var news = documentRefusals
        try commit(at: now) { fleet, identity in
            let decision = FleetDocuments(fleet: fleet, system: identity, settings: settings)
                .decide(request, by: requester)
            outcome = decision
            guard decision.fleet.changes.isEmpty else { return .success(decision.fleet) }
            news = documentRefusals
            return .success(FleetDecision(audit: news.news(of: decision.fleet.audit, at: now)))
        }
        // What could not be kept was not told.
        documentRefusals = news
        guard let outcome else { throw NationError("the store did not ask for a decision") }
        return outcome
    }

    /// Which documents of a subscription there are for a user. `deliver` is called before anything that was changed after
    /// that is told to `observe`.
    public func find(
        _ subscription: XCAPSubscription, for user: MCPTTID, settings: DocumentSettings,
        deliver: @Sendable ([FoundDocument]) -> Void
    ) {
        // What was told so far is what a subscriber has to be told of; the fleet map may be newer than that.
        deliver(
            FleetDocuments(fleet: told, system: identity, settings: settings).documents(of: subscription, for: user))
    }
}

extension NationalAdministration.Change {
    /// Which group and configuration documents it changed, for whoever tells subscribers.
    public func documents(of system: SystemIdentity, _ settings: DocumentSettings) -> [DocumentChange] {
        FleetDocuments(fleet: fleet, system: system, settings: settings)
            .changes(by: changes, since: FleetDocuments(fleet: before, system: system, settings: settings))
    }
}
