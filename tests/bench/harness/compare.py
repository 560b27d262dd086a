"""Two runs of the bench, row by row: what changed beyond the noise.

A time of Terrace changed when the middle halves of its samples do not overlap and the medians differ by more than the noise, after the
machine's drift was taken out: what the peers, which nobody changed, got faster or slower in the same benchmark between the two runs. The
noise is the spread of the samples, or how far the peers disagree about the drift, or LEAST, whichever is most. What is counted exactly
(bytes of code, guards, deopts, allocations, the hash of the code) changed when its samples differ.
"""
from .report import table
from .results import TIMES, Results, geometric_mean

LEAST = {"ms": 0.02, "us": 0.02, "ns": 0.02, "MB": 0.05, "ratio": 0.02}
FEWEST = 3  # samples; fewer have no spread, and UNKNOWN stands for it
UNKNOWN = 0.2
PEERS = 3  # in one benchmark; with fewer the drift is that of all benchmarks
# What a background compiler makes a little more or less of in each run; within this share that is no change.
UNSTEADY = {"allocated": 0.01, "functions": 0.4, "base-compiles": 0.4}


def main(arguments):
    if len(arguments) != 2:
        print("usage: tests/bench/compare BEFORE.csv AFTER.csv")
        return 2
    try:
        before, after = map(Results.read, arguments)
    except (OSError, ValueError) as problem:
        print(f"compare: {problem}")
        return 2
    print(text(before, after))
    return 0


def text(before, after):
    parts = ["\n".join(f"The machine, {metric}: the peers took {drift.factor:.3f} times as long as before, give or take"
                       f" {100 * drift.noise:.1f} %. What they took in the same benchmark is taken out of what follows."
                       for metric in ("time", "whole-process") for drift in [drift_of(before, after, metric)] if drift)]
    shared = [key for key in before.rows if key in after.rows and key[1].startswith("terrace")]
    rows = [row for row in (compare(before, after, key) for key in shared) if row]
    for title, wanted in [("Slower", "slower"), ("Faster", "faster"), ("More", "more"), ("Less", "less"), ("Other code", "other")]:
        chosen = [row[1:] for row in rows if row[0] == wanted]
        if chosen:
            parts.append(f"{title}:\n" + table(["benchmark, runtime, metric", "before", "after", "ratio", "noise"], chosen))
    parts.append(code_and_time(before, after, rows))
    parts.append(f"{len(shared) - len(rows)} rows of Terrace did not change beyond the noise.")
    for title, one, other in [("Only before", before, after), ("Only after", after, before)]:
        lonely = [" ".join(key) for key in one.rows if key not in other.rows and key[1].startswith("terrace")]
        if lonely:
            parts.append(f"{title}: " + ", ".join(lonely))
    return "\n\n".join(part for part in parts if part)


class Drift:
    """How much longer the peers took, and how far half of them are from that."""

    def __init__(self, ratios):
        self.factor = geometric_mean(ratios)
        apart = sorted(abs(ratio / self.factor - 1) for ratio in ratios)
        self.noise = apart[len(apart) // 2]


def drift_of(before, after, metric, benchmark=None):
    """None without peers in both files."""
    ratios = []
    for (found, runtime, name), row in before.rows.items():
        other = after.get(found, runtime, name)
        if other and name == metric and row.unit in TIMES and not runtime.startswith("terrace") and benchmark in (None, found):
            ratios.append(other.median / row.median)
    if benchmark and len(ratios) < PEERS:
        return drift_of(before, after, metric)
    return Drift(ratios) if ratios else None


def compare(before, after, key):
    """(what, cells...) when the row changed, else None."""
    a, b = before.rows[key], after.rows[key]
    if a.unit == "hash":
        return compare_hash(a, b)
    if a.unit in LEAST:
        return compare_measured(a, b, drift_of(before, after, a.metric, a.benchmark) if a.unit in TIMES else None)
    return compare_counted(a, b)


def name_of(row):
    return " ".join(row.key)


def compare_hash(a, b):
    if set(a.samples) & set(b.samples):
        return None
    return "other", name_of(a), a.samples[0], b.samples[0], "", ""


def compare_measured(a, b, drift):
    factor = drift.factor if drift else 1.0
    low_a, high_a = a.middle()
    low_b, high_b = (value / factor for value in b.middle())
    middle_a, middle_b = a.median, b.median / factor
    if not middle_a or not middle_b:
        return None
    noise = max((high_a - low_a) / middle_a, (high_b - low_b) / middle_b) / 2
    noise = max(noise, drift.noise if drift else 0.0, UNKNOWN if min(len(a.samples), len(b.samples)) < FEWEST else 0.0)
    change = middle_b / middle_a
    if low_b <= high_a and low_a <= high_b or abs(change - 1) <= max(noise, LEAST[a.unit]):
        return None
    what = ("slower", "faster") if a.unit in TIMES else ("more", "less")
    return (what[0] if change > 1 else what[1], name_of(a), f"{middle_a:.4g} {a.unit}", f"{middle_b:.4g} {a.unit}", f"{change:.3f}",
            f"{100 * noise:.1f} %")


def compare_counted(a, b):
    low_a, high_a, low_b, high_b = min(a.samples), max(a.samples), min(b.samples), max(b.samples)
    share = UNSTEADY.get(a.metric, 0)
    if low_b <= high_a * (1 + share) and low_a <= high_b * (1 + share):
        return None
    ratio = f"{b.median / a.median:.3f}" if a.median else "-"
    return "more" if b.median > a.median else "less", name_of(a), f"{a.median:.0f}", f"{b.median:.0f}", ratio, ""


def code_and_time(before, after, rows):
    """What a change of the compiler paid: benchmarks whose code is another one, and whether their time is, too."""
    times = {row[1].rsplit(" ", 1)[0]: row for row in rows if row[1].endswith(" time")}
    lines = []
    for (benchmark, runtime, metric), row in before.rows.items():
        other = after.get(benchmark, runtime, metric)
        if metric != "code-hash" or other is None:
            continue
        name = f"{benchmark} {runtime}"
        changed, timed = not set(row.samples) & set(other.samples), times.get(name)
        if changed and timed is None:
            lines.append(f"  {name}: other code, the same time")
        elif not changed and timed is not None:
            lines.append(f"  {name}: the same code, {timed[0]}: the cause lies elsewhere")
    return "Code and time:\n" + "\n".join(lines) if lines else ""
