"""Garbage, half-open and slow peers, oversized messages, wrong certificates, stray and replayed media."""

import collections
import os
import random
import re
import socket
import ssl
import struct
import threading
import time
import wave

from ground import (
    EUCCS, WORK, Failed, Skipped, System, authority, certificate, check, end, free_ports, judge, say, start, text, wait,
)

GROUP = f"sip:fire@{System.domain}"
PARTNER = "mc.partner.example"
SPEECH = "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
# Handshake and message timers of the system under attack, in seconds.
HANDSHAKE, MESSAGE = 2, 3
chance = random.Random(20_260_722)


def excerpt(seconds):
    path = os.path.join(WORK, "say.wav")
    with wave.open(SPEECH) as source, wave.open(path, "wb") as out:
        out.setparams(source.getparams())
        out.writeframes(source.readframes(seconds * source.getframerate()))
    return path


class Attack(threading.Thread):
    """One hostile peer; what it finds wrong is told by the judge."""

    def __init__(self, name, work, *arguments):
        super().__init__(name=name, daemon=True)
        self.work, self.arguments, self.trouble, self.count = work, arguments, [], 0
        # The ports it sends datagrams from.
        self.ports = []

    def run(self):
        try:
            self.work(self, *self.arguments)
        except Exception as error:  # noqa: BLE001: whatever it is, the judge must hear of it
            self.trouble.append(f"{type(error).__name__}: {error}")


def connect(port, timeout=10.0):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def is_closed(wire, within):
    """True once the other side has closed; what it says before is read and thrown away."""
    wire.settimeout(0.2)
    limit = time.monotonic() + within
    while time.monotonic() < limit:
        try:
            if not wire.recv(65536):
                return True
        except TimeoutError:
            continue
        except (OSError, ssl.SSLError):
            return True
    return False


