import CallControl
import ConfigurationFiles
import Foundation
import HostTime
import MCFoundation
import MCSystem
import MediaDistribution
import MediaDriver
import Policy
import SignallingDriver
public import Telemetry

extension NationalSystem {
    /// Everything that the system counts, at one moment. It waits for the signalling cell to finish what it is at.
    public func metrics() async -> [MetricFamily] {
        let cell = await signalling.look()
        let identity = configuration.identity
        var families = [
            MetricFamily(
                "euccs_info", help: "The system that these numbers are of.", kind: .gauge,
                samples: [
                    MetricSample(
                        1, labels: [.init("system", identity.id.value), .init("domain", identity.domain)])
                ]),
            MetricFamily(
                "euccs_draining", help: "1 where the system lets its calls end and takes no new ones.", kind: .gauge,
                value: isDraining ? 1 : 0),
        ]
        families += ProcessMetrics.families(started: started, now: SystemClock.now().instant)
        families += populations(cell.population)
        families += CounterFamilies.of(cell.counters, prefix: "euccs_cell")
        families.append(
            MetricFamily(
                "euccs_cell_refused_services_total", help: "Calls and other requests that a function refused.",
                kind: .counter,
                samples: cell.counters.refusals.all.map {
                    MetricSample(Double($0.count), labels: [.init("function", $0.function)])
                }))
        families += CounterFamilies.of(signallingCounters, prefix: "euccs_signalling", gauges: ["openFlows"])
        for (number, counters) in mediaCounters.enumerated() {
            let labels = [MetricSample.Label("media_cell", "\(number)")]
            families += CounterFamilies.of(counters.media, prefix: "euccs_media", labels: labels)
            var own = CounterFamilies.of(counters, prefix: "euccs_media_driver", labels: labels)
            own.removeAll { $0.name == "euccs_media_driver_processor_nanoseconds_total" }
            families += own
            families.append(
                MetricFamily(
                    "euccs_media_driver_cpu_time_seconds_total", help: "Processor time of the media cell's thread.",
                    kind: .counter,
                    samples: [MetricSample(Double(counters.processorNanoseconds) / 1_000_000_000, labels: labels)]))
            families += replyTimes(counters.replyTimes, labels)
        }
        families.append(certificateMetrics(at: Date()))
        return families
    }

    /// From a floor message's arrival in the kernel until its replies were handed to it. Quantiles are of everything
    /// since the start; collectors that want those of a time take the number of replies beside them.
    private func replyTimes(_ times: LatencyHistogram, _ labels: [MetricSample.Label]) -> [MetricFamily] {
        [
            MetricFamily(
                "euccs_media_driver_floor_replies_total", help: "Floor messages whose replies were timed.",
                kind: .counter, samples: [MetricSample(Double(times.count), labels: labels)]),
            MetricFamily(
                "euccs_media_driver_floor_reply_time_seconds",
                help: "From a floor message's arrival until its replies were handed to the kernel, since the start.",
                kind: .gauge,
                samples: [("0.5", 0.5), ("0.99", 0.99)].map { name, part in
                    MetricSample(
                        Double(times.quantile(part).wholeNanoseconds) / 1_000_000_000,
                        labels: labels + [.init("quantile", name)])
                }),
        ]
    }

    private func populations(_ population: CellPopulation) -> [MetricFamily] {
        let functions: [(String, FunctionPopulation)] = [
            ("participating", population.participating), ("controlling", population.controlling),
            ("gateway", population.gateway), ("documents", population.documents),
        ]
        func family(_ name: String, _ help: String, _ part: KeyPath<FunctionPopulation, Int>) -> MetricFamily {
            MetricFamily(
                name, help: help, kind: .gauge,
                samples: functions.map { MetricSample(Double($1[keyPath: part]), labels: [.init("function", $0)]) })
        }
        return [
            family("euccs_calls", "Calls that a function controls or passes on now.", \.calls),
            family("euccs_sessions", "SIP sessions of a function now.", \.sessions),
            MetricFamily(
                "euccs_registrations", help: "Registrations of devices.", kind: .gauge,
                value: Double(population.registrations)),
            MetricFamily(
                "euccs_affiliated_clients", help: "Clients affiliated with groups of this system, from everywhere.",
                kind: .gauge, value: Double(population.affiliatedClients)),
            MetricFamily(
                "euccs_client_connections", help: "Connections of clients.", kind: .gauge,
                value: Double(population.connections)),
            MetricFamily(
                "euccs_cell_invitations", help: "INVITEs from outside without final answer.", kind: .gauge,
                value: Double(population.invitations)),
            MetricFamily(
                "euccs_cell_transactions", help: "Requests between functions without answer.", kind: .gauge,
                value: Double(population.transactions)),
        ]
    }

    private func certificateMetrics(at now: Date) -> MetricFamily {
        MetricFamily(
            "euccs_certificate_expiry_days", help: "Days until a certificate ends; below 0 where it has.", kind: .gauge,
            samples: certificateDates().map { dated in
                let days = dated.notAfter.timeIntervalSince(now) / 86_400
                return MetricSample((days * 100).rounded(.down) / 100, labels: [.init("certificate", dated.role)])
            })
    }
}
