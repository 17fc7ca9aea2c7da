import Foundation
import Synchronization

/// One national system as a process of its own. It ends with the lab, however that ends: it reads the end of its input.
final class SystemChild: Sendable {
    let country: LabCountry
    private let process: Mutex<Process>
    private let lifeline: Pipe

    /// Starts `program serve --attached --config FILE`. Its log goes to `log`.
    init(country: LabCountry, program: String, configuration: URL, tlsKeyLog: String?, log: URL) throws {
        self.country = country
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        lifeline = Pipe()
        let child = Process()
        child.executableURL = URL(fileURLWithPath: program)
        child.arguments =
            ["serve", "--attached", "--config", configuration.path] + (tlsKeyLog.map { ["--tls-key-log", $0] } ?? [])
        child.standardOutput = output
        child.standardError = output
        child.standardInput = lifeline
        try child.run()
        process = Mutex(child)
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }
    var pid: Int32 { process.withLock { $0.processIdentifier } }

    /// Asks it to end, and waits until it has, at most five seconds; then it is ended.
    func stop() {
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
