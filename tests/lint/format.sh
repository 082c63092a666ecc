#!/usr/bin/env bash
# C++ sources are formatted as .clang-format says.
set -eu
unset CDPATH
cd "${1:-"$(dirname "$0")/../.."}"
git ls-files -z -- '*.cc' '*.h' | xargs -0 -r clang-format --dry-run -Werror
