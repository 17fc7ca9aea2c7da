"""How a nation of a country's size behaves: imported, started, logged in to, registered with, changed."""

import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import fleet
import ground
import logins
import registration
import yardsticks
from figures import Figures
from ground import Failed, say
from nation import Nation


def number(name, usual):
    return int(os.environ.get(name) or usual)


USERS = number("USERS", 100_000)
# To bash GROUPS is a list of its own, so run.sh hands it on under another name.
GROUPS = number("NATION_GROUPS", USERS // 5)
HASHED = number("HASHED", 200)
LOGINS = number("LOGINS", 200)
REGISTRATIONS = min(USERS // 2, number("REGISTRATIONS", 10_000))
TLS_DEVICES = min(USERS // 4, number("TLS_DEVICES", 1_000))
NOTICES = number("NOTICES", 50)
CHANGES = min(USERS // 4, number("CHANGES", 1_000))
# An edge takes 256 users of one connection.
PER_LINE = 200
# What is owed: 10,000 users and 2,000 groups within a minute.
IMPORT_SECONDS = 60
# verifier: ready-made with the tables; none: nobody can log in.
KIND = os.environ.get("VERIFIERS", "verifier")
ADMINISTRATOR_PASSWORD = "amministra la nazione"
figures = Figures(USERS, GROUPS)


def run(*arguments, text=""):
    """A command of ours to its end: what it said, its seconds and the most memory that it held, in MiB."""
    log = os.path.join(ground.WORK, "command.log")
    began = time.monotonic()
    with open(log, "wb") as output:
        child = subprocess.Popen(
            [ground.EUCCS, *arguments], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        try:
            child.stdin.write(text.encode())
            child.stdin.close()
            _, status, used = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
    taken = time.monotonic() - began
    if child.returncode != 0:
        raise Failed(f"euccs {' '.join(arguments)}: status {child.returncode}\n{ground.text(log)[-1500:]}")
    return ground.text(log), taken, used.ru_maxrss / 1024


class Country(Nation):
    """A nation of a size, with its organisations, its administrator's password and room for many connections."""

    def __init__(self, folder, users, groups, how):
        super().__init__([], folder=folder)
        self.users, self.groups = self.path("users.csv"), self.path("groups.csv")
        self.store = self.path("nation.sqlite")
        self.plain = self.access + 1
        for organisation in fleet.ORGANISATIONS:
            self.admin("organisation", "--as", "admin", organisation)
        run("admin", "password", "--config", self.configuration, "--as", "admin", text=ADMINISTRATOR_PASSWORD + "\n")
        with open(self.configuration, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("  access:\n    tls:", f'  access:\n    tcp: ["127.0.0.1:{self.plain}"]\n    tls:', 1)
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(text + "limits: {connections: 20000, connections_per_source: 20000}\n")
        fleet.write_users(self.users, users, how)
        fleet.write_groups(self.groups, groups, users)

    def take_in(self, *more):
        return run(
            "admin", "import", "--config", self.configuration, "--as", "admin", "--users", self.users, "--groups",
            self.groups, *more)

    def stored(self):
        """MiB of the store and what stands beside it."""
        return sum(os.path.getsize(self.store + end) for end in ("", "-wal") if os.path.exists(self.store + end)) / 2**20

    def start(self):
        """Seconds until clients are welcome."""
        began = time.monotonic()
        self.system = ground.start([ground.EUCCS, "serve", "--config", self.configuration], "nation.log")
        ground.wait(300, self.is_ready, "a system that is ready", self.system)
        return time.monotonic() - began

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.operations}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def resident(self):
        """MiB that the system holds."""
        with open(f"/proc/{self.system.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def processor(self):
        """Seconds of processor time that the system has used."""
        with open(f"/proc/{self.system.pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def importing_a_region():
    """10,000 users and 2,000 groups, as an agency hands them in."""
    users, groups = min(USERS, 10_000), min(GROUPS, 2_000)
    region = Country("region", users, groups, KIND)
    _, dry, memory = region.take_in("--dry-run")
    figures.add(f"dry run of {users:,} users, {groups:,} groups", dry, "s", note=f"{memory:.0f} MiB")
    _, wet, memory = region.take_in()
    if (users, groups) == (10_000, 2_000):
        figures.judge("10,000 users and 2,000 groups imported", wet, IMPORT_SECONDS, "s")
    else:
        say(f"{users:,} users and {groups:,} groups: nothing is owed for so few, so nothing is judged")
    peer = yardsticks.insertion(region.store, region.path("same-rows.sqlite"))
    figures.add(f"import of {users:,} users, {groups:,} groups", wet, "s", peer, "sqlite3 alone", f"{memory:.0f} MiB")
    hashing(region)


def hashing(region):
    """Log-in passwords in clear are hashed by all processors, at the full cost."""
    users = region.path("hashed.csv")
    fleet.write_users(users, HASHED, "password")
    _, taken, _ = run("admin", "import", "--config", region.configuration, "--as", "admin", "--users", users)
    _, start, _ = run("admin", "import", "--config", region.configuration, "--as", "admin", "--users", users, "--dry-run")
    rate = HASHED / max(0.001, taken - start)
    figures.add("log-in passwords in clear, hashed while importing", rate, "/s", yardsticks.scrypt_rate(), "OpenSSL")
    figures.add("so 10,000 of them take", 10_000 / rate, "s", note="ready-made verifiers take none of it")


def importing_the_nation():
    nation = Country("country", USERS, GROUPS, KIND)
    _, taken, memory = nation.take_in()
    figures.add(f"import of {USERS:,} users, {GROUPS:,} groups", taken, "s", note=f"{memory:.0f} MiB")
    _, taken, _ = nation.take_in("--dry-run")
    figures.add("dry run of the same tables again", taken, "s")
    figures.add("store", nation.stored(), "MiB")
    user = fleet.identity(fleet.name(USERS - 1))
    for word in ("suspend", "resume"):
        _, taken, _ = run("admin", word, "--config", nation.configuration, "--as", "admin", user)
        figures.add(f"one change at the command line ({word})", taken, "s")
    return nation


def starting(nation):
    figures.add("start until ready", nation.start(), "s")
    figures.add("resident memory when ready", nation.resident(), "MiB")


def logging_in(nation):
    names = [fleet.name(index) for index in range(LOGINS)]
    used, began = nation.processor(), time.monotonic()
    taken = logins.log_in_all(nation.web, nation.authority, names, 2 * os.cpu_count())
    rate = LOGINS / (time.monotonic() - began)
    used = nation.processor() - used
    figures.add("log-ins (code flow with PKCE over HTTPS)", rate, "/s", yardsticks.scrypt_rate(), "OpenSSL scrypt")
    figures.add("processor time of a log-in", 1_000 * used / LOGINS, "ms")
    figures.add_times("log-in, one of four at a time" if os.cpu_count() == 2 else "log-in", taken)


def registering(nation):
    """Over few connections, so that the registration itself is measured; then each device over its own."""
    names = [fleet.name(USERS - 1 - index) for index in range(REGISTRATIONS)]
    used, own, began = nation.processor(), time.process_time(), time.monotonic()
    lines, taken = registration.over_standing_lines(nation.plain, names, -(-REGISTRATIONS // PER_LINE))
    wall = time.monotonic() - began
    used, own = nation.processor() - used, time.process_time() - own
    figures.add(
        "registrations with digest (two REGISTER each), TCP", REGISTRATIONS / wall, "/s",
        note=f"driver {own / wall:.0%}, system {used / wall:.0%} of a processor")
    figures.add("processor time of one REGISTER", 1e6 * used / REGISTRATIONS / 2, "us")
    trust = ssl.create_default_context(cafile=nation.authority)
    names = [fleet.name(CHANGES + index) for index in range(TLS_DEVICES)]
    used, began = nation.processor(), time.monotonic()
    own_lines, _ = registration.over_own_line(nation.access, names, trust)
    used = nation.processor() - used
    figures.add("devices that connect by TLS and register", TLS_DEVICES / (time.monotonic() - began), "/s",
                note="one after the other")
    figures.add("processor time of such a device", 1_000 * used / TLS_DEVICES, "ms")
    figures.add(f"resident memory with {REGISTRATIONS + TLS_DEVICES:,} registered", nation.resident(), "MiB")
    return lines, own_lines


class Desk:
    """An administrator over HTTPS."""

    def __init__(self, nation):
        self.trust = ssl.create_default_context(cafile=nation.authority)
        self.application = logins.Application(nation.web, nation.authority)
        self.token = None
        answer = self.ask("POST", "/admin/v1/session", {"name": "admin", "password": ADMINISTRATOR_PASSWORD})
        self.token = json.loads(answer)["token"]

    def ask(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["content-type"] = "application/json"
        self.application.line.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.application.line.getresponse()
        text = answer.read()
        if answer.status not in (200, 201, 204):
            raise Failed(f"{method} {path}: {answer.status} {text[:300]!r}")
        return text

    def suspend(self, identity, verb="suspend"):
        self.ask("POST", f"/admin/v1/users/{urllib.parse.quote(identity, safe='')}/{verb}")


def changing(nation):
    """Users are suspended one by one; each asks the edge all the while whether he is still somebody."""
    desk = Desk(nation)
    pairs, _ = registration.over_own_line(nation.plain, [fleet.name(index) for index in range(CHANGES)])
    answered, effective = [], []
    for line, device in pairs:
        began = time.monotonic()
        desk.suspend(fleet.identity(device.name))
        answered.append(time.monotonic() - began)
        while registration.status(line.ask(device.message("OPTIONS", f"sip:nobody@{fleet.DOMAIN}"))) != 403:
            if time.monotonic() - began > 30:
                raise Failed("a suspended user stays somebody")
        effective.append(time.monotonic() - began)
    peer = yardsticks.commits(nation.path("single.sqlite"), CHANGES)
    figures.add_times("a change asked for until it is durable and answered", answered, peer, "sqlite3 alone")
    figures.add_times("a change asked for until calls obey it", effective)
    copies = yardsticks.dictionary_copies(USERS, min(CHANGES, 200))
    figures.add_times("a plain dictionary copied for a change, for comparison", copies)
    for line, _ in pairs:
        line.wire.close()


def telling(nation):
    """A device that follows its user profile hears of each change of it (RFC 5875): from when the change is durable and
    answered to the administrator until the device has fetched the document and says what it knows."""
    desk, name = Desk(nation), fleet.name(USERS // 2)
    device = nation.device(name, "register")
    ground.wait(60, lambda: "registered" in ground.text(device.log), "a device that registers", device)
    path = f"/admin/v1/users/{urllib.parse.quote(fleet.identity(name), safe='')}"
    asked, told = [], []
    for priority in range(100, 100 + NOTICES):
        user = json.loads(desk.ask("GET", path))
        began = time.monotonic()
        desk.ask("PUT", path, user | {"priority": priority})
        committed = time.monotonic()
        while f"you have priority {priority}, " not in ground.text(device.log):
            if time.monotonic() - committed > 30:
                raise Failed(f"a device is not told of a change: {ground.text(device.log)[-500:]}")
            time.sleep(0.002)
        told.append(time.monotonic() - committed)
        asked.append(time.monotonic() - began)
    figures.add_times("a change asked for until a device has its document", asked)
    figures.add_times("a change committed until a device has its document", told)
    ground.end(device)


def main():
    say(f"{USERS:,} users, {GROUPS:,} groups; load {figures.about['load_before']}")
    importing_a_region()
    if os.environ.get("ONLY") == "region":
        return figures.write(os.environ["FIGURES"])
    nation = importing_the_nation()
    starting(nation)
    if LOGINS:
        logging_in(nation)
    kept = registering(nation)
    changing(nation)
    telling(nation)
    figures.add("resident memory at the end", nation.resident(), "MiB")
    del kept
    figures.write(os.environ["FIGURES"])
    say(f"load {figures.about['load_after']}; {os.environ['FIGURES']}")
    ground.end(nation.system)


ground.judge(main)
