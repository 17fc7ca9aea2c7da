import Credentials
import Foundation
import Testing

@Suite struct SealKeyTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("seal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appendingPathComponent("audit.key").path)
    }

    @Test func `a signature holds for its payload and its key only`() throws {
        let key = try SealKey()
        let signature = try key.sign([1, 2, 3])
        #expect(signature.count == 64)
        let known = try #require(SealPublicKey(octets: key.publicKey.octets))
        #expect(known.isGenuine(signature, of: [1, 2, 3]))
        #expect(!known.isGenuine(signature, of: [1, 2, 4]))
        #expect(!known.isGenuine([], of: [1, 2, 3]))
        #expect(try !SealKey().publicKey.isGenuine(signature, of: [1, 2, 3]))
        #expect(known.id == key.id)
        #expect(key.id.count == 64)
        #expect(SealPublicKey(octets: [4]) == nil)
    }

    @Test func `a key does not print`() throws {
        let key = try SealKey()
        let secret = try #require(key.pem.split(separator: "\n").dropFirst().first)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains(secret)) }
    }

    @Test func `the file is made once, for its owner only, and read back`() throws {
        try inFolder { path in
            let made = try SealKeyFile.open(path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try SealKeyFile.open(path).id == made.id)
            let new = try SealKeyFile.rotate(path)
            #expect(new.id != made.id)
            #expect(try SealKeyFile.open(path).id == new.id)
        }
    }

    @Test func `what a crash left half written is no key, and in nobody's way`() throws {
        try inFolder { path in
            // The key is written beside its place, and takes it when it is whole.
            try Data("-----BEGIN".utf8).write(to: URL(fileURLWithPath: path + ".new"))
            let made = try SealKeyFile.open(path)
            #expect(try SealKeyFile.open(path).id == made.id)
            #expect(!FileManager.default.fileExists(atPath: path + ".new"))
            try Data("-----BEGIN".utf8).write(to: URL(fileURLWithPath: path + ".new"))
            let new = try SealKeyFile.rotate(path)
            #expect(try SealKeyFile.open(path).id == new.id)
            #expect(!FileManager.default.fileExists(atPath: path + ".new"))
        }
    }

    @Test func `a file that others may read, or that holds no key, is refused`() throws {
        try inFolder { path in
            _ = try SealKeyFile.open(path)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            #expect(throws: SealKeyFileError.self) { _ = try SealKeyFile.open(path) }
            try Data("no key".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(throws: SealKeyFileError.self) { _ = try SealKeyFile.open(path) }
        }
    }
}
