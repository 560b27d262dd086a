#!/bin/sh
# The main job, shown on real data: one SX program, run from every host, interpreted and compiled.
#
#   sh hosts/quickstart.sh [--no-install] [STATUS-FILE]
#
# The input is this machine's package database (/var/lib/dpkg/status, or another file of that form): packages and their dependencies
# become facts, and hosts/quickstart/dependencies.sx computes by semi-naive Datalog what needs what in the end. Every host loads the same
# library and the same program; the table shows that the answers are equal, and what the tiers and the cache did.
#
# Each host has a program that is called as  PROGRAM LIBRARY SX-FILE STATUS-FILE MODE  (MODE is interp or auto) and prints one line of JSON
# with the fields that the table below shows. A host whose runtime cannot be had is named as SKIPPED.
set -u
cd "$(dirname "$0")/.." || exit 2

install=yes
status=/var/lib/dpkg/status
for argument in "$@"; do
  case $argument in
    --no-install) install=no ;;
    -*) echo "usage: sh hosts/quickstart.sh [--no-install] [STATUS-FILE]" >&2; exit 2 ;;
    *) status=$argument ;;
  esac
done
[ -r "$status" ] || { echo "quickstart: $status cannot be read; give a file in the form of /var/lib/dpkg/status" >&2; exit 1; }

mkdir -p build
log=build/quickstart.log
: >"$log"
give_up() { echo "quickstart: $1; the last lines of $log:" >&2; tail -n 15 "$log" >&2; exit 1; }

if [ $install = yes ]; then
  echo "1/4 packages"
  sh hosts/packages.sh build compiler cli lisp erlang node || give_up "the packages for building could not be installed"
else
  echo "1/4 packages: not touched"
fi

echo "2/4 configuring"
again=""
[ -f build/build.ninja ] && again=--reconfigure
# shellcheck disable=SC2086  # empty or one word
meson setup $again build >>"$log" 2>&1 || give_up "meson could not configure the build"

echo "3/4 building (some minutes on a small machine)"
ninja -C build all >build/ninja.log 2>&1 &
ninja_pid=$!
while kill -0 $ninja_pid 2>/dev/null; do
  sleep 5
  printf '    %s\n' "$(grep -o '^\[[0-9]*/[0-9]*\]' build/ninja.log | tail -n 1)"
done
wait $ninja_pid || { cat build/ninja.log >>"$log"; give_up "the build failed"; }

echo "4/4 running over $(grep -c '^Package:' "$status") package records of $status"
library=$PWD/build/shim/libterrace.so
program=$PWD/hosts/quickstart/dependencies.sx
results=build/quickstart.jsonl
: >"$results"

# run HOST NEEDED-COMMAND COMMAND...: both modes of one host, or a line that says why not.
run() {
  host=$1 needed=$2; shift 2
  if ! command -v "$needed" >/dev/null 2>&1 && [ ! -x "$needed" ]; then
    echo "    $host: SKIPPED, there is no $needed"
    return
  fi
  for mode in interp auto; do
    printf '    %s, %s\n' "$host" "$mode"
    if ! QUICKSTART_MODE=$mode timeout 300 "$@" "$library" "$program" "$status" $mode >build/quickstart.out 2>>"$log"; then
      echo "    $host: FAILED in mode $mode: $(tail -n 1 "$log")"
      echo "{\"host\":\"$host\",\"mode\":\"$mode\",\"failed\":true}" >>"$results"
      continue
    fi
    grep '^{' build/quickstart.out | tail -n 1 >>"$results"
  done
}

run terrace build/hosts/cli/terrace sh hosts/cli/quickstart.sh
run sbcl sbcl sh hosts/common-lisp/quickstart.sh sbcl
run ecl ecl sh hosts/common-lisp/quickstart.sh ecl
run erlang erl sh hosts/erlang/quickstart.sh
run node node node hosts/hyperscript/quickstart.js

python3 hosts/quickstart/table.py "$results"
