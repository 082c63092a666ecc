#!/usr/bin/env bash
# Shell scripts and bats suites pass shellcheck and are formatted as shfmt does it.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"
mapfile -t scripts < <(git ls-files -z | xargs -0 grep -lIE '^#!.*\b(ba|da)?sh\b|^# shellcheck shell=' -- |
  grep -v '\.bats$\|^tests/bats/')
mapfile -t suites < <(git ls-files -- 'tests/bats/*.bats' 'tests/bats/*.bash')
status=0
shfmt -i 2 -ci -d "${scripts[@]}" "${suites[@]}" || status=1
# What the suites are excused from, and why, is in tests/bats/.shellcheckrc.
shellcheck "${scripts[@]}" "${suites[@]}" || status=1
exit $status
