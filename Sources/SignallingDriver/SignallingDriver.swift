public import Administration
public import CallControl
public import DocumentNotification
public import Logging
public import MCFoundation
public import MCSystem
public import Policy
public import SIPUserAgent

/// The shell of one signalling cell: sockets, a thread and a clock for it. It decides nothing: events go in, actions are
/// carried out in order.
public final class SignallingDriver: Sendable {
    enum Input: Sendable {
        case media(MediaEvent)
        case directory(DirectorySnapshot)
        case verdict(TokenJobID, TokenVerdict)
        case revoked(RevokedTokens)
        case drain(retryAfter: Duration)
        case found(DocumentLookUpID, [FoundDocument])
        case changed([DocumentChange])
        case succession(Target)
    }

    private let host: MachineHost<SignallingCell, Input>

    /// Binds every listener and runs the cell.
    ///
    /// `partnerListeners`: names of the listeners on which partners are accepted; every other one is for clients.
    /// `media`, `verify`, `lookUpDocuments` and `observe` are called on the cell's thread, in order, and must not wait for
    /// anything. What `lookUpDocuments` takes is answered with `deliver(_:for:)` too.
    /// Observations are logged too, personal fields redacted. What `verify` takes is answered with `deliver(_:for:)`. `threads`: nil makes threads of its own.
    public static func start(
        configuration: TransportConfiguration, cell: SignallingCell, partnerListeners: Set<String>,
        threads: SignallingThreads? = nil, logger: Logger, media: @escaping @Sendable (MediaCommand) -> Void,
        verify: @escaping @Sendable (TokenJob) -> Void = { _ in },
        lookUpDocuments: @escaping @Sendable (DocumentLookUp) -> Void = { _ in },
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) async throws -> SignallingDriver {
        let host = try await MachineHost<SignallingCell, Input>.start(
            configuration, machine: cell, threads: threads, logger: logger,
            nextDeadline: { $0.nextDeadline },
            step: { cell, event, now in
                cell.handle(CellEvent(event, partnerListeners), at: now).compactMap { action in
                    switch action {
                    case .transmit(let message, let hop): return .transmit(message, hop)
                    case .close(let flow): return .close(flow)
                    case .expectKeepAlive(let flow, let silence): return .expectKeepAlive(flow, silence)
                    case .stopListening: return .stopListening
                    case .startListening: return .startListening
                    case .media(let command):
                        media(command)
                        return nil
                    case .verify(let job):
                        verify(job)
                        return nil
                    case .lookUpDocuments(let lookUp):
                        lookUpDocuments(lookUp)
                        return nil
                    case .note(let observation):
                        logger.note(observation)
                        observe(observation)
                        return nil
                    }
                }
            })
        return SignallingDriver(host)
    }

    private init(_ host: MachineHost<SignallingCell, Input>) {
        self.host = host
    }

    /// Where each listener is bound, by its name.
    public var addresses: [String: SocketAddress] { host.addresses }
    public var counters: SignallingCounters { host.counters }

    /// Tells the cell what the media cell says. From any thread.
    public func deliver(_ event: MediaEvent) { host.deliver(.media(event)) }

    /// Tells the cell what came of a token that it wanted verified. From any thread.
    public func deliver(_ verdict: TokenVerdict, for job: TokenJobID) { host.deliver(.verdict(job, verdict)) }

    /// Tells the cell which documents there are of those that it asked for. From any thread, in order with what changed.
    public func deliver(_ documents: [FoundDocument], for lookUp: DocumentLookUpID) {
        host.deliver(.found(lookUp, documents))
    }

    /// Tells the cell which documents a commit changed. From any thread.
    public func documentsChanged(_ changes: [DocumentChange]) { host.deliver(.changed(changes)) }

    /// Whoever is authorised by one of these tokens is served no more. From any thread.
    public func revoke(_ tokens: RevokedTokens) { host.deliver(.revoked(tokens)) }

    /// Who would register or call from now on is told to come again after that time; what runs goes on.
    public func drain(retryAfter: Duration) { host.deliver(.drain(retryAfter: retryAfter)) }

    /// Takes the place of the process that serves at that address: it keeps the calls that stand, and gives up its
    /// listeners, which are bound here then. Observations say what came of it: `succession.began` or `succession.refused`.
    public func succeed(_ predecessor: Target) { host.deliver(.succession(predecessor)) }

    /// What the cell holds and what it did not serve, at a moment between two events.
    public func look() async -> (population: CellPopulation, counters: CellCounters) {
        await host.inspect { ($0.population, $0.counters) }
    }

    /// The cell decides by this directory from the next event on.
    public func replaceDirectory(_ directory: DirectorySnapshot) { host.deliver(.directory(directory)) }

    /// New connections are made by these certificates, authorities, limits and timeouts; those that stand stay as they
    /// are. Throws, and changes nothing, where a certificate does not fit. From any thread.
    public func reconfigure(_ configuration: TransportConfiguration) throws { try host.reconfigure(configuration) }

    /// Closes listeners and connections; the cell is told nothing more.
    public func stop() async { await host.stop() }
}

extension CellEvent {
    fileprivate init(_ event: HostEvent<SignallingDriver.Input>, _ partnerListeners: Set<String>) {
        switch event {
        case .timeAdvanced: self = .timeAdvanced
        case .input(.media(let event)): self = .media(event)
        case .input(.directory(let directory)): self = .directoryReplaced(directory)
        case .input(.verdict(let job, let verdict)): self = .tokenVerified(job, verdict)
        case .input(.revoked(let tokens)): self = .tokensRevoked(tokens)
        case .input(.drain(let retryAfter)): self = .drainBegan(retryAfter: retryAfter)
        case .input(.found(let lookUp, let documents)): self = .documentsFound(lookUp, documents)
        case .input(.changed(let changes)): self = .documentsChanged(changes)
        case .input(.succession(let predecessor)): self = .successionBegan(predecessor)
        case .transport(.opened(let flow, let details)):
            self = .flowOpened(
                flow,
                FlowDescription(
                    transport: details.transport, remote: details.remote, local: details.local,
                    certificateNames: details.certificateNames, isOutbound: details.isOutbound, target: details.target,
                    face: details.listener.map { partnerListeners.contains($0) ? .interconnection : .access }))
        case .transport(.closed(let flow)): self = .flowClosed(flow)
        case .transport(.received(let flow, let message)): self = .received(flow, message)
        case .transport(.targetFailed(let target)): self = .targetFailed(target)
        case .transport(.certificateRefused(let refused)):
            self = .certificateRefused(
                PeerCertificateRefusal(
                    remote: refused.remote, isBorder: refused.listener.map { partnerListeners.contains($0) } ?? true,
                    target: refused.target, reason: refused.reason))
        case .transport(.listenersClosed): self = .listenersClosed
        }
    }
}

extension Logger {
    fileprivate func note(_ observation: Observation) {
        var metadata: Logger.Metadata = ["event": "\(observation.name)"]
        for field in observation.fields {
            // Nobody has no mark: an empty value stays empty.
            let isMarked = field.isPersonal && !field.value.isEmpty
            metadata[field.name] = isMarked ? "\(Redacted(field.value))" : "\(field.value)"
        }
        info("signalling cell", metadata: metadata)
    }
}
