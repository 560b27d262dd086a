"""Where things are: this folder, the build directory and what is made in it."""
import os

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(BENCH))
BUILD = os.path.abspath(os.environ.get("TERRACE_BUILD", os.path.join(ROOT, "build")))
BUILT = os.path.join(BUILD, "bench")
LAUNCH = os.path.join(BUILT, "launch")
PEERS = os.path.join(BENCH, "peers")
HELLO = os.path.join(PEERS, "hello")
KERNELS = os.path.join(BENCH, "kernels")
RUN = os.path.join(BENCH, "run.sx")
SCENARIOS = os.path.join(ROOT, "tests", "corpus", "scenarios")


def terrace():
    return os.path.join(BUILD, "hosts", "cli", "terrace")
