"""Makes a nation, logs its administrator in over HTTPS, and lets schemathesis ask."""

import json
import os
import ssl
import subprocess
import urllib.request

import ground
from ground import check, say
from nation import Nation

PASSWORD = "amministra la nazione"


def main():
    nation = Nation(["anna", "bruno"], groups=[("talk", "chat")])
    subprocess.run(
        [ground.EUCCS, "admin", "password", "--config", nation.configuration, "--as", "admin", "admin"],
        input=PASSWORD + "\n", text=True, check=True, capture_output=True, timeout=60)
    nation.serve()
    base = f"https://127.0.0.1:{nation.web}"
    ask = urllib.request.Request(
        base + "/admin/v1/session", data=json.dumps({"name": "admin", "password": PASSWORD}).encode(),
        headers={"content-type": "application/json"})
    with urllib.request.urlopen(ask, context=ssl.create_default_context(cafile=nation.authority)) as answer:
        token = json.load(answer)["token"]
    environment = dict(os.environ, TRUST=nation.authority, EXAMPLES=os.environ.get("EXAMPLES", "10"))
    run = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.sh")
    done = subprocess.run(
        [run, base, token], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400)
    # What it found stands before its summary.
    found = done.stdout[done.stdout.find("FAILURES"):][:6000]
    check(done.returncode == 0, f"schemathesis finds nothing\n{found}{done.stderr[-1000:]}")
    check(nation.system.poll() is None, "the system goes on")
    nation.admin("audit verify")
    ground.end(nation.system)
    say("schemathesis found nothing against the description; the audit log of what it did is sound")


ground.judge(main)
