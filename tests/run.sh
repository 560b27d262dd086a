#!/bin/sh
# Every test of Terrace, from packages to sanitizers.
#
#   sh tests/run.sh [--quick] [--no-install] [--programs=N] [--fuzz=SECONDS]
#
#   --quick       the corpus in two modes instead of six, no sanitizer build, no fuzzers
#   --programs=N  random programs for the differential tester, without a limit of its time; without this 20,000 in at most 150 seconds
#   --fuzz=SECONDS  for each fuzzer; without this 20
#   --no-install  install no packages
#
# Builds in build/ and build-sanitized/, which are kept and used again. What cannot be tested here is named as SKIPPED. The last line says
# how it ended.
set -u
cd "$(dirname "$0")/.." || exit 2

quick=no
install=yes
programs=20000
differential_seconds=150
fuzz_seconds=20
for option in "$@"; do
  case $option in
    --quick) quick=yes ;;
    --no-install) install=no ;;
    --programs=*) programs=${option#*=}; differential_seconds=0 ;;
    --fuzz=*) fuzz_seconds=${option#*=} ;;
    *) echo "usage: sh tests/run.sh [--quick] [--no-install] [--programs=N] [--fuzz=SECONDS]" >&2; exit 2 ;;
  esac
done

# Nothing is found that an earlier run compiled, and nothing is left in anybody's home.
TERRACE_STORE=off
export TERRACE_STORE

failures=""
started=$(date +%s)
logs=build/logs
mkdir -p $logs
skipped=$logs/skipped.txt
: >"$skipped"

step() { printf '\n== %s (%ss)\n' "$1" "$(($(date +%s) - started))"; }
failed() { failures="$failures\n  $1"; echo "FAILED: $1"; }
note_skipped() { grep -h SKIPPED "$1" 2>/dev/null | sed 's/^.*WARNING: //' >>"$skipped"; }

# configure [OPTION...] DIRECTORY: makes the build directory, or reads it again, since packages may be new.
configure() {
  for directory; do :; done
  again=""
  [ -f "$directory/build.ninja" ] && again=--reconfigure
  # shellcheck disable=SC2086  # empty or one word
  meson setup $again "$@" >"$logs/$directory.setup" 2>&1 || { cat "$logs/$directory.setup"; return 1; }
  note_skipped "$logs/$directory.setup"
}

# compile DIRECTORY [TARGET...]
compile() {
  ninja -C "$@" >"$logs/$1.build" 2>&1 && return
  grep -E -A6 '^FAILED|error:' "$logs/$1.build" | head -60
  return 1
}

# From meson's log: the end of what each failed test wrote, then one line for every suite.
summary_of() {
  python3 - "$1/meson-logs/testlog.json" <<'PYTHON'
import collections, json, os, sys
suites = collections.defaultdict(collections.Counter)
log = open(sys.argv[1]) if os.path.exists(sys.argv[1]) else []
for test in map(json.loads, log):
    suite, _, name = test["name"].partition(" / ")
    result = test["result"]
    suites[suite.split(":")[-1]][result] += 1
    if result not in ("OK", "EXPECTEDFAIL", "SKIP"):
        print(f"not ok - {test['name']}: {result}")
        for line in (test.get("stdout", "") + test.get("stderr", "")).splitlines()[-40:]:
            print("#  ", line)
    else:
        for line in sorted({line for line in test.get("stdout", "").splitlines() if "# SKIPPED" in line}):
            print(f"{test['name']}: {line[2:]}")
for suite, results in sorted(suites.items()):
    passed = results.pop("OK", 0) + results.pop("EXPECTEDFAIL", 0)
    skips = results.pop("SKIP", 0)
    print(f"{suite}: {passed} passed, {sum(results.values())} failed" + (f", {skips} SKIPPED" if skips else ""))
PYTHON
}

# run_suites DIRECTORY LABEL MESON-OPTION...
run_suites() {
  directory=$1; label=$2; shift 2
  meson test -C "$directory" "$@" >"$logs/$directory.test" 2>&1 || failed "$label"
  summary_of "$directory"
}

