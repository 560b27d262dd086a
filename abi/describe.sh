#!/bin/sh
# Writes libabigail's description of a built library: describe.sh LIBRARY OUTPUT
# Only what is exported, with the types of jit.h; no path of the machine that built it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
abidw --exported-interfaces-only --drop-private-types --drop-undefined-syms --no-elf-needed --no-corpus-path \
  --no-comp-dir-path --no-show-locs --headers-dir "$here/../include" --out-file "$2" "$1"
sed -i "s|path='[^']*/shim/|path='shim/|" "$2"
