"""Kernels and scenarios, warm: program by program, the runtimes in turn, several rounds of fresh processes with several samples each."""
import json
import os

from . import process
from .runtimes import BASE, KERNELS, SCENARIOS, TERRACE

# What one process does: how many samples at most, within how many seconds, after how many seconds of warming up.
FULL = {"rounds": 3, "samples": 7, "seconds": 1.0, "warm": 0.3}
QUICK = {"rounds": 1, "samples": 5, "seconds": 0.15, "warm": 0.05}

# The metrics that terrace --stats=json gives, by the name and unit they have here.
STATS = {
    "entries": ("functions", "count"),
    "base_compiles": ("base-compiles", "count"),
    "opt_compiles": ("opt-compiles", "count"),
    "deopts": ("deopts", "count"),
}


def measure(runtimes, programs, plan, results, say):
    for program in programs:
        for round_number in range(plan["rounds"]):
            for runtime in runtimes:
                say(f"{program}, round {round_number + 1} of {plan['rounds']}: {runtime.name}", passing=True)
                one_process(runtime, program, plan, results, say)
                if program == "bintrees" and runtime.name == BASE:
                    one_process(runtime, "bintrees_malloc", plan, results, say)


def one_process(runtime, program, plan, results, say):
    command = runtime.command(program, [str(plan["samples"]), str(plan["seconds"]), str(plan["warm"])])
    if command is None:
        return
    benchmark = program.replace("_", "-")
    try:
        ran = process.run(command, {**os.environ, "TERRACE_STORE": "off"})
        samples, lines = parse(ran.output, program)
    except (process.Failed, ValueError) as problem:
        say(f"FAILED {runtime.name} {program}: {problem}")
        results.failures.append(f"{runtime.name} {program}")
        return
    results.add(benchmark, runtime.name, "time", "ms", [sample * 1e3 for sample in samples])
    results.add(benchmark, runtime.name, "memory", "MB", [ran.peak_mb])
    if runtime.name.startswith(TERRACE):
        add_stats(results, benchmark, runtime.name, lines, ran.errors)


def parse(output, program):
    """The samples in seconds of a program that printed the right result, and the lines after."""
    expected = {**KERNELS, **SCENARIOS}[program.removesuffix("_malloc")]
    first, *lines = output.strip().splitlines() or [""]
    name, result, *samples = first.split() or ["", ""]
    if name.lower() != program or float(result) != expected:
        raise ValueError(f"wrong result: {first[:100]!r}, expected {expected}")
    return [float(sample.replace("d", "e")) for sample in samples], lines


def add_stats(results, benchmark, runtime, lines, errors):
    for line in lines:
        words = line.split()
        if words and words[0] == "allocated":
            results.add(benchmark, runtime, "allocated", "bytes", [float(words[1])])
    stats = json.loads(errors.strip().splitlines()[-1])
    for field, (metric, unit) in STATS.items():
        if field in stats:
            results.add(benchmark, runtime, metric, unit, [float(stats[field])])