def garbage_datagrams(self, ports, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        self.ports.append(wire.getsockname()[1])
        for number in range(count):
            kind = number % 5
            octets = chance.randbytes(chance.randrange(0, 1400))
            if kind == 1:  # resembles RTP
                octets = b"\x80\x61" + octets[:170]
            elif kind == 2:  # resembles floor control
                octets = b"\x80\xcc\x00\x07" + octets[:4] + b"MCPT" + octets[:20]
            elif kind == 3:  # resembles SIP
                octets = b"INVITE sip:a@b SIP/2.0\r\n" + octets
            elif kind == 4:  # a fragment of RTCP whose length is a lie
                octets = b"\x81\xc8\xff\xff" + octets[:30]
            for port in ports:
                wire.sendto(octets, ("127.0.0.1", port))
                self.count += 1
            if number % 20 == 0:
                time.sleep(0.01)


def garbage_streams(self, ports, count):
    for number in range(count):
        for port in ports:
            with connect(port) as wire:
                try:
                    wire.sendall(chance.randbytes(chance.randrange(1, 3000)) + b"\r\n\r\n" * (number % 2))
                except OSError:
                    pass
                self.count += 1


def half_open(self, ports, count):
    """A handshake that is begun and never goes on is ended by the timer."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    wires = []
    for number in range(count):
        for port in ports:
            wire = connect(port)
            if number % 2:
                wire.sendall(hello)
            wires.append(wire)
    self.count = len(wires)
    limit = time.monotonic() + HANDSHAKE + 6
    left = [wire for wire in wires if not is_closed(wire, max(0.2, limit - time.monotonic()))]
    for wire in wires:
        wire.close()
    if left:
        self.trouble.append(f"{len(left)} of {len(wires)} half-open handshakes still stand")


def slow_senders(self, port, count):
    """An octet now and then does not keep a message's time from running out."""
    message = f"REGISTER sip:{System.domain} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKslow\r\n".encode()
    wires = [connect(port) for _ in range(count)]
    self.count = count
    began, position = time.monotonic(), 0
    alive = list(wires)
    while alive and time.monotonic() < began + MESSAGE + 6:
        for wire in list(alive):
            try:
                wire.send(message[position % len(message) :][:1])
            except OSError:
                alive.remove(wire)
        position += 1
        time.sleep(0.4)
    left = [wire for wire in alive if not is_closed(wire, 0.2)]
    for wire in wires:
        wire.close()
    if left:
        self.trouble.append(f"{len(left)} of {count} slow senders still stand")


def oversized(self, port, count):
    for number in range(count):
        head = f"OPTIONS sip:{System.domain} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKbig{number}\r\n"
        rest = f"From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: big{number}\r\nCSeq: 1 OPTIONS\r\n"
        with connect(port) as wire:  # a header section without end
            try:
                for _ in range(64):
                    wire.sendall((head + "X-Long: " + "a" * 4096).encode())
            except OSError:
                pass
            if not is_closed(wire, 5):
                self.trouble.append("a header section without end is read on")
        with connect(port) as wire:  # a body that is announced as larger than allowed
            wire.sendall((head + rest + "Content-Length: 99999999\r\n\r\n").encode())
            wire.settimeout(5)
            answer = wire.recv(65536)
            if not answer.startswith(b"SIP/2.0 413 "):
                self.trouble.append(f"a body of 99999999 octets is answered by {answer[:30]!r}")
            if not is_closed(wire, 5):
                self.trouble.append("the connection of an oversized body stays open")
        self.count += 2


def client_context(name=None):
    context = ssl.create_default_context(cafile=os.path.join(WORK, "root.pem"))
    context.check_hostname = False
    if name:
        context.load_cert_chain(os.path.join(WORK, f"{name}.pem"), os.path.join(WORK, f"{name}.key"))
    return context


def greet_border(port, name):
    """What a gateway with this certificate is answered to OPTIONS; nothing where the connection is refused."""
    try:
        with connect(port) as plain, client_context(name).wrap_socket(plain) as wire:
            wire.settimeout(5)
            wire.sendall(
                (
                    f"OPTIONS sip:mcptt-gateway@{System.domain} SIP/2.0\r\nVia: SIP/2.0/TLS {PARTNER};branch=z9hG4bKo{time.monotonic_ns()}\r\n"
                    f"From: <sip:mcptt-gateway@{PARTNER}>;tag=1\r\nTo: <sip:mcptt-gateway@{System.domain}>\r\n"
                    f"Call-ID: border{time.monotonic_ns()}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
                ).encode()
            )
            return wire.recv(65536)[:12]
    except (OSError, ssl.SSLError):
        return b""


def wrong_certificates(self, port, count):
    for _ in range(count):
        for name in ("stranger", "renamed", "access", None):
            answer = greet_border(port, name)
            self.count += 1
            if answer.startswith(b"SIP/2.0 2"):
                self.trouble.append(f"the border serves a peer with certificate {name}: {answer!r}")


class Ear(threading.Thread):
    """Sees every packet between the system's media ports and anybody, as far as the kernel lets us (root)."""

    def __init__(self, system):
        super().__init__(daemon=True)
        self.system, self.running = system, True
        self.audio_in, self.audio_out, self.floor_in = [], [], []
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.wire.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.wire.bind(("lo", 0))
        self.wire.settimeout(0.2)

    def run(self):
        ours = self.system
        while self.running:
            try:
                frame, origin = self.wire.recvfrom(65536)
            except TimeoutError:
                continue
            # Each packet of loopback is seen leaving and arriving: once is enough.
            if origin[2] == socket.PACKET_OUTGOING or frame[12:14] != b"\x08\x00" or frame[23] != 17:
                continue
            start = 14 + (frame[14] & 15) * 4
            source, destination = (int.from_bytes(frame[start + at : start + at + 2], "big") for at in (0, 2))
            payload = frame[start + 8 : start + int.from_bytes(frame[start + 4 : start + 6], "big")]
            if destination == ours.audio:
                self.audio_in.append((source, payload))
            elif source == ours.audio:
                self.audio_out.append((destination, payload))
            elif destination == ours.floor:
                self.floor_in.append((source, payload))

    def stop(self):
        self.running = False
        self.join()
        # PACKET_STATISTICS: seen and dropped by the kernel because we did not read in time.
        self.dropped = struct.unpack("II", self.wire.getsockopt(263, 6, 8))[1]
        self.wire.close()


def replay(self, system, ear, seconds):
    """What devices send is sent again: by strangers, and with other sequence numbers and the right SSRC."""
    sent, limit = 0, time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        own = wire.getsockname()[1]
        self.ports.append(own)
        while time.monotonic() < limit:
            seen = [p for source, p in ear.audio_in[-40:] if source != own and len(p) > 12]
            for packet in seen:
                sequence = (int.from_bytes(packet[2:4], "big") + chance.randrange(0, 50)) & 0xFFFF
                wire.sendto(packet, ("127.0.0.1", system.audio))
                wire.sendto(
                    packet[:2] + sequence.to_bytes(2, "big") + packet[4:12] + b"\xff" * 20, ("127.0.0.1", system.audio)
                )
                wire.sendto(packet, ("127.0.0.1", system.border_audio))
                sent += 3
            for message in [p for source, p in ear.floor_in[-10:] if source != own]:
                wire.sendto(message, ("127.0.0.1", system.floor))
                wire.sendto(message, ("127.0.0.1", system.border_floor))
                sent += 2
            self.count = sent
            time.sleep(0.05)


def talk(system, wav, number):
    return start(
        [EUCCS, "responder", "talk", "--profile", system.profile("anna"), "--group", GROUP, "--wav", wav],
        f"talk{number}.log",
    )


def segments(frame, honest):
    """Loopback shows several packets of equal length that one system call sent (UDP GSO) as one frame."""
    for length in {len(p) for p in honest}:
        parts = [frame[at : at + length] for at in range(0, len(frame), length)]
        if len(parts) > 1 and all(part in honest for part in parts):
            return parts
    return [frame]


def judge_media(ear, strangers):
    """Whatever strangers sent: each listener received what the talkers' devices sent, each packet once."""
    honest = {p for source, p in ear.audio_in if source not in strangers}
    received = collections.Counter((to, p) for to, frame in ear.audio_out for p in segments(frame, honest))
    foreign = [key for key in received if key[1] not in honest]
    doubled = [key for key, times in received.items() if times > 1]
    by_strangers = {p for source, p in ear.audio_in if source in strangers}
    forwarded = [p for _, p in foreign if p in by_strangers]
    check(not forwarded, f"{len(forwarded)} packets of strangers reached listeners: {[p[:12].hex() for p in forwarded[:3]]}")
    # What we failed to see arriving may be seen leaving, but no more of it than the kernel says we lost.
    unseen = len(foreign) - len(forwarded)
    check(unseen <= ear.dropped, f"{unseen} packets reached listeners that nobody sent; {ear.dropped} were not seen")
    check(not doubled, f"{len(doubled)} packets reached a listener twice")
    missing = honest - {p for _, p in received}
    check(len(missing) * 50 <= len(honest), f"{len(missing)} of {len(honest)} packets of the talkers did not arrive")
    return len(honest)


def kinds(lines):
    """Lines of the log by what they say, without names and numbers."""
    found = collections.Counter()
    for line in lines:
        event = re.search(r"event=(\S+)", line)
        line = re.sub(r"^\S+ ", "", line)
        refused = re.search(r"reason=[a-zA-Z ]+|kind=[a-zA-Z ]+", line)
        found[event[1] if event else refused[0].strip() if refused else re.sub(r"[#\d][\w.:#-]*", "N", line)[:100]] += 1
    return found


def main():
    if not os.path.exists(SPEECH):
        raise Failed(f"{SPEECH} is missing: make deps")
    system = System(
        ["anna", "bruno"], f"  - {{id: {GROUP}, type: prearranged, members: [sip:anna@{System.domain}, sip:bruno@{System.domain}]}}\n",
        partner_port=free_ports(1)[0], extra=f"timers: {{tls_handshake: {HANDSHAKE} s, message: {MESSAGE} s}}\n",
    )
    certificate("right", "partner", PARTNER)
    certificate("renamed", "partner", System.domain)  # the partner's authority may not assert our domain
    authority("unknown")
    certificate("stranger", "unknown", PARTNER)  # the partner's name, by an authority that nobody pinned
    system.start()
    check(greet_border(system.border, "right") == b"SIP/2.0 200 ", "the border serves the partner's gateway")

    listener = start(
        [EUCCS, "responder", "listen", "--profile", system.profile("bruno"), "--group", GROUP], "listen.log"
    )
    wait(15, lambda: "listening" in text(listener.log), "a listener", listener)
    ear = None
    try:
        ear = Ear(system)
        ear.start()
    except PermissionError:
        say("not root: packets are not watched")
    before = talk(system, excerpt(2), 0)
    wait(30, lambda: before.poll() is not None, "a talk before the attack")
    check(before.returncode == 0, "a talk before the attack\n" + text(before.log)[-300:])
    memory, lines, files = system.resident(), len(system.log.splitlines()), len(os.listdir(f"/proc/{system.process.pid}/fd"))

    during = talk(system, excerpt(12), 1)
    wait(15, lambda: "you have the floor" in text(during.log), "the floor", during)
    media = [system.audio, system.floor, system.border_audio, system.border_floor]
    attacks = [
        Attack("garbage in datagrams", garbage_datagrams, [system.sip, *media], 4000),
        Attack("garbage in streams", garbage_streams, [system.sip, system.tls, system.border], 150),
        Attack("half-open handshakes", half_open, [system.tls, system.border], 60),
        Attack("slow senders", slow_senders, system.sip, 60),
        Attack("oversized messages", oversized, system.sip, 20),
        Attack("wrong certificates", wrong_certificates, system.border, 15),
    ]
    if ear:
        attacks.append(Attack("stray and replayed media", replay, system, ear, 9))
    for attack in attacks:
        attack.start()
    wait(40, lambda: during.poll() is not None, "the end of the talk under attack")
    check(during.returncode == 0, "a talk under attack\n" + text(during.log)[-300:])
    check("you talked 12.0 s" in text(during.log), "the talk under attack is whole\n" + text(during.log)[-300:])
    for attack in attacks:
        attack.join(60)
        check(not attack.is_alive(), f"{attack.name} comes to an end")
        check(not attack.trouble, f"{attack.name}: {attack.trouble[:3]}")
        say(f"{attack.name}: {attack.count}")

    heard = text(listener.log).count("speech arrives")
    after = talk(system, excerpt(2), 2)
    wait(30, lambda: after.poll() is not None, "a talk after the attack")
    check(after.returncode == 0, "a talk after the attack\n" + text(after.log)[-300:])
    wait(5, lambda: text(listener.log).count("speech arrives") > heard, "speech after the attack", listener)
    check(greet_border(system.border, "right") == b"SIP/2.0 200 ", "the border still serves the partner's gateway")
    if ear:
        time.sleep(0.5)
        ear.stop()
        own = {port for attack in attacks for port in attack.ports}
        say(f"{judge_media(ear, own)} packets of speech, each received as it was sent, once")
    check(system.process.poll() is None, "the system goes on")
    grown = (system.resident() - memory) / 1e6
    check(grown < 100, f"memory grew by {grown:.0f} MB")
    open_files = len(os.listdir(f"/proc/{system.process.pid}/fd")) - files
    check(open_files < 20, f"{open_files} more files are open than before")
    said = kinds(system.log.splitlines()[lines:])
    for what in ("no SIP", "handshake failed", "handshake too slow", "message too slow", "certificate refused", "media packets refused or lost"):
        check(what in system.log, f"the log says: {what}")
    for kind, count in said.most_common():
        usual = kind.startswith(("registration.", "affiliation.", "service.", "call.", "talker.", "partner."))
        check(usual or count <= 12, f"the log says {count} times: {kind}")
    say(f"memory grew by {grown:.1f} MB; {sum(said.values())} lines in the log: {dict(said.most_common(8))}")
    end(listener)
    check(system.stop() == 0, "the system ends with status 0")
    if not ear:
        raise Skipped("not root: everything held, but stray and replayed media were not tried")


if __name__ == "__main__":
    judge(main)
