public import Foundation

/// Decides when somebody is to be told that a certificate ends: once 60, 30 and 7 days before, and once when it has.
/// It is a value without a clock; whoever looks after certificates asks it now and then.
public struct CertificateWatch: Sendable {
    /// One certificate that is looked after.
    public struct Watched: Hashable, Sendable {
        /// What it is for; of each name there is one.
        public var name: String
        public var notAfter: Date

        public init(name: String, notAfter: Date) {
            self.name = name
            self.notAfter = notAfter
        }
    }

    /// From the mildest to the gravest.
    public enum Threshold: Int, CaseIterable, Comparable, Sendable {
        case sixtyDays, thirtyDays, sevenDays, expired

        /// Time before the end from which on it is reached.
        var lead: TimeInterval {
            switch self {
            case .sixtyDays: 60 * 86_400
            case .thirtyDays: 30 * 86_400
            case .sevenDays: 7 * 86_400
            case .expired: 0
            }
        }

        public static func < (left: Threshold, right: Threshold) -> Bool { left.rawValue < right.rawValue }
    }

    public struct Warning: Hashable, Sendable {
        public var name: String
        public var notAfter: Date
        public var threshold: Threshold
        /// Whole days, rounded down; below 0 where it has ended.
        public var daysLeft: Int
    }

    private struct Told {
        var notAfter: Date
        var threshold: Threshold
    }

    /// Only looked up by name, never gone through.
    private var told: [String: Told] = [:]

    public init() {}

    /// What is to be said now, in the order of the certificates. Of several thresholds that were passed since the last
    /// look the gravest is said. One that was renewed is looked after anew, one that is not listed any more is forgotten.
    public mutating func look(at certificates: [Watched], now: Date) -> [Warning] {
        var kept: [String: Told] = [:]
        var warnings: [Warning] = []
        for certificate in certificates {
            var before = told[certificate.name]
            if before?.notAfter != certificate.notAfter { before = nil }
            let left = certificate.notAfter.timeIntervalSince(now)
            guard let reached = Threshold.allCases.last(where: { left <= $0.lead }) else { continue }
            // A clock that is set back makes nothing milder that was said already.
            let threshold = max(reached, before?.threshold ?? reached)
            kept[certificate.name] = Told(notAfter: certificate.notAfter, threshold: threshold)
            if let before, before.threshold >= reached { continue }
            warnings.append(
                Warning(
                    name: certificate.name, notAfter: certificate.notAfter, threshold: reached,
                    daysLeft: CertificateSummary.days(from: now, until: certificate.notAfter)))
        }
        told = kept
        return warnings
    }
}
