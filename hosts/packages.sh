#!/bin/sh
# Installs the Debian packages that Terrace, its hosts and its tests need, by name, with apt.
#
#   sh hosts/packages.sh [group ...]     groups: build compiler tests fuzz cli lisp erlang node; without one, all of these;
#                                        bench, what Terrace is compared with, only when it is named
#
# build is required: without it the script fails. Any other group that cannot be had is named on standard output as SKIPPED, and the
# build leaves out what needs it. Packages that are there already cost nothing. Needs root or sudo only when something is missing.
set -u

groups=${*:-build compiler tests fuzz cli lisp erlang node}

packages_of() {
  case $1 in
    build) echo "g++ meson ninja-build pkg-config libgmp-dev libb2-dev libutf8proc-dev libxxhash-dev nlohmann-json3-dev" ;;
    compiler) echo "libgccjit-12-dev binutils" ;;
    tests) echo "libcmocka-dev abigail-tools" ;;
    fuzz) echo "clang-14 libclang-rt-14-dev" ;;
    cli) echo "libedit-dev libcli11-dev" ;;
    lisp) echo "sbcl ecl cl-cffi cl-fiveam cl-trivial-garbage" ;;
    erlang) echo "erlang-base erlang-dev erlang-common-test erlang-eunit erlang-tools erlang-crypto" ;;
    node) node_packages ;;
    bench) echo "gcc luajit pypy3 chezscheme sbcl ecl erlang-base python3 $(command -v node >/dev/null 2>&1 || echo nodejs)" ;;
    *) echo "packages: no group named $1" >&2; exit 2 ;;
  esac
}

# What every group is for, in the words of a person who reads that it is missing.
purpose_of() {
  case $1 in
    compiler) echo "the compile worker: everything is interpreted" ;;
    tests) echo "unit tests and the check of the binary interface" ;;
    fuzz) echo "the fuzzers" ;;
    cli) echo "the terrace program and the corpus" ;;
    lisp) echo "hosts/common-lisp" ;;
    erlang) echo "hosts/erlang" ;;
    node) echo "hosts/hyperscript" ;;
    bench) echo "the runtimes that the bench compares with" ;;
  esac
}

# Node.js from elsewhere than Debian brings its headers, and clashes with Debian's package of them.
node_packages() {
  if command -v node >/dev/null 2>&1 &&
     { [ -f "$(dirname "$(command -v node)")/../include/node/node_api.h" ] || [ -f /usr/include/nodejs/src/node_api.h ]; }; then
    return
  fi
  echo "nodejs libnode-dev"
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_of() {
  for package in $(packages_of "$1"); do
    is_installed "$package" || echo "$package"
  done
}

log=${TMPDIR:-/tmp}/terrace-packages-$$.log
trap 'rm -f "$log"' EXIT
updated=no

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" >"$log" 2>&1
}

install_group() {
  missing=$(missing_of "$1" | tr '\n' ' ')
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    echo "not root, and sudo asks for a password: run as root: apt-get install $missing" >"$log"
    return 1
  fi
  if [ $updated = no ]; then
    echo "packages: reading the package lists"
    updated=yes
    apt update || sed 's/^/packages: /' "$log"
  fi
  echo "packages: installing for $1: $missing"
  # shellcheck disable=SC2086  # the names are words
  apt install --yes --no-install-recommends $missing
}

if ! command -v apt-get >/dev/null 2>&1; then
  echo "packages: this is not a Debian system (no apt-get); install by hand:"
  for group in $groups; do echo "packages:   $group: $(packages_of "$group")"; done
  exit 0
fi

failed=0
for group in $groups; do
  install_group "$group" && continue
  tail -n 5 "$log" | sed 's/^/packages:   /'
  if [ "$group" = build ]; then
    echo "packages: FAILED: the packages that the build itself needs could not be installed"
    failed=1
  else
    echo "packages: SKIPPED $group ($(missing_of "$group" | tr '\n' ' ')): left out is $(purpose_of "$group")"
  fi
done
exit $failed
