import CallControl
import MCDocuments
import MCFoundation
import MCSystem
import Policy
import SIP
import SIPUserAgent
import Testing

/// Another process takes the place of one that has calls: these end where they are, and everything else begins there.
@Suite struct SuccessionTests {
    private static let fire = MCPTTGroupID("sip:fire@mc.it.example")
    private static let smoke = MCPTTGroupID("sip:smoke@mc.it.example")
    /// A group of France with Anna and Carla in it.
    private static let pompiers = MCPTTGroupID("sip:pompiers@mc.fr.example")
    private static let old = 0
    private static let anna = 0
    private static let bruno = 1
    private static let carla = 2
    private static let jean = 3

    /// Anna and Bruno are in the call of a group; Carla is in none.
    private struct Ground {
        var lab = Lab()
        let directory: DirectorySnapshot
        var new = 0
        let call: SessionID

        init(partner: Bool = false) throws {
            lab.closesFlows = true
            let names = ["anna", "bruno", "carla"]
            let system = Lab.identity("it")
            let members = names.map { MCPTTID("sip:\($0)@mc.it.example") } + [MCPTTID("sip:jean@mc.fr.example")]
            let groups = [
                Lab.group("fire", of: "it", members: members), Lab.group("smoke", of: "it", members: members),
            ]
            let partners = partner ? [Lab.partner("fr")] : []
            directory = try DirectorySnapshot(
                system: system, users: names.map { Lab.user($0, of: system) }, groups: groups, partners: partners)
            try lab.addSite("it", users: names, groups: groups, partners: partners)
            if partner {
                let pompiers = Lab.group("pompiers", of: "fr", members: [members[0], members[2], members[3]])
                try lab.addSite("fr", users: ["jean"], groups: [pompiers], partners: [Lab.partner("it")])
            }
            for name in names { lab.addHandset(name, at: old) }
            lab.pass(.seconds(1))
            for index in [anna, bruno] { lab.ready(index, groups: [fire, smoke]) }
            lab.ready(carla, groups: [smoke])
            if partner {
                lab.addHandset("jean", at: 1)
                lab.ready(jean, groups: [smoke])
            }
            call = lab.act(anna) { $0.call(fire, at: $1) }
            lab.pass(.seconds(1))
            new = try lab.addSuccessor(of: old, directory: directory)
        }

        mutating func succeed() {
            let target = Target(
                host: lab.sites[old].border, port: 5_061, transport: .tls, serverName: lab.sites[old].border)
            lab.tell(new, .successionBegan(target))
            lab.pass(.seconds(1))
        }

        /// Carla's device comes back by itself.
        mutating func moveCarla(groups: [MCPTTGroupID] = [smoke]) {
            lab.reconnect(carla, to: new)
            lab.ready(carla, groups: groups)
            lab.pass(.seconds(1))
        }

        func calls(_ site: Int) -> [MCPTTGroupID] {
            let cell = lab.sites[site].cell
            return [fire, smoke].filter { cell.hasCall(of: $0) }
        }
    }

    @Test func whoIsInACallStaysAndOthersAreSentOn() throws {
        var ground = try Ground()
        ground.succeed()
        #expect(!ground.lab.sites[Self.old].isListening)
        #expect(ground.lab.sites[ground.new].isListening)
        #expect(ground.lab.isConnected(Self.anna) && ground.lab.isConnected(Self.bruno))
        #expect(!ground.lab.isConnected(Self.carla))
        #expect(ground.calls(Self.old) == [Self.fire] && ground.calls(ground.new).isEmpty)
        ground.moveCarla()
        #expect(ground.lab.handsets[Self.carla].registration?.status == 200)
        ground.lab.pass(.seconds(60))
        #expect(ground.lab.isConnected(Self.carla))
        #expect(ground.lab.handsets[Self.anna].endings.isEmpty && ground.lab.handsets[Self.bruno].endings.isEmpty)
    }

    @Test func theConnectionBetweenThemIsNeverIdle() throws {
        var ground = try Ground()
        ground.succeed()
        ground.lab.pass(.seconds(60))
        let before = ground.lab.traffic.count
        ground.lab.pass(.seconds(9))
        let words = ground.lab.traffic[before...].filter { $0.starts(with: "MESSAGE sip:it.example ".utf8) }
        #expect(words.count == 3)
    }

