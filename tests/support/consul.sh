#!/usr/bin/env bash
# A Consul for the suites that run on one, in memory, with ports below those of the suites.
#
#   consul.sh run DIR TOOLS      runs it in the foreground; DIR/address says where it listens
#   consul.sh wait DIR           waits until it has a leader
set -u
unset CDPATH

is_free() { ! (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # PORT

run() {
  local program port
  program=$("$(dirname "$0")/../../share/scripts/consul.sh" "$2") || exit
  while :; do
    port=$((5000 + RANDOM % 1000 * 4))
    if is_free $port && is_free $((port + 1)) && is_free $((port + 2)) && is_free $((port + 3)); then break; fi
  done
  echo 127.0.0.1:$port >"$1/address"
  exec "$program" agent -dev -bind=127.0.0.1 -client=127.0.0.1 -http-port=$port -dns-port=$((port + 1)) \
    -server-port=$((port + 2)) -serf-lan-port=$((port + 3)) -serf-wan-port=-1 -grpc-port=-1 \
    -log-level=warn -hcl 'limits { http_max_conns_per_client = 4000 }'
}

wait_for_leader() {
  until curl -qsf --noproxy '*' "http://$(cat "$1/address" 2>/dev/null)/v1/status/leader" 2>/dev/null | grep -q :; do
    :
  done
}

case ${1-} in
  run) run "$2" "$3" ;;
  wait) wait_for_leader "$2" ;;
  *) exit 64 ;;
esac
