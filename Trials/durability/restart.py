"""Power is cut and comes back: every device is in its call again by itself, affiliated, and hears who talks.

A chat call is joined again by whoever was in it; a prearranged one is made again by who had made it, and invites the
others."""

import glob
import os
import time

import ground
from ground import check, say
from nation import Nation

USERS = [f"u{number}" for number in range(7)]
LIMIT_SECONDS = 10


def count(device, line):
    return ground.text(device.log).count(line)


def main():
    nation = Nation(USERS, groups=[("talk", "chat"), ("fire", "prearranged")]).serve()
    talk, fire = nation.identity("talk"), nation.identity("fire")
    in_chat = [nation.device(user, "call", "--group", talk, "--chat") for user in USERS[:4]]
    listener = nation.device(USERS[4], "listen", "--group", fire)
    for device in in_chat:
        ground.wait(20, lambda: count(device, f"in the call of {talk}") == 1, "a device in the chat call", device)
    ground.wait(20, lambda: count(listener, "listening") == 1, "a listener", listener)
    caller = nation.device(USERS[5], "call", "--group", fire)
    in_prearranged = [caller, listener]
    for device in in_prearranged:
        ground.wait(20, lambda: count(device, f"in the call of {fire}") == 1, "a device in the prearranged call", device)

    cut = time.monotonic()
    nation.cut_power()
    nation.serve()
    up = time.monotonic()
    for device in in_chat:
        ground.wait(60, lambda: count(device, f"in the call of {talk}") == 2, "a device back in its call", device)
    for device in in_prearranged:
        ground.wait(60, lambda: count(device, f"in the call of {fire}") == 2, "a device back in its call", device)
    back = time.monotonic()
    check(back - up < LIMIT_SECONDS, f"everybody is back in the call within {LIMIT_SECONDS} s, not {back - up:.1f}")
    check(count(listener, f"{fire}: affiliated") == 2, "the listener is affiliated again")

    wav = sorted(glob.glob("/usr/share/asterisk/sounds/it/*.wav")) or sorted(
        glob.glob("/usr/share/asterisk/sounds/**/*.wav", recursive=True))
    speech = min((path for path in wav if os.path.getsize(path) > 60_000), key=os.path.getsize)
    talker = nation.device(USERS[6], "talk", "--group", talk, "--chat", "--wav", speech)
    ground.wait(40, lambda: talker.poll() is not None, "the end of a talk")
    check(talker.returncode == 0, f"somebody talks after the restart\n{ground.text(talker.log)}")
    heard = [count(device, f"{nation.identity(USERS[6])} talks") for device in in_chat]
    check(heard == [1] * len(in_chat), f"everybody in the call is told who talks after the restart: {heard}")
    arrived = [count(device, "speech arrives") for device in in_chat]
    check(arrived == [1] * len(in_chat), f"everybody in the call hears: {arrived}")

    talker = nation.device(USERS[6], "talk", "--group", fire, "--wav", speech, log="second.log")
    ground.wait(40, lambda: talker.poll() is not None, "the end of a talk")
    check(talker.returncode == 0, f"somebody talks in the prearranged call\n{ground.text(talker.log)}")
    check([count(device, "speech arrives") for device in in_prearranged] == [1, 1], "both in the call hear him")
    for device in [*in_chat, *in_prearranged]:
        ground.end(device)
    ground.end(nation.system)
    say(f"power was gone for {up - cut:.1f} s; everybody was back in the call {back - up:.1f} s after it came back")


ground.judge(main)
