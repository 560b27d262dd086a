#!/bin/sh
# Writes abi/terrace.abi anew from a built library: sh abi/freeze.sh BUILD-DIRECTORY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
abidw --drop-private-types --no-corpus-path --no-comp-dir-path --headers-dir "$here/../include" \
  --out-file "$here/terrace.abi" "$1/shim/libterrace.so.0"
echo "wrote $here/terrace.abi"
