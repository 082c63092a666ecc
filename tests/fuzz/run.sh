#!/usr/bin/env bash
# Runs fuzz targets: those that are named, or all of them.
#
#   run.sh --build DIR --runs N [TARGET...]      the corpus and N inputs each, the same every time
#   run.sh --build DIR --seconds N [TARGET...]   so long each, on all cores; what is new stays in
#                                                DIR/found, where the next run goes on from
#
# DIR is a build with TANDEM_FUZZ=ON. An input that fails is left in DIR/failed and shown with the
# line that runs it again; mended, it belongs into corpus/TARGET. Exits 1 then.
set -euo pipefail
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 64
}
build='' limit='' count=''
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:-} ;;
    --runs | --seconds) limit=${1#--} count=${2:-} ;;
    -*) usage ;;
    *) break ;;
  esac
  shift 2 || usage
done
case $build:$count in :* | *: | *:*[!0-9]*) usage ;; esac

if [ $# -eq 0 ]; then
  for file in "$build"/bin/fuzz_*; do
    name=${file##*/fuzz_}
    [ "$name" = seeds ] || set -- "$@" "$name"
  done
fi
for target; do
  [ -x "$build/bin/fuzz_$target" ] || {
    echo "fuzz: there is no target '$target' in $build/bin" >&2
    exit 64
  }
done
mkdir -p "$build/failed"

# Names instead of addresses in reports, with what is there.
for symbolizer in /usr/lib/llvm-16/bin/llvm-symbolizer llvm-symbolizer addr2line; do
  if path=$(command -v "$symbolizer"); then
    export ASAN_SYMBOLIZER_PATH=$path UBSAN_SYMBOLIZER_PATH=$path
    break
  fi
done
# What is freed is kept a while to be watched, 256 MiB of it unless told.
export ASAN_OPTIONS=quarantine_size_mb=32:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# fuzz TARGET OPTION...: one run. The logs of the libraries are not shown: standard error is closed
# for them, and a failing input is run once more with it.
fuzz() {
  local target=$1
  shift
  local program=$build/bin/fuzz_$target log=$scratch/$target.log status=0
  mkdir -p "$scratch/$target.new" "$here/corpus/$target"
  touch "$scratch/$target.start"
  nice "$program" -close_fd_mask=2 -timeout=20 -rss_limit_mb=2560 -print_final_stats=1 \
    -artifact_prefix="$build/failed/$target-" "$@" "$here/corpus/$target" \
    >"$log" 2>&1 </dev/null || status=$?
  if [ $status -eq 0 ]; then
    printf 'ok      %-9s %s\n' "$target" "$(figures "$log")"
    return 0
  fi
  printf 'FAILED  %s\n' "$target"
  local input
  input=$(find "$build/failed" -name "$target-*" -newer "$scratch/$target.start" | head -n 1)
  if [ -n "$input" ]; then
    "$program" "$input" 2>&1 | grep -v '^INFO: \|^Running: ' | head -n 40 || true
    printf 'run it again with: %s %s\n' "$program" "$input"
  else
    tail -n 40 "$log"
  fi
  return 1
}

# "5000 inputs, 411 of them new" of a run's log. In fork mode the last status line has them.
figures() {
  awk '/^stat::number_of_executed_units:/ { runs = $2 }
       /^stat::new_units_added:/ { found = $2 }
       /^#[0-9]+: cov:/ { runs = substr($1, 2) + 0; for (i = 1; i < NF; i++) if ($i == "corp:") found = $(i + 1) - 0 }
       END { printf "%d inputs, %d kept", runs, found }' "$1"
}

failed=0
if [ "$limit" = seconds ]; then
  for target; do
    mkdir -p "$build/found/$target"
    fuzz "$target" -fork="$(nproc)" -max_total_time="$count" "$build/found/$target" || failed=1
  done
else
  # So many side by side as there are cores.
  running=0
  for target; do
    if [ $running -ge "$(nproc)" ]; then
      wait -n || failed=1
      running=$((running - 1))
    fi
    fuzz "$target" -seed=1 -runs="$count" "$scratch/$target.new" &
    running=$((running + 1))
  done
  while [ $running -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
  done
fi
exit $failed
