"""Captures the demonstration and lets tshark tell its story, packet by packet; compares it with our report."""

import json
import os
import re
import subprocess
import time
from collections import Counter, defaultdict

from ground import EUCCS, WORK, Failed, check, end, judge, say, start, text, wait

GRANTED, TAKEN, RELEASE, IDLE, REVOKE, QUEUED = 1, 2, 4, 5, 6, 9
SECRETS = os.path.join(WORK, "tls-secrets.txt")
# Clock of the report to clock of the capture: what a busy machine may put between a send and its note.
SLACK = 0.25


def tshark(capture, *arguments):
    run = subprocess.run(
        ["tshark", "-n", "-o", f"tls.keylog_file:{SECRETS}", "-r", capture, *arguments], capture_output=True, text=True, cwd=WORK, check=False
    )
    if run.returncode != 0:
        raise Failed(f"tshark: {run.stderr[-600:]}")
    return run.stdout


def record():
    """The capture and the report of one demonstration."""
    capture, report = os.path.join(WORK, "lab.pcapng"), os.path.join(WORK, "report.json")
    ear = start(["dumpcap", "-q", "-i", "lo", "-f", "udp or tcp", "-B", "64", "-w", capture], "dumpcap.log")
    wait(10, lambda: os.path.exists(capture) and os.path.getsize(capture) > 0, "a capture", ear)
    lab = start(
        [
            EUCCS, "lab", "--once", "--report", report, "--directory", os.path.join(WORK, "lab"), "--tls-key-log", SECRETS,
        ],
        "lab.log",
    )
    wait(240, lambda: lab.poll() is not None, "the end of the demonstration")
    time.sleep(1)
    end(ear)
    check(lab.returncode == 0, f"the demonstration ends with status 0, not {lab.returncode}\n{text(lab.log)[-800:]}")
    dropped = re.search(r"received/dropped on interface .*: \d+/(\d+)", text(ear.log))
    if not dropped or dropped.group(1) != "0":
        raise Failed(f"the capture is not whole: {text(ear.log)[-300:]}")
    with open(report) as file:
        return capture, json.load(file)


def ports():
    """country -> [(face, audio, floor)]: each media cell has two ports of each face, after those of the cell before it"""
    found = {}
    for country in ("it", "fr", "es"):
        lines = text(os.path.join(WORK, "lab", country, "system.yaml"))
        cells = re.search(r"^  cells: (\d+)$", lines, re.M)
        found[country] = [
            (face, int(audio) + 2 * cell, int(floor) + 2 * cell)
            for face, audio, floor in re.findall(
                r"(access|interconnection): \{v4: [^,]+, audio_port: (\d+), floor_port: (\d+)\}", lines
            )
            for cell in range(int(cells[1]) if cells else 1)
        ]
        if {face for face, _, _ in found[country]} != {"access", "interconnection"}:
            raise Failed(f"the media ports of {country} are not in its configuration")
    return found


class Story:
    """What tshark read: floor messages and audio packets of the lab's ports."""

    def __init__(self, capture, found):
        self.audio = {audio: (c, face) for c, sockets in found.items() for face, audio, _ in sockets}
        self.floor = {floor: (c, face) for c, sockets in found.items() for face, _, floor in sockets}
        ours = {**{p: "rtp" for p in self.audio}, **{p: "rtcp" for p in self.floor}}
        # The devices' ports are chosen by the kernel; each is named too, lest tshark take one for another protocol.
        kinds = dict(ours)
        for line in tshark(capture, "-T", "fields", "-e", "udp.srcport", "-e", "udp.dstport", "-Y", "udp").splitlines():
            source, destination = (int(port) for port in line.split("\t"))
            for one, other in ((source, destination), (destination, source)):
                if one in ours:
                    kinds.setdefault(other, ours[one])
        self.decoding = [word for port, kind in sorted(kinds.items()) for word in ("-d", f"udp.port=={port},{kind}")]
        self.filter = "udp.port in {" + ",".join(str(port) for port in sorted(ours)) + "}"
        self.capture = capture
        self.messages = self._messages()
        self.packets = self._packets()

    def _fields(self, names, what):
        arguments = [word for name in names for word in ("-e", name)]
        output = tshark(
            self.capture, *self.decoding, "-Y", f"{self.filter} && {what}", "-T", "fields", "-E", "occurrence=f", *arguments
        )
        return [line.split("\t") for line in output.splitlines()]

    def complaints(self):
        # _ws.expert has no field of severity and port at once for other frames: the filter names our ports.
        # Known faults of this dissector that concern what we send (Floor Indicator with two bits: "Unknown") are no
        # expert information, so nothing needs to be left out.
        return tshark(
            self.capture, *self.decoding, "-Y", f"{self.filter} && (_ws.malformed || _ws.expert.severity >= warning)"
        ).splitlines()

    def undecoded(self):
        return tshark(self.capture, *self.decoding, "-Y", f"{self.filter} && !rtp && !rtcp").splitlines()

    def _messages(self):
        names = [
            "frame.time_epoch", "udp.srcport", "udp.dstport", "rtcp.app.subtype", "rtcp.app_data.mcptt.rtcp",
            "rtcp.mcptt.granted_partys_id", "rtcp.app.name",
        ]
        rows = []
        for at, source, destination, kind, ssrc, party, name in self._fields(names, "rtcp"):
            if name != "MCPT":
                continue
            rows.append(
                {
                    "at": float(at), "from": int(source), "to": int(destination), "kind": int(kind) & 0x0F,
                    "ssrc": int(ssrc, 0) if ssrc else None, "party": party,
                }
            )
        return rows

    def _packets(self):
        names = ["frame.time_epoch", "udp.srcport", "udp.dstport", "rtp.ssrc", "rtp.seq"]
        return [
            (float(at), int(source), int(destination), int(ssrc, 0), int(sequence))
            for at, source, destination, ssrc, sequence in self._fields(names, "rtp")
        ]

    def of(self, kind, begin, finish, **wanted):
        return [
            m for m in self.messages
            if m["kind"] == kind and begin <= m["at"] <= finish and all(m[k] == v for k, v in wanted.items())
        ]


