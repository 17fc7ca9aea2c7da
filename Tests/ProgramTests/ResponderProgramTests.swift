import Foundation
import Testing

extension ProgramTests {
    private static let flood = "sip:flood@mc.it.example"

    /// A second of a tone: 16 bit, 16,000 samples a second.
    private static func tone() -> Data {
        func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        let samples = (0..<16_000).flatMap { bytes(Int16(9_000 * sin(Double($0) * 2 * .pi * 440 / 16_000))) }
        var octets = Array("RIFF".utf8) + bytes(UInt32(36 + samples.count)) + Array("WAVEfmt ".utf8)
        octets += bytes(UInt32(16)) + bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(16_000))
        octets += bytes(UInt32(32_000)) + bytes(UInt16(2)) + bytes(UInt16(16))
        return Data(octets + Array("data".utf8) + bytes(UInt32(samples.count)) + samples)
    }

    @Test
    func `people join by the commands: who affiliates is called, speech is heard, a tier is declared and called off`()
        async throws
    {
        let nation = try populated()
        defer { try? FileManager.default.removeItem(at: nation.folder.deletingLastPathComponent()) }
        func responder(_ user: String, _ verb: String, _ more: String...) throws -> Told {
            let profile = try nation.profile(of: user, password: Self.secret)
            return try Told(["responder", verb, "--profile", profile, "--group", Self.flood] + more)
        }
        let said = nation.folder.appendingPathComponent("said.wav")
        let heard = nation.folder.appendingPathComponent("heard.wav")
        try Self.tone().write(to: said)
        let system = try Told(["serve", "--config", nation.config])
        try await system.until("ready: Italia")
        let bruno = try responder("bruno", "listen", "--record", heard.path, "--seconds", "110")
        try await bruno.until("listening")
        let carla = try responder("carla", "affiliate", "--seconds", "110")
        try await carla.until("\(Self.flood): affiliated")
        let anna = try responder("anna", "talk", "--wav", said.path, "--imminent-peril", "--seconds", "110")
        try await anna.until("you talked 1.0 s")
        for member in [bruno, carla] { try await member.until("sip:anna@mc.it.example talks") }
        try await bruno.until("speech arrives")
        #expect(try !bruno.hasSaid("the call is now normal"))
        // From another device of hers.
        let other = try responder("carla", "call", "--call-off", "--seconds", "2")
        for member in [anna, bruno] { try await member.until("the call is now normal") }
        #expect(try await other.ended() == 0)
        anna.signal(SIGINT)
        #expect(try await anna.ended() == 0)
        bruno.signal(SIGINT)
        #expect(try await bruno.ended() == 0)
        // A second of speech, two octets a sample, and whatever the ends of it cost.
        let size = try #require(FileManager.default.attributesOfItem(atPath: heard.path)[.size] as? Int)
        #expect(size > 20_000)
        for process in [anna, other, bruno, carla] { process.end() }
        system.signal(SIGTERM)
        #expect(try await system.ended() == 0)
    }
}
