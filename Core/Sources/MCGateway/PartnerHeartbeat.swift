import CallControl
import MCFoundation
import Policy
import SIP
import SIPUserAgent

// The standing heartbeat between gateways, and what its loss means for sessions.
extension MCGateway {
    /// Contact parameter that carries the boot epoch.
    static let epochTag = "+g.euccs.epoch"
    /// Contact parameter that says how often the sender has lost the receiver.
    static let lossesTag = "+g.euccs.losses"

    mutating func updateWatches(at now: Now) {
        guard !isResting else { return }
        let gone = watches.filter { directory.partner($0.system) == nil }
        for (system, watch) in gone {
            endSessions(of: system, cause: "partner-removed", at: now)
            if watch.state != .lost { actions.append(.partnerStateChanged(system, .lost)) }
        }
        watches = directory.partners.map { partner in
            let known = watches.first { $0.system == partner.system }?.watch
            return (
                partner.system,
                known
                    ?? PartnerWatch(
                        interval: settings.heartbeatInterval, missesUntilLost: settings.missesUntilLost, at: now)
            )
        }
    }

    mutating func beat(at now: Now) {
        for index in watches.indices where watches[index].watch.nextDeadline <= now.instant {
            carryOut(watches[index].watch.handle(.timeAdvanced, at: now), of: watches[index].system, at: now)
        }
    }

    private mutating func tell(_ event: PartnerWatch.Event, of system: MCSystemID, at now: Now) {
        guard let index = watches.firstIndex(where: { $0.system == system }) else { return }
        carryOut(watches[index].watch.handle(event, at: now), of: system, at: now)
    }

    private mutating func carryOut(_ decisions: [PartnerWatch.Decision], of system: MCSystemID, at now: Now) {
        for decision in decisions {
            switch decision {
            case .probe:
                probe(system, at: now)
            case .changed(let state):
                // Sessions with a partner that is gone or began anew lead nowhere: neither side remembers them.
                endSessions(of: system, cause: state == .lost ? "partner-lost" : "partner-restarted", at: now)
                actions.append(.partnerStateChanged(system, state))
                let name = state == .lost ? "partner.lost" : "partner.reachable"
                actions.append(observe(name, [.init("partner", system.value)]))
            }
        }
    }

    private mutating func probe(_ system: MCSystemID, at now: Now) {
        guard let partner = directory.partner(system), let uri = SIPURI(partner.services.gateway.value),
            let own = SIPURI(directory.system.services.gateway.value), let route = route(to: partner)
        else { return }
        var request = SIPRequest(method: .options, uri: uri)
        request.headers.append(.route, route)
        request.headers.append(.from, NameAddress(uri: own).description)
        request.headers.append(.to, NameAddress(uri: uri).description)
        request.headers.append(.contact, heartbeatContact(own, to: system))
        let transaction = agent.send(request, at: now)
        heartbeats[transaction] = system
        tell(.probed(transaction), of: system, at: now)
    }

    private func heartbeatContact(_ uri: SIPURI, to system: MCSystemID) -> String {
        let losses = watches.first { $0.system == system }?.watch.losses ?? 0
        return "<\(uri)>;\(MCGateway.epochTag)=\"\(epoch)\";\(MCGateway.lossesTag)=\"\(losses)\""
    }

    /// True where the answer was to a heartbeat of ours.
    mutating func heartbeatAnswered(
        _ transaction: ClientTransactionID, _ response: SIPResponse, at now: Now
    ) -> Bool {
        guard let system = heartbeats.removeValue(forKey: transaction) else { return false }
        if response.isSuccess {
            tell(.answered(transaction, sign(in: response.headers)), of: system, at: now)
        } else {
            tell(.failed(transaction, isTransport: response.status == 503), of: system, at: now)
        }
        return true
    }

    mutating func heartbeatReceived(
        _ request: SIPRequest, _ transaction: ServerTransactionID, from system: MCSystemID, at now: Now
    ) {
        var headers = Headers()
        if let own = SIPURI(directory.system.services.gateway.value) {
            headers.append(.contact, heartbeatContact(own, to: system))
        }
        agent.answer(transaction, status: 200, headers: headers, at: now)
        tell(.heard(sign(in: request.headers)), of: system, at: now)
    }

    private func sign(in headers: Headers) -> PartnerSign {
        guard let parameters = headers.contacts.first?.parameters else { return PartnerSign() }
        return PartnerSign(
            epoch: parameters[MCGateway.epochTag].flatMap { $0.isEmpty ? nil : String($0.prefix(64)) },
            losses: parameters[MCGateway.lossesTag].flatMap { UInt32($0) })
    }
}
