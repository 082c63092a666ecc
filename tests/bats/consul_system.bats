#!/usr/bin/env bats
# ctest: timeout=600
# A whole system on Consul: one for most of it, what breaks there, and its record taken to local files
# and back.

load test_helper
load toy_store

setup_file() {
  TANDEM_CONSUL=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  take_ports 18
  export TANDEM_CONSUL port_base
  export home=$BATS_FILE_TMPDIR/home client=$TANDEM_BIN/rs-client
  export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base
  export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))
  export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))
  export RS_CLIENT_STORE_URL=http://127.0.0.1:$((port_base + 4))
  export agent=http://127.0.0.1:$((port_base + 5)) lb=http://127.0.0.1:$((port_base + 3))
  # Of a system on PostgreSQL alone.
  unset TANDEM_TABLES
}

teardown_file() { "$tandem" --dir "$home" down; }

setup() { unset "${!CONSUL_@}" TANDEM_TABLES; }

up() { tandem_up "$home" --port-base "$port_base" --supervisor s6 "$@"; } # [OPTION]…

up_where_down() {
  if ! "$tandem" --dir "$home" status >"$BATS_TEST_TMPDIR/status" 2>&1; then up --coord consul; fi
}

down() {
  run -0 "$tandem" --dir "$home" down
  refute_left
}

refute_left() { assert_equal "$(processes_in "$home*" | sed 's|.*|/proc/&/cmdline|' | xargs -r cat | tr '\0' ' ')" ''; }

move() { run "$tandem" --dir "$home" --port-base "$port_base" coord move "$1"; } # HOME

add() { "$client" users add "$1" secret >/dev/null; } # NAME

names() { curl -sSf "$RS_CLIENT_USERS_URL/api/v1/users" | jq -r 'sort | join(" ")'; }

# The services that pass all of their checks, each once.
healthy() {
  local name
  for name in $(curl -sSf "$agent/v1/catalog/services" | jq -r 'keys[]'); do
    [ "$(curl -sSf "$agent/v1/health/service/$name?passing" | jq length)" = 0 ] || echo "$name"
  done | paste -sd ' '
}

all_are_healthy() {
  [ "$(healthy)" = 'consul rs-orch rs-rides rs-users rs-worker ts-catalog ts-front ts-order' ]
}

record_version() { curl -sSf "$agent/v1/kv/tandem/$1/record?consistent" | jq '.[0].Flags'; } # GROUP

master_pid() { head -n 1 "$home/run/state/rides-db/$("$client" workers status -f json | jq -r '.[] | select(.role == "master") | .id')/lock"; }

ready_says() { # STATUS PART
  [ "$(curl -s -o "$BATS_TEST_TMPDIR/ready" -w '%{http_code}' "$RS_CLIENT_ORCH_URL/readyz")" = "$1" ] &&
    grep -q "$2" "$BATS_TEST_TMPDIR/ready"
}

@test 'up --coord consul: everything is registered, and the balancer finds it by DNS' {
  up --coord consul
  until_true all_are_healthy
  add ann
  assert_equal "$(curl -sSf "$lb/api/v1/users")" '["ann"]'
  "$client" toys buy Tux >/dev/null
  [ "$(record_version rides-db)" -gt 0 ]
  [ "$(record_version orders)" -gt 0 ]
  [ "$(record_version catalog)" -gt 0 ]
  assert_file_not_exist "$home/run/state/coord/rides-db"
  assert_equal "$(curl -sSf "$agent/v1/catalog/service/rs-worker" | jq -r '[.[].ServiceTags[] | select(. == "master")] | length')" 1
}

@test 'kill -9 of the agent and of the master, one after the other and both at once' {
  up_where_down
  signal_process KILL "$(cut -d ' ' -f 1 "$home/run/sv/consul/process")"
  add bob
  until_true all_are_healthy
  signal_process KILL "$(master_pid)"
  until_true add carl
  signal_process KILL "$(cut -d ' ' -f 1 "$home/run/sv/consul/process")"
  signal_process KILL "$(master_pid)"
  until_true add dora
  assert_equal "$(names)" 'ann bob carl dora'
}

@test 'the agent is away: it is served, and told what waits; a master that dies then has to wait' {
  up_where_down
  until_true ready_says 200 '"status":"ok"}'
  s6-svc -wD -d "$home/run/sv/consul"
  until_true ready_says 200 'warning.*Consul at 127.0.0.1'
  add emma
  assert_equal "$(curl -sSf "$lb/api/v1/users" | jq length)" 5
  run -1 "$tandem" --dir "$home" status
  assert_line --regexp '^consul +down'
  signal_process KILL "$(master_pid)"
  until_true ready_says 503 .
  s6-svc -u "$home/run/sv/consul"
  until_true add fred
  until_true ready_says 200 '"status":"ok"}'
  assert_equal "$(names)" 'ann bob carl dora emma fred'
}

