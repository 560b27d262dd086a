"""The runtimes: one table of what is compared, how it is built and how it is started."""
import os
import shutil

from . import places

KERNELS = {
    "fib": 9227465,
    "tak": 9,
    "nqueens": 724,
    "nbody": -169096567,
    "mandel": 61840,
    "spectral": 1274223986,
    "sieve": 348513,
    "matmul": 239991994,
    "bintrees": 14985902,
    "words": 645000,
    "datalog": 96563,
}
# Scenario programs by the result at the size that run.sx gives them.
SCENARIOS = {
    "vtrace": 3825271,
    "scalar-aggregate": -13591552980,
    "web-route": 1700,
    "component-render": 1533445731,
    "datalog-serve": 437215322,
}
FLOAT_KERNELS = ["nbody", "mandel", "spectral", "matmul"]
BASE = "c"
TERRACE = "terrace"


class Runtime:
    """`needs` are programs that must be there; `build` makes files in places.BUILT; `kernel` and the values of `scenarios` answer a
    command line for the arguments of measure.h, and `hello` is one."""

    def __init__(self, name, says, needs, kernel, hello=None, build=(), scenarios=None, quick=True):
        self.name, self.says, self.needs = name, says, needs
        self.kernel, self.hello, self.build, self.scenarios, self.quick = kernel, hello, build, scenarios or {}, quick

    def command(self, program, arguments):
        """None when this runtime has no such program."""
        if program in SCENARIOS:
            return self.scenarios[program](arguments) if program in self.scenarios else None
        return self.kernel(program, arguments)

    def missing(self):
        return [program for program in self.needs if not shutil.which(program)]


def built(name):
    return os.path.join(places.BUILT, name)


def peer(name):
    return os.path.join(places.PEERS, name)


def c_compiler(options, name):
    return [["gcc", *options, "-o", built(name), peer("kernels.c"), "-lm"]]


def c_scenarios():
    """Without contraction, since the others have none, and the results must be the same to the last bit."""
    exact = ["-O3", "-march=native", "-ffp-contract=off"]
    return [["gcc", *exact, "-o", built("c-scalar-aggregate"), peer("scalar-aggregate.c"), "-lm"],
            ["g++", *exact, "-o", built("c-vtrace"), peer("vtrace.cpp")]]


def program_of(scenario, *command):
    return {scenario: lambda arguments: [*command, scenario, *arguments]}


def in_lisp(name, arguments):
    words = [f'"{name}"'] + [f"{float(a)}d0" if i else a for i, a in enumerate(arguments)]
    return f"(measure {' '.join(words)})"


def compile_lisp(compiler, variant, suffix):
    """Kernels and measure.lisp become one source, since ECL and SBCL compile files one by one."""
    source = built(f"{variant}.lisp")
    target = built(f"{compiler}-{variant}.{suffix}")
    form = f'(compile-file "{source}" :output-file "{target}")'
    join = ["sh", "-c", f'cat "$0" "$1" >"$2"', peer(f"kernels-{variant}.lisp"), peer("measure.lisp"), source]
    if compiler == "sbcl":
        return [join, [*SBCL, "--non-interactive", "--eval", form]]
    return [join, ["ecl", "--norc", "--eval", f"(progn {form} (ext:quit))"]]


SBCL = ["sbcl", "--noinform", "--no-sysinit", "--no-userinit"]


def sbcl(variant):
    def kernel(name, arguments):
        return [*SBCL, "--load", built(f"sbcl-{variant}.fasl"), "--eval", in_lisp(name, arguments), "--eval", "(sb-ext:exit)"]

    return kernel


def ecl(name, arguments):
    return ["ecl", "--norc", "--load", built("ecl-plain.fas"), "--eval", f"(progn {in_lisp(name, arguments)} (ext:quit))"]


def erlang(name, arguments):
    return ["erl", "-noshell", "-pa", places.BUILT, "-run", "kernels", "main", name, *arguments]


def compile_chez():
    form = f'(compile-program "{peer("chez.ss")}" "{built("chez.so")}")'
    return [["sh", "-c", f"cd '{places.PEERS}' && echo '{form}' | scheme -q"]]


