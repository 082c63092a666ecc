#!/usr/bin/env bats
# ctest: timeout=300
# What `tandem --coord consul` starts, tells the services and refuses, with small services.

load test_helper
load small_services

setup_file() {
  TANDEM_CONSUL=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  take_ports 18
  export TANDEM_CONSUL port_base
}

setup() {
  services_setup
  unset "${!CONSUL_@}"
  cp -R "$TANDEM_SOURCE/etc/sv/consul" "$etc/sv/"
  cp "$TANDEM_SOURCE/etc/consul.hcl" "$etc/"
  echo consul >"$etc/sv/order"
  # Ready once it has told what it was told.
  service first <<<'env >first.env
echo >&3
exec tail -f /dev/null >/dev/null 3>&-'
  agent=http://127.0.0.1:$((port_base + 5))
}

teardown() { services_teardown; }

up_on_consul() { up --coord consul --port-base "${base:-$port_base}"; }

down() {
  run -0 "$tandem" down
  wait "$front"
  front=''
}

key() { curl -sSf "$agent/v1/kv/$1?raw&consistent"; } # KEY

# What the service was told by this name.
told() { sed -n "s/^$1=//p" "$dir/first.env"; } # NAME

agent_pid() { cut -d ' ' -f 1 "$dir/run/sv/consul/process"; }

listening() { ss -Hltnup | grep "pid=$(agent_pid)," | awk '{ print $5 }' | sort -u; }

@test 'an agent of its own: ready first, on loopback alone, its UI is told; nothing is left of it' {
  local pid
  up_on_consul
  run grep -o '[a-z]* is ready (' "$dir/up.out"
  assert_output $'consul is ready (\nfirst is ready (\neverything is ready ('
  run cat "$dir/up.out"
  assert_line --regexp "^consul +$agent/ui/$"
  run -0 "$tandem" status
  assert_line --regexp "^consul +ready .* $agent/ui/$"
  run -0 curl -sSf "$agent/ui/"
  assert_output --partial 'Consul'
  run listening
  assert_output "$(printf "127.0.0.1:%s\n" $((port_base + 5)) $((port_base + 6)) $((port_base + 7)) $((port_base + 8)))"
  for program in RS_ORCH RS_WORKER RS_USERS RS_RIDES TS_ORDER TS_CATALOG TS_FRONT; do
    assert_equal "$(told ${program}_COORD_BACKEND)" consul
    assert_equal "$(told ${program}_COORD_ADDRESSES)" "$agent"
    assert_equal "$(told ${program}_COORD_PREFIX)" tandem
  done
  assert_equal "$(told TANDEM_CONSUL_DNS)" "127.0.0.1:$((port_base + 6))"
  pid=$(agent_pid)
  down
  refute is_running "$pid"
}

@test 'what it holds is there after a stop, after kill -9, and at other ports' {
  local pid
  up_on_consul
  curl -sSf -X PUT -d one "$agent/v1/kv/a" >/dev/null
  down
  up_on_consul
  assert_equal "$(key a)" one
  pid=$(agent_pid)
  signal_process KILL "$pid"
  until key a 2>/dev/null; do :; done
  refute [ "$(agent_pid)" = "$pid" ]
  down
  base=$((port_base + 9)) agent=http://127.0.0.1:$((port_base + 14))
  up_on_consul
  assert_equal "$(key a)" one
}

# It would join whoever has that address now, and two servers would lose what one of them has.
@test 'an agent does not look for whom it knew, at an address that others have by now' {
  up_on_consul
  down
  mkdir "$BATS_TEST_TMPDIR/other"
  "$TANDEM_CONSUL" agent -dev -bind=127.0.0.1 -node=other -http-port=$((port_base + 14)) \
    -dns-port=-1 -grpc-port=-1 -serf-wan-port=-1 -server-port=$((port_base + 16)) \
    -serf-lan-port=$((port_base + 8)) >"$BATS_TEST_TMPDIR/other/log" 2>&1 3>&- &
  other=$!
  until curl -sf "http://127.0.0.1:$((port_base + 14))/v1/status/leader" | grep -q :; do is_running $other; done
  base=$((port_base - 1)) agent=http://127.0.0.1:$((port_base + 4))
  up_on_consul
  assert_equal "$(curl -sSf "$agent/v1/agent/members" | jq -r '.[].Name')" tandem-agent
  kill "$other"
  wait "$other" || true
  refute grep -i join "$dir/run/log/consul/current"
}

