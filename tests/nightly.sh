#!/usr/bin/env bash
# What is too long for every change, one part after the other, whatever comes of the one before:
#
#   nightly.sh [PART]…
#
#   sim        the simulator's modes, 20000 seeds of the database, the store and coordination
#   torture    real processes under faults: 5 minutes each of four seeds, database, with its tables in
#              memory and in PostgreSQL and with coordination by Consul, and store
#   backends   the suites with tables in PostgreSQL
#   sanitize   tests, simulator and torture with ASan, UBSan and TSan
#   clang      unit tests and simulator, built by clang with the same
#   tidy       clang-tidy over all sources
#   fuzz       10 minutes for each target
#
# Seeds are other ones each night: they count from SEED, which is the days since 1970 times 20000 where
# it is not given. A table of parts, results and times comes at the end, with how to run again what
# failed. Exit status 1 where a part failed. MAKE: the make to use.
set -u
unset CDPATH
cd "$(dirname "$0")/.." || exit 70
: "${MAKE:=make}"
if [ -z "${SEED-}" ]; then
  days=$(($(date +%s) / 86400))
  SEED=$((days * 20000))
fi

commands() { # PART
  local seed
  case $1 in
    sim) echo "sim SEEDS=20000 SEED=$SEED" ;;
    torture)
      for ((seed = SEED; seed < SEED + 4; seed++)); do
        echo "torture MINUTES=5 SEED=$seed"
        echo "torture MINUTES=5 SEED=$seed TABLES=postgres"
        echo "torture MINUTES=5 SEED=$seed COORD=consul"
        echo "torture MINUTES=5 SEED=$seed STORE=1"
      done
      ;;
    backends) echo test-backends ;;
    sanitize | clang | tidy) echo "$1" ;;
    fuzz) echo 'fuzz SECONDS=600' ;;
    *)
      echo "nightly.sh: there is no part '$1'" >&2
      exit 64
      ;;
  esac
}

[ $# -gt 0 ] || set -- sim torture backends sanitize clang tidy fuzz
all=()
for part; do
  list=$(commands "$part") || exit
  mapfile -t -O ${#all[@]} all <<<"$list"
done
table=''
status=0
for command in "${all[@]}"; do
  printf '== make %s\n' "$command"
  begun=$SECONDS
  result=ok
  # shellcheck disable=SC2086  # the words of a command
  "$MAKE" --no-print-directory $command </dev/null || result=FAILED status=1
  table+=$(printf '%-6s %6d s  make %s' $result $((SECONDS - begun)) "$command")$'\n'
done
printf '%s' "$table"
exit $status
