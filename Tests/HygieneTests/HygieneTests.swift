import Foundation
import Testing

/// The house rules that a compiler does not check.
struct HygieneTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct Source {
        var path: String
        var lines: [String]
    }

    static func sources(under folders: [String]) throws -> [Source] {
        var found: [Source] = []
        for folder in folders {
            let base = root.appendingPathComponent(folder)
            let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
            while let file = files?.nextObject() as? URL {
                guard file.pathExtension == "swift" else { continue }
                let text = try String(contentsOf: file, encoding: .utf8)
                found.append(Source(path: file.path, lines: text.components(separatedBy: "\n")))
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    static func violations(of pattern: String, in sources: [Source]) throws -> [String] {
        let expression = try NSRegularExpression(pattern: pattern)
        return sources.flatMap { source in
            source.lines.enumerated().compactMap { number, line in
                let code = line.trimmingCharacters(in: .whitespaces)
                guard !code.hasPrefix("//") else { return nil }
                let range = NSRange(line.startIndex..., in: line)
                guard expression.firstMatch(in: line, range: range) != nil else { return nil }
                return "\(source.path):\(number + 1): \(code)"
            }
        }
    }

    @Test func `nothing that decides sees a clock, randomness, a task or the world`() throws {
        let core = try Self.sources(under: ["Core/Sources"])
        #expect(core.count > 40)
        let pattern =
            #"\bDate\(|ContinuousClock|SuspendingClock|\.now\b|\.random\(|SystemRandomNumberGenerator|\bTask\s*[{.]|"#
            + #"^\s*(public |internal |package |private )?import (Foundation|FoundationEssentials|NIO\w*|Dispatch|Logging|Glibc|Synchronization)\b|\bactor [A-Z]"#
        #expect(try Self.violations(of: pattern, in: core) == [])
    }

    @Test func `the rule itself finds what it forbids`() throws {
        let sample = Source(
            path: "x", lines: ["import Foundation", "// import Foundation", "let d = Date()", "Task { }"])
        let pattern = #"\bDate\(|\bTask\s*[{.]|^import Foundation"#
        #expect(try Self.violations(of: pattern, in: [sample]).count == 3)
    }

    @Test func `a peer cannot make us force anything`() throws {
        let ours = try Self.sources(under: ["Core/Sources", "Sources"])
        #expect(try Self.violations(of: #"\btry!|\bas!|\bfatalError\("#, in: ours) == [])
    }

    @Test func `no file is longer than 800 lines`() throws {
        let ours = try Self.sources(under: ["Core/Sources", "Sources"])
        #expect(ours.filter { $0.lines.count > 800 }.map(\.path) == [])
    }

    @Test func `unchecked sendability gives its reason`() throws {
        for source in try Self.sources(under: ["Core/Sources", "Sources"]) {
            for (index, line) in source.lines.enumerated() where line.contains("@unchecked Sendable") {
                let context = source.lines[max(0, index - 8)..<index].joined(separator: "\n")
                #expect(context.contains("//"), "\(source.path):\(index + 1) gives no reason")
            }
        }
    }

    @Test func `each deliberate deviation stands in the ledger, with the file that deviates`() throws {
        let marked = Set(
            try Self.sources(under: ["Core/Sources", "Sources"])
                .filter { $0.lines.contains { $0.contains("NOTSPEC") } }
                .map { URL(fileURLWithPath: $0.path).deletingPathExtension().lastPathComponent })
        let ledger = try String(contentsOf: Self.root.appendingPathComponent("CONFORMANCE.md"), encoding: .utf8)
        let table = try #require(
            ledger.components(separatedBy: "| Specification | What is done instead").dropFirst().first)
        let rows = table.components(separatedBy: "\n").dropFirst(2).prefix { $0.hasPrefix("|") }
        let told = rows.flatMap { row in
            (row.components(separatedBy: "|").dropLast().last ?? "").components(separatedBy: "`")
                .enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        }
        #expect(rows.count > 10)
        #expect(marked == Set(told))
    }
}
