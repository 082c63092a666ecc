#!/usr/bin/env bash
# What no file may hold: more than 600 lines of code, marks of unfinished work, host names of
# package mirrors, paths of one developer's machine.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"
status=0

git ls-files -z -- '*.cc' '*.h' '*.sh' '*.bash' '*.bats' '*.awk' '*.cmake' |
  xargs -0 -r wc -l | awk '$2 != "total" && $1 > 600 {
    printf "%s: %d lines; split it, 600 is the limit\n", $2, $1; found = 1 } END { exit found }' ||
  status=1

# Prints where a pattern stands in the tracked files and notes that as an error. This script holds
# all of the patterns itself.
refuse() { # REASON PATTERN
  if git grep -nIE -e "$2" -- ':!tests/lint/text.sh' ':!etc/areas.csv'; then
    echo "^ $1"
    status=1
  fi
}
refuse 'unfinished work' '\b(TODO|FIXME|XXX|todo|fixme)\b|\b[Nn]ot implemented\b|\b[Ss]tub(bed)?\b'
refuse 'a package host' '//(deb|ftp|security|snapshot|archive|registry)\.[a-z]+\.'
refuse "a path of one developer's machine" '(^|[^a-z./])/(work|home|root|Users)/[a-z]|/tmp/bash_jobs'
exit $status
