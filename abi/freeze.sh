#!/bin/sh
# Writes abi/terrace.abi anew from a built library: sh abi/freeze.sh BUILD-DIRECTORY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sh "$here/describe.sh" "$1/shim/libterrace.so.0" "$here/terrace.abi"
echo "wrote $here/terrace.abi"
