#!/usr/bin/env bash
# The suites of the programs on PostgreSQL: each with the tables of its workers in databases of a
# cluster that is made for it, those under tandem(1) in the cluster of that system.
#
#   backends.sh [SUITE]…     those, or all for which it makes sense; a table comes at the end
#   backends.sh list         all suites, each with the reason where it is not among them
#
# Exit status 1 where a suite failed. TANDEM_BUILD, TANDEM_BIN, TANDEM_TOOLS: as CTest sets them.
set -u
unset CDPATH
cd "$(dirname "$0")/.." || exit 70
postgres=$PWD/tests/support/postgres.sh

# Why a suite is not run on PostgreSQL; nothing where it is.
why_not() { # SUITE
  case $1 in
    postgres*) echo 'is about PostgreSQL anyway' ;;
    build | consul | dependencies | install | nightly | tidy) echo 'starts no service' ;;
    commands | other_user | preflight | supervisor | logs) echo 'has small services instead of a database' ;;
    *) ;;
  esac
}

all() { find tests/bats -name '*.bats' -printf '%f\n' | sed 's/\.bats$//' | sort; }

seconds_of() { # SUITE
  local said
  said=$(sed -n 's/^# ctest: .*timeout=\([0-9]*\).*/\1/p' "tests/bats/$1.bats")
  echo "${said:-300}"
}

cluster=''
pid=''
stop_cluster() {
  if [ -n "$pid" ]; then
    kill -INT "$pid"
    wait "$pid"
  fi
  [ -z "$cluster" ] || rm -rf "$cluster"
  cluster='' pid=''
}
trap stop_cluster EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_cluster() {
  cluster=$(mktemp -d "${TMPDIR:-/tmp}/tandem-backends.XXXXXX") || return
  "$postgres" make "$cluster" || return
  "$postgres" run "$cluster" -c max_connections=100 >"$cluster/log" 2>&1 &
  pid=$!
  timeout 60 "$postgres" wait "$cluster"
}

run_suite() { # SUITE
  start_cluster || return
  TANDEM_TEST_TABLES=postgres TANDEM_TEST_POSTGRES=$cluster \
    timeout $((2 * $(seconds_of "$1"))) bats --print-output-on-failure "tests/bats/$1.bats" </dev/null
}

if [ "${1-}" = list ]; then
  for suite in $(all); do printf '%-22s %s\n' "$suite" "$(why_not "$suite")"; done
  exit 0
fi
if [ $# -eq 0 ]; then
  for suite in $(all); do
    [ -n "$(why_not "$suite")" ] || set -- "$@" "$suite"
  done
fi
table=''
status=0
for suite; do
  [ -e "tests/bats/$suite.bats" ] || {
    echo "backends.sh: there is no suite '$suite'" >&2
    exit 64
  }
  printf '== %s\n' "$suite"
  begun=$SECONDS
  result=ok
  run_suite "$suite" || result=FAILED status=1
  stop_cluster
  table+=$(printf '%-6s %6d s  tests/backends.sh %s' $result $((SECONDS - begun)) "$suite")$'\n'
done
printf '%s' "$table"
exit $status
