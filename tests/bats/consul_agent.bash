# A Consul of one server for a suite, on ports of its own. Its data is in memory: one that is killed
# and started again has lost all of it. To be loaded after test_helper.
# shellcheck shell=bash

# Starts an agent in directory $1: HTTP on port $2, three more ports from $3 on, then what else its
# configuration holds, as JSON. Waits until it has a leader. Its process id is in $consul_pid, its
# API at $consul.
consul_up() { # DIR PORT PORTS [JSON]
  local program leader
  program=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  mkdir -p "$1"
  jq -n --argjson http "$2" --argjson first "$3" --argjson more "${4:-{\}}" '{ports: {http: $http,
    serf_lan: $first, server: ($first + 1), dns: ($first + 2), serf_wan: -1, grpc: -1, https: -1}} * $more' >"$1/agent.json"
  : >"$1/log"
  "$program" agent -dev -bind 127.0.0.1 -client 127.0.0.1 -config-file "$1/agent.json" >"$1/log" 2>&1 3>&- &
  consul_pid=$!
  consul=http://127.0.0.1:$2/v1
  exec {leader}< <(exec tail -n +1 -f --pid="$consul_pid" "$1/log" 3>&-)
  if ! grep -q -m 1 'cluster leadership acquired' <&"$leader"; then
    cat "$1/log" >&2
    return 1
  fi
  exec {leader}<&-
}

# Kills it; it tells nobody.
consul_kill() {
  [ -z "${consul_pid:-}" ] || kill -KILL "$consul_pid" 2>/dev/null || true
  [ -z "${consul_pid:-}" ] || wait "$consul_pid" 2>/dev/null || true
  consul_pid=''
}

# Waits until the entries of service $1, with their checks, are such that the jq expression holds.
# They are then in $output. Further arguments are curl's.
await_service() { # NAME CONDITION [ARGUMENT]…
  local index=0 until=$((SECONDS + 90))
  while [ $SECONDS -lt $until ]; do
    output=$(curl -sS -m 60 -D "$BATS_TEST_TMPDIR/head" "${@:3}" "$consul/health/service/$1?index=$index&wait=30s")
    jq -e "$2" <<<"$output" >"$BATS_TEST_TMPDIR/held" && return 0
    index=$(sed -n 's/^X-Consul-Index: \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/head")
  done
  echo "service $1 did not become so: $2" >&2
  printf '%s\n' "$output" >&2
  return 1
}

# The condition that the check whose id ends with $1 has status $2, and its words match $3.
check_is() { # END STATUS WORDS
  printf '[.[].Checks[] | select(.CheckID | endswith(":%s")) | .Status, (.Output | test("%s"))] == ["%s", true]' "$1" "$3" "$2"
}
