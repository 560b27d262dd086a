"""Builds the peers, each only when its commands or any source of a peer changed."""
import hashlib
import os
import subprocess

from . import places


def prepare(runtimes, say):
    """Answers the runtimes that can be used, and says of each other one why not."""
    os.makedirs(places.BUILT, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-Wall", "-o", places.LAUNCH, os.path.join(places.BENCH, "harness", "launch.c")], check=True)
    usable = []
    for runtime in runtimes:
        missing = runtime.missing()
        problem = f"{' and '.join(missing)} not installed" if missing else build(runtime)
        if problem:
            say(f"SKIPPED {runtime.name} ({runtime.says}): {problem}")
        else:
            usable.append(runtime)
    return usable


def build(runtime):
    """Answers what went wrong, or nothing."""
    stamp = os.path.join(places.BUILT, f"{runtime.name}.stamp")
    wanted = fingerprint(runtime)
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted:
        return None
    for command in runtime.build:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            return f"{command[0]} did not end in time"
        if done.returncode != 0:
            return f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}"
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    return None


def fingerprint(runtime):
    digest = hashlib.sha256(repr(runtime.build).encode())
    for folder in (places.PEERS, places.HELLO):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                digest.update(open(path, "rb").read())
    return digest.hexdigest()
