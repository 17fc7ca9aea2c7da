import MCFoundation

/// The report as people read it in a terminal.
public enum ReportTable {
    public static func text(_ report: LabReport) -> String {
        var lines: [String] = ["", "Every talk burst", ""]
        lines.append(
            row(
                ["#", "talker", "from", "to group", "access", "ms", "s", "sent", "heard by", "lost", "ear ms 50/95"],
                burstWidths))
        for burst in report.bursts {
            let hearings = report.hearings.filter { $0.burst == burst.number }
            let whole = hearings.filter(\.isWhole).count
            let delays = hearings.flatMap(\.mouthToEarMilliseconds).sorted()
            lines.append(
                row(
                    [
                        String(burst.number), burst.talker, burst.country, burst.group, access(burst),
                        decimal(burst.accessMilliseconds), decimal(burst.seconds), String(burst.packets),
                        "\(whole) of \(hearings.count)" + (burst.end == .released ? "" : " (\(burst.end.rawValue))"),
                        String(hearings.map(\.packetsLost).reduce(0, +)),
                        "\(decimal(Percentile.of(delays, 0.5)))/\(decimal(Percentile.of(delays, 0.95)))",
                    ], burstWidths))
        }
        lines += ["", "Who heard whom (packets heard of sent)", ""]
        for burst in report.bursts {
            let ears = report.hearings.filter { $0.burst == burst.number }.map { hearing in
                "\(hearing.listener) \(hearing.country) \(hearing.packetsHeard)/\(hearing.packetsSent)"
                    + (hearing.isLateEntry ? " (came late)" : "") + (hearing.isWhole ? "" : " NOT WHOLE")
            }
            lines.append("  \(burst.number). \(burst.talker): " + ears.joined(separator: ", "))
        }
        lines += ["", "Key performance indicators of TS 22.179", ""]
        lines.append(row(["", "", "limit", "samples", "median", "95 %", "max", ""], kpiWidths))
        lines.append("  in-country")
        lines += report.kpis.inCountry.map(kpiRow)
        lines.append("  across the border (no limit exists: published)")
        lines += report.kpis.acrossBorder.map(kpiRow)
        lines.append("")
        lines += report.failures.map { "FAILED: \($0)" }
        lines.append(
            report.everybodyHeard
                ? "Everybody who should have heard did, each burst whole, and nobody else heard."
                : "\(report.failures.count) expectations did not come true.")
        return lines.joined(separator: "\n")
    }

    private static let burstWidths = [3, 18, 5, 16, 10, 8, 6, 6, 22, 6, 14]
    private static let kpiWidths = [8, 36, 9, 8, 9, 9, 9, 8]

    private static func access(_ burst: LabReport.Burst) -> String {
        switch burst.access {
        case .immediate: "at once"
        case .queued: "queued"
        case .withCallSetUp: "set-up"
        }
    }

    private static func kpiRow(_ kpi: KPI) -> String {
        let verdict = kpi.holds.map { $0 ? "holds" : "MISSED" } ?? ""
        return row(
            [
                kpi.name, kpi.meaning, kpi.limitMilliseconds.map { "< \(decimal($0, 0))" } ?? "-", String(kpi.samples),
                decimal(kpi.median), decimal(kpi.percentile95), decimal(kpi.maximum), verdict,
            ], kpiWidths)
    }

    private static func row(_ cells: [String], _ widths: [Int]) -> String {
        "  "
            + zip(cells, widths).map { cell, width in
                cell.count >= width ? cell + " " : cell + String(repeating: " ", count: width - cell.count)
            }.joined()
    }

    private static func decimal(_ value: Double?, _ digits: Int = 1) -> String {
        guard let value else { return "-" }
        let scale = digits == 0 ? 1.0 : 10.0
        let rounded = (value * scale).rounded() / scale
        return digits == 0 ? String(Int(rounded)) : String(rounded)
    }
}
