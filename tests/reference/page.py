#!/usr/bin/env python3
"""The reference page lib/SX.md against the tables it describes.

  page.py check  TERRACE LIBRARY   every form, error kind and primitive is there, and the part on primitives is what the library says
  page.py update TERRACE LIBRARY   writes that part anew

The examples of the page are run by `terrace test lib/SX.md`, not here.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "lib" / "SX.md"
BEGIN = "<!-- primitives: written by tests/reference/update.sh -->\n"
END = "<!-- end of primitives -->\n"


def primitives(terrace, library):
    command = [terrace, "--library", library, "--tier=interp", "prims", "--markdown"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def names(table, pattern):
    return re.findall(pattern, (ROOT / table).read_text(), re.MULTILINE)


def missing(page):
    for form in names("lib/syntax/forms.def", r'^T_FORM\(\w+, "([^"]+)"'):
        if f"### `{form}`\n" not in page:
            yield f"the form {form} of lib/syntax/forms.def has no heading ### `{form}`"
    for name in names("lib/jit.sx", r"^\(define(?:-syntax)? \(?([a-z][a-z-]*)"):
        if f"### `{name}`\n" not in page:
            yield f"{name} of lib/jit.sx has no heading ### `{name}`"
    for kind, text in names("lib/frame/errors.def", r'^T_ERROR\(\w+, "([^"]+)", "([^"]+)"'):
        if f"| `{kind}` | {text} |\n" not in page:
            yield f"the error kind {kind} of lib/frame/errors.def has no row | `{kind}` | {text} |"


def main(task, terrace, library):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    written, after = rest.split(END)
    wanted = primitives(terrace, library)
    if task == "update":
        PAGE.write_text(before + BEGIN + wanted + END + after)
        return 0
    problems = list(missing(page))
    if written != wanted:
        problems.append("its part on primitives differs from the library; run tests/reference/update.sh BUILD-DIRECTORY")
    for problem in problems:
        print(f"lib/SX.md: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
