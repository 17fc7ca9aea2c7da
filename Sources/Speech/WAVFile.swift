internal import Glibc

extension WAVAudio {
    /// Largest file that is read: an hour of stereo at 48 kHz and some.
    public static let maximumFileOctets = 1 << 30

    /// Reads a file.
    public init(contentsOf path: String) throws(WAVError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(errno: errno) }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw .file(errno: errno)
            }
            guard octets.count + count <= Self.maximumFileOctets else { throw .file(errno: EFBIG) }
            octets += buffer[..<count]
        }
        try self.init(parsing: octets)
    }

    /// Writes a file, in place of one that is there.
    public func write(to path: String) throws(WAVError) {
        var recorder = try WAVRecorder(path: path, sampleRate: sampleRate, channels: channels)
        try recorder.append(samples)
        try recorder.close()
    }
}

/// Writes a WAV file while the speech comes. The header says after every second what is there, so that the file can be
/// played at any time and survives the end of the process; closing makes it exact.
public struct WAVRecorder: ~Copyable {
    public let sampleRate: Int
    public let channels: Int
    private var descriptor: Int32
    private var dataOctets = 0
    private var statedOctets = 0

    /// Creates the file, in place of one that is there.
    public init(path: String, sampleRate: Int, channels: Int = 1) throws(WAVError) {
        guard channels == 1 || channels == 2 else { throw .channels(channels) }
        guard (1_000...384_000).contains(sampleRate) else { throw .sampleRate(sampleRate) }
        let opened = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw .file(errno: errno) }
        do throws(WAVError) {
            try Self.write(
                WAVHeader(sampleRate: sampleRate, channels: channels, dataOctets: 0).octets, to: opened, at: 0)
        } catch {
            _ = Glibc.close(opened)
            throw error
        }
        self.sampleRate = sampleRate
        self.channels = channels
        descriptor = opened
    }

    deinit {
        if descriptor >= 0 {
            // Nobody is left to hear of an error; the header of a second ago still holds.
            try? writeHeader()
            _ = Glibc.close(descriptor)
        }
    }

    /// Seconds written.
    public var duration: Double { Double(dataOctets) / Double(2 * channels * sampleRate) }

    /// Appends samples, channels interleaved.
    public mutating func append(_ samples: [Int16]) throws(WAVError) {
        var octets: [UInt8] = []
        octets.reserveCapacity(samples.count * 2)
        for sample in samples { octets.appendLittleEndian(UInt16(bitPattern: sample)) }
        try Self.write(octets, to: descriptor, at: 44 + dataOctets)
        dataOctets += octets.count
        guard dataOctets - statedOctets >= 2 * channels * sampleRate else { return }
        try writeHeader()
        statedOctets = dataOctets
    }

    /// Makes the header exact and closes the file. Further samples are an error.
    public mutating func close() throws(WAVError) {
        guard descriptor >= 0 else { return }
        defer { descriptor = -1 }
        do throws(WAVError) {
            try writeHeader()
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        guard Glibc.close(descriptor) == 0 else { throw .file(errno: errno) }
    }

    private func writeHeader() throws(WAVError) {
        let header = WAVHeader(sampleRate: sampleRate, channels: channels, dataOctets: dataOctets)
        try Self.write(header.octets, to: descriptor, at: 0)
    }

    private static func write(_ octets: [UInt8], to descriptor: Int32, at position: Int) throws(WAVError) {
        var done = 0
        while done < octets.count {
            let count = octets.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress?.advanced(by: done), octets.count - done, off_t(position + done))
            }
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                throw .file(errno: count < 0 ? errno : EIO)
            }
            done += count
        }
    }
}
