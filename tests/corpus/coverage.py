#!/usr/bin/env python3
"""What no program of the corpus uses.

  coverage.py TERRACE LIBRARY [NUMBER]

Fails when a special form (lib/syntax/forms.def), a primitive (as the library lists them), an error kind (lib/frame/errors.def) or a
limit (the table in lib/SX.md) is in no program, or when there are fewer than NUMBER programs. What stands in comments and strings
does not count, with two exceptions: an error kind counts where a program expects it, as an error or in a value, and a limit where a
program sets it and expects its error.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "corpus"
# Whatever is not code, longest first: block comments, strings, characters, line comments.
NOT_CODE = re.compile(r'#\|.*?\|#|"(?:\\.|[^"\\])*"|#\\(?:[A-Za-z0-9]+|.)|;[^\n]*', re.DOTALL)
TOKEN = re.compile(r"\|[^|]*\||[^\s()\[\]{}'`,]+")
EXPECTED_ERROR = re.compile(r"; !! ([^\s:]+)")
EXPECTED_VALUE = re.compile(r"; => (.*)")
SHORTHANDS = {"'": "quote", "`": "quasiquote"}


class Program:
    """The words of one program's code, the options it sets and the errors it expects."""

    def __init__(self, path):
        text = path.read_text()
        self.code = NOT_CODE.sub(" ", text)
        self.words = set(TOKEN.findall(self.code)) | {form for sign, form in SHORTHANDS.items() if sign in self.code}
        self.errors = set(EXPECTED_ERROR.findall(text))
        self.results = set(TOKEN.findall(" ".join(EXPECTED_VALUE.findall(text))))
        self.options = set(re.findall(r"([a-z-]+)=", " ".join(re.findall(r"^; options: (.*)$", text, re.MULTILINE))))


def names(table, pattern):
    return re.findall(pattern, (ROOT / table).read_text(), re.MULTILINE)


def primitives(terrace, library):
    command = [terrace, "--library", library, "--tier=interp", "prims", "--markdown"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Names with % are written by forms only, never by a program.
    return [name for name in re.findall(r"^\*\*`\(([^\s)]+)", shown, re.MULTILINE) if not name.startswith("%")]


def limits():
    section = (ROOT / "lib" / "SX.md").read_text().split("\n## Limits\n")[1].split("\n## ")[0]
    return re.findall(r"^\| (\w+) \| `([a-z-]+)` \|", section, re.MULTILINE)


def missing(programs, terrace, library):
    words = set().union(*(program.words for program in programs))
    errors = set().union(*(program.errors | program.results for program in programs))
    for form in names("lib/syntax/forms.def", r'^T_FORM\(\w+, "([^"]+)"'):
        if form not in words:
            yield f"the form {form}"
    for name in primitives(terrace, library):
        if name not in words:
            yield f"the primitive {name}"
    for kind in names("lib/frame/errors.def", r'^T_ERROR\(\w+, "([^"]+)"'):
        if kind not in errors:
            yield f"the error kind {kind}"
    for limit, kind in limits():
        if not any(kind in p.errors and any(option.startswith(limit) for option in p.options) for p in programs):
            yield f"the limit {limit}, set and passed"


def main(terrace, library, number="0"):
    programs = [Program(path) for path in sorted(CORPUS.rglob("*.sx"))]
    problems = [f"no program of tests/corpus has {what}" for what in missing(programs, terrace, library)]
    if len(programs) < int(number):
        problems.append(f"tests/corpus has {len(programs)} programs, and should have {number} or more")
    for problem in problems:
        print(problem)
    print(f"{len(programs)} programs, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
