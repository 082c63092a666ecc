#!/usr/bin/env bash
# The status pages as a browser shows them: `make test-ui`.
#
#   run.sh BUILD [PICTURES]     PICTURES: a directory for pictures of the pages
#
# Playwright and axe come by npm, as package-lock.json names them with their checksums, to
# BUILD/tools/ui.
set -euo pipefail
unset CDPATH
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
modules=$build/tools/ui
mkdir -p "$modules"
cp "$source"/tests/ui/package*.json "$source"/tests/ui/*.mjs "$modules/"
mkdir -p "$modules/pages"
cp "$source"/share/ui/*.js "$modules/pages/"
cmp -s "$modules/package-lock.json" "$modules/node_modules/.brought" ||
  { npm ci --prefix "$modules" --silent --no-audit --no-fund && cp "$modules/package-lock.json" "$modules/node_modules/.brought"; }
[ -z "${2-}" ] || { mkdir -p "$2" && TANDEM_UI_PICTURES=$(cd "$2" && pwd) && export TANDEM_UI_PICTURES; }
export TANDEM_SOURCE=$source TANDEM_BUILD=$build TANDEM_BIN=$build/bin TANDEM_TOOLS=$build/tools
exec timeout 600 bats --print-output-on-failure "$source/tests/ui/page.bats"
