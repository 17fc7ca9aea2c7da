/// The text exposition format of Prometheus, version 0.0.4.
public enum MetricsText {
    /// What HTTP calls it.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Families in the order of their first appearance, samples in theirs. Families of one name are joined, for a name may
    /// have one HELP and one TYPE only; a family or label whose name the format does not know is left out, and so is a
    /// sample whose labels are there already.
    public static func render(_ families: [MetricFamily]) -> [UInt8] {
        var text = ""
        for family in joined(families) {
            text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            var known: Set<[MetricSample.Label]> = []
            for sample in family.samples {
                let labels = sample.labels.filter { isLabelName($0.name) }
                guard known.insert(labels.sorted { $0.name < $1.name }).inserted else { continue }
                text += family.name
                if !labels.isEmpty {
                    let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
                    text += "{\(pairs.joined(separator: ","))}"
                }
                text += " \(number(sample.value))\n"
            }
        }
        return Array(text.utf8)
    }

    private static func joined(_ families: [MetricFamily]) -> [MetricFamily] {
        var joined: [MetricFamily] = []
        var places: [String: Int] = [:]
        for family in families where isName(family.name) {
            if let place = places[family.name] {
                joined[place].samples += family.samples
            } else {
                places[family.name] = joined.count
                joined.append(family)
            }
        }
        return joined
    }

    /// Backslash and line end, in values of labels also the quotation mark.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers that a double holds exactly are written as people write them.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    private static func isName(_ name: String) -> Bool { isWord(name.utf8, with: UInt8(ascii: ":")) }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`; two underscores at the beginning are Prometheus' own.
    private static func isLabelName(_ name: String) -> Bool { isWord(name.utf8, with: nil) && !name.hasPrefix("__") }

    private static func isWord(_ octets: String.UTF8View, with extra: UInt8?) -> Bool {
        func isStart(_ octet: UInt8) -> Bool {
            (97...122).contains(octet) || (65...90).contains(octet) || octet == 95 || octet == extra
        }
        guard let first = octets.first, isStart(first) else { return false }
        return octets.allSatisfy { isStart($0) || (48...57).contains($0) }
    }
}
