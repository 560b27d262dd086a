"""Running one program: how long it took from outside, how much memory it used at most, what it said."""
import os
import signal
import tempfile
import time

from . import places


SETTLE_SECONDS = 0.02  # for the system to take back what processes that have just ended had; it must not slow the next one


class Failed(Exception):
    """A program that ended badly, or not at all."""


class Ran:
    """What a program did: seconds as a whole process, its peak of resident memory in MB, its output and its errors."""

    def __init__(self, seconds, peak_mb, output, errors):
        self.seconds, self.peak_mb, self.output, self.errors = seconds, peak_mb, output, errors


def run(command, environment=None, timeout=120.0):
    """Runs to the end, through launch.c. Nothing else of this process runs meanwhile."""
    time.sleep(SETTLE_SECONDS)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, tempfile.NamedTemporaryFile() as report:
        actions = [(os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)]
        words = [places.LAUNCH, report.name, *command]
        pid = os.posix_spawn(places.LAUNCH, words, environment or os.environ, file_actions=actions, setpgroup=0)
        status = wait(pid, timeout)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        if status != 0:
            raise Failed(f"{' '.join(command)}: {describe(status)}: {(texts[1] or texts[0]).strip()[-400:]}")
        seconds, peak_kb = report.read().split()
    return Ran(float(seconds), float(peak_kb) / 1024, *texts)


class TimedOut(Exception):
    """The alarm went off."""


def wait(pid, timeout):
    def ring(*_):
        raise TimedOut

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except TimedOut:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return "timeout"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def describe(status):
    if status == "timeout":
        return "did not end in time"
    if status > 128:
        return f"killed by {signal.Signals(status - 128).name}"
    return f"exit code {status}"