@test 'the ports of Consul are looked at before anything starts' {
  mkfifo "$BATS_TEST_TMPDIR/held"
  perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0],
    Listen => 1) or die; open(F, ">", $ARGV[1]); close F; sleep' $((port_base + 7)) "$BATS_TEST_TMPDIR/held" 3>&- &
  holder=$!
  cat "$BATS_TEST_TMPDIR/held"
  run -69 "$tandem" --coord consul --port-base "$port_base" up
  assert_output --regexp "port $((port_base + 7)) \(consul\) is in use by pid $holder"
  assert_output --partial 'nothing was started'
  kill $holder
  wait $holder || true
}

@test 'a mistake in consul.hcl, and no Consul at all' {
  echo 'raft_multiplier = "x"' >>"$etc/consul.hcl"
  run -78 "$tandem" --coord consul --port-base "$port_base" up
  assert_output --partial 'the configuration of consul is wrong'
  assert_output --partial 'raft_multiplier'
  TANDEM_CONSUL=/nowhere/consul run -69 "$tandem" --coord consul --port-base "$port_base" up
  assert_output --partial "TANDEM_CONSUL: '/nowhere/consul' is no program"
}

@test 'CONSUL_HTTP_ADDR: that agent is used, and none is started' {
  local prefix
  echo secret >"$BATS_TEST_TMPDIR/token"
  export CONSUL_HTTP_ADDR=127.0.0.1:$((port_base + 14)) CONSUL_HTTP_TOKEN_FILE=$BATS_TEST_TMPDIR/token
  TANDEM_CONSUL_DNS=127.0.0.1:1 up_on_consul
  run cat "$dir/up.out"
  refute_output --partial 'consul is ready'
  assert_line --regexp "^consul +http://$CONSUL_HTTP_ADDR/ui/$"
  assert_equal "$(told RS_USERS_COORD_ADDRESSES)" "http://$CONSUL_HTTP_ADDR"
  assert_equal "$(told RS_USERS_COORD_TOKEN_FILE)" "$BATS_TEST_TMPDIR/token"
  prefix=$(told TS_ORDER_COORD_PREFIX)
  [[ $prefix =~ ^tandem-[a-z0-9-]+-[0-9a-f]{6}$ ]]
  run -1 "$tandem" status
  assert_line --regexp "^consul +gone .* http://$CONSUL_HTTP_ADDR/ui/$"
  down
  # Told once, it is known; so is the prefix.
  unset CONSUL_HTTP_ADDR
  TANDEM_CONSUL_DNS=127.0.0.1:1 up_on_consul
  assert_equal "$(told TS_ORDER_COORD_ADDRESSES)" "http://127.0.0.1:$((port_base + 14))"
  assert_equal "$(told TS_ORDER_COORD_PREFIX)" "$prefix"
}

# A dev agent answers over several lines.
@test 'CONSUL_HTTP_ADDR: where its DNS is is asked, by a token file of any lines' {
  local other
  "$TANDEM_CONSUL" agent -dev -bind=127.0.0.1 -http-port=$((port_base + 14)) \
    -dns-port=$((port_base + 15)) -server-port=$((port_base + 16)) -serf-lan-port=$((port_base + 17)) \
    -serf-wan-port=-1 -grpc-port=-1 >"$BATS_TEST_TMPDIR/other.log" 2>&1 3>&- &
  other=$!
  printf 'anonymous\r\n' >"$BATS_TEST_TMPDIR/token"
  export CONSUL_HTTP_ADDR=127.0.0.1:$((port_base + 14)) CONSUL_HTTP_TOKEN_FILE=$BATS_TEST_TMPDIR/token
  until curl -sf "http://$CONSUL_HTTP_ADDR/v1/status/leader" | grep -q :; do is_running $other; done
  up_on_consul
  assert_equal "$(told TANDEM_CONSUL_DNS)" "127.0.0.1:$((port_base + 15))"
  down
  kill $other
  wait $other || true
}

