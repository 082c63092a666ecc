#!/usr/bin/env bats
# How processes show as services of a real Consul, and that nothing waits for it.
# ctest: timeout=400

load test_helper
load consul_agent
load toy_store

setup() {
  take_ports 12
  consul_port=$((port_base + 1))
  agent_ports=$((port_base + 2))
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$TANDEM_SOURCE/etc" etc
  started='' orch='' store='' consul_pid=''
}

teardown() {
  [ -z "$store" ] || store_down || true
  [ -z "$started" ] || stop_started "$started" || true
  [ -z "$orch" ] || stop_started "$orch" || true
  consul_kill
}

# Starts rs-users with nobody behind it; it is not ready, for want of a database.
users_up() { # [ARGUMENT]…
  start_ready "$BATS_TEST_TMPDIR/log" "$TANDEM_BIN/rs-users" --port "$port_base" \
    --set database.start_wait=0 --set database.unreachable_wait=50ms \
    --set coord.backend=consul --set "coord.addresses=127.0.0.1:$consul_port" --set host.name=here "$@"
}

nothing_is_registered() { assert_equal "$(curl -sS "$consul/catalog/services" | jq -c keys)" '["consul"]'; }

@test 'a service has id, address, port, version and checks, and goes with TERM' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  users_up
  await_service rs-users '.[0].Checks | length == 3'
  jq -e --argjson port "$port_base" --arg pid "$started" '.[0].Service | .ID == "tandem:rs-users:here:127.0.0.1:\($port)" and
    .Address == "127.0.0.1" and .Port == $port and .Tags == ["tandem"] and
    .Meta.pid == $pid and .Meta.host == "here" and (.Meta.version | length > 0)' <<<"$output"
  # What the process says, and what the agent is answered.
  await_service rs-users "$(check_is ttl warning 'database|connect')"
  await_service rs-users "$(check_is http critical 503)"
  stop_started "$started"
  started=''
  nothing_is_registered
}

@test 'it is passing where it is ready, whatever names the server is asked under' {
  database_up "$BATS_TEST_TMPDIR/db" --port $((port_base + 10))
  orch=$started
  started=''
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  users_up --set "database.urls=ipc://$BATS_TEST_TMPDIR/db/run/sock/orch.sock" --set http.hosts=shop.example \
    --set coord.prefix=prod/shop
  await_service rs-users "$(check_is ttl passing '^ready$')"
  await_service rs-users "$(check_is http passing '200 OK')"
  jq -e --argjson port "$port_base" '.[0].Service.ID == "prod/shop:rs-users:here:127.0.0.1:\($port)"' <<<"$output"
  stop_started "$started"
  started=''
  nothing_is_registered
}

@test 'a killed process is critical, and the same service when it is back' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  users_up
  await_service rs-users "$(check_is ttl warning .)"
  kill -KILL "$started"
  wait "$started" || true
  await_service rs-users "$(check_is ttl critical .)"
  users_up
  await_service rs-users "$(check_is ttl warning .)"
  jq -e --arg pid "$started" '[.[].Service.Meta.pid] == [$pid]' <<<"$output"
}

@test 'an agent that comes later, and one that has lost its data, are told' {
  users_up
  http GET "http://127.0.0.1:$port_base/livez"
  assert_equal "$status" 200
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  await_service rs-users 'length == 1'
  consul_kill
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  await_service rs-users 'length == 1'
  stop_started "$started"
  started=''
  run grep -c 'cannot register with Consul' log
  assert_output --regexp '^[12]$'
  run grep -c 'registered with Consul' log
  assert_output --regexp '^[23]$'
}

@test 'nothing waits for an agent that hangs' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  kill -STOP "$consul_pid"
  users_up
  http GET "http://127.0.0.1:$port_base/livez"
  assert_equal "$status" 200
  stop_started "$started"
  started=''
  run grep 'not waiting for a part' log
  assert_failure
}

@test 'the second of two addresses will do, a unix socket too' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports" \
    "$(jq -n --arg path "unix://$BATS_TEST_TMPDIR/c.sock" --arg tcp "127.0.0.1" '{addresses: {http: "\($tcp) \($path)"}}')"
  users_up --set "coord.addresses=127.0.0.1:$((port_base + 9)),unix://$BATS_TEST_TMPDIR/c.sock"
  await_service rs-users 'length == 1'
}

