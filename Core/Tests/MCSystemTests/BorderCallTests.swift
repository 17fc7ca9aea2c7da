import CallControl
import FloorControl
import MCDocuments
import MCFoundation
import MCSystem
import Policy
import SDP
import SIP
import SIPUserAgent
import Testing

/// Two national systems joined back to back: a group of Italy with members in France.
@Suite struct BorderCallTests {
    static let flood = MCPTTGroupID("sip:flood@mc.it.example")
    static let members = [
        "sip:anna@mc.it.example", "sip:bruno@mc.it.example", "sip:denis@mc.fr.example", "sip:elise@mc.fr.example",
    ]
    .map { MCPTTID($0) }

    /// Handsets: 0 anna, 1 bruno (Italy), 2 denis, 3 elise (France).
    static func lab(
        serializes: Bool = false, italian: Agreement = Agreement(), french: Agreement = Agreement()
    ) throws -> Lab {
        var lab = Lab()
        let group = Lab.group("flood", of: "it", members: members)
        try lab.addSite(
            "it", users: ["anna", "bruno"], groups: [group], partners: [Lab.partner("fr", agreement: italian)],
            serializes: serializes)
        try lab.addSite(
            "fr", users: ["denis", "elise"], partners: [Lab.partner("it", agreement: french)], serializes: serializes)
        lab.addHandset("anna", at: 0)
        lab.addHandset("bruno", at: 0)
        lab.addHandset("denis", at: 1)
        lab.addHandset("elise", at: 1)
        lab.pass(.seconds(1))
        for index in 0..<4 { lab.ready(index, groups: [flood]) }
        return lab
    }

    private func states(_ lab: Lab, _ site: Int) -> [String] {
        lab.sites[site].notes.map(\.name).filter { $0.hasPrefix("partner.") }
    }

    @Test func gatewaysFindEachOther() throws {
        let lab = try Self.lab()
        #expect(states(lab, 0) == ["partner.reachable"])
        #expect(states(lab, 1) == ["partner.reachable"])
    }

    @Test(arguments: [false, true])
    func aCallFromHomeReachesTheMembersAbroad(serializes: Bool) throws {
        var lab = try Self.lab(serializes: serializes)
        let session = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        #expect(lab.handsets[0].establishedAnswers.count == 1)
        for index in 1..<4 {
            #expect(lab.handsets[index].invitations.count == 1, "\(lab.handsets[index].name)")
            #expect(lab.handsets[index].acknowledged.count == 1, "\(lab.handsets[index].name)")
        }
        lab.act(0) { $0.hangUp(session, at: $1) }
        for index in [1, 2] {
            lab.act(index) { handset, now in
                if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
            }
        }
        lab.pass(.seconds(5))
        #expect(lab.handsets[3].endings.count == 1)
        for site in 0..<2 {
            #expect(opened(lab, site).subtracting(closed(lab, site)).isEmpty)
            #expect(opened(lab, site).count == (site == 0 ? 8 : 4))
        }
    }

    @Test func aCallFromAbroadIsRunByTheGroupsHome() throws {
        var lab = try Self.lab()
        _ = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let answer = try #require(lab.handsets[2].establishedAnswers.first)
        #expect(ServiceHeaders.isFocus(answer.headers))
        for index in [0, 1, 3] {
            #expect(lab.handsets[index].acknowledged.count == 1, "\(lab.handsets[index].name)")
        }
        let calls = lab.sites.map { $0.media.filter { if case .openCall = $0 { true } else { false } }.count }
        #expect(calls == [1, 0])
    }