def sip(story, what, *arguments):
    """What tshark reads in the SIP messages of the run, deciphered."""
    ports = sorted(
        {
            int(port)
            for country in ("it", "fr", "es")
            for port in re.findall(r'tls: \["127.0.0.1:(\d+)"\]', text(os.path.join(WORK, "lab", country, "system.yaml")))
        }
    )
    decoding = [word for port in ports for word in ("-d", f"tls.port=={port},sip", "-d", f"tcp.port=={port},tls")]
    ours = "tcp.port in {" + ",".join(str(port) for port in ports) + "} && sip"
    return tshark(story.capture, *decoding, "-Y", f"{ours} && ({what})", *arguments).splitlines()


def signalling(story):
    """Nothing malformed, no warning, and what a demonstration is made of."""
    complaints = sip(story, "_ws.malformed || _ws.expert.severity >= warning")
    check(not complaints, "tshark complains of no SIP message:\n" + "\n".join(complaints[:10]))
    methods = Counter(sip(story, "sip.Method", "-T", "fields", "-e", "sip.Method", "-E", "occurrence=f"))
    for method, least in (("REGISTER", 10), ("PUBLISH", 10), ("INVITE", 10), ("ACK", 10), ("BYE", 5), ("OPTIONS", 6)):
        check(methods[method] >= least, f"{method} is seen {least} times at least, was {methods[method]} times")
    return methods


def compare(story, report):
    bursts = report["bursts"]
    hearings = defaultdict(list)
    for hearing in report["hearings"]:
        hearings[hearing["burst"]].append(hearing)
    to_devices = [m for m in story.messages if m["to"] not in story.floor]
    grants = [m for m in to_devices if m["kind"] == GRANTED]
    if not grants or not bursts:
        raise Failed("there is no Floor Granted in the capture")
    # The report counts from its own beginning; its first grant tells the capture's clock.
    zero = next((m["at"] for m in grants if m["ssrc"] == bursts[0]["ssrc"]), grants[0]["at"]) - bursts[0]["grantedAtSeconds"]
    windows = defaultdict(list)
    matched = set()
    granting = 'sip.Status-Code == 200 && sip.CSeq.method == "INVITE" && sdp.fmtp.parameter contains "mc_granted"'
    answers = [float(at) for at in sip(story, granting, "-T", "fields", "-e", "frame.time_epoch")]
    for burst in bursts:
        begin, finish = zero + burst["grantedAtSeconds"], zero + burst["endedAtSeconds"]
        name = f"burst {burst['number']} of {burst['talker']}"
        windows[burst["ssrc"]].append((begin - SLACK, finish + 0.3))
        mine = [m for m in grants if m["ssrc"] == burst["ssrc"] and begin - SLACK <= m["at"] <= finish]
        matched.update(id(m) for m in mine)
        if mine:
            device = mine[0]["to"]
        else:
            # A press that sets the call up is granted in the answer, which may overtake the message.
            answered = burst["access"] == "withCallSetUp" and any(begin - SLACK <= at <= begin + SLACK for at in answers)
            last = story.of(RELEASE, begin, finish + 1)
            if not check(answered and last, f"{name}: Floor Granted with its SSRC {burst['ssrc']}, or mc_granted in an answer"):
                continue
            device = last[0]["from"]
        user = burst["talker"].split()[0].lower()
        taken = [
            m for m in story.of(TAKEN, begin - SLACK, finish, ssrc=burst["ssrc"])
            if m["to"] not in story.floor and m["party"].startswith(f"sip:{user}@{burst['country']}.")
        ]
        ears = {m["to"] for m in taken} - {device}
        expected = len(hearings[burst["number"]])
        check(len(ears) == expected, f"{name}: Floor Taken to {expected} devices, seen by {len(ears)}")
        check(device not in {m["to"] for m in taken}, f"{name}: no Floor Taken to its talker")
        released = [m for m in story.of(RELEASE, begin, finish + 1) if m["from"] == device]
        check(released, f"{name}: Floor Release from its talker")
        if burst["access"] == "queued":
            told = [m for m in story.of(QUEUED, begin - 30, begin + SLACK) if m["to"] == device]
            check(told, f"{name}: Queue Position Info to its talker before the grant")
        if burst["end"] == "preempted":
            revoked = [m for m in story.of(REVOKE, begin, finish + SLACK) if m["to"] == device]
            check(revoked, f"{name}: Floor Revoke to its talker")
        # After the end each device is told: nobody talks, or who does now.
        if released:
            after = released[0]["at"]
            told = {
                m["to"] for m in to_devices
                if m["kind"] in (IDLE, TAKEN, GRANTED) and after - 0.01 <= m["at"] <= after + 1.5
            }
            check(ears <= told, f"{name}: its end was told to {len(ears & told)} of {len(ears)} listeners")
    strange = [m for m in grants if id(m) not in matched]
    check(not strange, f"{len(strange)} Floor Granted to devices belong to no burst of the report: {strange[:3]}")
    return zero, windows, hearings


