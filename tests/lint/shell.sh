#!/usr/bin/env bash
# Shell scripts and bats suites pass shellcheck and are formatted as shfmt does it.
set -eu
cd "${1:-"$(dirname "$0")/../.."}"
mapfile -t scripts < <(git ls-files -z | xargs -0 grep -lIE '^#!.*\b(ba|da)?sh\b|^# shellcheck shell=' -- |
  grep -v '\.bats$\|^tests/bats/')
mapfile -t suites < <(git ls-files -- 'tests/bats/*.bats' 'tests/bats/*.bash')
status=0
shfmt -i 2 -ci -d "${scripts[@]}" "${suites[@]}" || status=1
shellcheck "${scripts[@]}" || status=1
# bats runs every test in a subshell of its own, and its helper's variables are not seen: these
# warnings are about nothing else. Text in single quotes is a script for a fake service.
shellcheck -e SC2030,SC2031,SC2034,SC2154,SC2016 "${suites[@]}" || status=1
exit $status
