#!/bin/sh
# Runs one test module: run.sh ERL APPLICATION TESTS MODULE, with a temporary directory of its own that must be empty afterwards.
set -u
erl=$1 application=$2 tests=$3 module=$4
TMPDIR=$(mktemp -d) || exit 1
TERRACE_SOURCE=$(cd "$(dirname "$0")/.." && pwd)
export TMPDIR TERRACE_SOURCE

"$erl" -noshell +S 2 -pa "$application/ebin" -pa "$tests/ebin" -eval "terrace_test:run($module)."
status=$?

# The worker tidies up by itself when its socket closes.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rmdir "$TMPDIR" 2>/dev/null && exit $status
  sleep 0.3
done
echo "files were left behind in $TMPDIR:"
find "$TMPDIR"
exit 1
