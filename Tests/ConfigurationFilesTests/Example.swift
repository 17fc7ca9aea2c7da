import ConfigurationFiles
import Foundation
import Testing

/// The reference example with the files that it names, in a folder of its own.
final class Example {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["access.pem", "access.key", "gateway.pem", "gateway.key", "it-root.pem", "fr-root.pem"] {
            try write("", name)
        }
        try write(Example.text("directory.yaml"), "directory.yaml")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    static func text(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/example/\(name)"), encoding: .utf8)
    }

    func system(_ text: String? = nil) throws -> SystemConfiguration {
        try .read(text: try text ?? Example.text("system.yaml"), file: "\(folder)/system.yaml")
    }

    /// What is wrong with the system file after a change, without the folder's name.
    func mistakes(replacing old: String, by new: String) throws -> [String] {
        let text = try Example.text("system.yaml")
        try #require(text.contains(old), "the example has no \(old)")
        return try told { _ = try system(text.replacingOccurrences(of: old, with: new)) }
    }

    func directoryMistakes(replacing old: String, by new: String) throws -> [String] {
        let text = try Example.text("directory.yaml")
        try #require(text.contains(old), "the example has no \(old)")
        let system = try system()
        try write(text.replacingOccurrences(of: old, with: new), "directory.yaml")
        return try told { _ = try DirectoryFile.read(for: system) }
    }

    func told(_ work: () throws -> Void) throws -> [String] {
        do {
            try work()
            return []
        } catch let error as ConfigurationError {
            return error.issues.map { $0.description.replacingOccurrences(of: folder + "/", with: "") }
        }
    }
}