@test 'the variables of the programs of Consul: TLS, sockets, a token, and what is not known' {
  cd "$BATS_TEST_TMPDIR"
  export TANDEM_CONSUL_DNS=127.0.0.1:1 CONSUL_HTTP_ADDR=consul.example:8501 CONSUL_HTTP_SSL=true \
    CONSUL_CACERT=ca.pem CONSUL_CLIENT_CERT=/c.pem CONSUL_CLIENT_KEY=/k.pem CONSUL_HTTP_TOKEN=geheim
  up_on_consul
  assert_equal "$(told RS_ORCH_COORD_ADDRESSES)" https://consul.example:8501
  assert_equal "$(told RS_ORCH_COORD_CA_FILE)" "$BATS_TEST_TMPDIR/ca.pem"
  assert_equal "$(told RS_ORCH_COORD_CERT_FILE)" /c.pem
  assert_equal "$(told RS_ORCH_COORD_KEY_FILE)" /k.pem
  assert_equal "$(told RS_ORCH_COORD_TOKEN_FILE)" run/consul-token
  assert_equal "$(cat "$dir/run/consul-token")" geheim
  assert_equal "$(stat -c %a "$dir/run/consul-token")" 600
  refute grep -r geheim "$dir/run/sv"
  down
  unset "${!CONSUL_@}"
  CONSUL_HTTP_ADDR=unix:///run/consul.sock up_on_consul
  assert_equal "$(told RS_ORCH_COORD_ADDRESSES)" unix:///run/consul.sock
  down
  for name in CONSUL_CAPATH CONSUL_TLS_SERVER_NAME CONSUL_HTTP_AUTH CONSUL_NAMESPACE; do
    run -78 env CONSUL_HTTP_ADDR=x:1 $name=x "$tandem" --coord consul --port-base "$port_base" up
    assert_output --partial "$name is set, which tandem does not know"
  done
  run -78 env CONSUL_HTTP_ADDR=x:1 CONSUL_HTTP_SSL_VERIFY=false "$tandem" --coord consul up
  assert_output --partial 'whom it cannot verify'
}

@test 'a system that was on Consul is not begun on local files, nor on another Consul' {
  up_on_consul
  down
  run -78 "$tandem" --coord local --port-base "$port_base" up
  assert_output --partial "the record of this system is in Consul, below 'tandem'"
  assert_output --partial "tandem --dir $dir coord move local"
  run -78 env CONSUL_HTTP_ADDR=127.0.0.1:1 "$tandem" --coord consul --port-base "$port_base" up
  assert_output --partial 'the record of this system is in its own Consul'
  run -78 env TANDEM_COORD_PREFIX=other "$tandem" --coord consul --port-base "$port_base" up
  assert_output --partial "in Consul below 'tandem', not 'other'"
}

# As one leaves it that was killed at its beginning.
@test 'a move to Consul that was interrupted is taken back' {
  local mark=$dir/run/state/coord/moved
  export TANDEM_BIN=$suite_bin
  cp "$TANDEM_SOURCE"/etc/*.* "$etc/"
  mkdir -p "${mark%/*}"
  up_on_files() { "$tandem" --coord local --port-base "$port_base" up; }
  move() { "$tandem" --port-base "$port_base" coord move "$1"; } # HOME
  printf "Consul, below 'tandem'" >"$mark"
  run -78 up_on_files
  assert_output --partial "coord move local"
  TANDEM_CONSUL=/nowhere/consul run -69 move local
  assert_output --partial "go on with: rm '$mark'"
  assert_file_exists "$mark"
  CONSUL_HTTP_ADDR=127.0.0.1:$((port_base + 14)) TANDEM_COORD_PREFIX=tandem run -69 move local
  assert_output --partial "go on with: rm '$mark'"
  CONSUL_HTTP_ADDR=127.0.0.1:$((port_base + 14)) TANDEM_COORD_PREFIX=mine run -78 move local
  assert_output --partial "was to Consul, below 'tandem'"
  # Killed in the middle it leaves no agent behind.
  local killed agent
  "$tandem" --port-base "$port_base" coord move local >"$BATS_TEST_TMPDIR/killed" 2>&1 3>&- &
  killed=$!
  until agent=$(pgrep -P $killed -x consul); do is_running $killed; done
  kill -KILL $killed
  wait_gone "$agent"
  run -0 move local
  refute_output --partial 'rm '
  assert_file_not_exists "$mark"
}

@test 'wrong usage' {
  run -64 "$tandem" --coord etcd up
  assert_output "tandem: unknown '--coord etcd' (local or consul)"
  for words in coord 'coord move' 'coord move there' 'coord stop'; do
    # shellcheck disable=SC2086
    run -64 "$tandem" $words
    assert_output --partial "'tandem coord' wants 'move consul' or 'move local'"
  done
}