    /// The word that all countries' records of one call have in common, whoever called.
    @Test(arguments: [0, 2])
    func recordsOfBothCountriesCallACallTheSame(caller: Int) throws {
        var lab = try Self.lab()
        let session = lab.act(caller) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        lab.act(caller) { $0.hangUp(session, at: $1) }
        for index in 1..<4 where index != caller {
            lab.act(index) { handset, now in
                if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
            }
        }
        lab.pass(.seconds(5))
        func references(_ site: Int, _ name: String) -> [String?] {
            lab.sites[site].notes.filter { $0.name == name }.map { note in
                note.value("call")
            }
        }
        let started = try #require(references(0, "call.started").first ?? nil)
        #expect(started.count == SessionIdentity.referenceLength)
        #expect(references(0, "call.released") == [started])
        for site in 0..<2 {
            let ended = references(site, "border.session-ended")
            #expect(ended.count == 2 && ended.allSatisfy { $0 == started }, "\(site): \(ended)")
            // Invitations say it from the start, who calls the owner learns it with the answer.
            let begun = references(site, "border.session-started") + references(site, "border.session-answered")
            #expect(begun.filter { $0 == started }.count == 2, "\(site): \(begun)")
        }
        // It is no key: what opens the session stays hidden, and nobody can rejoin by the reference.
        let identity = try #require(lab.handsets[caller].lastIdentity)
        #expect(SessionIdentity.reference(of: identity) == started)
        #expect(!lab.sites[0].notes.contains { "\($0)".contains(SessionIdentity.token(identity) ?? started) })
    }

