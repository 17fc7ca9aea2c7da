"""sipp as a foreign client: registration, affiliation, group calls, and wrong input of each kind."""

import hashlib
import os
import re
import socket
import subprocess

from ground import WORK, System, check, end, free_ports, judge, say, start, text, wait

HERE = os.path.dirname(os.path.abspath(__file__))
DOMAIN = System.domain
FIRE, CHAT, SECRET, AWAY, LONELY = (f"sip:{name}@{DOMAIN}" for name in ("fire", "talk", "secret", "away", "lonely"))
done = 0


def pieces():
    with open(os.path.join(HERE, "pieces.xml")) as file:
        return dict(re.findall(r'<define name="([^"]+)">(.*?)</define>', file.read(), re.S))


PIECES = pieces()


def expand(source):
    while True:
        again = re.sub(r'[ \t]*<piece name="([^"]+)"/>', lambda m: PIECES[m[1]].strip("\n"), source)
        if again == source:
            return source
        source = again


def scenario(name, words):
    """The file of a scenario with its pieces and words in place. What sipp itself fills in stays."""
    with open(os.path.join(HERE, f"{name}.xml")) as file:
        source = expand(file.read())
    for key, value in words.items():
        source = source.replace(f"[{key}]", value)
    # sipp takes a variable that is set and not read for a mistake.
    source = source.replace("</scenario>", '  <Reference variables="1"/>\n</scenario>' if "assign_to" in source else "</scenario>")
    path = os.path.join(WORK, f"{name}-{done}-{words['user']}.xml")
    with open(path, "w") as file:
        file.write(source)
    return path


class Peer:
    """One user at one port: what it registers from, it is called at."""

    def __init__(self, system, user, transport):
        self.system, self.user, self.transport = system, user, transport
        self.port, self.audio, self.floor = free_ports(3)
        number = int(hashlib.sha256(user.encode()).hexdigest()[:8], 16)
        self.words = {
            "user": user, "domain": DOMAIN, "password": f"pw-{user}", "group": FIRE, "session_type": "prearranged",
            "instance": f"urn:uuid:00000000-0000-4000-8000-{number:012d}", "audio_port": str(self.audio),
            "floor_port": str(self.floor), "floor_ssrc": str(number), "affiliation_expires": "4294967295",
            "codec": "AMR-WB", "expires": "600", "cseq_of_invite": "10", "warning": "SIP/2.0", "status": "200",
        }

    def command(self, name, words):
        global done
        done += 1
        file = scenario(name, {**self.words, **words})
        return [
            "sipp", f"127.0.0.1:{self.system.sip}", "-sf", file, "-t", "u1" if self.transport == "udp" else "t1", "-i",
            "127.0.0.1", "-p", str(self.port), "-m", "1", "-nostdin", "-recv_timeout", "8000", "-timeout", "40",
            "-timeout_error", "-trace_err", "-error_file", file + ".errors", "-trace_msg", "-message_file",
            file + ".messages", "-base_cseq", "1", "-auth_uri", DOMAIN,
        ]

    def play(self, name, what, **words):
        command = self.command(name, words)
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=WORK, check=False)
        if not check(run.returncode == 0, f"{what}, over {self.transport}"):
            file = command[3]
            say(text(file + ".errors")[-700:] or run.stdout[-500:] + run.stderr[-300:])
            if os.environ.get("VERBOSE"):
                say(text(file + ".messages"))
        return run.returncode == 0


def registration(system, transport):
    peer = Peer(system, "anna", transport)
    peer.play("register", "registration with digest")
    peer.play("register-wrong-password", "a wrong password is refused", password="guess")
    peer.play("register-too-brief", "a registration for a second is 423", expires="1")
    Peer(system, "bruno", transport).play("unregistered", "a call before registration is 403", status="403")
    peer.play("affiliate", "service settings and affiliation")
    peer.play("affiliate-too-brief", "an affiliation for an hour is 423", affiliation_expires="3600")
    peer.play(
        "affiliate-unknown-group", "affiliation with an unknown group comes to nothing", group=f"sip:nothing@{DOMAIN}"
    )


def calls(system, transport):
    caller, member = Peer(system, "anna", transport), Peer(system, "bruno", "udp")
    for group, kind in ((FIRE, "prearranged"), (CHAT, "chat")):
        if kind == "prearranged":
            member.play("affiliate", "a member affiliates", group=group)
            called = start(member.command("called", {"group": group}), "called.log", cwd=WORK)
        caller.play("call", f"a {kind} group call is set up and released", group=group, session_type=kind)
        if kind == "prearranged":
            wait(15, lambda: called.poll() is not None, "the end of the called member's scenario", called)
            check(called.returncode == 0, f"a member is called, answers and is released; caller over {transport}")


