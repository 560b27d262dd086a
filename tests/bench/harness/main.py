"""The command line of the bench, and the order of its parts."""
import argparse
import os
import platform
import sys
import time

from . import build, code, cold, figures, kernels, report
from .results import Results
from .runtimes import KERNELS, SCENARIOS, all_runtimes

PARTS = ["kernels", "scenarios", "code", "cold", "start", "figures", "hosts"]
QUICK_PARTS = ["kernels", "scenarios", "code", "cold", "start", "figures"]


class Voice:
    """Progress on standard error: a passing line is replaced by the next one."""

    def __init__(self):
        self.is_terminal = sys.stderr.isatty()

    def __call__(self, text, passing=False):
        if self.is_terminal:
            sys.stderr.write("\r\033[K" + text + ("" if passing else "\n"))
        elif not passing:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


def command_line(arguments):
    parser = argparse.ArgumentParser(prog="sh tests/bench/run.sh", description="Measures Terrace and its peers in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer runtimes and samples: under two minutes")
    parser.add_argument("--csv", metavar="FILE", help="also write every sample to FILE, for tests/bench/compare")
    parser.add_argument("--only", metavar="K,K", help="these kernels and scenarios: " + ",".join([*KERNELS, *SCENARIOS]))
    parser.add_argument("--runtimes", metavar="R,R", help="these runtimes: " + ",".join(r.name for r in all_runtimes()))
    parser.add_argument("--parts", metavar="P,P", help="these parts: " + ",".join(PARTS))
    parser.add_argument("--rounds", type=int, help="fresh processes for each kernel and runtime")
    parser.add_argument("--no-install", action="store_true", help="install no packages")
    parsed = parser.parse_args(arguments)
    programs = chosen(parser, parsed.only, [*KERNELS, *SCENARIOS], "kernel or scenario")
    parsed.only = [name for name in programs if name in KERNELS]
    parsed.scenarios = [name for name in programs if name in SCENARIOS]
    parsed.runtimes = parsed.runtimes and chosen(parser, parsed.runtimes, [r.name for r in all_runtimes()], "runtime")
    parsed.parts = chosen(parser, parsed.parts, PARTS, "part") if parsed.parts or not parsed.quick else QUICK_PARTS
    return parsed


def chosen(parser, text, known, what):
    if not text:
        return known
    names = text.split(",")
    for name in names:
        if name not in known:
            parser.error(f"no {what} named {name}; there are {', '.join(known)}")
    return [name for name in known if name in names]


def machine(results):
    model = platform.processor() or "unknown"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = os.cpu_count()
    load = os.getloadavg()[0]
    results.add("machine", "load", "before", "count", [load])
    text = f"{model}, {cores} cores, load {load:.1f} before the run"
    return text if load < 0.5 * cores else text + " (busy: expect noise)"


def main(arguments):
    options = command_line(arguments)
    say = Voice()
    results = Results()
    results.failures = []
    results.has_store = False
    results.host_texts = {}
    started = time.monotonic()
    runtimes = [r for r in all_runtimes() if (r.name in options.runtimes if options.runtimes else r.quick or not options.quick)]
    say(machine(results))
    usable = build.prepare(runtimes, say)
    plan = dict(kernels.QUICK if options.quick else kernels.FULL)
    plan["rounds"] = options.rounds or plan["rounds"]
    if "kernels" in options.parts:
        kernels.measure(usable, options.only, plan, results, say)
    if "scenarios" in options.parts:
        slow = ("terrace-base", "terrace-interp") if options.quick and not options.runtimes else ()
        kernels.measure([r for r in usable if r.name not in slow], options.scenarios, plan, results, say)
    if "code" in options.parts:
        code.measure(usable, options.only + options.scenarios, 1 if options.quick else 3, results, say)
    if "cold" in options.parts:
        cold.measure_kernels(usable, options.only, 1 if options.quick else 5, 5, results, say)
    if "start" in options.parts:
        cold.measure_start(usable, 10 if options.quick else 30, results, say)
    if "figures" in options.parts:
        figures.measure(options.quick, 1 if options.quick else 3, results, say)
    if "hosts" in options.parts:
        results.host_texts = figures.run_hosts(options.quick, results, say)
    say("", passing=True)
    show(options, results)
    if options.csv:
        results.write(options.csv)
        say(f"every sample is in {options.csv}")
    say(f"measured in {time.monotonic() - started:.0f} s")
    if results.failures:
        say("FAILED: " + "; ".join(results.failures))
    return 1 if results.failures else 0


def show(options, results):
    parts = []
    if "kernels" in options.parts:
        parts += [report.kernels_report(results, options.only), report.memory_report(results, options.only)]
    if "scenarios" in options.parts:
        parts.append(report.scenarios_report(results, options.scenarios))
    parts.append(report.code_report(results, options.only + options.scenarios))
    if "cold" in options.parts:
        parts.append(report.cold_report(results, options.only))
    if "start" in options.parts:
        parts.append(report.start_report(results))
    if "figures" in options.parts:
        parts.append(report.figures_report(results))
    if results.host_texts:
        parts.append(report.hosts_report(results.host_texts))
    parts.append(report.verdicts(results, options.only))
    print("\n\n".join(part for part in parts if part))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
