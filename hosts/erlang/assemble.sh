#!/bin/sh
# Puts an OTP application together: assemble.sh STAMP ERLC DIRECTORY SELF FILE...
# Modules go to ebin/ compiled, a .app.src to ebin/, a .so to priv/, a .hrl to include/.
set -eu
stamp=$1 erlc=$2 directory=$3
shift 4
mkdir -p "$directory/ebin" "$directory/priv" "$directory/include"

include=$directory/include
modules=""
for file in "$@"; do
  case $file in
    *.so) cp "$file" "$directory/priv/" ;;
    *.app.src) cp "$file" "$directory/ebin/$(basename "$file" .src)" ;;
    *.hrl) cp "$file" "$include/" ;;
    *.erl) modules="$modules $file" ;;
  esac
done

# shellcheck disable=SC2086  # paths of this source tree, one word each
"$erlc" +debug_info +warn_unused_vars -Werror -I "$include" -o "$directory/ebin" $modules
touch "$stamp"
