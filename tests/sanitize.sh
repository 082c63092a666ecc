#!/usr/bin/env bash
# sanitize.sh BUILD SEEDS JOBS [PART]...: runs the tests that are of use under a sanitizer: unit tests
# (unit), SEEDS seeds of each simulator (sim), the suites of the toy store (bats), and real processes
# under faults (torture). `make sanitize` is this, for two builds, and `make clang` for two more.
set -euo pipefail
unset CDPATH
build=$1 seeds=$2 jobs=$3
shift 3
[ $# -gt 0 ] || set -- unit sim bats torture

# Every report goes to a file: what a process that a test started writes to its standard error, the
# test may throw away, and its exit status as well.
reports=$(mktemp -d "${TMPDIR:-/tmp}/tandem-sanitize.XXXXXX")
look_at_reports() {
  local status=$? report
  for report in "$reports"/*; do
    [ -e "$report" ] || break
    status=1
    printf '\n--- %s\n' "$report" >&2
    cat "$report" >&2
  done
  rm -rf "$reports"
  exit "$status"
}
trap look_at_reports EXIT

# A report ends the process, also one about memory that nobody frees; threads may be started by a
# process that has forked.
export ASAN_OPTIONS=detect_stack_use_after_return=1:log_path=$reports/asan:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$reports/ubsan:${UBSAN_OPTIONS:-}
here=$(cd "$(dirname "$0")" && pwd)
tsan=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0:suppressions=$here/sanitize.supp
export TSAN_OPTIONS=$tsan:log_path=$reports/tsan:${TSAN_OPTIONS:-}

run() { # LABEL [ARGUMENT]…: the tests that have this label
  ctest --test-dir "$build" --output-on-failure --no-tests=error -L "$@"
}

for part; do
  case $part in
    unit) run unit -j"$jobs" ;;
    sim)
      "$build"/tests/sim/tandem_sim --seed 1 --seeds "$seeds"
      "$build"/tests/sim/tandem_sim --store --seed 1 --seeds "$seeds"
      "$build"/tests/sim/tandem_sim --coord --seed 1 --seeds "$seeds"
      ;;
    bats) run bats -R '^bats\.(toys|shop)' ;;
    torture) run torture ;;
    *)
      echo "sanitize.sh: there is no part '$part'" >&2
      exit 64
      ;;
  esac
done
