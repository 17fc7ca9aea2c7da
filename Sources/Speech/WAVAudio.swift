/// Why octets are no WAV file that can be played, or a file cannot be read or written.
public enum WAVError: Error, Hashable, Sendable {
    /// No RIFF/WAVE header.
    case notWAV
    /// Ends within what it says it has before the samples.
    case truncated
    /// Not PCM of 16 bits.
    case encoding
    /// Neither mono nor stereo.
    case channels(Int)
    case sampleRate(Int)
    /// No format or no samples.
    case missingChunk(String)
    case file(errno: Int32)
}

/// PCM of 16 bits, one or two channels.
public struct WAVAudio: Hashable, Sendable {
    /// Samples per second and channel.
    public var sampleRate: Int
    /// 1 or 2.
    public var channels: Int
    /// Channels interleaved.
    public var samples: [Int16]

    public init(sampleRate: Int, channels: Int = 1, samples: [Int16]) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.samples = samples
    }

    /// Seconds.
    public var duration: Double { Double(samples.count) / Double(channels * sampleRate) }

    /// One channel: the mean of two.
    public var mono: [Int16] {
        guard channels == 2 else { return samples }
        return stride(from: 0, to: samples.count - 1, by: 2).map {
            Int16((Int(samples[$0]) + Int(samples[$0 + 1])) / 2)
        }
    }

    /// One channel at another rate.
    public func mono(at rate: Int) -> [Int16] {
        rate == sampleRate ? mono : Resampler(from: sampleRate, to: rate).convert(mono)
    }

    /// Reads a file's octets. Chunks besides format and samples are skipped. A sample chunk that says it is longer than
    /// the file, as a recorder leaves it that was killed, has what is there.
    public init(parsing octets: [UInt8]) throws(WAVError) {
        guard octets.count >= 12, octets.name(at: 0) == "RIFF", octets.name(at: 8) == "WAVE" else { throw .notWAV }
        var format: (channels: Int, rate: Int)?
        var offset = 12
        while offset + 8 <= octets.count {
            let name = octets.name(at: offset)
            let stated = Int(octets.littleEndian32(at: offset + 4))
            let body = offset + 8
            if name == "data" {
                guard let format else { throw .missingChunk("fmt ") }
                let count = min(stated, octets.count - body) / (2 * format.channels) * format.channels
                sampleRate = format.rate
                channels = format.channels
                samples = (0..<count).map { Int16(bitPattern: octets.littleEndian16(at: body + 2 * $0)) }
                return
            }
            guard stated <= octets.count - body else { throw .truncated }
            if name == "fmt " { format = try Self.format(octets[body..<(body + stated)]) }
            offset = body + stated + stated % 2
        }
        throw .missingChunk(format == nil ? "fmt " : "data")
    }

    private static func format(_ chunk: ArraySlice<UInt8>) throws(WAVError) -> (channels: Int, rate: Int) {
        let octets = Array(chunk)
        guard octets.count >= 16 else { throw .truncated }
        var encoding = octets.littleEndian16(at: 0)
        // WAVE_FORMAT_EXTENSIBLE: the true encoding begins the identifier behind.
        if encoding == 0xfffe {
            guard octets.count >= 26 else { throw .truncated }
            encoding = octets.littleEndian16(at: 24)
        }
        guard encoding == 1, octets.littleEndian16(at: 14) == 16 else { throw .encoding }
        let channels = Int(octets.littleEndian16(at: 2))
        guard channels == 1 || channels == 2 else { throw .channels(channels) }
        let rate = Int(octets.littleEndian32(at: 4))
        guard (1_000...384_000).contains(rate) else { throw .sampleRate(rate) }
        return (channels, rate)
    }

    /// The octets of a file.
    public func serialized() -> [UInt8] {
        var octets = WAVHeader(sampleRate: sampleRate, channels: channels, dataOctets: samples.count * 2).octets
        octets.reserveCapacity(octets.count + samples.count * 2)
        for sample in samples { octets.appendLittleEndian(UInt16(bitPattern: sample)) }
        return octets
    }
}

/// The 44 octets before the samples.
struct WAVHeader {
    var sampleRate: Int
    var channels: Int
    var dataOctets: Int

    var octets: [UInt8] {
        var octets = Array("RIFF".utf8)
        octets.appendLittleEndian(UInt32(clamping: 36 + dataOctets))
        octets += "WAVEfmt ".utf8
        octets.appendLittleEndian(UInt32(16))
        octets.appendLittleEndian(UInt16(1))
        octets.appendLittleEndian(UInt16(clamping: channels))
        octets.appendLittleEndian(UInt32(clamping: sampleRate))
        octets.appendLittleEndian(UInt32(clamping: sampleRate * channels * 2))
        octets.appendLittleEndian(UInt16(clamping: channels * 2))
        octets.appendLittleEndian(UInt16(16))
        octets += "data".utf8
        octets.appendLittleEndian(UInt32(clamping: dataOctets))
        return octets
    }
}

extension [UInt8] {
    fileprivate func name(at offset: Int) -> String {
        String(decoding: self[offset..<(offset + 4)], as: UTF8.self)
    }

    fileprivate func littleEndian16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    }

    fileprivate func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian16(at: offset)) | UInt32(littleEndian16(at: offset + 2)) << 16
    }

    mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
