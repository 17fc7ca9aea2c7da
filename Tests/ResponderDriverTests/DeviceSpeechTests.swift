import Foundation
import Glibc
import MCFoundation
import MediaDriver
import NationalSystem
import RTP
import Responder
import ResponderDriver
import SDP
import Speech
import Telemetry
import Testing

/// Devices with real sockets and codecs in a call of a real system.
@Suite(.serialized) struct DeviceSpeechTests {
    private static func tone(seconds: Double) -> [Int16] {
        (0..<Int(seconds * 16_000)).map { Int16(12_000 * sin(Double($0) * 2 * .pi * 440 / 16_000)) }
    }

    private static func loudness(_ samples: [Int16]) -> Double {
        guard !samples.isEmpty else { return 0 }
        return (samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count)).squareRoot()
    }

    private func isCallUp(_ notices: [ResponderNotice]) -> Bool {
        notices.contains { if case .callStarted = $0 { true } else { false } }
    }

    @Test(arguments: ["amr-wb", "amr-wb-be", "opus"])
    func `what one device says, the other hears and records, in the codec of the group`(codec: String) async throws {
        let ground = try await DeviceGround(users: ["anna", "bruno"], codec: codec)
        let wav = ground.folder.appendingPathComponent("heard.wav").path
        let anna = try await TriedDevice(try ground.profile(of: "anna", more: "codec: \(codec)"))
        let bruno = try await TriedDevice(try ground.profile(of: "bruno", more: "codec: \(codec)"), wav: wav)
        for device in [anna, bruno] { try await device.register(affiliatingTo: DeviceGround.group) }
        guard case .profile(let said) = try ground.profile(of: "anna", more: "codec: \(codec)").knowledge else {
            return #expect(Bool(false), "the profile says nothing")
        }
        let speech = try EncodedSpeech(samples: Self.tone(seconds: 1)[...], codec: said.codec)
        anna.device.say(speech)
        anna.device.command(.call(CallRequest(group: MCPTTGroupID(DeviceGround.group), requestsFloor: true)))
        try await anna.until("talked") { !anna.talks.isEmpty }
        let sent = try #require(anna.talks.first).packets
        try await bruno.until("heard") { bruno.recorder.heard.count >= sent.count }
        #expect(sent.count == 50)
        #expect(bruno.recorder.heard.map(\.payload) == sent.map(\.payload))
        await anna.device.stop()
        await bruno.device.stop()
        let heard = try WAVAudio(contentsOf: wav).mono(at: 16_000)
        #expect(Self.loudness(heard) > 4_000, "a tone of 12,000 has a loudness of about 8,500")
        await ground.stop()
    }

    @Test func `a device without the group's codec is told that its call cannot be had`() async throws {
        let ground = try await DeviceGround(users: ["anna", "bruno"], codec: "opus")
        let anna = try await TriedDevice(try ground.profile(of: "anna"))
        try await anna.register(affiliatingTo: DeviceGround.group)
        anna.device.command(.call(CallRequest(group: MCPTTGroupID(DeviceGround.group))))
        try await anna.until("refused") { notices in
            notices.contains { if case .callFailed(_, status: 488, warning: _) = $0 { true } else { false } }
        }
        await anna.device.stop()
        await ground.stop()
    }

    @Test func `speech from elsewhere than the system is not heard, and the answer to a press is timed`() async throws {
        let ground = try await DeviceGround(users: ["anna", "bruno"], codec: "amr-wb")
        // An address that no other test has.
        let address = IPAddress(v4: 0x7f00_004d)
        let anna = try await TriedDevice(try ground.profile(of: "anna", address: "\(address)"))
        let bruno = try await TriedDevice(try ground.profile(of: "bruno", address: "\(address)"))
        for device in [anna, bruno] { try await device.register(affiliatingTo: DeviceGround.group) }
        anna.device.command(.call(CallRequest(group: MCPTTGroupID(DeviceGround.group))))
        try await bruno.until("in the call", isCallUp)
        // Every UDP socket there gets a packet of a stranger: those of the devices.
        let stranger = try DatagramSocket(bind: SocketAddress(IPAddress(v4: 0x7f00_0001), port: 0))
        let packet = RTPPacket(
            payloadType: 97, sequenceNumber: 1, timestamp: 1, ssrc: 0xbad, marker: true, payload: [1, 2, 3]
        ).serialized()
        let ports = Self.ownUDPPorts(at: address)
        #expect(ports.count >= 4)
        for port in ports { try? stranger.send(packet, to: SocketAddress(address, port: port)) }
        let speech = try EncodedSpeech(samples: Self.tone(seconds: 0.2)[...])
        anna.device.say(speech)
        let call = try #require(
            anna.responderNotices.compactMap { if case .callStarted(let call, _) = $0 { call } else { nil } }.first)
        anna.device.command(.press(call))
        try await bruno.until("heard") { bruno.recorder.heard.count >= 10 }
        #expect(!bruno.recorder.heard.contains { $0.ssrc == 0xbad })
        #expect(!anna.recorder.heard.contains { $0.ssrc == 0xbad })
        await anna.device.stop()
        await bruno.device.stop()
        // The floor was asked for and given, and the answer was timed.
        let families = await ground.system.metrics()
        func values(_ name: String) -> [Double] {
            families.filter { $0.name == name }.flatMap { $0.samples.map(\.value) }
        }
        #expect(values("euccs_media_driver_floor_replies_total").reduce(0, +) >= 1)
        let times = values("euccs_media_driver_floor_reply_time_seconds").filter { $0 > 0 }
        #expect(!times.isEmpty && times.allSatisfy { $0 < 10 })
        await ground.stop()
    }

    /// Local ports of the UDP sockets that this process has open at an address.
    private static func ownUDPPorts(at place: IPAddress) -> [UInt16] {
        (3..<4_096).compactMap { descriptor -> UInt16? in
            var kind: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(Int32(descriptor), SOL_SOCKET, SO_TYPE, &kind, &size) == 0,
                kind == Int32(SOCK_DGRAM.rawValue)
            else { return nil }
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(Int32(descriptor), $0, &length)
                }
            }
            let isThere = result == 0 && IPAddress(v4: UInt32(bigEndian: address.sin_addr.s_addr)) == place
            return isThere && address.sin_port != 0 ? UInt16(bigEndian: address.sin_port) : nil
        }
    }
}