    @Test func aCallThatStandsIsJoinedFromOverThereAndEndsWhereItIs() throws {
        var ground = try Ground()
        ground.succeed()
        // Late entry, as everywhere.
        ground.moveCarla(groups: [Self.fire, Self.smoke])
        #expect(ground.lab.handsets[Self.carla].invitations.count == 1)
        #expect(ground.lab.handsets[Self.carla].acknowledged.count == 1)
        let session = try #require(ground.lab.handsets[Self.carla].invitations.first?.0)
        ground.lab.act(Self.carla) { $0.hangUp(session, at: $1) }
        // By the group, and by the identity of the session.
        let again = ground.lab.act(Self.carla) { $0.call(Self.fire, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.handsets[Self.carla].establishedAnswers.count == 1)
        let identity = try #require(ground.lab.handsets[Self.carla].lastIdentity)
        ground.lab.act(Self.carla) { $0.hangUp(again, at: $1) }
        _ = ground.lab.act(Self.carla) { $0.call(Self.fire, session: identity, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.handsets[Self.carla].establishedAnswers.count == 2)
        #expect(ground.lab.handsets[Self.carla].rejections.isEmpty)
        #expect(ground.calls(Self.old) == [Self.fire] && ground.calls(ground.new).isEmpty)
        #expect(ground.lab.sites[ground.new].media.isEmpty)
        // Those who are told that it is an emergency are everywhere.
        ground.lab.act(Self.anna) { [call = ground.call] handset, now in
            handset.say(MCPTTInfo(emergencyIndicator: true), in: call, at: now)
        }
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.handsets[Self.carla].news.last?.emergencyIndicator == true)
        ground.lab.act(Self.anna) { [call = ground.call] in $0.hangUp(call, at: $1) }
        ground.lab.act(Self.bruno) { handset, now in
            if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
        }
        ground.lab.pass(.seconds(60))
        #expect(ground.calls(Self.old).isEmpty)
        #expect(ground.lab.handsets[Self.carla].endings.count == 1)
        #expect(ground.lab.sites[Self.old].cell.population.hasNoCall)
        #expect(!ground.lab.isConnected(Self.anna) && !ground.lab.isConnected(Self.bruno))
    }

    @Test func newCallsBeginOverThereWhoeverAsksAndReachWhoStayed() throws {
        var ground = try Ground()
        ground.succeed()
        ground.moveCarla()
        let call = ground.lab.act(Self.carla) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.calls(Self.old) == [Self.fire] && ground.calls(ground.new) == [Self.smoke])
        #expect(ground.lab.handsets[Self.anna].invitations.count == 1)
        #expect(ground.lab.handsets[Self.bruno].invitations.count == 2)
        #expect(!ground.lab.sites[ground.new].media.isEmpty)
        ground.lab.act(Self.carla) { $0.hangUp(call, at: $1) }
        ground.lab.pass(.seconds(60))
        // Whoever stays has left it, or it goes on with them: then they join it, over there.
        let mine = ground.lab.act(Self.anna) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.handsets[Self.anna].rejections.isEmpty)
        #expect(ground.lab.handsets[Self.anna].establishedAnswers.count == 2)
        #expect(ground.calls(ground.new) == [Self.smoke] && ground.calls(Self.old) == [Self.fire])
        ground.lab.act(Self.anna) { $0.hangUp(mine, at: $1) }
    }

    @Test func theNextCallOfAGroupBeginsOverThere() throws {
        var ground = try Ground()
        ground.succeed()
        ground.moveCarla(groups: [Self.smoke])
        ground.lab.act(Self.anna) { [call = ground.call] in $0.hangUp(call, at: $1) }
        ground.lab.act(Self.bruno) { handset, now in
            if let (session, _) = handset.invitations.first { handset.hangUp(session, at: now) }
        }
        ground.lab.pass(.seconds(1))
        for index in [Self.anna, Self.bruno] {
            #expect(!ground.lab.isConnected(index))
            ground.lab.reconnect(index, to: ground.new)
            ground.lab.ready(index, groups: [Self.fire, Self.smoke])
        }
        let before = ground.lab.handsets[Self.bruno].invitations.count
        _ = ground.lab.act(Self.anna) { $0.call(Self.fire, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.calls(Self.old).isEmpty && ground.calls(ground.new) == [Self.fire])
        #expect(ground.lab.handsets[Self.bruno].invitations.count == before + 1)
        // What the predecessor says of devices that have gone over changes nothing, however late.
        ground.lab.pass(.seconds(120))
        #expect(ground.calls(ground.new) == [Self.fire])
        ground.lab.takeDown(Self.old)
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.sites[ground.new].notes.contains { $0.name == "succession.ended" })
        #expect(ground.calls(ground.new) == [Self.fire])
        _ = ground.lab.act(Self.carla) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.calls(ground.new) == [Self.fire, Self.smoke])
    }

    @Test func aCallThatEndsWhileItIsAskedForBeginsAnewOverThere() throws {
        var ground = try Ground()
        ground.succeed()
        ground.moveCarla(groups: [Self.fire, Self.smoke])
        let late = try #require(ground.lab.handsets[Self.carla].invitations.first?.0)
        ground.lab.act(Self.carla) { $0.hangUp(late, at: $1) }
        let session = try #require(ground.lab.handsets[Self.bruno].invitations.first?.0)
        // All at once: the predecessor says that the call ended when the successor has asked for it already.
        let now = ground.lab.now
        ground.lab.handsets[Self.anna].hangUp(ground.call, at: now)
        ground.lab.handsets[Self.bruno].hangUp(session, at: now)
        _ = ground.lab.handsets[Self.carla].call(Self.fire, at: now)
        ground.lab.settle()
        #expect(ground.lab.traffic.contains { $0.starts(with: "SIP/2.0 410".utf8) })
        #expect(ground.lab.handsets[Self.carla].establishedAnswers.count == 1)
        #expect(ground.lab.handsets[Self.carla].rejections.isEmpty)
        #expect(ground.calls(Self.old).isEmpty && ground.calls(ground.new) == [Self.fire])
    }

    /// What it had not said before her device went over.
    @Test func whatThePredecessorSaysOfADeviceThatWentOverIsOfThePast() throws {
        var ground = try Ground()
        ground.succeed()
        ground.moveCarla()
        let carla = ground.lab.handsets[Self.carla]
        for (number, groups) in [[Self.fire], []].enumerated() {
            var late = AffiliationPublication(user: carla.mcpttID, client: carla.clientID, groups: groups).request(
                from: SIPURI(user: "mcptt-participating", host: "it.example"),
                to: SIPURI(user: "mcptt-controlling-group", host: "it.example"))
            late.headers.append(.via, "SIP/2.0/TLS it.example;branch=z9hG4bKlate\(number)")
            late.headers.set(.from, "<sip:mcptt-participating@it.example>;tag=late\(number)")
            late.headers.append(.callID, "late\(number)")
            late.headers.append(.cseq, "1 PUBLISH")
            late.headers.append(.maxForwards, "70")
            let link = try #require(ground.lab.sites[ground.new].connections.values.first)
            ground.lab.tell(ground.new, .received(link, SIPMessage.request(late).serialized()))
            ground.lab.pass(.seconds(1))
            let cell = ground.lab.sites[ground.new].cell
            #expect(cell.isAffiliated(carla.mcpttID, client: carla.clientID, with: Self.smoke))
            #expect(!cell.isAffiliated(carla.mcpttID, client: carla.clientID, with: Self.fire))
        }
    }

    @Test func whereThePredecessorDiesEverythingBeginsHere() throws {
        var ground = try Ground()
        ground.succeed()
        ground.moveCarla(groups: [Self.fire, Self.smoke])
        #expect(ground.lab.handsets[Self.carla].invitations.count == 1)
        #expect(ground.lab.handsets[Self.carla].endings.isEmpty)
        ground.lab.takeDown(Self.old)
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.handsets[Self.carla].endings.count == 1, "she does not wait for somebody who is gone")
        for index in [Self.anna, Self.bruno] {
            ground.lab.reconnect(index, to: ground.new)
            ground.lab.ready(index, groups: [Self.fire, Self.smoke])
        }
        _ = ground.lab.act(Self.anna) { $0.call(Self.fire, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.calls(ground.new) == [Self.fire])
        #expect(ground.lab.handsets[Self.bruno].invitations.count == 2)
        #expect(ground.lab.handsets[Self.carla].invitations.count == 2)
    }

    @Test func whereTheSuccessorDiesThePredecessorServesOn() throws {
        var ground = try Ground(partner: true)
        ground.succeed()
        ground.moveCarla()
        ground.lab.takeDown(ground.new)
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.sites[Self.old].isListening)
        #expect(ground.calls(Self.old) == [Self.fire])
        ground.lab.reconnect(Self.carla, to: Self.old)
        ground.lab.ready(Self.carla, groups: [Self.smoke])
        ground.lab.pass(.seconds(60))
        _ = ground.lab.act(Self.carla) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.calls(Self.old) == [Self.fire, Self.smoke])
        #expect(ground.lab.handsets[Self.anna].invitations.count == 1)
        #expect(ground.lab.handsets[Self.jean].invitations.count == 1)
        // And may be succeeded again.
        ground.new = try ground.lab.addSuccessor(of: Self.old, directory: ground.directory)
        ground.succeed()
        #expect(ground.lab.sites[ground.new].isListening)
    }

    @Test func whereTheSuccessorDiesBeforeItMayServeThePredecessorDoes() throws {
        var ground = try Ground()
        ground.lab.keepsListeners = true
        ground.succeed()
        #expect(!ground.lab.sites[Self.old].isListening && !ground.lab.sites[ground.new].isListening)
        ground.lab.takeDown(ground.new)
        #expect(ground.lab.sites[Self.old].isListening)
        ground.lab.tell(Self.old, .listenersClosed)
        ground.lab.pass(.seconds(10))
        #expect(ground.lab.isConnected(Self.carla))
        _ = ground.lab.act(Self.carla) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.calls(Self.old) == [Self.fire, Self.smoke])
    }

    @Test func partnersComeOverOnceNoCallOfTheirsStands() throws {
        var ground = try Ground(partner: true)
        ground.succeed()
        ground.lab.pass(.seconds(60))
        ground.moveCarla()
        _ = ground.lab.act(Self.jean) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(2))
        #expect(ground.calls(ground.new) == [Self.smoke])
        #expect(ground.lab.handsets[Self.jean].establishedAnswers.count == 1)
        #expect(ground.lab.handsets[Self.carla].invitations.count == 1)
        #expect(ground.lab.handsets[Self.anna].invitations.count == 1)
        #expect(ground.lab.sites[Self.old].cell.population.gateway.calls == 0)
        #expect(ground.lab.sites[ground.new].cell.population.gateway.calls == 1)
    }

    /// The predecessor saw the connection of a device break and would take back what the device said over there.
    @Test(arguments: [false, true])
    func whoIsAffiliatedAbroadOnlyStaysSoWhenHeComesOver(partnersStay: Bool) throws {
        var ground = try Ground(partner: true)
        if partnersStay { ground.lab.act(Self.jean) { $0.affiliate([Self.fire, Self.smoke], at: $1) } }
        ground.lab.act(Self.carla) { $0.affiliate([Self.pompiers], at: $1) }
        ground.lab.pass(.seconds(1))
        ground.succeed()
        ground.moveCarla(groups: [Self.pompiers])
        // Longer than the grace of a device that is gone.
        ground.lab.pass(.seconds(60))
        ground.lab.reconnect(Self.jean, to: 1)
        ground.lab.ready(Self.jean, groups: [Self.pompiers])
        _ = ground.lab.act(Self.jean) { $0.call(Self.pompiers, at: $1) }
        ground.lab.pass(.seconds(2))
        #expect(ground.lab.handsets[Self.carla].acknowledged.count == 1)
    }

    /// France sees another process of Italy begin, and forgets what the one before told of those who stay with it.
    @Test func whoStaysWithHisCallStaysAffiliatedAbroad() throws {
        var ground = try Ground(partner: true)
        ground.lab.act(Self.anna) { $0.affiliate([Self.fire, Self.smoke, Self.pompiers], at: $1) }
        ground.lab.pass(.seconds(1))
        ground.succeed()
        ground.lab.pass(.seconds(60))
        ground.lab.act(Self.jean) { $0.affiliate([Self.pompiers], at: $1) }
        let before = ground.lab.handsets[Self.anna].acknowledged.count
        _ = ground.lab.act(Self.jean) { $0.call(Self.pompiers, at: $1) }
        ground.lab.pass(.seconds(2))
        #expect(ground.lab.handsets[Self.jean].establishedAnswers.count == 1)
        #expect(ground.lab.handsets[Self.anna].acknowledged.count == before + 1)
    }

    @Test func partnersStayWhileACallOfTheirsStands() throws {
        var ground = try Ground(partner: true)
        ground.lab.act(Self.jean) { $0.affiliate([Self.fire, Self.smoke], at: $1) }
        ground.lab.pass(.seconds(1))
        #expect(ground.lab.handsets[Self.jean].invitations.count == 1)
        ground.succeed()
        ground.moveCarla()
        ground.lab.pass(.seconds(60))
        #expect(ground.lab.handsets[Self.jean].endings.isEmpty)
        // A new call is the successor's, and crosses the border where that is.
        _ = ground.lab.act(Self.carla) { $0.call(Self.smoke, at: $1) }
        ground.lab.pass(.seconds(2))
        #expect(ground.calls(Self.old) == [Self.fire] && ground.calls(ground.new) == [Self.smoke])
        #expect(ground.lab.handsets[Self.jean].invitations.count == 2)
        #expect(ground.lab.sites[Self.old].cell.population.gateway.calls == 2)
        #expect(ground.lab.sites[ground.new].cell.population.gateway.calls == 0)
    }

    @Test func oneSuccessionAtATimeAndOnlyByWhoHoldsTheKey() throws {
        var ground = try Ground()
        ground.succeed()
        let first = ground.new
        ground.new = try ground.lab.addSuccessor(of: Self.old, directory: ground.directory)
        ground.lab.sites[Self.old].isListening = true
        ground.lab.sites[first].isListening = false
        ground.succeed()
        #expect(!ground.lab.sites[ground.new].isListening)
        #expect(ground.lab.sites[ground.new].notes.contains { $0.name == "succession.refused" })
        // A client with that certificate is a client.
        var other = try Ground()
        let flow = other.lab.addStranger(at: Self.old, certificateNames: [other.lab.sites[0].border], face: .access)
        var word = SIPRequest(method: .message, uri: SIPURI(user: nil, host: "it.example"))
        word.headers.append(.via, "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bKx")
        for name in [HeaderName.from, .to] { word.headers.append(name, "<sip:it.example>;tag=1") }
        word.headers.append(.callID, "c")
        word.headers.append(.cseq, "1 MESSAGE")
        word.headers.append(.maxForwards, "70")
        word.headers.append(.contentType, "application/vnd.euccs.succession")
        word.body = Array("take-over\n".utf8)
        other.lab.tell(Self.old, .received(flow, SIPMessage.request(word).serialized()))
        #expect(other.lab.sites[Self.old].isListening)
    }

    // MARK: Words

    @Test func moreCallsThanAMessageHoldsAreToldInOrder() throws {
        let system = Lab.identity("it")
        // Pairs of users, each in the calls of so many groups as one document of affiliations names.
        let names = (0..<12).map { "user\($0)" }
        let users = names.map { name in
            var user = Lab.user(name, of: system)
            user.maxima.affiliationsN2 = 100
            user.maxima.groupCallsPerClientN4 = 100
            user.maxima.groupCallsN6 = 100
            return user
        }
        let groups = (0..<600).map { number in
            let pair = number / 100 * 2
            return Lab.group("g\(number)", of: "it", members: users[pair...pair + 1].map(\.mcpttID))
        }
        let directory = try DirectorySnapshot(system: system, users: users, groups: groups, partners: [])
        var lab = Lab()
        try lab.addSite("it", users: names, groups: groups)
        lab.tell(0, .directoryReplaced(directory))
        for name in names { lab.addHandset(name, at: 0) }
        lab.pass(.seconds(1))
        for index in names.indices {
            lab.ready(index, groups: groups[index / 2 * 100..<index / 2 * 100 + 100].map(\.id))
        }
        for (number, group) in groups.enumerated() { _ = lab.act(number / 100 * 2) { $0.call(group.id, at: $1) } }
        lab.pass(.seconds(1))
        let successor = try lab.addSuccessor(of: 0, directory: directory)
        let target = Target(
            host: lab.sites[0].border, port: 5_061, transport: .tls, serverName: lab.sites[0].border)
        lab.tell(successor, .successionBegan(target))
        lab.pass(.seconds(1))
        let began = try #require(lab.sites[successor].notes.first { $0.name == "succession.began" })
        #expect(began.fields.contains(.init("calls", "600")))
        let told = lab.traffic.map { String(decoding: $0, as: UTF8.self) }.filter { $0.contains("\r\n\r\ncall sip:g") }
        #expect(told.count == 2)
        #expect(lab.sites[successor].isListening)
    }

    @Test func wordsAreReadAsTheyAreWritten() {
        let words = [SuccessionWord.takeOver, .call(Self.fire), .ended(Self.smoke), .border]
        let octets = Array("take-over\ncall \(Self.fire.value)\nended \(Self.smoke.value)\nborder\n".utf8)
        #expect(SuccessionWord.octets(words) == octets)
        #expect(SuccessionWord.read(octets) == words)
        #expect(SuccessionWord.read([]) == [])
    }

    @Test(arguments: [
        "take-over now", "take-over ", "border\r", "call", "call ", "ended ", "Border", " border", "call \u{0}\nx",
    ])
    func wordsWithoutMeaningAreNotGuessedAt(line: String) {
        #expect(SuccessionWord.read(Array("border\n\(line)\n".utf8)) == nil)
    }

    @Test func octetsThatAreNoTextAreNoWords() {
        #expect(SuccessionWord.read(Array("call ".utf8) + [0xff, 0xfe]) == nil)
    }
}
