import MCDocuments
import MCFoundation
import Responder
import SIP
import SIPUserAgent
import Testing

@Suite struct RegistrationTests {
    private func challenge(_ algorithm: String, nonce: String = "n1", stale: Bool = false) -> String {
        "Digest realm=\"it.example\",nonce=\"\(nonce)\",algorithm=\(algorithm),qop=\"auth\""
            + (stale ? ",stale=true" : "")
    }

    @Test func `A client connects to its edge and registers its device with outbound and the tags of the service`()
        throws
    {
        let bench = try Bench()
        bench.command(.register)
        #expect(bench.others == [.connect(Bench.edge)])
        bench.tell(.flowOpened(bench.flow, .tcp, remote: Bench.edgeAddress))
        let request = try #require(bench.take(.register))
        #expect(request.uri.description == "sip:it.example")
        #expect(request.headers.lists("outbound", in: .supported))
        #expect(request.headers.lists("path", in: .supported))
        #expect(request.headers.lists("gruu", in: .supported))
        let contact = try #require(request.headers.contacts.first)
        #expect(contact.parameters["reg-id"] == "1")
        #expect(contact.parameters["+sip.instance"] == "<urn:uuid:1>")
        #expect(contact.parameters.has("+g.3gpp.mcptt"))
        #expect(contact.parameters["+g.3gpp.icsi-ref"] == "urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt")
        #expect(!request.headers.has(.authorization))
    }

