import Foundation
import MCFoundation
import Telemetry

/// What the operating system says of this process. Names: OpenTelemetry, "Semantic conventions for OS process metrics".
enum ProcessMetrics {
    static func families(started: Instant, now: Instant) -> [MetricFamily] {
        var families = [
            MetricFamily(
                "process_uptime_seconds", help: "Time since the system came up.", kind: .gauge,
                value: (now - started).inSeconds)
        ]
        if let octets = residentOctets {
            families.append(
                MetricFamily(
                    "process_memory_usage_bytes", help: "Resident memory of the process.", kind: .gauge, value: octets))
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            families.append(
                MetricFamily(
                    "process_unix_file_descriptor_count", help: "Open files and sockets.", kind: .gauge,
                    value: Double(files)))
        }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
            families.append(
                MetricFamily(
                    "process_cpu_time_seconds_total", help: "Processor time.", kind: .counter,
                    samples: [
                        MetricSample(seconds(usage.ru_utime), labels: [.init("cpu_mode", "user")]),
                        MetricSample(seconds(usage.ru_stime), labels: [.init("cpu_mode", "system")]),
                    ]))
        }
        return families
    }

    /// The second number of /proc/self/statm, in pages (proc(5)).
    private static var residentOctets: Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let numbers = text.split(separator: " ")
        guard numbers.count > 1, let pages = Double(numbers[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }
}
