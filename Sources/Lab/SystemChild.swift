import Foundation
import Synchronization

/// One national system as a process of its own.
final class SystemChild: Sendable {
    let country: LabCountry
    private let process: Mutex<Process>
    /// Set before the lab ends it, so that an end by itself can be told apart.
    private let isEnding = Mutex(false)

    /// Starts `program serve --config FILE`. Its log goes to `log`.
    init(country: LabCountry, program: String, configuration: URL, log: URL) throws {
        self.country = country
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        let child = Process()
        child.executableURL = URL(fileURLWithPath: program)
        child.arguments = ["serve", "--config", configuration.path]
        child.standardOutput = output
        child.standardError = output
        child.standardInput = FileHandle.nullDevice
        try child.run()
        process = Mutex(child)
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }
    var pid: Int32 { process.withLock { $0.processIdentifier } }

    /// Asks it to end, and waits until it has, at most five seconds; then it is ended.
    func stop() {
        isEnding.withLock { $0 = true }
        process.withLock { child in
            guard child.isRunning else { return }
            child.terminate()
            let limit = Date().addingTimeInterval(5)
            while child.isRunning, Date() < limit { Thread.sleep(forTimeInterval: 0.02) }
            if child.isRunning { kill(child.processIdentifier, SIGKILL) }
            child.waitUntilExit()
        }
    }
}