def audio(story, report, zero, windows, hearings):
    outside = [
        p for p in story.packets
        if p[1] in story.audio and p[2] not in story.audio
        and not any(begin <= p[0] <= finish for begin, finish in windows.get(p[3], []))
    ]
    check(not outside, f"{len(outside)} packets reached listeners outside of a burst: {outside[:3]}")
    crossing = defaultdict(list)
    for at, source, destination, ssrc, sequence in story.packets:
        ends = story.audio.get(source), story.audio.get(destination)
        if None in ends:
            continue
        if check(all(e[1] == "interconnection" for e in ends), f"systems meet at interconnection ports only: {ends}"):
            crossing[(ends[0][0], ends[1][0], ssrc)].append((at, sequence))
    crossed = 0
    for burst in report["bursts"]:
        begin, finish = zero + burst["grantedAtSeconds"] - SLACK, zero + burst["endedAtSeconds"] + 0.3
        # What is said abroad comes to the owner of the group once, and goes once to each country in which somebody
        # listens; that may be the talker's own, where the gateway spares the talker.
        owner = burst["groupCountry"]
        ways = {(owner, h["country"]) for h in hearings[burst["number"]] if h["country"] != owner}
        if burst["country"] != owner:
            ways.add((burst["country"], owner))
        for way in [(a, b) for a in ("it", "fr", "es") for b in ("it", "fr", "es") if a != b]:
            here = [s for at, s in crossing[(*way, burst["ssrc"])] if begin <= at <= finish]
            least = most = burst["packets"] if way in ways else 0
            if way in ways and burst["end"] == "preempted":
                least = max(h["packetsHeard"] for h in hearings[burst["number"]])
            name = f"burst {burst['number']} from {way[0]} to {way[1]}"
            check(len(set(here)) == len(here), f"{name}: each packet crosses once")
            if check(least <= len(here) <= most, f"{name}: {len(here)} packets crossed, {least} to {most} expected"):
                crossed += 1 if here else 0
    known = {b["ssrc"] for b in report["bursts"]}
    strange = {key for key in crossing if key[2] not in known and crossing[key]}
    check(not strange, f"streams that no burst explains crossed: {strange}")
    return crossed


def main():
    capture, report = record()
    story = Story(capture, ports())
    complaints = story.complaints()
    check(not complaints, "tshark complains of nothing:\n" + "\n".join(complaints[:10]))
    strange = story.undecoded()
    check(not strange, "everything on the lab's ports is RTP or RTCP:\n" + "\n".join(strange[:10]))
    methods = signalling(story)
    zero, windows, hearings = compare(story, report)
    crossed = audio(story, report, zero, windows, hearings)
    say(
        f"{sum(methods.values())} SIP requests ({', '.join(f'{n} {m}' for m, n in methods.most_common())}), "
        f"{len(story.messages)} floor messages and {len(story.packets)} packets of speech dissected, no complaint; "
        f"{len(report['bursts'])} bursts tell the same story; {crossed} streams crossed a border, each once"
    )


if __name__ == "__main__":
    judge(main)
