#!/bin/sh
# Copies the assembled application: install.sh FROM TO, honouring DESTDIR.
set -eu
to=${DESTDIR:-}$2
mkdir -p "$to"
cp -R "$1/." "$to/"
