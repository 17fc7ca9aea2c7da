"""The lab stays up after its demonstration; guests of three countries join it, and France dies and returns."""

import os
import re
import signal
import time

from ground import EUCCS, WORK, Failed, check, end, heard_seconds, judge, say, start, text, wait

GROUP = "sip:liguria-flood@it.mcx.example"
SPEECH = "/usr/share/asterisk/sounds/it_IT_m_Carlo/demo-congrats.wav"


def excerpt(seconds):
    """A few seconds of a recording, as a WAV file of its own."""
    import wave

    path = os.path.join(WORK, "say.wav")
    with wave.open(SPEECH) as source, wave.open(path, "wb") as out:
        out.setparams(source.getparams())
        out.writeframes(source.readframes(int(seconds * source.getframerate())))
    return path


def listen(country, name):
    record = os.path.join(WORK, f"{name}.wav")
    profile = os.path.join(WORK, "lab", country, "guest.yaml")
    child = start(
        [EUCCS, "responder", "listen", "--profile", profile, "--group", GROUP, "--record", record], f"{name}.log"
    )
    child.record = record
    wait(20, lambda: "listening" in text(child.log), f"the guest of {country}", child)
    return child


def talk(wav, number):
    profile = os.path.join(WORK, "lab", "it", "guest.yaml")
    return start([EUCCS, "responder", "talk", "--profile", profile, "--group", GROUP, "--wav", wav], f"talk{number}.log")


def talks_heard(child):
    """How often speech of another stream began to arrive."""
    return text(child.log).count("speech arrives")


def serve_again():
    return start([EUCCS, "serve", "--config", os.path.join(WORK, "lab", "fr", "system.yaml")], "fr-again.log")


def main():
    if not os.path.exists(SPEECH):
        raise Failed(f"{SPEECH} is missing: make deps")
    lab = start([EUCCS, "lab", "--directory", os.path.join(WORK, "lab")], "lab.log")
    wait(240, lambda: "The lab stays up" in text(lab.log), "the end of the demonstration", lab)
    pid = int(re.search(r"France: \S+ process (\d+)", text(lab.log)).group(1))
    with open(f"/proc/{pid}/cmdline") as file:
        if "fr/system.yaml" not in file.read():
            raise Failed("the process named by the lab is not that of France")
    spain, france = listen("es", "spain"), listen("fr", "france")

    # Talk is under way when France dies; the rest of it is heard in Spain.
    wav = excerpt(8)
    first = talk(wav, 1)
    wait(15, lambda: talks_heard(spain) >= 1 and talks_heard(france) >= 1, "speech in both countries", first)
    time.sleep(2)
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    wait(20, lambda: first.poll() is not None, "the end of the talk")
    check(first.returncode == 0, "a talk in Italy goes on while France is gone\n" + text(first.log)[-300:])
    # The call ends when its last member but one leaves; not before the talk is over.
    wait(10, lambda: "nobody talks" in text(spain.log), "the end of the talk in Spain", spain)
    check("nobody talks" in text(spain.log).split("the call ended")[0], "the call goes on for Spain")

    second = talk(wav, 2)
    before = talks_heard(spain)
    wait(30, lambda: second.poll() is not None, "the second talk", None)
    check(second.returncode == 0, "another talk without France\n" + text(second.log)[-300:])
    check(talks_heard(spain) > before, "Spain hears the talk without France")

    again = serve_again()
    wait(20, lambda: "ready: " in text(again.log), "France again", again)
    ready = time.monotonic()
    # Nobody touches the French guest: it connects, registers and affiliates by itself.
    third, number = None, 2
    before = talks_heard(france)
    while time.monotonic() < ready + 30 and talks_heard(france) == before:
        if third is None or third.poll() is not None:
            number += 1
            third = talk(wav, number)
        time.sleep(0.1)
    came = talks_heard(france) > before
    check(came, "the French guest hears a talk within 30 s of the return of France\n" + text(france.log)[-600:])
    say(f"France was away for {ready - killed:.0f} s; its guest heard {time.monotonic() - ready:.0f} s after its return")
    if third is not None:
        wait(30, lambda: third.poll() is not None, "the end of the last talk")
    for child, least in ((spain, 12), (france, 2)):
        end(child)
        seconds = heard_seconds(child.record)
        check(seconds >= least, f"{child.record}: {seconds:.1f} s of speech, at least {least} expected")
    end(again)
    end(lab)
    check(lab.returncode == 0, f"the lab ends with {lab.returncode} when it is asked to")


if __name__ == "__main__":
    judge(main)
