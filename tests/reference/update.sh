#!/bin/sh
# Writes the part on primitives of lib/SX.md from what the library of a build directory says.
set -eu
build=${1:?usage: sh tests/reference/update.sh BUILD-DIRECTORY}
python3 "$(dirname "$0")/page.py" update "$build/hosts/cli/terrace" "$build/shim/libterrace.so.0"
