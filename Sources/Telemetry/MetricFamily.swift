/// What a number means to whoever collects it.
public enum MetricKind: String, Hashable, Sendable {
    /// Only ever grows, from the start of the process; its name ends in `_total`.
    case counter
    /// A value of the moment.
    case gauge
}

/// One number with the labels that tell it from the others of its family.
public struct MetricSample: Hashable, Sendable {
    public struct Label: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var labels: [Label]
    public var value: Double

    public init(_ value: Double, labels: [Label] = []) {
        self.labels = labels
        self.value = value
    }
}

/// Numbers of one meaning. Names follow the conventions of OpenTelemetry with underscores for dots, and end with the unit,
/// a counter with `_total` after it.
public struct MetricFamily: Hashable, Sendable {
    public var name: String
    /// One sentence for people.
    public var help: String
    public var kind: MetricKind
    public var samples: [MetricSample]

    public init(_ name: String, help: String, kind: MetricKind, samples: [MetricSample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    /// One number without labels.
    public init(_ name: String, help: String, kind: MetricKind, value: Double) {
        self.init(name, help: help, kind: kind, samples: [MetricSample(value)])
    }
}