@test 'the token of a file opens what the ACL guards, and is shown nowhere' {
  token=0c7f1bb5-9f0e-4b4c-a2a9-3c1f2f7d9d41
  printf '%s\n' "$token" >token
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports" "$(jq -n --arg token "$token" \
    '{acl: {enabled: true, default_policy: "deny", tokens: {master: $token, agent: $token}}, primary_datacenter: "dc1"}')"
  users_up --set coord.token_file=token
  await_service rs-users 'length == 1' -H "X-Consul-Token: $token"
  stop_started "$started"
  started=''
  run grep -c "$token" log
  assert_output 0
  run "$TANDEM_BIN/rs-users" --set coord.backend=consul --set coord.token_file=token --print-config
  assert_success
  refute_output --partial "$token"
}

@test 'without a token it says that it may not, and serves' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports" \
    '{"acl": {"enabled": true, "default_policy": "deny"}, "primary_datacenter": "dc1"}'
  users_up
  # Before it has tried it has nothing to deregister.
  grep -q -m 1 'cannot register' < <(exec tail -n +1 -f --pid="$started" log 3>&-)
  run grep 'cannot register' log
  assert_output --partial '403'
  http GET "http://127.0.0.1:$port_base/livez"
  assert_equal "$status" 200
}

@test 'an agent with TLS and certificates of its own authority' {
  program=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  "$program" tls ca create
  "$program" tls cert create -server
  "$program" tls cert create -client
  https=$((port_base + 8))
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports" "$(jq -n --arg dir "$BATS_TEST_TMPDIR" \
    --argjson https "$https" '{ports: {https: $https}, verify_incoming_https: true, ca_file: "\($dir)/consul-agent-ca.pem",
      cert_file: "\($dir)/dc1-server-consul-0.pem", key_file: "\($dir)/dc1-server-consul-0-key.pem"}')"
  users_up --set "coord.addresses=https://localhost:$https" --set coord.ca_file=consul-agent-ca.pem \
    --set coord.cert_file=dc1-client-consul-0.pem --set coord.key_file=dc1-client-consul-0-key.pem
  await_service rs-users 'length == 1'
  stop_started "$started"
  # One that is not trusted is told nothing.
  users_up --set "coord.addresses=https://localhost:$https"
  grep -q -m 1 'cannot register' < <(exec tail -n +1 -f --pid="$started" log 3>&-)
  run grep 'cannot register' log
  assert_output --partial 'cannot connect'
  stop_started "$started"
  users_up --set "coord.addresses=localhost:$https"
  grep -q -m 1 'cannot register' < <(exec tail -n +1 -f --pid="$started" log 3>&-)
  run grep 'cannot register' log
  # It says so, or closes the connection.
  assert_output --regexp "'localhost:$https' speaks https|it has not answered yet: maybe it speaks https"
}

@test 'it is not registered where that is not wanted' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  users_up --set coord.register=false
  stop_started "$started"
  users_up --set coord.backend=local
  stop_started "$started"
  started=''
  run grep -c Consul log
  assert_output 0
}

# The services of name $1, an entry a line: its tags, then its id; sorted.
tags_of() { # NAME
  curl -sS "$consul/health/service/$1" | jq -r '.[].Service | "\(.Tags | join(" ")) \(.ID)"' | sort
}

@test 'the master of a database shows, and who is it when that has died' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  database_up "$BATS_TEST_TMPDIR/db" --port "$port_base" --set coord.backend=consul \
    --set "coord.addresses=127.0.0.1:$consul_port" --set host.name=here
  await_service rs-worker '[.[].Service.Tags[1]] | sort == ["master", "slave"]'
  assert_equal "$(jq -c '[.[].Service | .ID, .Port] | sort' <<<"$output")" \
    '[0,0,"tandem:rs-worker:rides-db:here:1","tandem:rs-worker:rides-db:here:2"]'
  assert_equal "$(jq -r '[.[].Service.Meta.rpc | test("^ipc://.*/worker-")] | all' <<<"$output")" true
  await_service rs-worker '[.[].Checks[] | select(.CheckID | endswith(":ttl")) | .Status] | all(. == "passing")'
  run tags_of rs-orch
  assert_output "rides-db active tandem tandem:rs-orch:rides-db:here:127.0.0.1:$port_base"

  master=$(jq -r '.[] | select(.Service.Tags[1] == "master").Service.Meta.pid' <<<"$(curl -sS "$consul/health/service/rs-worker")")
  signal_process KILL "$master"
  await_service rs-worker "[.[].Service | select(.Tags[1] == \"master\" and .Meta.pid != \"$master\")] | length == 1"
  await_service rs-worker '[.[].Service.Tags[1]] | sort == ["master", "slave"]'

  database_down
  started=''
  nothing_is_registered
}

