#!/usr/bin/env bash
# sanitize.sh BUILD SEEDS JOBS: runs the tests that are of use under a sanitizer: unit tests, SEEDS
# seeds of the simulator, and real processes under faults. `make sanitize` is this, for two builds.
set -euo pipefail
build=$1 seeds=$2 jobs=$3

# A report ends the process, also one about memory that nobody frees; threads may be started by a
# process that has forked.
export ASAN_OPTIONS=detect_stack_use_after_return=1:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
here=$(cd "$(dirname "$0")" && pwd)
tsan=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0:suppressions=$here/sanitize.supp
export TSAN_OPTIONS=$tsan:${TSAN_OPTIONS:-}

ctest --test-dir "$build" --output-on-failure --no-tests=error -j"$jobs" -L unit
"$build"/tests/sim/tandem_sim --seed 1 --seeds "$seeds"
ctest --test-dir "$build" --output-on-failure --no-tests=ignore -L torture
