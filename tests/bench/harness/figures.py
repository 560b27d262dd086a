"""What is no kernel: compile latency, the collector's pauses, memory that stays as it is, tiering.

The programs print lines of a name and a number; the end of the name says the unit. What build/tests/bench/ holds is written in C++ against
the C interface, and prints text for people, which is passed on.
"""
import os

from . import places, process

UNITS = {"ms": "ms", "us": "us", "ns": "ns", "megabytes": "MB", "bytes": "bytes", "before": "ratio"}
TERRACE_OPTIONS = ["run", "--allow-files"]


def programs(quick):
    """(name in the results, options, program and arguments)"""
    return [
        ("latency", [], ["latency.sx"]),
        ("latency of 50, base", ["--tier=base"], ["latency.sx", "50"]),
        ("latency of 50, opt", ["--tier=opt"], ["latency.sx", "50"]),
        ("pauses, 200 MB live", [], ["pauses.sx", "200", "100" if quick else "400"]),
        ("memory", [], ["memory.sx"]),
    ]


def hosts(quick):
    """Programs of build/tests/bench, each with its arguments: some take minutes, and are made smaller for a quick run."""
    return [
        ["bench_calls"],
        ["bench_one_shots", "once", "20000" if quick else "1000000"],
        ["bench_one_shots", "five"],
        ["bench_hot_set", "2000", "500", "1.3", "2" if quick else "10"],
        ["bench_batches"],
        ["bench_storm"],
    ]


def measure(quick, rounds, results, say):
    for _ in range(rounds):
        for name, options, words in programs(quick):
            say(f"figures: {name}", passing=True)
            command = [places.terrace(), *options, *TERRACE_OPTIONS, os.path.join(places.BENCH, words[0]), *words[1:]]
            try:
                ran = process.run(command, {**os.environ, "TERRACE_STORE": "off"}, timeout=300)
            except process.Failed as problem:
                say(f"FAILED {name}: {problem}")
                results.failures.append(name)
                continue
            for line in ran.output.splitlines():
                metric, value = line.split()
                results.add(name, "terrace", metric, UNITS.get(metric.rsplit("-", 1)[-1], "count"), [float(value)])


def run_hosts(quick, results, say):
    """The texts of the programs that are built, by name."""
    texts = {}
    for words in hosts(quick):
        program = os.path.join(places.BUILD, "tests", "bench", words[0])
        if not os.path.exists(program):
            say(f"SKIPPED {words[0]}: not built")
            continue
        say(f"figures: {' '.join(words)}", passing=True)
        try:
            texts[" ".join(words)] = process.run([program, *words[1:]], {**os.environ, "TERRACE_STORE": "off"}, timeout=900).output
        except process.Failed as problem:
            say(f"FAILED {words[0]}: {problem}")
            results.failures.append(words[0])
    return texts
