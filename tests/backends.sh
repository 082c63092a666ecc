#!/usr/bin/env bash
# The suites of the programs on other back ends: on PostgreSQL, each with the tables of its workers in
# databases of a cluster that is made for it, those under tandem(1) in the cluster of that system; on
# Consul, by an agent that is started for it.
#
#   backends.sh [SUITE]…     those, or all for which it makes sense; a table comes at the end
#   backends.sh list         all suites, each with the reason where it is not among them
#
# TABLES=postgres, COORD=consul or both of them in the environment say which; without, TABLES.
# Exit status 1 where a suite failed. TANDEM_BUILD, TANDEM_BIN, TANDEM_TOOLS: as CTest sets them.
set -u
unset CDPATH
cd "$(dirname "$0")/.." || exit 70
postgres=$PWD/tests/support/postgres.sh
consul=$PWD/tests/support/consul.sh
tables=${TABLES-} coord=${COORD-}
[ -n "$tables$coord" ] || tables=postgres
case $tables:$coord in postgres: | :consul | postgres:consul) ;; *)
  echo "backends.sh: TABLES is postgres, COORD consul, or neither is set" >&2
  exit 64
  ;;
esac
unset TABLES COORD

# Why a suite is not run there; nothing where it is.
why_not() { # SUITE
  case $1 in
    postgres*) echo 'is about PostgreSQL anyway' ;;
    consul_*) echo 'is about Consul anyway' ;;
    past | disk_fate | formats | read_back | removed) [ -z "$coord" ] || echo 'is about the local files of coordination' ;;
    build | consul | dependencies | install | nightly | tidy) echo 'starts no service' ;;
    commands | other_user | preflight | supervisor | logs) echo 'has small services instead of a database' ;;
    howto | unready) echo 'shows pages that say what their systems have' ;;
    *) ;;
  esac
}

all() { find tests/bats -name '*.bats' -printf '%f\n' | sed 's/\.bats$//' | sort; }

seconds_of() { # SUITE
  local said
  said=$(sed -n 's/^# ctest: .*timeout=\([0-9]*\).*/\1/p' "tests/bats/$1.bats")
  echo "${said:-300}"
}

work=''
pids=()
stop_backends() {
  local pid
  for pid in "${pids[@]}"; do
    kill -INT "$pid"
    wait "$pid"
  done
  [ -z "$work" ] || rm -rf "$work"
  work='' pids=()
}
trap stop_backends EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_cluster() { # DIRECTORY
  mkdir "$1"
  "$postgres" make "$1" || return
  "$postgres" run "$1" -c max_connections=100 >"$1/log" 2>&1 &
  pids+=($!)
  timeout 60 "$postgres" wait "$1"
}

start_agent() { # DIRECTORY
  mkdir "$1"
  "$consul" run "$1" "${TANDEM_TOOLS:-build/tools}" >"$1/log" 2>&1 &
  pids+=($!)
  timeout 60 "$consul" wait "$1"
}

run_suite() { # SUITE
  local environment=()
  work=$(mktemp -d "${TMPDIR:-/tmp}/tandem-backends.XXXXXX") || return
  if [ -n "$tables" ]; then
    start_cluster "$work/cluster" || return
    environment+=(TANDEM_TEST_TABLES=postgres "TANDEM_TEST_POSTGRES=$work/cluster")
  fi
  if [ -n "$coord" ]; then
    start_agent "$work/agent" || return
    environment+=(TANDEM_TEST_COORD=consul "TANDEM_TEST_CONSUL=$(cat "$work/agent/address")")
  fi
  env "${environment[@]}" \
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
  stop_backends
  table+=$(printf '%-6s %6d s  %stests/backends.sh %s' $result $((SECONDS - begun)) \
    "${tables:+TABLES=$tables }${coord:+COORD=$coord }" "$suite")$'\n'
done
printf '%s' "$table"
exit $status
