"""A system that serves is killed while several administrators change its users over HTTPS.

Each writer has a user of his own and puts him again and again with the next number in two of his fields; so after a
kill the store must hold, of every writer, the number that was acknowledged last or the one that was on its way, the same
in both fields. Then the audit chain is verified, and the store."""

import csv
import http.client
import io
import json
import os
import random
import ssl
import subprocess
import threading
import time
import urllib.parse

import ground
from ground import check, say
from nation import DOMAIN, Nation

KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
WRITERS = int(os.environ.get("WRITERS", "4"))
PASSWORD = "amministra la nazione"


class Writer(threading.Thread):
    """Puts its user until the system is gone."""

    def __init__(self, store, index, standing):
        super().__init__()
        self.store, self.index = store, index
        self.user = f"sip:w{index}@{DOMAIN}"
        # What an answer told of last, and what was sent last.
        self.acknowledged = self.sent = standing
        self.answers, self.wrong = 0, None

    def run(self):
        try:
            line = http.client.HTTPSConnection("127.0.0.1", self.store.nation.web, timeout=20, context=self.store.trust)
            headers = {"authorization": f"Bearer {self.store.token}", "content-type": "application/json"}
            path = f"/admin/v1/users/{urllib.parse.quote(self.user, safe='')}"
            while True:
                text = f"Number {self.sent + 1}"
                body = {"organisation": "national", "displayName": text, "agency": text}
                self.sent += 1
                line.request("PUT", path, json.dumps(body), headers)
                answer = line.getresponse()
                said = answer.read()
                if answer.status not in (200, 201) or json.loads(said)["displayName"] != text:
                    self.wrong = f"{answer.status} {said[:200]!r}"
                    return
                self.acknowledged = self.sent
                self.answers += 1
        except (OSError, http.client.HTTPException, ValueError):
            # The system was killed: what was on its way may be kept or not.
            pass


class Store:
    def __init__(self):
        self.nation = Nation([])
        subprocess.run(
            [ground.EUCCS, "admin", "password", "--config", self.nation.configuration, "--as", "admin"],
            input=PASSWORD + "\n", text=True, check=True, capture_output=True, timeout=60)
        self.trust = ssl.create_default_context(cafile=self.nation.authority)
        self.token = None

    def log_in(self):
        line = http.client.HTTPSConnection("127.0.0.1", self.nation.web, timeout=20, context=self.trust)
        line.request("POST", "/admin/v1/session", json.dumps({"name": "admin", "password": PASSWORD}),
                     {"content-type": "application/json"})
        self.token = json.loads(line.getresponse().read())["token"]
        line.close()

    def numbers(self):
        """Of each user the numbers in his two fields: two different ones where his record is half done."""
        rows = csv.DictReader(io.StringIO(self.nation.admin("export", "users")))
        return {
            row["id"]: {int(row[field].removeprefix("Number ")) for field in ("display_name", "agency")} for row in rows}


def one_kill(store, standing, chance, what):
    """How many changes were acknowledged, how many kept that nobody was told of, and whether all is well."""
    store.nation.serve()
    store.log_in()
    writers = [Writer(store, index, standing[index]) for index in range(WRITERS)]
    for writer in writers:
        writer.start()
    # Once all of them have an answer, at any moment.
    ground.wait(60, lambda: all(writer.answers or writer.wrong for writer in writers), "an acknowledged change")
    time.sleep(chance.uniform(0, 0.5))
    store.nation.cut_power()
    for writer in writers:
        writer.join()
    found, holds, kept = store.numbers(), True, 0
    for writer in writers:
        holds &= check(writer.wrong is None, f"{what}: {writer.user} was answered {writer.wrong}")
        numbers = found.get(writer.user, {0})
        expected = {writer.acknowledged, writer.sent}
        holds &= check(
            len(numbers) == 1 and numbers <= expected, f"after {what} {writer.user} has one of {expected}, not {numbers}")
        standing[writer.index] = max(numbers)
        kept += max(numbers) > writer.acknowledged
    # Both fail where something is not as it was written.
    store.nation.admin("audit verify")
    store.nation.admin("check")
    return sum(writer.answers for writer in writers), kept, holds


def main():
    chance = random.Random(SEED)
    store = Store()
    standing = [0] * WRITERS
    acknowledged = untold = 0
    for kill in range(1, KILLS + 1):
        answers, kept, holds = one_kill(store, standing, chance, f"kill {kill} (seed {SEED})")
        acknowledged += answers
        untold += kept
        if not holds:
            return
    say(f"{KILLS} kills of a system that served, amid {acknowledged} acknowledged changes of {WRITERS} writers (seed "
        f"{SEED}): nothing acknowledged was lost, nothing half done; {untold} were kept that nobody was told of; the audit "
        "log and the store are sound")


ground.judge(main)