def refused_calls(system, transport):
    peer = Peer(system, "anna", transport)
    peer.play("refused-when-affiliated", "a call that nobody else could join is 480", group=LONELY, status="480")
    peer.play(
        "refused-when-affiliated", "a codec that the group does not have is 488", codec="L16", status="488"
    )
    for what, status, warning, words in [
        ("a group that is not there", "404", "Warning: 399 .*113 ", {"group": f"sip:nothing@{DOMAIN}"}),
        ("a group of no known system", "404", "Warning: 399 .*142 ", {"group": "sip:fire@nowhere.example"}),
        ("a group without the caller", "403", "Warning: 399 .*116 ", {"group": SECRET}),
        ("a chat call of a prearranged group", "404", "Warning: 399 .*117 ", {"session_type": "chat"}),
        ("a prearranged call of a chat group", "404", "Warning: 399 .*118 ", {"group": CHAT}),
        ("a group to which one is not affiliated", "403", "Warning: 399 .*120 ", {"group": AWAY}),
        ("another kind of call", "403", "Warning: 399 .*100 ", {"session_type": "private"}),
        ("a client without service settings", "404", "Warning: 399 .*141 ", {"piece": "settings"}),
    ]:
        if words.pop("piece", None):
            kept, PIECES["settings"] = PIECES["settings"], ""
            peer = Peer(system, "carla", transport)
        peer.play("refused-call", f"{what} is {status}", status=status, warning=warning, **words)
    PIECES["settings"] = kept


def wrong_input(system, transport):
    peer = Peer(system, "anna", transport)
    with open(os.path.join(HERE, "wrong-input.tsv")) as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    for name, status, holds, line, fields, body in rows:
        def put(value):
            return value.replace("{domain}", DOMAIN).replace("{large}", "a" * 5000).replace("{long}", "a" * 9000).replace("|", "\n")

        peer.play(
            "refused-request", f"{name} is {status}", status=status, warning=holds, request_line=put(line),
            fields=put(fields), body=put(body),
        )


def unmatched(system, transport):
    """What sipp cannot take as an answer to its request, because the answer repeats what was wrong with it."""
    for what, changes in [
        ("CSeq of another method", {"CSeq": "1 BYE"}), ("no Call-ID", {"Call-ID": None}), ("no CSeq", {"CSeq": None}),
        ("two From", {"From": "<sip:a@b>;tag=1\r\nf: <sip:c@d>;tag=2"}), ("a header field without colon", {"X": None, "Y\r\nnonsense": "1"}),
    ]:
        fields = {
            "Via": f"SIP/2.0/{transport.upper()} 127.0.0.1:9;branch=z9hG4bK{done}{len(what)};rport", "To": f"<sip:{DOMAIN}>",
            "From": "<sip:a@b>;tag=1", "Call-ID": what.replace(" ", ""), "CSeq": "1 OPTIONS", "Max-Forwards": "70",
            **changes, "Content-Length": "0",
        }
        lines = [f"OPTIONS sip:{DOMAIN} SIP/2.0"] + [f"{name}: {value}" for name, value in fields.items() if value]
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as wire:
            wire.settimeout(5)
            wire.connect(("127.0.0.1", system.sip))
            wire.send(("\r\n".join(lines) + "\r\n\r\n").encode())
            try:
                status = wire.recv(65536).decode(errors="replace")[8:11]
            except OSError:
                status = "silence"
        check(status == "400", f"{what} is 400, not {status}, over {transport}")


def main():
    def hashed(name):
        ha1 = hashlib.md5(f"{name}@{DOMAIN}:{DOMAIN}:pw-{name}".encode()).hexdigest()
        return name, f'    ha1: {{md5: "{ha1}"}}\n'

    # sipp knows MD5 only; the users have no other hash.
    groups = "".join(
        f"  - {{id: {group}, type: {kind}, members: [{members}]}}\n"
        for group, kind, members in [
            (FIRE, "prearranged", f"sip:anna@{DOMAIN}, sip:bruno@{DOMAIN}, sip:carla@{DOMAIN}"),
            (LONELY, "prearranged, min_to_start: 2", f"sip:anna@{DOMAIN}, sip:carla@{DOMAIN}"),
            (AWAY, "prearranged", f"sip:anna@{DOMAIN}, sip:bruno@{DOMAIN}"),
            (CHAT, "chat", f"sip:anna@{DOMAIN}, sip:bruno@{DOMAIN}"),
            (SECRET, "prearranged", f"sip:bruno@{DOMAIN}, sip:carla@{DOMAIN}"),
        ]
    )
    system = System([hashed(n) for n in ("anna", "bruno", "carla")], groups, extra="limits: {body_octets: 4096}\n")
    system.start()
    for transport in ("udp", "tcp"):
        registration(system, transport)
        calls(system, transport)
        refused_calls(system, transport)
        wrong_input(system, transport)
        unmatched(system, transport)
    check(system.process.poll() is None, "the system goes on")
    check(system.stop() == 0, "the system ends with status 0")
    say(f"{done} scenarios of sipp over UDP and TCP")


if __name__ == "__main__":
    judge(main)