    /// denis, abroad, declares an emergency in a call of Italy's group and calls it off: both countries hear of it.
    @Test(arguments: [false, true])
    func anEmergencyIsDeclaredAndCalledOffAcrossTheBorder(serializes: Bool) throws {
        var lab = try Self.lab(serializes: serializes)
        let session = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        for (emergency, name) in [(true, "call.tierRaised"), (false, "call.tierLowered")] {
            lab.act(2) { $0.say(MCPTTInfo(emergencyIndicator: emergency), in: session, at: $1) }
            lab.pass(.seconds(2))
            #expect(lab.handsets[2].changes.last?.status == 200)
            let answer = try CallBody(reading: #require(lab.handsets[2].changes.last))
            #expect(answer.information?.emergencyIndicator == emergency)
            #expect(answer.sessionDescription != nil)
            for index in [0, 1, 3] {
                let news = lab.handsets[index].news
                #expect(news.last?.emergencyIndicator == emergency, "\(lab.handsets[index].name)")
                #expect(news.count == (emergency ? 1 : 2), "\(lab.handsets[index].name)")
                #expect(news.last?.callingUserID == (emergency ? Self.members[2] : nil))
            }
            let notes = lab.sites.map { site in site.notes.filter { $0.name == name } }
            #expect(notes.map(\.count) == [1, 0])
            #expect(notes[0].first?.value("user") == Self.members[2].value)
        }
        let tiers = lab.sites[0].media.compactMap { command -> CallTier? in
            if case .configureCall(_, let settings) = command { settings.tier } else { nil }
        }
        #expect(tiers == [.emergency, .normal])
    }

    /// Every leg towards France, whoever offered it, is on one trunk; and both gateways name it alike.
    @Test func allLegsOfACallShareOneTrunkPerPartner() throws {
        var lab = try Self.lab()
        _ = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let trunks = (0..<2).map { site in
            Set(
                lab.sites[site].media.compactMap { command -> TrunkID? in
                    if case .connectLeg(_, let remote) = command { remote.trunk } else { nil }
                })
        }
        #expect(trunks[0].count == 1)
        #expect(trunks[0] == trunks[1])
    }

    private func trunks(_ lab: Lab, _ site: Int) -> Set<TrunkID> {
        Set(
            lab.sites[site].media.compactMap { command -> TrunkID? in
                if case .connectLeg(_, let remote) = command { remote.trunk } else { nil }
            })
    }

    @Test func aMemberWhoRejoinsSharesTheOneTrunk() throws {
        var lab = try Self.lab()
        _ = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let identity = try #require(lab.handsets[2].lastIdentity)
        for _ in 1...2 {
            let before = lab.sites[0].media.count
            _ = lab.act(2) { $0.call(Self.flood, session: identity, at: $1) }
            lab.pass(.seconds(2))
            // The new legs are on it: otherwise the talk would cross twice.
            let legs = lab.sites[0].media.dropFirst(before).compactMap { command -> TrunkID? in
                if case .connectLeg(_, let remote) = command { remote.trunk } else { nil }
            }
            #expect(legs.count == 1)
        }
        #expect(lab.handsets[2].establishedAnswers.count == 3)
        #expect(lab.handsets[2].endings.count == 2)
        #expect(trunks(lab, 0).count == 1)
        #expect(trunks(lab, 0) == trunks(lab, 1))
    }

    @Test func whoIsNotReleasedDoesNotRejoinWithTheSessionIdentityOfAnother() throws {
        var agreement = Agreement()
        agreement.usersReleased = .only([MCPTTID("sip:elise@mc.fr.example")])
        var lab = try Self.lab(french: agreement)
        _ = lab.act(3) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let identity = try #require(lab.handsets[3].lastIdentity)
        _ = lab.act(2) { $0.call(Self.flood, session: identity, at: $1) }
        lab.pass(.seconds(2))
        let refusal = try #require(lab.handsets[2].rejections.first)
        #expect(refusal.status == 403)
        #expect(MCPTTWarning.codes(in: refusal.headers) == [179])
    }

    @Test(arguments: [0, 2])
    func whoTakesPartIsToldAtHomeAndAbroad(caller: Int) throws {
        var lab = try Self.lab()
        _ = lab.act(caller) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let identity = try #require(lab.handsets[caller].lastIdentity)
        lab.act(caller) { $0.observe(identity, at: $1) }
        let first = try #require(lab.handsets[caller].conferences.last)
        #expect(first.entity == Self.flood.value)
        #expect(Set(first.users.map(\.entity)) == Set(Self.members.map(\.value)))
        lab.act(1) { handset, now in
            if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
        }
        lab.pass(.seconds(2))
        let second = try #require(lab.handsets[caller].conferences.last)
        #expect(second.users.count == 3)
    }

    @Test func floorIdentifiersAreEndToEndAcrossTheBorder() throws {
        var lab = try Self.lab()
        _ = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        // The controlling function's leg for denis looks, through the exit gateway, at denis' own floor SSRC.
        let remotes = lab.sites[0].media.compactMap { command -> UInt32? in
            if case .connectLeg(_, let remote) = command { remote.floorSSRC } else { nil }
        }
        let denis = lab.handsets[2].floorSSRC
        #expect(remotes.count(where: { $0 == denis }) == 2)
        let (_, invitation) = try #require(lab.handsets[2].invitations.first)
        let octets = try #require(try CallBody(reading: invitation).sessionDescription)
        let offer = try SpeechOffer(reading: try SessionDescription(parsing: octets))
        let controlling = try #require(offer.floorParameters.floorSSRC)
        #expect(
            lab.sites[0].media.contains { command in
                if case .openLeg(_, .access, let ssrc) = command { ssrc == controlling } else { false }
            })
        // What denis sees is his own system's media address.
        #expect(offer.audio.address == IPAddress("10.0.1.2".description))
        #expect(offer.trunk == nil)
    }

    @Test func nothingOfTheInsideLeaves() throws {
        var lab = try Self.lab()
        _ = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        #expect(lab.sites[0].abroad.count >= 8)
        for site in 0..<2 {
            for octets in lab.sites[site].abroad {
                let text = String(decoding: octets, as: UTF8.self)
                // Access side, media of the access side, handsets, the cell's own Via, service identities' sessions.
                for secret in [
                    "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2", "192.0.2.", ".invalid",
                    "mcptt-controlling-group@it.example;gr", "mcptt-participating@fr.example;gr", "Record-Route",
                    "User-Agent", "Server:",
                ] {
                    #expect(!text.contains(secret), "\(secret) leaves from \(lab.sites[site].system.id): \(text)")
                }
            }
        }
    }

