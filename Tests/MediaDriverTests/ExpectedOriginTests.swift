import MCFoundation
import MediaDriver
import Testing

@Suite struct ExpectedOriginTests {
    let server = SocketAddress(.loopback, port: 4_000)
    let stranger = SocketAddress(.loopback, port: 4_001)

    @Test func `only the address that signalling named is expected, and others are told once`() {
        var origin = ExpectedOrigin()
        origin.expect(server)
        #expect(origin.judge(stranger) == .stranger(isFirst: true))
        #expect(origin.judge(stranger) == .stranger(isFirst: false))
        #expect(origin.judge(server) == .expected)
        #expect(origin.strangers == 2)
    }

    @Test func `before signalling has said where the peer is nobody is expected and nobody is a stranger`() {
        var origin = ExpectedOrigin()
        #expect(origin.judge(server) == .tooEarly)
        #expect(origin.strangers == 0)
        origin.expect(server)
        #expect(origin.judge(server) == .expected)
    }

    @Test func `a peer that moved is expected at its new address only`() {
        var origin = ExpectedOrigin()
        origin.expect(server)
        origin.expect(stranger)
        #expect(origin.judge(stranger) == .expected)
        #expect(origin.judge(server) == .stranger(isFirst: true))
    }

    @Test func `a call without floor control expects no floor message at all`() {
        var origin = ExpectedOrigin()
        origin.expect(nil)
        #expect(origin.judge(server) == .stranger(isFirst: true))
    }
}
