#!/bin/sh
# Compares a built library with the frozen description: check_abi.sh LIBRARY. Any difference is a failure; 77 is "cannot tell".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v abidiff >/dev/null || ! command -v abidw >/dev/null; then
  echo "abidiff is missing (Debian: abigail-tools); the ABI was not compared"
  exit 77
fi
now=$(mktemp)
trap 'rm -f "$now"' EXIT
sh "$here/describe.sh" "$1" "$now"
abidiff --no-show-locs "$here/terrace.abi" "$now"
echo "the ABI is as frozen"