    @Test func whoIsNotReleasedByTheAgreementStaysHome() throws {
        var agreement = Agreement()
        agreement.usersAdmitted = .only([MCPTTID("sip:elise@mc.fr.example")])
        var lab = try Self.lab(italian: agreement)
        _ = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        #expect(lab.handsets[2].invitations.isEmpty)
        #expect(lab.handsets[3].invitations.count == 1)
    }

    @Test func aGroupThatIsNotOfferedIsRefusedAtTheEntry() throws {
        var agreement = Agreement()
        agreement.groupsOffered = .none
        var lab = try Self.lab(italian: agreement)
        _ = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let refusal = try #require(lab.handsets[2].rejections.first)
        #expect(refusal.status == 403)
        #expect(MCPTTWarning.codes(in: refusal.headers) == [180])
    }

    @Test func aGroupThatWeDoNotUseIsRefusedAtTheExit() throws {
        var agreement = Agreement()
        agreement.groupsUsed = .none
        var lab = try Self.lab(french: agreement)
        _ = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        let refusal = try #require(lab.handsets[2].rejections.first)
        #expect(refusal.status == 403)
        #expect(MCPTTWarning.codes(in: refusal.headers) == [179])
    }

    @Test func theHomeCallGoesOnWhenThePartnerDisappears() throws {
        var lab = try Self.lab()
        _ = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        lab.takeDown(1)
        lab.pass(.seconds(40))
        #expect(states(lab, 0) == ["partner.reachable", "partner.lost"])
        #expect(lab.handsets[0].endings.isEmpty)
        #expect(lab.handsets[1].endings.isEmpty)
        let outside = Set(
            lab.sites[0].media.compactMap { command -> LegID? in
                if case .openLeg(let leg, .interconnection, _) = command { leg } else { nil }
            })
        #expect(outside.count == 2)
        #expect(outside.isSubset(of: closed(lab, 0)))
    }

    @Test func callsOfALostPartnerEndForThoseAbroad() throws {
        var lab = try Self.lab()
        _ = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        lab.takeDown(0)
        lab.pass(.seconds(40))
        #expect(lab.handsets[2].endings.count == 1)
        #expect(lab.handsets[3].endings.count == 1)
        #expect(opened(lab, 1).subtracting(closed(lab, 1)).isEmpty)
    }

    @Test func aPartnerThatStartedAnewHearsAllAffiliationsAgain() throws {
        var lab = try Self.lab()
        let group = Lab.group("flood", of: "it", members: Self.members)
        let directory = try DirectorySnapshot(
            system: Lab.identity("it"), users: ["anna", "bruno"].map { Lab.user($0, of: Lab.identity("it")) },
            groups: [group], partners: [Lab.partner("fr")])
        lab.takeDown(0)
        lab.pass(.seconds(30))
        try lab.restart(0, directory: directory, seed: 77)
        lab.pass(.seconds(30))
        #expect(states(lab, 1) == ["partner.reachable", "partner.lost", "partner.reachable"])
        _ = lab.act(2) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        #expect(lab.handsets[2].establishedAnswers.count == 1)
        #expect(lab.handsets[3].acknowledged.count == 1)
    }

