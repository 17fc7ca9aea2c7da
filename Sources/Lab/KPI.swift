/// One key performance indicator of TS 22.179 6.15 with what was measured.
public struct KPI: Sendable, Codable {
    public var name: String
    public var meaning: String
    /// Milliseconds that the given share of the samples must stay below; nil where no limit exists (across a border).
    public var limitMilliseconds: Double?
    /// Share of the samples for which the limit counts.
    public var share: Double
    public var samples: Int
    public var median: Double?
    public var percentile95: Double?
    public var maximum: Double?
    /// nil where there is no limit or nothing was measured.
    public var holds: Bool?

    public init(name: String, meaning: String, limit: Double?, share: Double, values: [Double]) {
        self.name = name
        self.meaning = meaning
        limitMilliseconds = limit
        self.share = share
        samples = values.count
        let sorted = values.sorted()
        median = Percentile.of(sorted, 0.5)
        percentile95 = Percentile.of(sorted, 0.95)
        maximum = sorted.last
        if let limit, let worst = share >= 1 ? maximum : percentile95 { holds = worst < limit }
    }
}

public enum Percentile {
    /// Nearest-rank percentile of sorted values; nil for none.
    public static func of(_ sorted: [Double], _ share: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}

/// The indicators of one run, in-country and across the border apart. TS 22.179 has no limit for an interconnected
/// path: there the figures are published without a verdict.
public struct KPIReport: Sendable, Codable {
    public var inCountry: [KPI]
    public var acrossBorder: [KPI]

    public init(bursts: [TalkBurst], hearings: [Hearing], lateEntries: [LateEntry]) {
        func report(crossing: Bool) -> [KPI] {
            let own = bursts.filter { $0.pressCrossesBorder == crossing }
            // A call is set up towards everybody who is invited: with somebody abroad it is set up across a border.
            let setUps = bursts.filter { burst in
                burst.access == .withCallSetUp
                    && (burst.pressCrossesBorder || burst.listeners.contains { $0.country != burst.groupCountry })
                        == crossing
            }
            let heard = hearings.filter { $0.crossesBorder == crossing }
            func limit(_ value: Double) -> Double? { crossing ? nil : value }
            return [
                KPI(
                    name: "KPI 1", meaning: "access time, call up, granted at once", limit: limit(300), share: 0.95,
                    values: own.filter { $0.access == .immediate }.map(\.accessMilliseconds)),
                KPI(
                    name: "KPI 1q", meaning: "access time, queued (no limit)", limit: nil, share: 0.95,
                    values: own.filter { $0.access == .queued }.map(\.accessMilliseconds)),
                KPI(
                    name: "KPI 2", meaning: "end-to-end access with call set-up", limit: limit(1000), share: 1,
                    values: setUps.map(\.accessMilliseconds)),
                KPI(
                    name: "KPI 3", meaning: "mouth to ear", limit: limit(300), share: 0.95,
                    values: heard.flatMap(\.mouthToEarMilliseconds)),
                KPI(
                    name: "KPI 4a", meaning: "late call entry", limit: limit(150), share: 0.95,
                    values: lateEntries.filter { $0.crossesBorder == crossing }.map(\.milliseconds)),
            ]
        }
        inCountry = report(crossing: false)
        acrossBorder = report(crossing: true)
    }

    /// True where every in-country indicator with a limit was measured and holds.
    public var inCountryHolds: Bool {
        inCountry.allSatisfy { $0.limitMilliseconds == nil || $0.holds == true }
    }
}

/// A responder that came into a running call: from the moment its entry began to the first speech it heard.
public struct LateEntry: Sendable, Codable {
    public var listener: String
    public var crossesBorder: Bool
    public var milliseconds: Double

    public init(listener: String, crossesBorder: Bool, milliseconds: Double) {
        self.listener = listener
        self.crossesBorder = crossesBorder
        self.milliseconds = milliseconds
    }
}
