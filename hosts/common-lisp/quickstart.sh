#!/bin/sh
# The quickstart's part of Common Lisp: quickstart.sh sbcl|ecl LIBRARY SX-FILE STATUS-FILE MODE
here=$(dirname "$0")
lisp=$1
shift
if [ $# -ne 4 ]; then
  echo "usage: quickstart.sh sbcl|ecl LIBRARY SX-FILE STATUS-FILE interp|auto" >&2
  exit 1
fi
case $lisp in
  sbcl) exec sbcl --noinform --no-userinit --disable-debugger --load "$here/quickstart.lisp" --end-toplevel-options "$@" ;;
  ecl) exec ecl --norc --shell "$here/quickstart.lisp" -- "$@" ;;
  *) echo "quickstart.sh: the Lisp is sbcl or ecl, not $lisp" >&2; exit 1 ;;
esac
