"""Tables for people, as Markdown that is also readable as text."""
from .results import geometric_mean
from .runtimes import BASE, FLOAT_KERNELS, KERNELS

FIGURES = ["latency", "latency of 50", "pauses", "memory"]


def table(head, rows):
    cells = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|")
    return "\n".join(lines)


def number(value):
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def names_in(results, metric, benchmarks):
    """Runtimes that have the metric of any of these, in the order in which they were measured."""
    names = {}
    for benchmark, runtime, found in results.rows:
        if found == metric and benchmark in benchmarks:
            names[runtime] = True
    return list(names)


def by_benchmark(results, metric, benchmarks, cell):
    names = names_in(results, metric, benchmarks)
    return table(["kernel", *names], [[b, *(cell(b, name) for name in names)] for b in benchmarks]), names


def ratio(results, benchmark, runtime, base=BASE):
    a, b = results.median(benchmark, runtime, "time"), results.median(benchmark, base, "time")
    return a / b if a is not None and b else None


def mean_ratio(results, kernels, runtime, base=BASE):
    """None unless every kernel was measured in both."""
    ratios = [ratio(results, kernel, runtime, base) for kernel in kernels]
    return geometric_mean(ratios) if ratios and all(ratios) else None


def kernels_report(results, kernels):
    if not kernels:
        return ""
    times, names = by_benchmark(results, "time", kernels, lambda b, r: number(results.median(b, r, "time")))
    parts = ["## Warm: milliseconds, medians\n", times]
    if BASE not in names:
        return "\n".join(parts)
    rows = [[k, *(number(ratio(results, k, name)) for name in names)] for k in kernels]
    rows.append(["geometric mean", *(number(mean_ratio(results, kernels, name)) for name in names)])
    floats = [k for k in FLOAT_KERNELS if k in kernels]
    if len(floats) > 1:
        rows.append(["  of the floats", *(number(mean_ratio(results, floats, name)) for name in names)])
    parts += ["\n## Warm: ratio to C (gcc -O3 -march=native; bintrees with a bump arena)\n", table(["kernel", *names], rows)]
    malloc = results.median("bintrees-malloc", BASE, "time")
    if malloc:
        parts.append(f"\nC's bintrees with malloc and free: {number(malloc)} ms")
    return "\n".join(parts)


def scenarios_report(results, scenarios):
    if not scenarios:
        return ""
    times, _ = by_benchmark(results, "time", scenarios, lambda b, r: number(results.median(b, r, "time")))
    return "## Scenarios, warm: milliseconds, medians\n\n" + times


def memory_report(results, kernels):
    if not kernels:
        return ""
    memory, _ = by_benchmark(results, "memory", kernels, lambda b, r: number(results.median(b, r, "memory")))
    return ("## Peak of resident memory of the process, warm runs, MB (Terrace's compile worker is a process of its own and not in it)\n\n"
            + memory)


def cold_report(results, kernels):
    if not kernels:
        return ""
    text, _ = by_benchmark(results, "whole-process", kernels, lambda b, r: number(results.median(b, r, "whole-process")))
    note = "" if results.has_store else "\n\nNo store: this Terrace wrote nothing into TERRACE_STORE, so there is no row with a warm one."
    return "## Cold: the whole process that runs a kernel once, ms\n\n" + text + note


def start_report(results):
    names = names_in(results, "whole-process", ["hello"])
    rows = [[name, number(results.median("hello", name, "whole-process")),
             number(min(results.get("hello", name, "whole-process").samples)),
             number(results.median("hello", name, "memory"))] for name in names]
    return "## Start to first result: the whole process of fib(10)\n\n" + table(["runtime", "median ms", "least ms", "MB"], rows)


def figures_report(results):
    rows = [[b, metric, code_cell(row) if row.unit in ("count", "bytes") else number(row.median), row.unit if row.unit != "count" else ""]
            for (b, _, metric), row in results.rows.items() if b.split(",")[0] in FIGURES]
    return "## Other figures of Terrace\n\n" + table(["program", "figure", "median", "unit"], rows)


def hosts_report(texts):
    return "## Tiering and the C interface\n\n" + "\n\n".join(f"    {name}\n" + "".join(
        f"      {line}\n" for line in text.splitlines()) for name, text in texts.items())


