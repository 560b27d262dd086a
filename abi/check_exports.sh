#!/bin/sh
# Compares three lists of functions: jit.h, terrace.map and what a built library exports. check_exports.sh LIBRARY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -o 'JIT_API [^;]*' "$here/../include/terrace/jit.h" | grep -o '[* ]jit_[a-z0-9_]*(' | tr -d '* (' |
  sort >"$work/header"
grep -o '^ *jit_[a-z0-9_]*;' "$here/terrace.map" | tr -d ' ;' | sort >"$work/map"
nm -D --defined-only "$library" | awk '$2 == "T" { print $3 }' | grep -v '^TERRACE_' | sed 's/@@TERRACE_0.1$//' |
  sort >"$work/exported"
nm -D --defined-only "$library" | awk '$2 != "T" && $2 != "A" { print $3 " (" $2 ")" }' >"$work/other"

bad=0
compare() {
  if ! diff "$work/$1" "$work/$2" >"$work/diff"; then
    echo "$1 (<) and $2 (>) differ:"
    cat "$work/diff"
    bad=1
  fi
}
compare header map
compare header exported
if [ -s "$work/other" ]; then
  echo "exported although it is no function of jit.h:"
  cat "$work/other"
  bad=1
fi
if readelf -d "$library" | grep -q gccjit; then
  echo "the library is linked with libgccjit"
  bad=1
fi
if ! readelf -d "$library" | grep -q NODELETE; then
  echo "the library lacks -z nodelete"
  bad=1
fi
[ $bad -eq 0 ] && echo "$(wc -l <"$work/header") functions, the same in jit.h, terrace.map and the library"
exit $bad
