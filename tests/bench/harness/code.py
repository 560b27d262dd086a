"""What was compiled for a program in auto mode: how much code, how many guards, and a hash of it.

With TERRACE_DUMP the worker writes, for every batch that it compiles, the statements that it gave to libgccjit (.jit) and the assembly (.s). Of
these the bench takes the bytes of code, the places where optimised code may be left for the interpreter, and a hash that does not
depend on the numbers of functions nor on the order of batches. A function that is compiled again counts again.
"""
import hashlib
import os
import re
import subprocess
import tempfile

from . import process

# How emit/ leaves compiled code: a call through the runtime's table with the running closure and the number of an instruction.
LEAVES = re.compile(r"\)\) \(vm, callee, \(unsigned long\)\d+, .*\);")
NAMES = re.compile(r"\bt_\d+")
NOISE = re.compile(r"^\s*\.(file|ident|section\s+\.note).*$", re.MULTILINE)


def measure(runtimes, programs, rounds, results, say):
    terrace = next((runtime for runtime in runtimes if runtime.name == "terrace"), None)
    for program in programs if terrace else []:
        for _ in range(rounds):
            say(f"{program}: the code that is made for it", passing=True)
            with tempfile.TemporaryDirectory(prefix="terrace-bench-") as directory:
                one(terrace, program, directory, results, say)


def one(terrace, program, directory, results, say):
    environment = {**os.environ, "TERRACE_STORE": "off", "TERRACE_DUMP": directory}
    try:
        process.run(terrace.command(program, ["1", "0", "0"]), environment)
    except process.Failed as problem:
        say(f"FAILED {program}: {problem}")
        results.failures.append(f"the code of {program}")
        return
    for tier in ("base", "opt"):
        assembly = [read(path) for path in files(directory, tier, ".s")]
        results.add(program, terrace.name, f"{tier}-bytes", "bytes", [sum(size_of(text) for text in assembly)])
        if tier == "opt":
            guards = sum(len(LEAVES.findall(read(path))) for path in files(directory, tier, ".jit"))
            results.add(program, terrace.name, "guards", "count", [guards])
            results.add(program, terrace.name, "code-hash", "hash", [hash_of(assembly)])


def files(directory, tier, suffix):
    return sorted(os.path.join(directory, name) for name in os.listdir(directory) if name.startswith(tier) and name.endswith(suffix))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def size_of(assembly):
    """Bytes of code and constants, as the assembler makes them."""
    with tempfile.NamedTemporaryFile(suffix=".o") as file:
        subprocess.run(["as", "-o", file.name, "-"], input=assembly, text=True, check=True)
        sizes = subprocess.run(["size", file.name], capture_output=True, text=True, check=True).stdout
    return int(sizes.splitlines()[1].split()[0])


def hash_of(assembly):
    parts = sorted(NOISE.sub("", NAMES.sub("t", text)) for text in assembly)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
