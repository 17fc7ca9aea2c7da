import Foundation
import Testing

/// The benchmark's package borrows rooms of the programs by links. What those rooms import has to be linked too, which
/// nothing else would tell before somebody runs the benchmark.
@Suite struct BenchmarkPackageTests {
    @Test func `every room of the programs that a linked room imports is linked beside it`() throws {
        let files = FileManager.default
        // These tests are built from two places, of which one is a link.
        var root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while root.path != "/", !files.fileExists(atPath: root.appendingPathComponent("ARCHITECTURE.md").path) {
            root.deleteLastPathComponent()
        }
        let rooms = Set(try files.contentsOfDirectory(atPath: root.appendingPathComponent("Sources").path))
        let benchmark = root.appendingPathComponent("Benchmarks/media-fanout/Sources")
        let linked = rooms.intersection(try files.contentsOfDirectory(atPath: benchmark.path))
        #expect(linked.contains("MediaDriver"))
        for room in linked {
            let folder = root.appendingPathComponent("Sources").appendingPathComponent(room)
            for file in try files.contentsOfDirectory(atPath: folder.path) where file.hasSuffix(".swift") {
                let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                for line in text.split(separator: "\n") {
                    let words = line.split(separator: " ")
                    guard words.contains("import"), let module = words.last.map(String.init) else { continue }
                    #expect(!rooms.contains(module) || linked.contains(module), "\(room)/\(file) imports \(module)")
                }
            }
        }
    }
}
