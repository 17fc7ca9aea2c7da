"""What the judges share: processes that end by their pid, free ports, certificates, a system of their own."""

import os
import signal
import socket
import subprocess
import sys
import time

EUCCS = os.environ["EUCCS"]
WORK = os.environ["WORK"]
_children = []
_failures = []


class Failed(Exception):
    pass


class Skipped(Exception):
    """What could be asked here was asked and held; the rest, named, could not be asked."""


def check(holds, what):
    """A named expectation; all of them are asked, and the judge fails in the end if one did not hold."""
    if not holds:
        print(f"FAILED: {what}", flush=True)
        _failures.append(what)
    return holds


def say(text):
    print(text, flush=True)


def start(arguments, log, **options):
    """A process of ours or of a peer; its output goes to a file below WORK."""
    output = open(os.path.join(WORK, log), "ab")
    child = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **options
    )
    output.close()
    child.log = os.path.join(WORK, log)
    _children.append(child)
    return child


def end(child, by=signal.SIGINT, within=8):
    """Asks a process to end, insists after a while, and gives its status."""
    if child.poll() is None:
        child.send_signal(by)
        try:
            child.wait(within)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return child.returncode


def text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def wait(seconds, holds, what, child=None):
    """Waits until something holds; fails with its name where the time or the process ends before."""
    limit = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        over = child is not None and child.poll() is not None
        if over or time.monotonic() > limit:
            tail = text(child.log)[-1500:] if child is not None else ""
            raise Failed(f"{what} did not come{' (the process ended)' if over else ''}\n{tail}")
        time.sleep(0.05)


def free_ports(count, address="127.0.0.1"):
    """Ports that are free for UDP and TCP at this moment."""
    held, ports = [], []
    while len(ports) < count:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((address, 0))
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        held += [udp, tcp]
        try:
            tcp.bind((address, udp.getsockname()[1]))
        except OSError:
            continue
        ports.append(udp.getsockname()[1])
    for one in held:
        one.close()
    return ports


def free_pairs(count, address="127.0.0.1"):
    """Ports that are free at this moment with the one after each."""
    pairs = []
    while len(pairs) < count:
        port = free_ports(1, address)[0]
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as one:
                    one.bind((address, port + 1))
        except OSError:
            continue
        if all(abs(port - other) > 1 for other in pairs):
            pairs.append(port)
    return pairs


def run(*arguments, status=0):
    """A command of ours to its end; what it said."""
    done = subprocess.run(
        [EUCCS, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != status:
        raise Failed(f"euccs {' '.join(map(str, arguments))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True, cwd=WORK)


def authority(name):
    """NAME.pem and NAME.key: a root of its own, as the handbook makes it."""
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout",
        f"{name}.key", "-out", f"{name}.pem", "-subj", f"/O=Trial/CN={name}", "-addext",
        "basicConstraints=critical,CA:TRUE,pathlen:0",
    )


def certificate(name, root, domain):
    """NAME.pem and NAME.key for a domain, signed by a root."""
    openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
        "-out", f"{name}.csr", "-subj", f"/CN={domain}",
    )
    with open(os.path.join(WORK, f"{name}.ext"), "w") as file:
        file.write(
            f"subjectAltName=URI:sip:{domain},DNS:{domain}\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
    openssl(
        "x509", "-req", "-in", f"{name}.csr", "-CA", f"{root}.pem", "-CAkey", f"{root}.key", "-CAcreateserial", "-days",
        "2", "-out", f"{name}.pem", "-extfile", f"{name}.ext",
    )


class System:
    """One national system with users `NAME`, password `pw-NAME`, below WORK."""

    domain = "mc.trial.example"

    def __init__(self, users, groups, address="127.0.0.1", partner_port=None, extra=""):
        self.address = address
        ports = free_ports(8, address)
        self.tls, self.sip, self.border = ports[0], ports[1], ports[2]
        self.audio, self.floor, self.border_audio, self.border_floor = ports[3:7]
        authority("root")
        certificate("access", "root", self.domain)
        certificate("gateway", "root", self.domain)
        partners = ""
        if partner_port is not None:
            authority("partner")
            partners = (
                "partners:\n  - system: mc.partner.example\n    domains: [mc.partner.example]\n"
                f'    gateways: [{{address: "{address}:{partner_port}"}}]\n    authority: partner.pem\n'
            )
        self.config = self._write(
            "system.yaml",
            f"""system: {{name: Trial, country: IT, domain: {self.domain}}}
listeners:
  access: {{host: "{address}", tls: ["{address}:{self.tls}"], tcp: ["{address}:{self.sip}"], udp: ["{address}:{self.sip}"]}}
  interconnection: {{tls: ["{address}:{self.border}"]}}
certificates: {{access: {{certificate: access.pem, key: access.key}}, interconnection: {{certificate: gateway.pem, key: gateway.key}}}}
media:
  access: {{v4: {address}, audio_port: {self.audio}, floor_port: {self.floor}}}
  interconnection: {{v4: {address}, audio_port: {self.border_audio}, floor_port: {self.border_floor}}}
{partners}{extra}directory: directory.yaml
""",
        )
        entries = []
        for user in users:
            name, more = user if isinstance(user, tuple) else (user, "")
            secret = "" if "ha1:" in more else f"    password: pw-{name}\n"
            entries.append(f"  - id: sip:{name}@{self.domain}\n{secret}{more}")
        self._write("directory.yaml", "users:\n" + "".join(entries) + "groups:\n" + groups)

    def _write(self, name, content):
        path = os.path.join(WORK, name)
        with open(path, "w") as file:
            file.write(content)
        return path

    def start(self):
        self.process = start([EUCCS, "serve", "--config", self.config], "system.log")
        wait(20, lambda: "ready: " in text(self.process.log), "a system that is ready", self.process)
        return self

    def stop(self):
        return end(self.process)

    @property
    def log(self):
        return text(self.process.log)

    def resident(self):
        """Octets of memory that the process holds."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def profile(self, name, priority=5):
        return self._write(
            f"{name}.yaml",
            f"""mcptt_id: sip:{name}@{self.domain}
sip_identity: sip:{name}@{self.domain}
user_name: {name}@{self.domain}
password: pw-{name}
domain: {self.domain}
edge: "{self.address}:{self.tls}"
authority: root.pem
address: {self.address}
priority: {priority}
""",
        )


def heard_seconds(path):
    """Seconds of a WAV recording in which something louder than silence is heard. Read without the wave module: a
    recording that was cut off may have an unfinished header."""
    data = b""
    if os.path.exists(path):
        with open(path, "rb") as file:
            data = file.read()
    start = data.find(b"data")
    if start < 0:
        return 0.0
    rate = int.from_bytes(data[24:28], "little") or 16000
    channels = int.from_bytes(data[22:24], "little") or 1
    samples = memoryview(data[start + 8 : len(data) - (len(data) - start - 8) % 2]).cast("h")
    window = rate * channels // 50
    loud = 0
    for begin in range(0, len(samples) - window, window):
        if max(abs(value) for value in samples[begin : begin + window]) > 300:
            loud += 1
    return loud / 50


def judge(main):
    """Runs a judge, ends every process it started, and says how it went by the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    status = 0
    try:
        main()
    except Skipped as why:
        print(why, flush=True)
        status = 77
    except Failed as failure:
        print(f"FAILED: {failure}", flush=True)
        status = 1
    finally:
        for child in reversed(_children):
            end(child)
    sys.exit(1 if _failures else status)
