import Telemetry
import Testing

@Suite struct MetricsTextTests {
    private func text(_ families: MetricFamily...) -> String {
        String(decoding: MetricsText.render(families), as: UTF8.self)
    }

    @Test func `a family has its HELP, its TYPE and its samples`() {
        let family = MetricFamily(
            "euccs_flows", help: "Flows that stand.", kind: .gauge,
            samples: [
                MetricSample(3, labels: [.init("side", "access"), .init("cell", "0")]),
                MetricSample(0.5, labels: [.init("side", "border")]),
            ])
        #expect(
            text(family) == """
                # HELP euccs_flows Flows that stand.
                # TYPE euccs_flows gauge
                euccs_flows{side="access",cell="0"} 3
                euccs_flows{side="border"} 0.5

                """)
    }

    @Test func `quotation marks, backslashes and line ends are escaped where the format wants it`() {
        let family = MetricFamily(
            "a_total", help: "one\\two\nthree \"four\"", kind: .counter,
            samples: [MetricSample(1, labels: [.init("name", "a\\b\n\"c\" è")])])
        #expect(
            text(family) == """
                # HELP a_total one\\\\two\\nthree "four"
                # TYPE a_total counter
                a_total{name="a\\\\b\\n\\"c\\" è"} 1

                """)
    }

    @Test func `families of one name have one HELP and one TYPE`() {
        let first = MetricFamily("a", help: "A.", kind: .gauge, samples: [MetricSample(1, labels: [.init("n", "1")])])
        let other = MetricFamily("b", help: "B.", kind: .gauge, value: 9)
        let again = MetricFamily(
            "a", help: "Again.", kind: .gauge,
            samples: [MetricSample(2, labels: [.init("n", "2")]), MetricSample(7, labels: [.init("n", "1")])])
        #expect(
            text(first, other, again) == """
                # HELP a A.
                # TYPE a gauge
                a{n="1"} 1
                a{n="2"} 2
                # HELP b B.
                # TYPE b gauge
                b 9

                """)
    }

    @Test(arguments: [
        (0.0, "0"), (-3.0, "-3"), (1e18, "1e+18"), (9_007_199_254_740_991.0, "9007199254740991"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (0.25, "0.25"),
    ])
    func `numbers are written as the format knows them`(value: Double, written: String) {
        #expect(text(MetricFamily("a", help: "", kind: .gauge, value: value)).hasSuffix("a \(written)\n"))
    }

    @Test(arguments: ["", "1a", "a b", "a-b", "ä", "a\n"])
    func `a name that the format does not know is left out`(name: String) {
        #expect(text(MetricFamily(name, help: "", kind: .gauge, value: 1)) == "")
        let labelled = MetricFamily(
            "a", help: "", kind: .gauge,
            samples: [MetricSample(1, labels: [.init(name, "x"), .init("__own", "x"), .init("ok", "y")])])
        #expect(text(labelled).hasSuffix("a{ok=\"y\"} 1\n"))
    }
}
