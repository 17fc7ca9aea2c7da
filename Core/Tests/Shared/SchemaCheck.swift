import Foundation

/// Documents against the schemas of the specifications, by xmllint. The schemas are not ours to ship: `MCX_SCHEMAS`
/// names the folder with them. This file stands in every test target that uses it, by a link.
enum SchemaCheck {
    /// nil where the folder is not named.
    static let folder = ProcessInfo.processInfo.environment["MCX_SCHEMAS"]

    /// Whether a schema is there, by its path in the folder.
    static func has(_ schema: String) -> Bool {
        folder.map { FileManager.default.fileExists(atPath: "\($0)/\(schema)") } ?? false
    }

    /// What is wrong with a document, with the document; nil where it is valid.
    static func complaint(about octets: [UInt8], schema: String) throws -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["xmllint", "--nonet", "--noout", "--schema", "\(folder ?? "")/\(schema)", "-"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        input.fileHandleForWriting.write(Data(octets))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? nil : text + String(decoding: octets, as: UTF8.self)
    }
}
