"""The disk with the store runs full in the middle of a talk, and has room again later.

The talk arrives whole. Nothing of the administration is acknowledged meanwhile, nobody logs in anew, and the system says
that it has trouble: in its log, to probes, in its numbers. With room again it is well by itself, and the audit log is
sound."""

import glob
import http.client
import json
import os
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
import wave

import ground
from ground import check, say
from nation import DOMAIN, Nation

PASSWORD = "amministra la nazione"
TALK_SECONDS = 15


class Disk:
    """The file system with the nation's folder."""

    def __init__(self):
        self.filler = os.path.join(ground.WORK, "disk", "filler")

    def fill(self):
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    pass

    def empty(self):
        os.unlink(self.filler)


class Office:
    """An administrator with a session."""

    def __init__(self, nation):
        self.nation = nation
        subprocess.run(
            [ground.EUCCS, "admin", "password", "--config", nation.configuration, "--as", "admin"],
            input=PASSWORD + "\n", text=True, check=True, capture_output=True, timeout=60)

    def log_in(self):
        self.headers = {"content-type": "application/json"}
        status, answer = self.ask("POST", "session", {"name": "admin", "password": PASSWORD})
        check(status == 200, f"the administrator logs in, not {status}")
        self.headers["authorization"] = f"Bearer {json.loads(answer)['token']}"

    def ask(self, method, path, body=None):
        trust = ssl.create_default_context(cafile=self.nation.authority)
        line = http.client.HTTPSConnection("127.0.0.1", self.nation.web, timeout=30, context=trust)
        line.request(method, f"/admin/v1/{path}", json.dumps(body) if body else None, self.headers)
        answer = line.getresponse()
        said = answer.read()
        line.close()
        return answer.status, said

    def rename(self, name, text):
        path = "users/" + urllib.parse.quote(f"sip:{name}@{DOMAIN}", safe="")
        status, record = self.ask("GET", path)
        check(status == 200, f"records are read, not {status}")
        changed = dict(json.loads(record), displayName=text)
        for field in ("hasPassword", "hasLoginPassword"):
            changed.pop(field, None)
        return self.ask("PUT", path, changed)

    def name(self, name):
        return json.loads(self.ask("GET", "users/" + urllib.parse.quote(f"sip:{name}@{DOMAIN}", safe=""))[1])["displayName"]


def probe(nation, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{nation.operations}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def speech():
    """Recorded words, again and again."""
    found = sorted(glob.glob("/usr/share/asterisk/sounds/it/*.wav")) or sorted(
        glob.glob("/usr/share/asterisk/sounds/**/*.wav", recursive=True))
    with wave.open(max(found, key=os.path.getsize)) as source:
        rate, words = source.getframerate(), source.readframes(source.getnframes())
    path = os.path.join(ground.WORK, "speech.wav")
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        wanted = 2 * rate * TALK_SECONDS
        file.writeframes((words * (wanted // len(words) + 1))[:wanted])
    return path


def seconds(path):
    with wave.open(path) as file:
        return file.getnframes() / file.getframerate()


def main():
    disk, nation = Disk(), Nation(["anna", "bruno", "carla"], [("fire", "prearranged")], folder="disk/nation")
    office = Office(nation)
    nation.serve()
    office.log_in()
    fire, heard = nation.identity("fire"), os.path.join(ground.WORK, "heard.wav")
    listener = nation.device("bruno", "listen", "--group", fire, "--record", heard)
    ground.wait(20, lambda: "listening" in ground.text(listener.log), "a listener", listener)
    talker = nation.device("anna", "talk", "--group", fire, "--wav", speech())
    ground.wait(20, lambda: "speech arrives" in ground.text(listener.log), "speech", talker)
    check(probe(nation, "/readyz")[0] == 200, "the system is ready")

    profile = nation.profile("carla")

    def register(log):
        """The status of a device that is not known yet."""
        device = ground.start([ground.EUCCS, "responder", "register", "--profile", profile, "--seconds", "1"], log)
        ground.wait(40, lambda: device.poll() is not None, "the end of a device")
        return device.returncode, ground.text(device.log)

    disk.fill()
    status, said = office.rename("carla", "Nobody")
    check(status == 503, f"a change is not acknowledged, but answered 503, not {status} {said[:200]}")
    check(office.name("carla") != "Nobody", "nothing has changed")
    status, said = register("refused.log")
    check(status != 0, f"nobody logs in anew\n{said}")
    ground.wait(30, lambda: probe(nation, "/readyz")[0] == 503, "the word that the system is no place for new calls")
    check("audit log" in probe(nation, "/readyz")[1], f"it says why: {probe(nation, '/readyz')[1]}")
    check(probe(nation, "/healthz")[0] == 200, "the process is well all the same")
    log = ground.text(nation.system.log)
    check("audit" in log and "full" in log.lower(), f"the log raises the alarm\n{log[-1500:]}")

    ground.wait(TALK_SECONDS + 20, lambda: talker.poll() is not None, "the end of the talk")
    check(talker.returncode == 0, f"the talk goes on to its end\n{ground.text(talker.log)}")
    check(nation.system.poll() is None, "the system goes on")
    numbers = probe(nation, "/metrics")[1]
    copies = sum(float(line.split()[-1]) for line in numbers.splitlines()
                 if line.startswith("euccs_media_audio_copies_sent_total"))

    disk.empty()
    ground.wait(60, lambda: probe(nation, "/readyz")[0] == 200, "the word that all is well again", nation.system)
    status, said = office.rename("carla", "Carla")
    check(status == 200, f"a change is made again, not {status} {said[:200]}")
    status, said = register("again.log")
    check(status == 0, f"people log in again\n{said}")
    ground.end(listener)
    # A tape fills gaps: what counts are the packets of 20 ms that reached him.
    check(copies >= 50 * TALK_SECONDS - 2, f"the whole talk arrived, not {copies} packets of it")
    check(seconds(heard) >= TALK_SECONDS - 0.1, f"the whole talk was heard, not {seconds(heard):.1f} s of it")
    time.sleep(0.5)
    nation.admin("audit verify")
    nation.admin("check")
    say(f"the disk ran full amid a talk of {TALK_SECONDS} s: it arrived whole, administration and log-in stopped and went "
        "on by themselves, the log and the probes told of it, the audit log is sound")


ground.judge(main)
