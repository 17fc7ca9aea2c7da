"""Imports of a fleet map are killed at random moments; after each the store is asked what it holds.

An import is all or nothing, and each marks every record that it writes with its number: so a store in which two numbers
stand is half done, and one whose number is below the last acknowledged one has lost something."""

import csv
import io
import os
import random
import subprocess
import time

import ground
from ground import check, say

KILLS = int(os.environ.get("KILLS", "200"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
USERS, GROUPS = 40, 8


class Store:
    def __init__(self):
        folder = os.path.join(ground.WORK, "nation")
        ports = [str(port) for port in ground.free_pairs(6)]
        options = ["access-port", "partner-port", "web-port", "operations-port", "media-port", "partner-media-port"]
        ground.run(
            "admin", "init", "--folder", folder, "--name", "Italia", "--country", "IT", "--domain", "mc.it.example",
            "--address", "127.0.0.1", *[word for pair in zip(options, ports) for word in ("--" + pair[0], pair[1])])
        self.configuration = os.path.join(folder, "system.yaml")
        self.users, self.groups = os.path.join(folder, "users.csv"), os.path.join(folder, "groups.csv")

    def write(self, number):
        people = [f"sip:u{index}@mc.it.example" for index in range(USERS)]
        with open(self.users, "w", encoding="utf-8") as file:
            file.write("id,display_name,organisation,profile\n")
            file.writelines(f"{person},Number {number},national,responder\n" for person in people)
        with open(self.groups, "w", encoding="utf-8") as file:
            file.write("id,name,type,organisation,members\n")
            for index in range(GROUPS):
                members = " ".join(people[index::GROUPS])
                file.write(f"sip:g{index}@mc.it.example,Number {number},prearranged,national,{members}\n")

    def change(self, number, patience):
        """Starts an import and kills it after a while; whether it was acknowledged, and whether it was killed."""
        self.write(number)
        child = subprocess.Popen(
            [ground.EUCCS, "admin", "import", "--config", self.configuration, "--as", "admin", "--users", self.users,
             "--groups", self.groups], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            said, _ = child.communicate(timeout=patience)
            return b"were made" in said, False
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
            return b"were made" in said, True

    def numbers(self):
        found = set()
        for kind, column in (("users", "display_name"), ("groups", "name")):
            table = ground.run("admin", "export", "--config", self.configuration, kind)
            rows = list(csv.DictReader(io.StringIO(table)))
            found |= {int(row[column].removeprefix("Number ")) for row in rows}
            if rows and len(rows) != (USERS if kind == "users" else GROUPS):
                found.add(-1)
        return found


def main():
    random.seed(SEED)
    store = Store()
    acknowledged, killed, unacknowledged_but_kept = 0, 0, 0
    # How long one takes undisturbed tells in which time a kill may hit it.
    started = time.monotonic()
    fine, _ = store.change(1, 60)
    usual = time.monotonic() - started
    check(fine, "an import that nobody kills is acknowledged")
    acknowledged = number = 1
    while killed < KILLS:
        number += 1
        fine, was_killed = store.change(number, random.uniform(0, usual * 1.1))
        killed += was_killed
        if fine:
            acknowledged = number
        found = store.numbers()
        if not check(len(found) == 1 and found <= {acknowledged, number},
                     f"after kill {killed} (seed {SEED}) the store is whole: {acknowledged} or {number}, not {found}"):
            break
        if not fine and found == {number}:
            unacknowledged_but_kept += 1
            acknowledged = number
        if killed % 20 == 0 and was_killed:
            ground.run("admin", "audit", "verify", "--config", store.configuration)
    ground.run("admin", "audit", "verify", "--config", store.configuration)
    ground.run("admin", "check", "--config", store.configuration)
    say(f"{killed} kills in {number} imports (seed {SEED}): nothing acknowledged was lost, nothing half done; "
        f"{unacknowledged_but_kept} were kept that nobody was told of; the audit log and the store are sound")


ground.judge(main)
