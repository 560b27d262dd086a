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
FLOAT_KERNELS = ["nbody", "mandel", "spectral", "matmul"]
BASE = "c"
TERRACE = "terrace"


class Runtime:
    """`needs` are programs that must be there; `build` makes files in places.BUILT; `kernel` and `hello` give command lines."""

    def __init__(self, name, says, needs, kernel, hello=None, build=(), quick=True):
        self.name, self.says, self.needs = name, says, needs
        self.kernel, self.hello, self.build, self.quick = kernel, hello, build, quick
        self.environment = {}

    def missing(self):
        return [program for program in self.needs if not shutil.which(program)]


def built(name):
    return os.path.join(places.BUILT, name)


def peer(name):
    return os.path.join(places.PEERS, name)


def c_compiler(options, name):
    return [["gcc", *options, "-o", built(name), peer("kernels.c"), "-lm"]]


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
        return [places.terrace(), *options, "--stats=json", "run", "--allow-files", places.RUN, places.KERNELS, name, *arguments]

    return kernel


def hello(language):
    return os.path.join(places.HELLO, f"hello.{language}")


def all_runtimes():
    return [
        Runtime(BASE, "gcc -O3 -march=native", ["gcc"], lambda k, a: [built("c-O3"), k, *a], [built("hello-c")],
                c_compiler(["-O3", "-march=native"], "c-O3") + [["gcc", "-O3", "-o", built("hello-c"), hello("c")]]),
        Runtime("c-O2", "gcc -O2", ["gcc"], lambda k, a: [built("c-O2"), k, *a], None, c_compiler(["-O2"], "c-O2"), quick=False),
        Runtime("c-O0", "gcc -O0", ["gcc"], lambda k, a: [built("c-O0"), k, *a], None, c_compiler(["-O0"], "c-O0"), quick=False),
        Runtime("terrace", "auto, warm: what Terrace does by itself", [], terrace("--tier=auto"), [places.terrace(), "run", hello("sx")]),
        Runtime("terrace-base", "every function compiled with -O0", [], terrace("--tier=base")),
        Runtime("terrace-interp", "nothing compiled", [], terrace("--tier=interp"),
                [places.terrace(), "--tier=interp", "run", hello("sx")]),
        Runtime("sbcl-typed", "SBCL, types declared", ["sbcl"], sbcl("typed"), None, compile_lisp("sbcl", "typed", "fasl")),
        Runtime("node", "Node.js", ["node"], lambda k, a: ["node", peer("kernels.js"), k, *a], ["node", hello("js")]),
        Runtime("luajit", "LuaJIT", ["luajit"], lambda k, a: ["luajit", peer("kernels.lua"), k, *a], ["luajit", hello("lua")]),
        Runtime("luajit-joff", "LuaJIT's interpreter", ["luajit"], lambda k, a: ["luajit", "-joff", peer("kernels.lua"), k, *a],
                ["luajit", "-joff", hello("lua")]),
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