@test 'a second system with the same prefix and numbers leaves the services of the first alone' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  database_up "$BATS_TEST_TMPDIR/db" --port "$port_base" --set coord.backend=consul \
    --set "coord.addresses=127.0.0.1:$consul_port" --set host.name=here
  await_service rs-worker 'length == 2'
  run "$TANDEM_BIN/rs-worker" --set worker.id=1 --set worker.directory=w --set rpc.url=ipc://w.sock \
    --set coord.backend=consul --set "coord.addresses=127.0.0.1:$consul_port" --set host.name=here
  assert_failure
  assert_output --partial 'replica 1 runs already'
  run grep -c 'agent/service/deregister' "$BATS_TEST_TMPDIR/consul/log"
  assert_output 0
  database_down
  started=''
  nothing_is_registered
}

ready_says() { # WORDS
  curl -sS "http://127.0.0.1:$port_base/readyz" | grep -q "$1"
}

@test 'a lock that somebody else holds is told by readyz, until it is free' {
  local session lock
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  database_up "$BATS_TEST_TMPDIR/db" --port "$port_base" --set coord.backend=consul \
    --set "coord.addresses=127.0.0.1:$consul_port"
  ready_says '"status":"ok"}'
  session=$(curl -sSf -X PUT "$consul/session/create" -d '{"LockDelay":"0s"}' | jq -r .ID)
  lock=tandem/rides-db/locks/active
  curl -sSf -X PUT "$consul/txn" -d "$(jq -n --arg session "$session" --arg lock "$lock" \
    '[{KV: {Verb: "delete", Key: $lock}},
      {KV: {Verb: "lock", Key: $lock, Session: $session, Value: ("mine" | @base64)}}]')"
  until_true ready_says "\"warning\":\"the lock '$lock' in Consul is held by the session $session"
  curl -sSf -X PUT "$consul/session/destroy/$session"
  until_true ready_says '"status":"ok"}'
  database_down
  started=''
}

@test 'leaders and followers of a toy store show' {
  local program
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  for program in CATALOG ORDER FRONT; do
    export "TS_${program}_COORD_BACKEND=consul" "TS_${program}_COORD_ADDRESSES=127.0.0.1:$consul_port" \
      "TS_${program}_HOST_NAME=here"
  done
  store_up "$BATS_TEST_TMPDIR/store"
  start_member "front-$((port_base + 10))"
  started=''
  # Of the orders the one with the highest id leads.
  await_service ts-order '[.[].Service | select(.Tags[1] == "leader").Meta.id] == ["3"] and length == 3'
  run tags_of ts-order
  assert_output 'orders follower tandem tandem:ts-order:orders:here:1
orders follower tandem tandem:ts-order:orders:here:2
orders leader tandem tandem:ts-order:orders:here:3'
  await_service ts-catalog '[.[].Service.Tags] == [["catalog", "leader", "tandem"]]'
  await_service ts-front '[.[].Service.Tags] == [["orders", "active", "tandem"], ["orders", "standby", "tandem"]]'
  kill_member front
  await_service ts-front '[.[].Service | select(.Tags[1] == "active").Port] | contains(['$((port_base + 10))'])'
  store_down
  # That of the killed one is still shown.
  assert_equal "$(curl -sS "$consul/catalog/services" | jq -c keys)" '["consul","ts-front"]'
}

kept_record() { curl -sS "$consul/kv/tandem/rides-db/record?consistent"; }

# It is a record, of the version that Flags say, other than these.
record_is_right() { # FLAGS
  kept_record | jq -e --argjson other "$1" '.[0] | .Flags != $other and (.Value | @base64d | fromjson).version == .Flags'
}

@test 'what is no record is put right, whatever Flags it has; one that was moved away is told' {
  local users=$port_base flags
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  port_base=$((users + 10))
  database_up "$BATS_TEST_TMPDIR/db" --set coord.backend=consul --set "coord.addresses=127.0.0.1:$consul_port"
  orch=$started
  started=''
  until_true ready_says '"status":"ok"}'
  for flags in 999 0; do
    curl -sSf -X PUT "$consul/kv/tandem/rides-db/record?flags=$flags" -d garbage
    until_true record_is_right "$flags"
  done
  # Of another version than Flags say.
  curl -sSf -X PUT "$consul/kv/tandem/rides-db/record?flags=555" -d "$(kept_record | jq -r '.[0].Value | @base64d')"
  until_true record_is_right 555
  flags=$(kept_record | jq '.[0].Flags')
  curl -sSf -X PUT "$consul/kv/tandem/rides-db/record?flags=$((flags | 1 << 62))" \
    -d "$(kept_record | jq -r '.[0].Value | @base64d')"
  until_true ready_says '"warning":"the record in Consul.s key .* was moved to local files'
  curl -sSf -X PUT "$consul/kv/tandem/rides-db/record?flags=$flags" -d "$(kept_record | jq -r '.[0].Value | @base64d')"
  until_true ready_says '"status":"ok"}'
  port_base=$users
  users_up --set "database.urls=ipc://$BATS_TEST_TMPDIR/db/run/sock/orch.sock"
  RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base "$TANDEM_BIN/rs-client" users add ann secret
}

