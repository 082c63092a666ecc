#!/usr/bin/env bash
# The Consul of one tandem system: a single server on loopback, with its data in
# TANDEM_DIR/run/state/consul and what etc/consul.hcl says. tandem(1) chooses the ports
# (TANDEM_CONSUL_PORT and so on, see coord.bash).
#
#   consul-agent.sh find     prints the executable; exits 69 where there is none
#   consul-agent.sh check    exits 78 where the configuration is wrong
#   consul-agent.sh run      runs it in the foreground; a newline on descriptor 3 says that it leads
#
# The executable is TANDEM_CONSUL, or consul on PATH, or what share/scripts/consul.sh has brought to
# the build's tools.
set -u
unset CDPATH
export LC_ALL=C
state=$TANDEM_DIR/run/state/consul

find_program() {
  local brought=$TANDEM_BIN/../tools/usr/bin/consul
  if [ -n "${TANDEM_CONSUL:-}" ]; then
    [ -x "$TANDEM_CONSUL" ] && [ -f "$TANDEM_CONSUL" ] && echo "$TANDEM_CONSUL" && return 0
    echo "TANDEM_CONSUL: '$TANDEM_CONSUL' is no program" >&2
    return 69
  fi
  command -v consul && return 0
  [ ! -x "$brought" ] || { readlink -f "$brought" && return 0; }
  echo "no Consul here: install it so that it is on PATH, or name it in TANDEM_CONSUL" >&2
  return 69
}

# What a person's environment says to Consul's own programs is about another agent.
clean_environment() { unset "${!CONSUL_@}"; }

check() {
  local program said
  program=$(find_program) || exit
  clean_environment
  said=$("$program" validate -quiet -config-format=hcl "$TANDEM_DIR/etc/consul.hcl" \
    <(printf 'data_dir = "%s"\n' /run) 2>&1) && return 0
  printf '%s\n' "$said"
  exit 78
}

# Tells descriptor 3 when requests that have to be consistent are answered, and ends with the
# process. Without a leader they are errors of the server; without a token they may be refused.
tell_ready() { # PID
  local code=000
  until [[ $code = [234]* ]]; do
    kill -0 "$1" 2>/dev/null || return
    [ "$code" = 000 ] || sleep 0.05
    code=$(curl -qs --noproxy '*' -m 2 -o /dev/null -w '%{http_code}' --retry-connrefused --retry 100 \
      --retry-delay 0 --retry-max-time 1 "http://127.0.0.1:$TANDEM_CONSUL_PORT/v1/kv/tandem?consistent")
  done
  echo >&3
}

run() {
  local program options=()
  program=$(find_program) || exit
  clean_environment
  (umask 077 && mkdir -p "$state") || exit 73
  # Whom it knew before is itself, at an address that may be another system's by now: it would join
  # that one.
  rm -rf "$state/serf"
  # Older ones do not have this port, newer ones open it unless told.
  ! "$program" agent -help 2>&1 | grep -q -e -grpc-tls-port || options+=(-grpc-tls-port=-1)
  (tell_ready $$ </dev/null >/dev/null &)
  exec 3>&-
  exec "$program" agent -config-file="$TANDEM_DIR/etc/consul.hcl" -data-dir="$state" -ui \
    -node=tandem-agent -http-port="$TANDEM_CONSUL_PORT" -dns-port="$TANDEM_CONSUL_DNS_PORT" \
    -server-port="$TANDEM_CONSUL_SERVER_PORT" -serf-lan-port="$TANDEM_CONSUL_SERF_PORT" \
    -serf-wan-port=-1 -grpc-port=-1 "${options[@]}" </dev/null
}

case ${1-} in
  find) find_program ;;
  check) check ;;
  run) run ;;
  *) exit 64 ;;
esac
