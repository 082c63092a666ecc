#!/usr/bin/env bash
# Runs a command with CONSUL_HTTP_ADDR of an agent of its own, which is empty and gone afterwards.
#
#   on_agent.sh TOOLS COMMAND…
#
# Consul is brought to TOOLS where it is not on PATH (share/scripts/consul.sh).
# Each run has a loopback address of its own, so that no port is taken.
set -eu
unset CDPATH
export LC_ALL=C
consul=$("$(dirname "$0")/../../share/scripts/consul.sh" "$1")
shift
address=127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1))

work=$(mktemp -d)
mkfifo "$work/log"
"$consul" agent -dev -node tests -bind "$address" -client "$address" \
  -hcl 'ports { dns = -1, grpc = -1 }' >"$work/log" 2>&1 &
agent=$!
exec {log}<"$work/log"
trap 'kill "$agent"; cat <&"$log" >/dev/null; rm -rf "$work"' EXIT
said=
# The node is in the catalog: it has a leader, and takes requests.
until [[ $said == *'Synced node info'* ]]; do
  IFS= read -r said <&"$log" || {
    printf '%s\n' "on_agent: the agent ends: $said" >&2
    exit 1
  }
done
cat <&"$log" >/dev/null &
CONSUL_HTTP_ADDR=http://$address:8500 "$@"
