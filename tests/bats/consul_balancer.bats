#!/usr/bin/env bats
# ctest: timeout=200
# The load balancer, where it finds the services by the DNS of Consul: they come and go there.

load test_helper

setup_file() {
  PATH=$PATH:/usr/sbin
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  consul=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  take_ports 10
  export PATH consul port_base
  export agent=http://127.0.0.1:$port_base lb=http://127.0.0.1:$((port_base + 3))
  "$consul" agent -dev -bind=127.0.0.1 -http-port="$port_base" -dns-port=$((port_base + 1)) \
    -server-port=$((port_base + 2)) -serf-lan-port=$((port_base + 4)) -serf-wan-port=-1 -grpc-port=-1 \
    >"$BATS_FILE_TMPDIR/agent.log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/agent"
  services
  TANDEM_LB_PORT=$((port_base + 3)) TANDEM_CONSUL_DNS=127.0.0.1:$((port_base + 1)) TANDEM_COORD_TAG=mine \
    haproxy -db -f "$TANDEM_SOURCE/etc/haproxy.cfg" >"$BATS_FILE_TMPDIR/lb.log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/lb"
  until curl -sf "$agent/v1/status/leader" | grep -q :; do is_running "$(cat "$BATS_FILE_TMPDIR/agent")"; done
}

teardown_file() {
  local name
  for name in lb services agent; do
    [ ! -e "$BATS_FILE_TMPDIR/$name" ] || kill "$(cat "$BATS_FILE_TMPDIR/$name")" || true
  done
  wait || true
}

# What answers as rs-users and rs-rides would, each port with its number.
services() {
  local n
  {
    printf 'defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n'
    for n in 5 6 7 8; do
      printf 'frontend f%d\n bind 127.0.0.1:%d\n http-request return status 200 content-type text/plain string %d\n' \
        $n $((port_base + n)) $n
    done
  } >"$BATS_FILE_TMPDIR/services.cfg"
  haproxy -db -f "$BATS_FILE_TMPDIR/services.cfg" >"$BATS_FILE_TMPDIR/services.log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/services"
}

enter() { # SERVICE N TAG [STATUS-OF-ITS-CHECK]
  curl -sSf -X PUT "$agent/v1/agent/service/register" -d '{"Name":"'"$1"'","ID":"'"$1-$2"'",
    "Address":"127.0.0.1","Port":'$((port_base + $2))',"Tags":["'"$3"'"],
    "Check":{"CheckID":"'"$1-$2"'","TTL":"600s","Status":"'"${4:-passing}"'"}}'
}

leave() { curl -sSf -X PUT "$agent/v1/agent/service/deregister/$1-$2"; } # SERVICE N

pass() { curl -sSf -X PUT "$agent/v1/agent/check/$3/$1-$2"; } # SERVICE N pass|fail

# Who answers a few requests to the users, each once.
users() { for _ in 1 2 3 4 5 6 7 8; do curl -s "$lb/api/v1/users"; done | grep -o '[5-8]' | sort -u | paste -sd ' '; }

until_users() { until [ "$(users)" = "$1" ]; do :; done; } # NUMBERS

@test 'nobody is there yet: not ready, and it says who is missing' {
  http GET "$lb/readyz"
  assert_equal "$status $output" '503 {"error":{"code":503,"message":"rs-users is not ready"}}'
}

@test 'instances come and go; those of another system, and the sick ones, are not asked' {
  enter rs-rides 5 mine
  enter rs-users 6 mine
  until_users 6
  until curl -sf "$lb/readyz"; do :; done
  assert_equal "$(curl -s "$lb/api/v1/rides/1")" 5
  enter rs-users 8 other
  enter rs-users 7 mine critical
  # Both are in Consul by now, and DNS has been asked since: the third shows that.
  enter rs-users 5 mine
  until_users '5 6'
  pass rs-users 7 pass
  until_users '5 6 7'
  pass rs-users 6 fail
  until_users '5 7'
  leave rs-users 5
  until_users 7
}

@test 'Consul is away: it goes on with whom it knows' {
  local queries
  kill -STOP "$(cat "$BATS_FILE_TMPDIR/agent")"
  # For longer than an answer counts.
  for ((queries = 0; queries < 300; queries++)); do
    http GET "$lb/api/v1/users"
    assert_equal "$status $output" '200 7'
  done
  kill -CONT "$(cat "$BATS_FILE_TMPDIR/agent")"
  pass rs-users 6 pass
  leave rs-users 7
  until_users 6
}
