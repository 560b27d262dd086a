#!/bin/sh
# The quickstart's part of Erlang: quickstart.sh LIBRARY SX-FILE STATUS-FILE MODE
# The application is the one that was built beside the library; TERRACE_APPLICATION names another.
here=$(dirname "$0")
application=${TERRACE_APPLICATION:-$(dirname "$1")/../hosts/erlang/terrace}
if [ ! -d "$application/ebin" ]; then
  echo "erlang: the application is not in $application; was Erlang missing when Terrace was built?" >&2
  exit 1
fi
ERL_LIBS=$(dirname "$application") exec escript "$here/quickstart.escript" "$@"
