import Foundation
import Speech
import Testing

/// A path in a folder of its own that goes away with the test.
private final class Scratch {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    var path: String { folder.appending(path: "x.wav").path() }

    deinit { try? FileManager.default.removeItem(at: folder) }
}

private func failure(_ octets: [UInt8]) -> WAVError? {
    do throws(WAVError) {
        _ = try WAVAudio(parsing: octets)
        return nil
    } catch {
        return error
    }
}

@Suite("WAV files")
struct WAVTests {
    private static let audio = WAVAudio(sampleRate: 8_000, samples: [0, 1, -1, .max, .min])

    @Test(
        "a file is written to the octet and read back", arguments: [(8_000, 1), (16_000, 1), (48_000, 2), (44_100, 2)])
    func roundTrip(rate: Int, channels: Int) throws {
        let audio = WAVAudio(sampleRate: rate, channels: channels, samples: (0..<480).map { Int16($0 * 68 - 16_000) })
        #expect(try WAVAudio(parsing: audio.serialized()) == audio)
        let scratch = try Scratch()
        try audio.write(to: scratch.path)
        #expect(try WAVAudio(contentsOf: scratch.path) == audio)
        #expect(try Data(contentsOf: URL(filePath: scratch.path)) == Data(audio.serialized()))
    }

    @Test("the header is that of PCM of 16 bits")
    func header() {
        #expect(
            Self.audio.serialized() == Array("RIFF".utf8) + [46, 0, 0, 0] + Array("WAVEfmt ".utf8)
                + [16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0] + Array("data".utf8)
                + [10, 0, 0, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0x80])
    }

    @Test("two channels become one by their mean")
    func mono() {
        let stereo = WAVAudio(sampleRate: 8_000, channels: 2, samples: [100, 200, -100, -300, .max, .max])
        #expect(stereo.mono == [150, -200, .max])
        #expect(stereo.duration == 3.0 / 8_000)
    }

    @Test("other chunks, odd ones too, and the extensible format are understood")
    func chunks() throws {
        var octets = Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WAVELIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]
        octets += Array("fmt ".utf8) + [40, 0, 0, 0, 0xfe, 0xff, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0]
        octets += [22, 0, 16, 0, 4, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 14)
        octets += Array("data".utf8) + [4, 0, 0, 0, 5, 0, 6, 0] + Array("LIST".utf8)
        #expect(try WAVAudio(parsing: octets).samples == [5, 6])
    }

    @Test("malformed files are refused, each for its reason")
    func malformed() {
        let good = Self.audio.serialized()
        func changed(_ offset: Int, _ value: UInt8) -> [UInt8] {
            var octets = good
            octets[offset] = value
            return octets
        }
        #expect(failure([]) == .notWAV)
        #expect(failure(changed(0, 0)) == .notWAV)
        #expect(failure(changed(8, 0)) == .notWAV)
        #expect(failure(changed(20, 3)) == .encoding)
        #expect(failure(changed(34, 8)) == .encoding)
        #expect(failure(changed(22, 0)) == .channels(0))
        #expect(failure(changed(22, 3)) == .channels(3))
        #expect(failure(changed(26, 0xff)) == .sampleRate(0xff1f40))
        #expect(failure(changed(16, 15)) == .truncated)
        #expect(failure(changed(16, 200)) == .truncated)
        #expect(failure(changed(12, 0)) == .missingChunk("fmt "))
        #expect(failure(changed(36, 0)) == .missingChunk("data"))
        for count in 12..<44 { #expect(failure(Array(good[..<count])) != nil) }
        #expect(throws: WAVError.file(errno: ENOENT)) { try WAVAudio(contentsOf: "/nonexistent/x.wav") }
    }

    @Test("samples that the file does not have are not read")
    func longerThanFile() throws {
        var octets = Self.audio.serialized()
        octets.replaceSubrange(40..<44, with: [0xff, 0xff, 0xff, 0xff])
        #expect(try WAVAudio(parsing: octets) == Self.audio)
        #expect(try WAVAudio(parsing: octets.dropLast()).samples == Self.audio.samples.dropLast())
    }

    @Test("a recording can be read while it is written and is exact once closed")
    func recorder() throws {
        let scratch = try Scratch()
        var recorder = try WAVRecorder(path: scratch.path, sampleRate: 8_000)
        #expect(try WAVAudio(contentsOf: scratch.path).samples.isEmpty)
        for _ in 0..<75 { try recorder.append([Int16](repeating: 7, count: 160)) }
        // One and a half seconds: the header was brought up to date after the first.
        #expect(try WAVAudio(contentsOf: scratch.path).duration == 1)
        try recorder.close()
        let audio = try WAVAudio(contentsOf: scratch.path)
        #expect(audio.duration == 1.5)
        #expect(audio.samples == [Int16](repeating: 7, count: 12_000))
        do throws(WAVError) {
            try recorder.append([1])
            Issue.record("a closed recorder took samples")
        } catch {
            #expect(error == .file(errno: EBADF))
        }
    }

    @Test("a recorder that is dropped leaves an exact header")
    func dropped() throws {
        let scratch = try Scratch()
        do {
            var recorder = try WAVRecorder(path: scratch.path, sampleRate: 16_000, channels: 2)
            try recorder.append([1, 2, 3, 4])
        }
        #expect(try WAVAudio(contentsOf: scratch.path).samples == [1, 2, 3, 4])
    }
}