def code_report(results, kernels):
    metrics = ["functions", "base-compiles", "opt-compiles", "base-bytes", "opt-bytes", "guards", "deopts", "allocated", "code-hash"]
    present = [m for m in metrics if names_in(results, m, kernels)]
    rows = []
    for kernel in kernels:
        rows.append([kernel, *(code_cell(results.get(kernel, "terrace", metric)) for metric in present)])
    return ("## Terrace's code, auto mode (guards: of opt code; allocated: bytes of heap in one run)\n\n"
            + table(["kernel", *present], rows)) if present else ""


def code_cell(row):
    if row is None:
        return "-"
    if row.unit == "hash":
        return row.samples[0] if len(set(row.samples)) == 1 else f"{len(set(row.samples))} kinds"
    least, most = min(row.samples), max(row.samples)
    return f"{least:.0f}" if least == most else f"{least:.0f}..{most:.0f}"


def worst(results, kernels):
    return max((r for r in (ratio(results, k, "terrace") for k in kernels) if r is not None), default=None)


def verdicts(results, kernels):
    """The figures that the project wants to reach, each with what was measured."""
    lines = []

    def line(text, value, wanted, good):
        if value is not None:
            lines.append([text, number(value), wanted, "yes" if good(value) else "NO"])

    whole = list(kernels) == list(KERNELS)
    if whole:
        line("geometric mean, auto, to C", mean_ratio(results, kernels, "terrace"), "<= 1.5", lambda v: v <= 1.5)
        line("worst kernel, auto, to C", worst(results, kernels), "<= 3", lambda v: v <= 3)
        line("worst float kernel, auto, to C", worst(results, FLOAT_KERNELS), "<= 1.25",
             lambda v: v <= 1.25)
        line("interp to base, geometric mean", mean_ratio(results, kernels, "terrace-interp", "terrace-base"), ">= 2", lambda v: v >= 2)
        line("interp to luajit -joff, geometric mean", mean_ratio(results, kernels, "terrace-interp", "luajit-joff"), "<= 1", lambda v: v <= 1)
        for rival, wanted in [("node", 9), ("luajit", 9), ("pypy", 9), ("sbcl", 11), ("erlang", 11)]:
            ratios = [ratio(results, k, "terrace", rival) for k in kernels]
            if all(ratios):
                line(f"kernels ahead of {rival}", sum(r < 1 for r in ratios), f">= {wanted}", lambda v, w=wanted: v >= w)
    for kernel in ["fib", "tak", "nqueens", "datalog", "words"]:
        line(f"base to opt, {kernel}", ratio(results, kernel, "terrace-base", "terrace"), "<= 2", lambda v: v <= 2)
    line("bintrees to Chez", ratio(results, "bintrees", "terrace", "chez"), "<= 1.2", lambda v: v <= 1.2)
    line("start to first result, ms", results.median("hello", "terrace", "whole-process"), "< 3", lambda v: v < 3)
    cold_lines(results, kernels, lines)
    for text, program, metric, most in [
            ("compile latency alone, base, ms", "latency", "base-alone-ms", 7),
            ("compile latency alone, opt, ms", "latency", "opt-alone-ms", 15),
            ("compile latency, each of 50, base, ms", "latency of 50, base", "each-of-a-batch-ms", 1),
            ("compile latency, each of 50, opt, ms", "latency of 50, opt", "each-of-a-batch-ms", 3),
            ("minor pauses, 99th percentile, ms", "pauses, 200 MB live", "minor-99th-ms", 1),
            ("longest pause, 200 MB live, ms", "pauses, 200 MB live", "longest-ms", 60),
            ("resident size after a million closures and dicts, to before", "memory", "after-to-before", 1.05)]:
        line(text, results.median(program, "terrace", metric), f"<= {most}", lambda v, most=most: v <= most)
    line("vtrace w48, ms", results.median("vtrace", "terrace", "time"), "<= 24", lambda v: v <= 24)
    return "## Figures to reach\n\n" + table(["figure", "measured", "wanted", "reached"], lines) if lines else ""


def cold_lines(results, kernels, lines):
    def behind(name, rival, slack):
        found = [(k, results.median(k, name, "whole-process"), results.median(k, rival, "whole-process")) for k in kernels]
        if not found or any(a is None or b is None for _, a, b in found):
            return None
        return [k for k, a, b in found if a > b + slack]

    for name, rival, slack, text in [("terrace, empty store", "node", 0, "cold, empty store: kernels slower than Node"),
                                     ("terrace, warm store", "luajit", 10, "cold, warm store: kernels over 10 ms slower than LuaJIT")]:
        slower = behind(name, rival, slack)
        if slower is not None:
            lines.append([text, f"{len(slower)} {' '.join(slower)}".strip(), "0", "NO" if slower else "yes"])
