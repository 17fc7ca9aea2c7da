"""What was measured: a table for people and a file for programs."""

import json
import os
import platform
import time


def load():
    with open("/proc/loadavg", encoding="ascii") as file:
        return [float(word) for word in file.read().split()[:3]]


class Figures:
    def __init__(self, users, groups):
        self.rows = []
        self.verdicts = []
        self.about = {
            "users": users, "groups": groups, "processors": os.cpu_count(), "machine": platform.machine(),
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "load_before": load()}

    def add(self, what, value, unit, peer=None, of="", note=""):
        """PEER is what somebody else's program took for the same in this run, and OF says whose."""
        row = {"what": what, "value": round(value, 3), "unit": unit}
        if peer:
            row |= {"peer": round(peer, 3), "peer_is": of, "ratio": round(value / peer, 2)}
        if note:
            row["note"] = note
        self.rows.append(row)
        beside = f"  {self.number(row['peer'])} {unit} {of}, ratio {row['ratio']}" if peer else ""
        print(f"{what:<58} {self.number(row['value']):>10} {unit:<6}{beside}{'  ' + note if note else ''}", flush=True)

    def add_times(self, what, seconds, peer=None, of=""):
        """Median, p99 and worst in milliseconds; the peer's numbers are a list too."""
        for name, share in (("median", 0.5), ("p99", 0.99), ("worst", 1.0)):
            self.add(f"{what}, {name}", 1_000 * quantile(seconds, share), "ms",
                     peer and 1_000 * quantile(peer, share), of)

    def judge(self, what, value, limit, unit):
        """A figure that is owed: met, or not. On a busy machine the latter says nothing, so it ends nothing."""
        is_met = value <= limit
        self.verdicts.append({"what": what, "value": round(value, 3), "limit": limit, "unit": unit, "met": is_met})
        print(f"{'met' if is_met else 'NOT MET'}: {what} in {self.number(value)} {unit}, "
              f"owed {self.number(limit)} {unit}", flush=True)

    @staticmethod
    def number(value):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"

    def write(self, path):
        self.about["load_after"] = load()
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.about | {"figures": self.rows, "owed": self.verdicts}, file, indent=1)
            file.write("\n")


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
