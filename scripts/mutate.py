"""Breaks named decisions on purpose, one at a time, in a copy of Core, and sees that a test turns red."""

import pathlib
import shutil
import subprocess
import sys
import time

# Each verdict is told when it is known, wherever the output goes.
sys.stdout.reconfigure(line_buffering=True)

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / ".build-mutate" / "Core"


def mutations():
    """Blocks of `name:`, `file:`, `tests:`, `old:`, `new:`; blank lines between blocks, # for comments."""
    block = {}
    for line in (ROOT / "scripts" / "mutations.txt").read_text().splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if block:
                missing = {"name", "file", "tests", "old", "new"} - block.keys()
                if missing:
                    sys.exit(f"mutations.txt: block {block.get('name', block)} lacks {sorted(missing)}")
                yield block
            block = {}
            continue
        key, _, value = line.partition(": ")
        block[key.rstrip(":")] = value


def misplaced():
    """What is wrong with the places of the decisions, a line each: known before anything is built."""
    for mutation in mutations():
        target = ROOT / "Core" / mutation["file"]
        count = target.read_text().count(mutation["old"]) if target.exists() else 0
        if count != 1:
            yield f"mutations.txt: {mutation['name']}: its place occurs {count} times in {mutation['file']}, not once"


def run(*command):
    return subprocess.run(command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test(names):
    return run("timeout", "-s", "KILL", "300", "swift", "test", "--skip-build", "--filter", names)


def main():
    chosen = sys.argv[1:]
    if wrong := list(misplaced()):
        sys.exit("\n".join(wrong))
    if chosen == ["--places"]:
        return
    COPY.parent.mkdir(exist_ok=True)
    subprocess.run(
        ["rsync", "-a", "--delete", "--exclude", ".build", f"{ROOT}/Core/", f"{COPY}/"], check=True
    ) if shutil.which("rsync") else copy_plain()
    first = run("swift", "build", "--build-tests")
    if first.returncode:
        sys.exit(first.stdout[-3000:] + "\nmutate: the unbroken Core does not build")
    plan = [m for m in mutations() if not chosen or m["name"] in chosen]
    if unknown := set(chosen) - {m["name"] for m in plan}:
        sys.exit(f"mutate: no such decision: {sorted(unknown)}")
    # A test that is red anyway, or a filter that matches none, would prove nothing.
    for tests in sorted({m["tests"] for m in plan}):
        healthy = test(tests)
        if healthy.returncode or "with 0 tests" in healthy.stdout:
            sys.exit(healthy.stdout[-3000:] + f"\nmutate: {tests} does not pass, or is empty, without any mutation")
    survived = 0
    total = 0
    for mutation in plan:
        total += 1
        began = time.monotonic()
        target = COPY / mutation["file"]
        healthy = target.read_text()
        target.write_text(healthy.replace(mutation["old"], mutation["new"]))
        try:
            built = run("swift", "build", "--build-tests")
            if built.returncode:
                print(f"mutate: {mutation['name']}: does not compile, so it proves nothing\n{built.stdout[-1500:]}")
                survived += 1
                continue
            tested = test(mutation["tests"])
            seconds = time.monotonic() - began
            if tested.returncode in (124, 137, -9):
                print(f"mutate: {mutation['name']}: HANGS: {mutation['tests']} did not end, so nobody is told what broke")
                survived += 1
            elif tested.returncode == 0:
                print(f"mutate: {mutation['name']}: SURVIVED: no test of {mutation['tests']} noticed ({seconds:.0f} s)")
                survived += 1
            else:
                print(f"mutate: {mutation['name']}: a test turned red ({seconds:.0f} s)")
        finally:
            target.write_text(healthy)
    print(f"mutate: {total - survived} of {total} broken decisions were noticed")
    sys.exit(1 if survived or not total else 0)


def copy_plain():
    """Keeps the build folder of the copy, replaces everything else."""
    for old in COPY.glob("*") if COPY.exists() else []:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(ROOT / "Core", COPY, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".build"))


if __name__ == "__main__":
    main()
