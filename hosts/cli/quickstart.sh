#!/bin/sh
# The quickstart's part of the terrace program: quickstart.sh LIBRARY SX-FILE STATUS-FILE MODE
here=$(dirname "$0")
exec "${TERRACE:-build/hosts/cli/terrace}" --library "$1" --tier="$4" run --allow-files "$here/quickstart.sx" "$2" "$3" "$4"
