import Foundation

/// An operator at the command line: `euccs admin`.
struct LabAdministration {
    let program: String

    func run(_ arguments: [String]) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["admin"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw LabError(
                "euccs admin \(arguments.first ?? "") ended with \(process.terminationStatus):\n"
                    + String(decoding: said, as: UTF8.self))
        }
    }
}
