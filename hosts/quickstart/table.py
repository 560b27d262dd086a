"""The quickstart's table, from one line of JSON per host and mode. Exits 1 when a host failed or the answers differ.

"base" and "opt" are functions that ran in these tiers at the end, "compiled" what a compiler made for this run, "stored" what an earlier run
had left on disk, "hits" warm functions that found code of the same content in the cache.
"""
import json
import sys

COLUMNS = [
    ("host", 8, lambda r: r["host"]),
    ("tier", 6, lambda r: r["mode"]),
    ("packages", 8, lambda r: r["packages"]),
    ("facts", 8, lambda r: r["facts"]),
    ("checksum", 10, lambda r: r["checksum"]),
    ("first ms", 9, lambda r: f'{r["first_ms"]:.1f}'),
    ("last ms", 9, lambda r: f'{r["last_ms"]:.1f}'),
    ("base", 5, lambda r: r["base"]),
    ("opt", 5, lambda r: r["opt"]),
    ("compiled", 8, lambda r: r["base_compiles"] + r["opt_compiles"]),
    ("stored", 6, lambda r: r["stored"]),
    ("cache", 6, lambda r: r["entries"]),
    ("hits", 5, lambda r: r["hits"]),
    ("evicted", 7, lambda r: r["evictions"]),
    ("refused", 7, lambda r: r["refused"]),
]


def main(path):
    with open(path) as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    good = [row for row in rows if not row.get("failed")]
    print()
    print("  ".join(name.rjust(width) for name, width, _ in COLUMNS))
    for row in good:
        print("  ".join(str(cell(row)).rjust(width) for _, width, cell in COLUMNS))
    answers = {(row["packages"], row["facts"], row["checksum"], json.dumps(row["top"])) for row in good}
    print()
    if good:
        needed = ", ".join(f"{name} (by {count})" for name, count in good[0]["top"])
        print(f"most needed: {needed}")
    failed = sorted({row["host"] for row in rows if row.get("failed")})
    if failed:
        print(f"FAILED: {', '.join(failed)}; build/quickstart.log says why")
    if len(answers) > 1:
        print("THE ANSWERS DIFFER")
    elif good:
        hosts = len({row["host"] for row in good})
        print(f"the same answer in {len(good)} runs from {hosts} hosts")
    return 0 if good and not failed and len(answers) == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
