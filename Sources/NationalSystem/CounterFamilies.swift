import Telemetry

/// Structs of counters as families, one a field, so that none is forgotten when one is added. `openFlows` of
/// `SignallingCounters` is `euccs_signalling_open_flows`.
enum CounterFamilies {
    /// - Parameters:
    ///   - prefix: of the names, such as `euccs_signalling`.
    ///   - gauges: fields that also fall.
    ///   - labels: of every sample.
    static func of<Counters>(
        _ counters: Counters, prefix: String, gauges: Set<String> = [], labels: [MetricSample.Label] = []
    ) -> [MetricFamily] {
        Mirror(reflecting: counters).children.compactMap { child in
            guard let field = child.label, let value = number(child.value) else { return nil }
            let words = words(of: field)
            let isGauge = gauges.contains(field)
            return MetricFamily(
                "\(prefix)_\(words.joined(separator: "_"))\(isGauge ? "" : "_total")",
                help: "\(type(of: counters)).\(field): \(words.joined(separator: " ")). See the handbook, Counters.",
                kind: isGauge ? .gauge : .counter, samples: [MetricSample(value, labels: labels)])
        }
    }

    private static func number(_ value: Any) -> Double? {
        switch value {
        case let value as Int: Double(value)
        case let value as UInt64: Double(value)
        case let value as Int64: Double(value)
        default: nil
        }
    }

    /// `audioForeignSSRC` is audio, foreign, ssrc.
    static func words(of field: String) -> [String] {
        var words: [String] = []
        var wasLower = false
        for character in field {
            if character.isUppercase, wasLower || words.isEmpty {
                words.append("")
            } else if words.isEmpty {
                words.append("")
            }
            words[words.count - 1] += character.lowercased()
            wasLower = !character.isUppercase
        }
        return words
    }
}