def terrace(*options):
    def kernel(name, arguments):
        return in_terrace(options, places.KERNELS, name, arguments)

    return kernel


def terrace_scenarios(*options):
    return {name: lambda arguments, name=name: in_terrace(options, places.SCENARIOS, name, arguments) for name in SCENARIOS}


def in_terrace(options, directory, name, arguments):
    return [places.terrace(), *options, "--stats=json", "run", "--allow-files", places.RUN, directory, name, *arguments]


def hello(language):
    return os.path.join(places.HELLO, f"hello.{language}")


def all_runtimes():
    return [
        Runtime(BASE, "gcc -O3 -march=native", ["gcc"], lambda k, a: [built("c-O3"), k, *a], [built("hello-c")],
                c_compiler(["-O3", "-march=native"], "c-O3") + c_scenarios() + [["gcc", "-O3", "-o", built("hello-c"), hello("c")]],
                program_of("vtrace", built("c-vtrace")) | program_of("scalar-aggregate", built("c-scalar-aggregate"))),
        Runtime("c-O2", "gcc -O2", ["gcc"], lambda k, a: [built("c-O2"), k, *a], None, c_compiler(["-O2"], "c-O2"), quick=False),
        Runtime("c-O0", "gcc -O0", ["gcc"], lambda k, a: [built("c-O0"), k, *a], None, c_compiler(["-O0"], "c-O0"), quick=False),
        Runtime("terrace", "auto, warm: what Terrace does by itself", [], terrace("--tier=auto"), [places.terrace(), "run", hello("sx")], (),
                terrace_scenarios("--tier=auto")),
        Runtime("terrace-base", "every function compiled for base", [], terrace("--tier=base"), None, (),
                terrace_scenarios("--tier=base")),
        Runtime("terrace-interp", "nothing compiled", [], terrace("--tier=interp"),
                [places.terrace(), "--tier=interp", "run", hello("sx")], (), terrace_scenarios("--tier=interp")),
        Runtime("sbcl-typed", "SBCL, types declared", ["sbcl"], sbcl("typed"), None, compile_lisp("sbcl", "typed", "fasl")),
        Runtime("node", "Node.js", ["node"], lambda k, a: ["node", peer("kernels.js"), k, *a], ["node", hello("js")], (),
                program_of("vtrace", "node", peer("vtrace.js"))),
        Runtime("luajit", "LuaJIT", ["luajit"], lambda k, a: ["luajit", peer("kernels.lua"), k, *a], ["luajit", hello("lua")], (),
                program_of("vtrace", "luajit", peer("vtrace.lua"))),
        Runtime("luajit-joff", "LuaJIT's interpreter", ["luajit"], lambda k, a: ["luajit", "-joff", peer("kernels.lua"), k, *a],
                ["luajit", "-joff", hello("lua")], ()),
        Runtime("pypy", "PyPy 3", ["pypy3"], lambda k, a: ["pypy3", peer("kernels.py"), k, *a], ["pypy3", hello("py")]),
        Runtime("chez", "Chez Scheme", ["scheme"], lambda k, a: ["scheme", "--program", built("chez.so"), k, *a],
                ["scheme", "--script", hello("scm")], compile_chez()),
        Runtime("sbcl", "SBCL, nothing declared", ["sbcl"], sbcl("plain"), [*SBCL, "--script", hello("lisp")],
                compile_lisp("sbcl", "plain", "fasl")),
        Runtime("erlang", "Erlang/OTP", ["erl", "erlc"], erlang, ["erl", "-noshell", "-pa", places.BUILT, "-run", "hello", "main"],
                [["erlc", "-o", places.BUILT, peer("kernels.erl")], ["erlc", "-o", places.BUILT, hello("erl")]]),
        Runtime("ecl", "ECL, nothing declared", ["ecl"], ecl, ["ecl", "--norc", "--shell", hello("lisp")],
                compile_lisp("ecl", "plain", "fas"), quick=False),
    ]