    /// The owner takes a member of its group out; the system that serves him, and his device, learn it at once.
    @Test(arguments: [false, true])
    func whoIsTakenOutOfAGroupAbroadIsToldAtHome(serializes: Bool) throws {
        var lab = try Self.lab(serializes: serializes)
        let denis = Self.members[2]
        func areAffiliated() -> [Bool] {
            [2, 3].map { index in
                lab.sites[1].cell.confirmsAffiliation(
                    Self.members[index], client: lab.handsets[index].clientID, with: Self.flood)
            }
        }
        lab.act(2) { $0.watchAffiliations(at: $1) }
        #expect(areAffiliated() == [true, true])
        lab.pass(.seconds(60))
        let system = Lab.identity("it")
        let directory = try DirectorySnapshot(
            system: system, users: ["anna", "bruno"].map { Lab.user($0, of: system) },
            groups: [Lab.group("flood", of: "it", members: Self.members.filter { $0 != denis })],
            partners: [Lab.partner("fr")])
        lab.tell(0, .directoryReplaced(directory))
        lab.settle()
        #expect(areAffiliated() == [false, true])
        #expect(lab.handsets[2].affiliations == [.deaffiliated])
        #expect(lab.sites[1].notes.count { $0.name == "affiliation.endedByOwner" } == 1)
    }

    @Test func whoDoesNotProveThatHeIsAPartnerIsRecorded() throws {
        var lab = try Self.lab()
        let target = Target(host: "gw.fr.example", port: 5_061, transport: .tls, serverName: "gw.fr.example")
        let stranger = IPAddress(v4: 0xcb00_7109)
        for refusal in [
            PeerCertificateRefusal(remote: stranger, isBorder: true, target: nil, reason: "authority not pinned"),
            PeerCertificateRefusal(remote: stranger, isBorder: true, target: nil, reason: "authority not pinned"),
            PeerCertificateRefusal(remote: stranger, isBorder: false, target: nil, reason: "certificate unreadable"),
            PeerCertificateRefusal(
                remote: nil, isBorder: true, target: target, reason: "certificate proves another name"),
        ] {
            lab.tell(0, .certificateRefused(refusal))
        }
        let told = lab.sites[0].notes.filter { $0.name == "partner.certificateRefused" }
        #expect(told.map { $0.value("cause") } == ["authority not pinned", "certificate proves another name"])
        #expect(told.map { $0.value("partner") } == [nil, "fr"])
        #expect(told.map { $0.value("remote") } == ["203.0.113.9", nil])
    }

    /// Italy hears no answers and gives France up; France is answered and has noticed nothing.
    @Test func aLossThatOnlyOneSideNoticedHeals() throws {
        var lab = try Self.lab()
        _ = lab.act(0) { $0.call(Self.flood, at: $1) }
        lab.pass(.seconds(2))
        lab.mute(1, towards: 0, true)
        lab.pass(.seconds(21))
        #expect(states(lab, 0) == ["partner.reachable", "partner.lost"])
        lab.mute(1, towards: 0, false)
        lab.pass(.seconds(20))
        #expect(states(lab, 0).last == "partner.reachable")
        // Both members are in again, and each of them once.
        for index in [2, 3] {
            let handset = lab.handsets[index]
            #expect(handset.acknowledged.count == 2, "\(handset.name)")
            #expect(handset.acknowledged.count - handset.endings.count == 1, "\(handset.name)")
        }
        #expect(lab.handsets[0].endings.isEmpty)
        for site in 0..<2 {
            #expect(opened(lab, site).subtracting(closed(lab, site)).count == (site == 0 ? 8 : 4))
        }
    }

    @Test func aCertificateOfAPartnerMakesNobodyAPartnerOnTheSideOfClients() throws {
        var lab = try Self.lab()
        let flow = lab.addStranger(at: 0, certificateNames: ["gw.fr.example"], face: .access)
        var request = SIPRequest(method: .options, uri: SIPURI(user: "mcptt-controlling-group", host: "it.example"))
        request.headers.append(.via, "SIP/2.0/TLS 203.0.113.1:5061;branch=z9hG4bKz")
        request.headers.append(.from, "<sip:mcptt-gateway@fr.example>;tag=1")
        request.headers.append(.to, "<sip:mcptt-controlling-group@it.example>")
        request.headers.append(.callID, "z")
        request.headers.append(.cseq, "1 MESSAGE")
        request.method = .message
        request.headers.append(.maxForwards, "70")
        let answers = lab.tell(0, .received(flow, SIPMessage.request(request).serialized())).compactMap { action in
            if case .transmit(let octets, _) = action, case .response(let response)? = try? SIPMessage.parse(octets) {
                return response.status
            }
            return nil
        }
        // Asked who it is, as any client that has not registered.
        #expect(answers == [403] || answers == [401])
    }