# Starts it and does not wait: it is not ready.
on_consul() { # LOG COMMAND [ARGUMENT]…
  "${@:2}" --set coord.backend=consul --set "coord.addresses=127.0.0.1:$consul_port" >"$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&- &
  started=$!
}

@test 'what Consul refuses is told, and waited for' {
  local log
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports" \
    '{"session_ttl_min": "30s", "limits": {"kv_max_value_size": 100}}'
  on_consul orch "$TANDEM_BIN/rs-orch" --config etc/orch.toml --port "$port_base"
  orch=$started
  until_true ready_says 'refuses to make sessions.*Invalid Session TTL'
  on_consul order "$TANDEM_BIN/ts-order" --config etc/order.toml --id 1
  exec {log}< <(exec tail -n +1 -f --pid="$started" "$BATS_TEST_TMPDIR/order.log" 3>&-)
  grep -q -m 1 'cannot register: tried again.*Consul answers 413' <&"$log"
  exec {log}<&-
  consul_kill
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  await_service ts-order 'length == 1'
  until_true ready_says '"status":"ok"}'
}

record_put='Request finished: method=PUT url=/v1/kv/tandem/rides-db/record'
has_two() { kept_record | jq -e '.[0].Value | @base64d | fromjson | .in_sync | length == 2'; }
# When that one was, in ms.
put_at() { date -d "$(awk -v n="$1" 'NR == n { print $1 }' "$BATS_TEST_TMPDIR/puts")" +%s%3N; } # NUMBER

@test 'a record that Consul refuses is tried again with pauses, and told once' {
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  database_up "$BATS_TEST_TMPDIR/db" --port "$port_base" --set coord.backend=consul \
    --set "coord.addresses=127.0.0.1:$consul_port"
  until_true has_two
  local bytes log
  bytes=$(kept_record | jq '.[0].Value | @base64d | length')
  consul_kill
  # All is gone, and is not to be put back; a lock, which is shorter, may be taken.
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports" \
    "{\"limits\": {\"kv_max_value_size\": $((bytes - 1))}}"
  exec {log}< <(exec tail -n +1 -f --pid="$started" "$BATS_TEST_TMPDIR/consul/log" 3>&-)
  grep -m 6 "$record_put" <&"$log" >"$BATS_TEST_TMPDIR/puts"
  exec {log}<&-
  [ $(($(put_at 6) - $(put_at 1))) -gt 1000 ]
  until_true ready_says 'refuses to write keys'
  run grep -c 'the record cannot be changed.*Consul answers 413' "$BATS_TEST_TMPDIR/db/log.0"
  assert_output 1
  consul_kill
  consul_up "$BATS_TEST_TMPDIR/consul" "$consul_port" "$agent_ports"
  until_true has_two
  until_true ready_says '"status":"ok"}'
  database_down
  started=''
}

@test '--check refuses what the start refuses' {
  local program refused given
  for program in rs-orch rs-worker rs-users rs-rides ts-front ts-catalog ts-order; do
    given=(--config "etc/${program#*-}.toml" --set coord.backend=consul)
    # What rs-orch gives to a worker, and an operator to a replica.
    case $program in
      rs-worker) given+=(--set worker.id=1 --set worker.directory=w --set rpc.url=ipc://w.sock) ;;
      ts-order) given+=(--id 1) ;;
    esac
    run "$TANDEM_BIN/$program" "${given[@]}" --check
    assert_success
    run "$TANDEM_BIN/$program" "${given[@]}" --set coord.token_file=none --check
    assert_equal "$status" 78
    assert_output --partial "coord.token_file: cannot open 'none'"
    run -78 "$TANDEM_BIN/$program" "${given[@]}" --set coord.addresses= --check
    assert_output --partial 'coord.addresses is empty'
    # Each is said with the file and what is wrong with it.
    for refused in ca_file cert_file; do
      run -78 "$TANDEM_BIN/$program" "${given[@]}" --set "coord.$refused=etc/orch.toml" --check
      assert_output --partial "coord.$refused: 'etc/orch.toml' is of no use: it holds no certificate as PEM"
    done
  done
  for refused in coord.addresses=ftp://x:1 coord.addresses=unix://run/x coord.deregister_after=59s coord.prefix=/x \
    host.address=10.0.0.1:80; do
    run "$TANDEM_BIN/rs-users" --set "$refused" --check
    assert_failure
    assert_output --partial "${refused%%=*}"
    run "$TANDEM_BIN/rs-users" --set "$refused"
    assert_failure
  done
}