    @Test func `The stronger of two challenges is answered`() throws {
        let bench = try Bench()
        bench.connect()
        bench.answer(bench.take(.register), 401) {
            $0.append(.wwwAuthenticate, challenge("MD5"))
            $0.append(.wwwAuthenticate, challenge("SHA-256"))
        }
        let request = try #require(bench.take(.register))
        let credentials = try #require(request.headers[.authorization].flatMap { DigestCredentials($0) })
        #expect(credentials.algorithm == .sha256)
        let ha1 = try #require(
            Digest.ha1(user: "anna@it.example", realm: "it.example", password: "geheim", algorithm: .sha256))
        #expect(credentials.proves(ha1: ha1, method: .register))
        #expect(request.headers.cseq?.number == 2)
        bench.answerRegister(request)
        #expect(bench.notices == [])
        bench.answer(bench.take(.publish))
        #expect(bench.notices == [.registered])
        #expect(bench.client.isReady)
    }

    @Test func `A refresh uses the nonce again, counted, 600 seconds before the end`() throws {
        let bench = try Bench()
        bench.connect()
        let first = try #require(bench.take(.register))
        bench.answer(first, 401) { $0.append(.wwwAuthenticate, challenge("SHA-256")) }
        bench.answerRegister()
        bench.pass(milliseconds: 2_999_000)
        #expect(bench.take(.register) == nil)
        bench.pass(milliseconds: 2_000)
        let refresh = try #require(bench.take(.register))
        #expect(refresh.headers.callID == first.headers.callID)
        #expect(refresh.headers.cseq?.number == 3)
        let credentials = try #require(refresh.headers[.authorization].flatMap { DigestCredentials($0) })
        #expect(credentials.nonceCount == 2)
        bench.answer(refresh, 401) { $0.append(.wwwAuthenticate, challenge("SHA-256", nonce: "n2", stale: true)) }
        let again = try #require(bench.take(.register)?.headers[.authorization].flatMap { DigestCredentials($0) })
        #expect(again.nonce == "n2")
        #expect(again.nonceCount == 1)
    }

    @Test func `A wrong password is not tried twice at once, but later`() throws {
        let bench = try Bench()
        bench.connect()
        for _ in 0..<2 {
            bench.answer(bench.take(.register), 401) { $0.append(.wwwAuthenticate, challenge("SHA-256")) }
        }
        #expect(bench.requests.isEmpty)
        #expect(bench.notices == [.registrationFailed(status: 401)])
        bench.pass(milliseconds: 1_000)
        #expect(bench.take(.register) != nil)
    }

    @Test func `A registration that is too short is asked for anew with the registrar's minimum`() throws {
        let bench = try Bench { $0.registrationExpires = 60 }
        bench.connect()
        bench.answer(bench.take(.register), 423) { $0.append(.minExpires, "300") }
        #expect(bench.take(.register)?.headers[.expires] == "300")
    }

    @Test func `Once registered the client publishes its settings over the service route`() throws {
        let bench = try Bench { $0.answerMode = .manual }
        bench.connect()
        bench.answerRegister()
        let publish = try #require(bench.take(.publish))
        #expect(publish.headers[.event] == "poc-settings")
        #expect(publish.uri.description == "sip:participating@it.example")
        #expect(publish.headers[.route] == "<sip:orig@192.0.2.1;transport=tcp;lr>")
        #expect(publish.headers[.expires] == "4294967295")
        #expect(publish.headers[.pPreferredService] == "urn:urn-7:3gpp-service.ims.icsi.mcptt")
        let information = try MCPTTInfo(parsing: try #require(publish.part(MIMEType.mcpttInfo)).body)
        #expect(information.clientID == MCPTTClientID("urn:uuid:1"))
        let settings = try PoCSettings(parsing: try #require(publish.part(MIMEType.poCSettings)).body)
        #expect(settings.entities == [.init(id: "urn:uuid:1", answerMode: .manual)])
    }

    @Test func `A client that works by another profile says which`() throws {
        let bench = try Bench { $0.userProfile = 2 }
        bench.connect()
        bench.answerRegister()
        let publish = try #require(bench.take(.publish))
        let settings = try PoCSettings(parsing: try #require(publish.part(MIMEType.poCSettings)).body)
        #expect(settings.entities.first?.selectedUserProfileIndex == 2)
    }

    @Test func `A client whose profile is refused works by the usual one`() throws {
        let bench = try Bench { $0.userProfile = 2 }
        bench.connect()
        bench.answerRegister()
        bench.answer(bench.take(.publish), 403)
        let publish = try #require(bench.take(.publish))
        let settings = try PoCSettings(parsing: try #require(publish.part(MIMEType.poCSettings)).body)
        #expect(settings.entities.first?.selectedUserProfileIndex == nil)
        bench.answer(publish)
        #expect(bench.notices.contains(.registered))
        // A refusal of that one is one.
        let other = try Bench()
        other.connect()
        other.answerRegister()
        other.answer(other.take(.publish), 403)
        #expect(other.take(.publish) == nil)
    }

    @Test func `Another answer mode is published alone`() throws {
        let bench = try Bench.registered()
        bench.requests = []
        bench.command(.setAnswerMode(.manual))
        let publish = try #require(bench.take(.publish))
        let settings = try PoCSettings(parsing: try #require(publish.part(MIMEType.poCSettings)).body)
        #expect(settings.entities.first?.answerMode == .manual)
        bench.answer(publish)
        #expect(bench.requests == [])
        #expect(bench.notices == [])
    }

    @Test func `Refused settings are told with their warning`() throws {
        let bench = try Bench()
        bench.connect()
        bench.answerRegister()
        bench.answer(bench.take(.publish), 403) {
            $0.append(.warning, "399 it.example \"101 service authorisation failed\"")
        }
        #expect(bench.notices.last == .serviceSettingsRefused(status: 403, warning: 101))
        #expect(bench.take(.subscribe) == nil)
    }

    @Test func `A lost connection is opened again after a growing wait, and everything published anew`() throws {
        let bench = try Bench.registered()
        _ = bench.take(.subscribe)
        bench.others = []
        bench.tell(.flowClosed(bench.flow))
        #expect(bench.notices == [.connectionLost])
        #expect(!bench.client.isReady)
        bench.pass(milliseconds: 1_001)
        #expect(bench.others == [.connect(Bench.edge)])
        bench.tell(.connectFailed)
        bench.pass(milliseconds: 999)
        #expect(bench.others.count == 1)
        bench.pass(milliseconds: 1_002)
        #expect(bench.others.count == 2)
        bench.flow = FlowID(2)
        bench.tell(.flowOpened(bench.flow, .tcp, remote: Bench.edgeAddress))
        bench.answerRegister()
        let publish = try #require(bench.take(.publish))
        #expect(publish.headers[.event] == "poc-settings")
        bench.answer(publish)
        #expect(bench.notices.last == .registered)
    }

    @Test func `Keep-alives follow Flow-Timer, and a flow without answer is given up`() throws {
        let bench = try Bench.registered()
        bench.others = []
        bench.pass(milliseconds: 79_000)
        #expect(bench.others == [])
        bench.pass(milliseconds: 21_000)
        #expect(bench.others == [.sendKeepAlive(bench.flow)])
        bench.others = []
        bench.pass(milliseconds: 100_000, answersPings: false)
        bench.pass(milliseconds: 10_000, answersPings: false)
        #expect(bench.others.prefix(2) == [.sendKeepAlive(bench.flow), .close(bench.flow)])
        #expect(bench.notices.contains(.connectionLost))
    }

    @Test func `Deregistration ends the binding and then the connection`() throws {
        let bench = try Bench.registered()
        bench.others = []
        bench.command(.deregister)
        #expect(bench.take(.publish)?.headers[.expires] == "0")
        let request = try #require(bench.take(.register))
        #expect(request.headers[.expires] == "0")
        #expect(bench.others == [])
        bench.answer(request)
        #expect(bench.others == [.close(bench.flow)])
        #expect(bench.notices == [.deregistered])
        bench.pass(milliseconds: 5_000_000)
        #expect(bench.take(.register) == nil)
    }

    @Test func `Settings that name no SIP URI are refused, and a password does not print`() {
        #expect(throws: ResponderSettingsError(setting: "publicIdentity")) {
            try Bench { $0.publicIdentity = PublicUserIdentity("tel:+391") }
        }
        #expect("\(Secret("geheim"))" == "(secret)")
        var dumped = ""
        dump(Bench.settings, to: &dumped)
        #expect(!dumped.contains("geheim"))
    }

    @Test func `Octets that are no SIP from the edge do nothing`() throws {
        let bench = try Bench.registered()
        bench.others = []
        bench.requests = []
        bench.tell(.received(bench.flow, Array("nonsense\r\n\r\n".utf8)))
        #expect(bench.requests.isEmpty)
        #expect(bench.notices.isEmpty)
    }
}