    @Test func aStrangerOnTheBorderSideIsRefusedOnceAndCutOff() throws {
        var lab = try Self.lab()
        let flow = lab.addStranger(at: 0, certificateNames: ["gw.elsewhere.example"])
        var request = SIPRequest(method: .options, uri: SIPURI(user: "mcptt-gateway", host: "it.example"))
        request.headers.append(.via, "SIP/2.0/TLS 203.0.113.1:5061;branch=z9hG4bKx")
        request.headers.append(.from, "<sip:mcptt-gateway@fr.example>;tag=1")
        request.headers.append(.to, "<sip:mcptt-gateway@it.example>")
        request.headers.append(.callID, "x")
        request.headers.append(.cseq, "1 OPTIONS")
        request.headers.append(.maxForwards, "70")
        let actions = lab.tell(0, .received(flow, SIPMessage.request(request).serialized()))
        let answers = actions.compactMap { action -> Int? in
            guard case .transmit(let octets, .flow(flow)) = action,
                case .response(let response)? = try? SIPMessage.parse(octets)
            else { return nil }
            return response.status
        }
        #expect(answers == [403])
        #expect(actions.contains(.close(flow)))
    }

    @Test func aPartnerCannotSpeakForAnotherDomain() throws {
        var lab = try Self.lab()
        // France's gateway, proven by certificate, claims a caller of Italy.
        let flow = lab.addStranger(at: 0, certificateNames: ["gw.fr.example"])
        var request = SIPRequest(method: .publish, uri: SIPURI(user: "mcptt-controlling-group", host: "it.example"))
        request.headers.append(.via, "SIP/2.0/TLS 203.0.113.1:5061;branch=z9hG4bKy")
        request.headers.append(.from, "<sip:mcptt-gateway@fr.example>;tag=1")
        request.headers.append(.to, "<sip:mcptt-controlling-group@it.example>")
        request.headers.append(.callID, "y")
        request.headers.append(.cseq, "1 PUBLISH")
        request.headers.append(.maxForwards, "70")
        request.headers.append(.event, "presence")
        let document = AffiliationDocument(
            entity: MCPTTID("sip:anna@mc.it.example"),
            clients: [.init(client: MCPTTClientID("c"), groups: [GroupAffiliation(group: Self.flood)])])
        let body = CallBody(
            information: MCPTTInfo(
                requestURI: "sip:anna@mc.it.example", callingUserID: MCPTTID("sip:anna@mc.it.example"),
                clientID: MCPTTClientID("c")),
            others: [BodyPart(type: MIMEType.presence, body: document.serialized())])
        request.body = body.write(into: &request.headers)
        let actions = lab.tell(0, .received(flow, SIPMessage.request(request).serialized()))
        let answers = actions.compactMap { action -> SIPResponse? in
            guard case .transmit(let octets, .flow(flow)) = action,
                case .response(let response)? = try? SIPMessage.parse(octets)
            else { return nil }
            return response
        }
        #expect(answers.map(\.status) == [403])
        #expect(answers.first.map { MCPTTWarning.codes(in: $0.headers) } == [180])
    }

    private func opened(_ lab: Lab, _ site: Int) -> Set<LegID> {
        Set(
            lab.sites[site].media.compactMap { command in
                if case .openLeg(let leg, _, _) = command { leg } else { nil }
            })
    }

    private func closed(_ lab: Lab, _ site: Int) -> Set<LegID> {
        Set(
            lab.sites[site].media.compactMap { command in
                if case .closeLeg(let leg) = command { leg } else { nil }
            })
    }
}
