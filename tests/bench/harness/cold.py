"""Whole processes: from the start of a program to its end, each kernel once, and a trivial program."""
import os
import shutil
import tempfile

from . import process
from .kernels import parse
from .runtimes import TERRACE

RUNTIMES = ["c", "terrace", "node", "luajit", "pypy", "sbcl-typed", "chez", "erlang"]
COMPARED = ["terrace", "node", "luajit"]  # by the figures to reach
EMPTY, WARM = "terrace, empty store", "terrace, warm store"


def measure_kernels(runtimes, kernels, rounds, compared_rounds, results, say):
    stores = Stores()
    try:
        for kernel in kernels:
            for turn in range(max(rounds, compared_rounds)):
                for runtime in runtimes:
                    if runtime.name not in RUNTIMES or turn >= (compared_rounds if runtime.name in COMPARED else rounds):
                        continue
                    say(f"{kernel}, whole process: {runtime.name}", passing=True)
                    if runtime.name == TERRACE:
                        with_stores(runtime, kernel, stores, results, say)
                    else:
                        once(runtime, kernel, runtime.name, {}, results, say)
    finally:
        stores.remove()
    results.has_store = stores.used


def with_stores(runtime, kernel, stores, results, say):
    once(runtime, kernel, EMPTY, {"TERRACE_STORE": stores.empty()}, results, say)
    warm = stores.warm(runtime, kernel)
    if warm:
        once(runtime, kernel, WARM, {"TERRACE_STORE": warm}, results, say)


def once(runtime, kernel, name, environment, results, say):
    try:
        ran = process.run(runtime.kernel(kernel, []), {**os.environ, "TERRACE_STORE": "off", **environment})
        parse(ran.output, kernel)
    except (process.Failed, ValueError) as problem:
        say(f"FAILED {name} {kernel}: {problem}")
        results.failures.append(f"{name} {kernel}, whole process")
        return
    results.add(kernel, name, "whole-process", "ms", [ran.seconds * 1e3])


class Stores:
    """Directories for the store of compiled code: a fresh one for each run, and one for each kernel that was filled by warm runs."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="terrace-bench-")
        self.count = 0
        self.filled = {}

    @property
    def used(self):
        return any(self.filled.values())

    def empty(self):
        self.count += 1
        path = os.path.join(self.root, str(self.count))
        os.mkdir(path, 0o700)
        return path

    def warm(self, runtime, kernel):
        """None when this Terrace keeps no store, which shows in that its directory stays empty."""
        if kernel not in self.filled:
            path = self.empty()
            for _ in range(2):  # the second run adds what only a run with compiled code from the start asks for
                process.run(runtime.kernel(kernel, ["1", "0.1", "0.1"]), {**os.environ, "TERRACE_STORE": path})
            self.filled[kernel] = path if os.listdir(path) else None
        return self.filled[kernel]

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


def measure_start(runtimes, rounds, results, say):
    for _ in range(rounds):
        for runtime in runtimes:
            if runtime.hello is None:
                continue
            say(f"start to first result: {runtime.name}", passing=True)
            try:
                ran = process.run(runtime.hello, {**os.environ, "TERRACE_STORE": "off"})
                if ran.output.split() != ["55"]:
                    raise ValueError(f"wrong result {ran.output!r}")
            except (process.Failed, ValueError) as problem:
                say(f"FAILED {runtime.name} hello: {problem}")
                results.failures.append(f"{runtime.name} hello")
                continue
            results.add("hello", runtime.name, "whole-process", "ms", [ran.seconds * 1e3])
            results.add("hello", runtime.name, "memory", "MB", [ran.peak_mb])
