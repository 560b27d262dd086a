#!/bin/sh
# Fuzzes the parts of the library that read what strangers wrote.
#
#   sh tests/fuzz/run.sh [--seconds=N] [--jobs=N] [target ...]
#
#   targets       reader syntax program bytecode object protocol; without one, all
#   --seconds=N   for each target; without this 20
#   --jobs=N      targets at a time; without this 2
#
# Builds in build-sanitized/ with clang; seeds come from tests/corpus and from tests/fuzz/corpus, where every input that once found a fault is
# kept. What the fuzzer learns is kept in build-sanitized/learnt/ for the next run. An input that finds something is left in build-sanitized/findings/:
# `build-sanitized/tests/fuzz/fuzz_TARGET FILE` repeats it. Without clang and its libFuzzer everything is SKIPPED.
set -u
cd "$(dirname "$0")/../.." || exit 2

seconds=20
jobs=2
targets=""
for argument in "$@"; do
  case $argument in
    --seconds=*) seconds=${argument#*=} ;;
    --jobs=*) jobs=${argument#*=} ;;
    reader | syntax | program | bytecode | object | protocol) targets="$targets $argument" ;;
    *) echo "usage: sh tests/fuzz/run.sh [--seconds=N] [--jobs=N] [reader|syntax|program|bytecode|object|protocol ...]" >&2; exit 2 ;;
  esac
done
targets=${targets:-reader syntax program bytecode object protocol}

. tests/sanitizers.sh
if [ -z "$fuzzing_compiler" ]; then
  echo "fuzzers: SKIPPED: no clang with libFuzzer (sh hosts/packages.sh fuzz)"
  exit 0
fi

build="build-sanitized"
if [ ! -f $build/build.ninja ]; then
  configure_sanitized meson setup >$build.log 2>&1 || { cat $build.log; exit 1; }
  rm -f $build.log
fi
programs=""
for target in $targets; do programs="$programs fuzz_$target"; done
# shellcheck disable=SC2086  # the names are words
meson compile -C $build seeds $programs >$build/compile.log 2>&1 || { grep -E -A6 '^FAILED|error:' $build/compile.log | head -40; exit 1; }

# The object files that the loader is given, as several options of the compiler make them.
seeds=$build/seeds
rm -rf $seeds
mkdir -p $seeds/objects $build/findings $build/learnt
for options in "-O0 -fPIC" "-O1 -fPIC" "-O3 -fPIC" "-O2 -mcmodel=large -fno-jump-tables" "-O2 -fPIC -g -ffunction-sections"; do
  # shellcheck disable=SC2086  # options are words
  cc $options -c tests/fuzz/seed_object.c -o "$seeds/objects/$(echo "$options" | tr -d ' =').o" || exit 1
done
$build/tests/fuzz/seeds tests/corpus $seeds $seeds/objects/*.o >$build/seeds.log 2>&1 || { tail -n 30 $build/seeds.log; exit 1; }

# fuzz TARGET: runs one target; its last line says what happened.
fuzz() {
  target=$1
  log=$build/fuzz_$target.log
  kept=""
  [ -d "tests/fuzz/corpus/$target" ] && kept="tests/fuzz/corpus/$target"
  mkdir -p "$build/learnt/$target"
  # shellcheck disable=SC2086  # empty or one word
  $build/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
    -artifact_prefix="$build/findings/$target-" "$build/learnt/$target" "$seeds/$target" $kept >"$log" 2>&1
  code=$?
  echo $code >"$build/fuzz_$target.code"
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(grep -a -o 'cov: [0-9]*' "$log" | tail -n 1)
  if [ $code = 0 ]; then
    echo "fuzz_$target: $inputs inputs in $seconds s, $coverage, nothing found"
  else
    grep -a -E 'ERROR|SUMMARY|fuzz:|runtime error|^ +#[0-9]+ |Test unit written' "$log" | head -n 25
    echo "fuzz_$target: FAILED after ${inputs:-?} inputs, see $log"
  fi
}

failed=0
running=0
for target in $targets; do
  fuzz "$target" &
  running=$((running + 1))
  [ $running -lt "$jobs" ] && continue
  wait
  running=0
done
wait
for target in $targets; do [ "$(cat $build/fuzz_"$target".code)" = 0 ] || failed=1; done
exit $failed
