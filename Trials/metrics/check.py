#!/usr/bin/env python3
"""Reads metrics in the text format of Prometheus with the parser of prometheus_client, and judges them.

usage: check.py FILE    (- is standard input; needs the PyPI package prometheus-client)
"""

import sys

from prometheus_client.parser import text_string_to_metric_families

# What has to be there whatever the system does.
EXPECTED = {
    "euccs_info",
    "process_uptime_seconds",
    "process_memory_usage_bytes",
    "process_cpu_time_seconds",
    "euccs_calls",
    "euccs_registrations",
    "euccs_affiliated_clients",
    "euccs_client_connections",
    "euccs_signalling_open_flows",
    "euccs_cell_refused_requests",
    "euccs_media_audio_packets_forwarded",
    "euccs_certificate_expiry_days",
}


def judge(text):
    """Everything that is wrong."""
    faults = []
    if not text.endswith("\n"):
        faults.append("the last line has no end")
    for word in ("HELP", "TYPE"):
        named = [line.split(" ")[2] for line in text.split("\n") if line.startswith(f"# {word} ")]
        faults += [f"{name}: {word} more than once" for name in sorted(set(named)) if named.count(name) > 1]
    families = list(text_string_to_metric_families(text))
    seen = set()
    for family in families:
        if family.type not in ("counter", "gauge"):
            faults.append(f"{family.name}: type {family.type}")
        if not family.documentation:
            faults.append(f"{family.name}: no help")
        if not family.samples:
            faults.append(f"{family.name}: no sample")
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen:
                faults.append(f"{sample.name}{sample.labels}: twice")
            seen.add(key)
            if family.type == "counter" and sample.value < 0:
                faults.append(f"{sample.name}: a counter below zero")
            # The parser takes the suffix off the family of a counter.
            if (family.type == "counter") != sample.name.endswith("_total"):
                faults.append(f"{sample.name}: a counter ends in _total, and nothing else does")
    missing = EXPECTED - {family.name for family in families}
    faults += [f"{name}: missing" for name in sorted(missing)]
    return faults, len(families), len(seen)


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "-"
    text = sys.stdin.read() if source == "-" else open(source, encoding="utf-8", newline="").read()
    faults, families, samples = judge(text)
    for fault in faults:
        print(f"metrics: {fault}", file=sys.stderr)
    if faults:
        return 1
    print(f"metrics: {families} families, {samples} samples, in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
