"""Devices at the wire: they register with digest (RFC 8760) over TCP or TLS, many at a time from one thread."""

import hashlib
import re
import selectors
import socket
import ssl
import time

import fleet
from ground import Failed

DOMAIN = fleet.DOMAIN


class Device:
    """One user's. `step` gives what it sends after each answer, and nothing once it is registered."""

    def __init__(self, name, port, transport):
        self.name, self.transport = name, transport
        self.here = f"127.0.0.1:{port}"
        self.cseq = 0
        self.status = None

    def message(self, method, uri, more=""):
        self.cseq += 1
        who = fleet.identity(self.name)
        to = who if method == "REGISTER" else uri
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.transport} {self.here};branch=z9hG4bK{self.name}{self.cseq}\r\n"
            f"Max-Forwards: 70\r\nFrom: <{who}>;tag={self.name}\r\nTo: <{to}>\r\nCall-ID: {self.name}@{self.here}\r\n"
            f"CSeq: {self.cseq} {method}\r\n{more}Content-Length: 0\r\n\r\n").encode()

    def register(self, answer=None):
        more = (
            f'Contact: <sip:{self.name}@{self.here};transport={self.transport.lower()}>;reg-id=1;'
            f'+sip.instance="<urn:uuid:00000000-0000-4000-8000-{int(self.name[1:]):012d}>"\r\n'
            "Supported: path, outbound, gruu\r\nExpires: 3600\r\n")
        if answer is not None:
            more += self.proof(answer)
        return self.message("REGISTER", f"sip:{DOMAIN}", more)

    def proof(self, challenge):
        nonce = re.search(rb'[Ww][Ww][Ww]-[Aa]uthenticate:[^\r]*nonce="([^"]+)"[^\r]*algorithm=SHA-256', challenge)
        if nonce is None:
            raise Failed(f"no challenge for SHA-256: {challenge!r}")
        nonce = nonce[1].decode()

        def hashed(text):
            return hashlib.sha256(text.encode()).hexdigest()

        user, uri = f"{self.name}@{DOMAIN}", f"sip:{DOMAIN}"
        ha1 = hashed(f"{user}:{DOMAIN}:{fleet.device_password(self.name)}")
        response = hashed(f"{ha1}:{nonce}:00000001:c{self.name}:auth:" + hashed(f"REGISTER:{uri}"))
        return (
            f'Authorization: Digest username="{user}",realm="{DOMAIN}",nonce="{nonce}",uri="{uri}",'
            f'response="{response}",algorithm=SHA-256,qop=auth,nc=00000001,cnonce="c{self.name}"\r\n')

    def step(self, answer):
        self.status = status(answer)
        if self.status == 401 and self.cseq == 1:
            return self.register(answer)
        if self.status != 200:
            raise Failed(f"REGISTER of {self.name}: {answer!r}")
        return None


def status(answer):
    return int(answer[8:11])


class Line:
    """One connection to the edge."""

    def __init__(self, port, trust=None):
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = trust.wrap_socket(raw, server_hostname=DOMAIN) if trust else raw
        self.transport = "TLS" if trust else "TCP"
        self.own = self.wire.getsockname()[1]
        self.held = b""

    def device(self, name):
        return Device(name, self.own, self.transport)

    def read(self):
        """Answers that are whole; none of ours has a body."""
        try:
            octets = self.wire.recv(65_536)
        except ssl.SSLWantReadError:
            return []
        if not octets:
            raise Failed("the edge closed a connection")
        *whole, self.held = (self.held + octets).split(b"\r\n\r\n")
        return [answer for answer in whole if answer.strip()]

    def ask(self, octets):
        self.wire.sendall(octets)
        while True:
            for answer in self.read():
                if status(answer) >= 200:
                    return answer


def over_standing_lines(port, names, lines):
    """Registers everybody over a few connections; gives the connections, and the seconds of each registration."""
    opened = [Line(port) for _ in range(lines)]
    waiting = iter(names)
    selector = selectors.DefaultSelector()
    taken, busy = [], 0

    def begin(line):
        nonlocal busy
        name = next(waiting, None)
        if name is None:
            return
        line.at_work, line.began = line.device(name), time.monotonic()
        line.wire.sendall(line.at_work.register())
        busy += 1

    for line in opened:
        selector.register(line.wire, selectors.EVENT_READ, line)
        begin(line)
    while busy:
        ready = selector.select(10)
        if not ready:
            raise Failed("REGISTER stays without an answer")
        for key, _ in ready:
            line = key.data
            for answer in line.read():
                more = line.at_work.step(answer)
                if more:
                    line.wire.sendall(more)
                else:
                    taken.append(time.monotonic() - line.began)
                    busy -= 1
                    begin(line)
    selector.close()
    return opened, taken


def over_own_line(port, names, trust=None):
    """A connection for each; gives (connection, device) pairs, and the seconds from connecting to registered."""
    pairs, taken = [], []
    for name in names:
        began = time.monotonic()
        line = Line(port, trust)
        device = line.device(name)
        answer = line.ask(device.register())
        device.step(line.ask(device.step(answer)))
        taken.append(time.monotonic() - began)
        pairs.append((line, device))
    return pairs, taken
