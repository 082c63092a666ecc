#!/usr/bin/env bash
# The manual pages pass mandoc's lint, and each program has one.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"
status=0
for page in man/*.[1-8]; do
  # The style level is left out: it wants operating system and date in forms of its own.
  mandoc -T lint -W warning "$page" || status=1
done
for program in bin/*/; do
  name=$(basename "$program")
  set -- man/"$name".[18]
  if [ ! -e "$1" ]; then
    echo "bin/$name: there is no man/$name.1 or man/$name.8"
    status=1
  fi
done
exit $status
