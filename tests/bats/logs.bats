#!/usr/bin/env bats
# What is logged: the id of a request that failed leads to each process that had it, an event stands
# there once, and who cannot start says what to do.

load test_helper

setup() {
  take_ports 2
  started=''
  users=''
}

teardown() {
  [ -z "$users" ] || stop_started "$users"
  [ -z "$database_pid" ] || { started=$database_pid && database_down; }
}

database() { # [OPTION]…
  database_up "$BATS_TEST_TMPDIR/db" "$@"
  database_pid=$started
  await_event in_sync '.in_sync == "1,2"'
}

@test 'the id of a request that failed is found in the log of every process that had it' {
  database --set database.timeout=400ms
  start_ready "$BATS_TEST_TMPDIR/users" env -C "$database" "$TANDEM_BIN/rs-users" \
    --port $((port_base + 1)) --set count.file=count
  users=$started
  # It waits for an index that does not come.
  http GET "http://127.0.0.1:$((port_base + 1))/api/v1/users?consistency=session" '' \
    -H 'X-Request-Id: find-me' -H 'X-Db-Index: 1000000' \
    -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  assert [ "$status" -ge 500 ]
  run grep 'info: request method=GET .* status=50[34] .* request_id=find-me trace_id=4bf92f3577b34da6a3ce929d0e0e4736' \
    "$BATS_TEST_TMPDIR/users"
  assert_success
  run grep -e 'rs-orch.* a call of the replicas ended method=1 .* status=503 .* request_id=find-me' \
    "$database/log.0"
  assert_success
  run grep -e 'rs-worker.* a call was answered method=1 status=503 .* request_id=find-me' "$database/log.0"
  assert_success
  # Without an id of its own a request has that of its trace.
  http GET "http://127.0.0.1:$((port_base + 1))/api/v1/users?consistency=session" '' -H 'X-Db-Index: 1000000' \
    -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  run grep -e 'rs-worker.* a call was answered .* request_id=0af7651916cd43dd8448eb211c80319c' "$database/log.0"
  assert_success
  # What is answered soon, or asks for health, is not.
  http GET "http://127.0.0.1:$((port_base + 1))/api/v1/users" '' -H 'X-Request-Id: quick'
  run ! grep quick "$BATS_TEST_TMPDIR/users"
}

@test 'an event is logged once, with its fields' {
  database
  run grep -c ': spawn: fewer workers than wanted worker=2 pid=[0-9]*$' "$database/log.0"
  assert_output 1
  run ! grep '\\"' "$database/log.0"
  grep -q 'caught up from replica 1: everything that was answered is here group=rides-db id=2' "$database/log.0"
}

@test 'a second rs-orch says what it is, or how it can be one' {
  database
  run -69 env -C "$database" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" \
    --port $((port_base + 1))
  assert_output --partial "another rs-orch serves there; one that stands by beside it has an rpc.url"
  start_ready "$BATS_TEST_TMPDIR/second" env -C "$database" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port $((port_base + 1)) --set rpc.url=ipc://run/sock/second.sock
  grep -q 'another orchestrator is active: this one stands by' "$BATS_TEST_TMPDIR/second"
  stop_started "$started"
}
