#!/bin/sh
# The bench: builds Terrace and the peers, measures all of them in one run, and says what came out. README.md beside it explains.
#
#   sh tests/bench/run.sh [--quick] [--csv FILE] [--only K,K] [--runtimes R,R] [--parts P,P] [--rounds N] [--no-install]
#
# Terrace is measured as it is built in $TERRACE_BUILD, or build/ by default, which is brought up to date first.
set -u
cd "$(dirname "$0")/../.." || exit 2

install=yes
for option in "$@"; do
  case $option in
    --no-install) install=no ;;
    -h|--help) PYTHONPATH=tests/bench exec python3 -m harness.main --help ;;
  esac
done

# Told apart from the results, which are the only thing on standard output.
if [ $install = yes ]; then sh hosts/packages.sh build compiler cli bench >&2 || exit 1; fi
build=${TERRACE_BUILD:-build}
[ -f "$build/build.ninja" ] || meson setup "$build" >&2 || exit 1
meson compile -C "$build" terrace:shared_library terrace:executable terrace-worker >"$build/bench.log" 2>&1 ||
  { cat "$build/bench.log" >&2; exit 1; }
PYTHONPATH=tests/bench PYTHONDONTWRITEBYTECODE=1 TERRACE_BUILD=$build exec python3 -m harness.main "$@"