@test 'a rolling restart goes on with the agent, too' {
  up_where_down
  run -0 "$tandem" --dir "$home" restart --rolling
  assert_output --partial 'consul is ready again'
  assert_equal "$(names)" 'ann bob carl dora emma fred'
}

@test 'kill -9 of everything: the next start goes on' {
  up_where_down
  kill_supervision "$home" "$started" || true
  processes_in "$home*" | xargs -r kill -KILL
  up --coord consul
  assert_equal "$(names)" 'ann bob carl dora emma fred'
}

@test 'while it runs the record is not moved' {
  up_where_down
  move local
  assert_equal "$status" 75
  assert_output --partial 'runs; stop it with'
}

@test 'to local files and back, with all that was written' {
  local version
  up_where_down
  down
  run -78 "$tandem" --dir "$home" --coord local up
  assert_output --partial 'coord move local'
  move local
  assert_equal "$status" 0
  refute_left
  assert_line --regexp '^rides-db: version [0-9]+$'
  version=$(sed -n 's/^rides-db: version //p' <<<"$output")
  assert_file_exist "$home/run/state/coord/rides-db/record/$(printf '%020d' "$version")"
  # On Consul nobody goes on with it, whoever starts it.
  run -78 "$tandem" --dir "$home" --coord consul up
  assert_output --partial 'coord move consul'
  # Killed before it said so it is given again, and needs no Consul for that.
  echo consul tandem own >"$home/run/state/coordination"
  TANDEM_CONSUL=/nowhere/consul move local
  assert_equal "$status" 0
  assert_output --partial 'already'
  up --coord local
  add gina
  assert_equal "$(names)" 'ann bob carl dora emma fred gina'
  down
  move consul
  assert_equal "$status" 0
  version=$(sed -n 's/^rides-db: version //p' <<<"$output")
  # One that was killed at its very end is taken back.
  rm "$home/run/state/coordination"
  move local
  assert_equal "$status" 0
  assert_line "rides-db: version $version"
  assert_file_not_exist "$home/run/state/coord/moved"
  move consul
  assert_equal "$status" 0
  assert_line "rides-db: version $version"
  move consul
  assert_equal "$status" 0
  assert_output --partial 'already'
  run -78 "$TANDEM_BIN/rs-orch" --config "$home/etc/orch.toml" --set coord.root="$home/run/state/coord"
  assert_output --partial 'the record was moved'
  up --coord consul
  [ "$(record_version rides-db)" -gt "$version" ]
  add hans
  assert_equal "$(names)" 'ann bob carl dora emma fred gina hans'
}

@test 'a replica that still runs: the move is refused' {
  local worker
  up_where_down
  down
  (cd "$home" && exec flock run/state/rides-db/1/lock tail -f /dev/null) 3>&- &
  worker=$!
  until ! flock -n "$home/run/state/rides-db/1/lock" true; do :; done
  move local
  pkill -P $worker
  wait $worker || true
  assert_equal "$status" 69
  assert_output --partial "replica 1 of the group 'rides-db' runs: a process holds"
  up --coord consul
}

@test 'PostgreSQL as well' {
  up_where_down
  down
  up --coord consul --tables postgres
  add ida
  assert_equal "$(names)" 'ann bob carl dora emma fred gina hans ida'
  run -0 "$tandem" --dir "$home" status
  assert_line --regexp '^postgres +ready'
  assert_line --regexp '^consul +ready'
  down
}

@test 'no agent at the start: it listens, says why, and goes on when there is one' {
  local dir=$BATS_TEST_TMPDIR/late port=$((port_base + 9)) consul
  mkdir -p "$dir"
  ln -s "$TANDEM_SOURCE/etc" "$dir/etc"
  env -C "$dir" "$TANDEM_BIN/rs-orch" --config etc/orch.toml --port $port --set coord.backend=consul \
    --set coord.addresses=127.0.0.1:$((port + 1)) >"$dir/log" 2>&1 3>&- &
  started=$!
  RS_CLIENT_ORCH_URL=http://127.0.0.1:$port
  until_true ready_says 503 'Consul at 127.0.0.1'
  "$TANDEM_CONSUL" agent -dev -bind=127.0.0.1 -http-port=$((port + 1)) -dns-port=-1 -grpc-port=-1 \
    -server-port=$((port + 2)) -serf-lan-port=$((port + 3)) -serf-wan-port=-1 >"$dir/consul.log" 2>&1 3>&- &
  consul=$!
  until_true ready_says 200 '"status":"ok"'
  stop_started "$started"
  kill $consul
  wait $consul || true
}