# corpus_in DIRECTORY MODE: one mode. "stress" is the interpreter with a collection at every allocation that may have one; not for the
# programs that make a hundred thousand objects. "stress-opt" is the same for what is compiled, of the programs about objects and what becomes of code.
corpus_in() {
  program=$1/hosts/cli/terrace
  allow=""
  [ -x "$1/lib/worker/terrace-worker" ] || allow=--allow-refused
  files=tests/corpus
  [ "$1" = build-sanitized ] && files=$(grep -rL --include='*.sx' '^; Not under the sanitizers' tests/corpus)
  # shellcheck disable=SC2010,SC2046,SC2086  # empty, or words without blanks
  case $2 in
    stress) "$program" --tier=interp --gc-stress test --allow-refused $(ls -d tests/corpus/*/ | grep -v -E '/(limits|recursion|tail|kernels|scenarios)/') ;;
    stress-opt) "$program" --tier=opt --gc-stress test $allow tests/corpus/jit tests/corpus/records tests/corpus/vectors ;;
    *) "$program" --tier="$2" test $allow $files ;;
  esac
}

# corpus DIRECTORY MODE...: all modes at once, since each waits for its compiler most of the time. The runner prints what failed and how
# many passed by itself.
corpus() {
  directory=$1; shift
  if [ ! -x "$directory/hosts/cli/terrace" ]; then
    echo "the corpus: SKIPPED: the terrace program is not built" | tee -a "$skipped"
    return
  fi
  if [ "$directory" = build-sanitized ]; then
    echo "$(grep -rl --include='*.sx' '^; Not under the sanitizers' tests/corpus | wc -l) programs of the corpus under the sanitizers: SKIPPED: C++ makes no tail calls there" |
      tee -a "$skipped"
  fi
  for mode in "$@"; do
    { corpus_in "$directory" "$mode"; echo $? >"$logs/$directory.$mode.code"; } >"$logs/$directory.$mode" 2>&1 &
  done
  wait
  for mode in "$@"; do
    case $mode in stress*) echo "# under collector stress:" ;; esac
    cat "$logs/$directory.$mode"
    [ "$(cat "$logs/$directory.$mode.code")" = 0 ] || failed "corpus in mode $mode ($directory)"
  done
}

finish() {
  step "end"
  if [ -s "$skipped" ]; then echo "left out on this machine:"; sort -u "$skipped" | sed 's/^/  /'; fi
  if [ -n "$failures" ]; then printf 'tests/run.sh: FAILED:%b\n' "$failures"; exit 1; fi
  echo "tests/run.sh: all tests passed in $(($(date +%s) - started)) s"
  exit 0
}

if [ $install = yes ]; then
  step "packages"
  sh hosts/packages.sh >$logs/packages 2>&1 || { cat $logs/packages; failed "packages"; finish; }
  cat $logs/packages
  note_skipped $logs/packages
fi

step "build"
{ configure build && compile build; } || { failed "build"; finish; }

step "unit, interface and host tests"
run_suites build "meson test" --no-suite corpus --no-suite differential

step "corpus"
modes="interp base opt auto storm stress stress-opt"
[ $quick = yes ] && modes="interp auto"
# shellcheck disable=SC2086  # the modes are words
corpus build $modes

# Random programs: all of them in the interpreter in two ways of writing, a share in each mode that compiles; every mode says how many.
differential() {
  modes=""
  if [ ! -x build/lib/worker/terrace-worker ]; then
    echo "random programs in compiled modes: SKIPPED: the compile worker is not built" | tee -a "$skipped"
    modes="--modes=plain,stress:2"
  fi
  # shellcheck disable=SC2086  # empty or one word
  build/tests/differential/differential --programs="$programs" --seconds="$differential_seconds" --seed="${TERRACE_SEED:-1}" $modes \
    >$logs/differential 2>&1 || failed "random programs in all modes"
  cat $logs/differential
  grep -q "^plain: $programs programs" $logs/differential || failed "random programs: $programs were asked for"
}

step "random programs in all modes"
[ $quick = yes ] && programs=2000
differential

if [ $quick = no ]; then
  step "build with sanitizers and fuzzers"
  . tests/sanitizers.sh
  # shellcheck disable=SC2046  # the targets are words
  if configure_sanitized configure && compile build-sanitized $(sanitized_targets); then
    step "fuzzers"
    sh tests/fuzz/run.sh --seconds="$fuzz_seconds" >$logs/fuzzers 2>&1 || failed "fuzzers"
    cat $logs/fuzzers
    note_skipped $logs/fuzzers
    step "unit tests under the sanitizers"
    run_suites build-sanitized "unit tests under the sanitizers" --suite unit --timeout-multiplier 4
    step "corpus under the sanitizers"
    corpus build-sanitized interp auto
  else
    failed "build with sanitizers and fuzzers"
  fi
fi
finish
