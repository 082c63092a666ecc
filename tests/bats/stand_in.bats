#!/usr/bin/env bats
# The active orchestrator is stopped and holds its lock: another one chooses masters, and starts no
# worker.

load test_helper
load replicated_database

setup() {
  take_ports 2
  started=''
  second=''
}

teardown() {
  [ -z "$second" ] || stop_started "$second"
  if [ -n "$started" ]; then
    kill -CONT "$started"
    database_down
  fi
}

# Another orchestrator of the same database. Its API is at $second_db.
second_orchestrator() {
  local first=$started
  start_ready "$BATS_TEST_TMPDIR/second.log" env -C "$database" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port $((port_base + 1)) \
    --set rpc.url=ipc://run/sock/second.sock
  second=$started
  started=$first
  second_db=http://127.0.0.1:$((port_base + 1))/api/v1
}

# $master and $epoch as the orchestrator at $db sees them.
look() {
  http GET "$db/worker/status"
  assert_equal "$status" 200
  master=$(jq '.[] | select(.role == "master") | .pid' <<<"$output")
  epoch=$(jq 'map(.epoch) | max' <<<"$output")
}

@test 'the active orchestrator is stopped and the master dies: writes go on' {
  database 2
  second_orchestrator
  add_user ann
  look
  local first_db=$db killed=$master before=$epoch
  kill -STOP "$started"
  signal_process KILL "$killed"
  db=$second_db
  add_user bob
  last_event=0
  await_event stand_in
  look
  assert [ "$master" != "$killed" ]
  assert_equal "$epoch" $((before + 1))
  # It starts nobody in place of the dead one, and is ready.
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 200
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" 2
  run -1 pgrep -P "$second"
  # One that wakes up starts the third worker, and lets the master that was chosen lead.
  kill -CONT "$started"
  db=$first_db
  last_event=0
  await_event in_sync "$(members 3) and .epoch == $((before + 1))"
  local chosen=$master
  look
  assert_equal "$master $epoch" "$chosen $((before + 1))"
  http POST "$db/db/read" '{"table":"users"}'
  assert_equal "$(jq -c '[.[].username]' <<<"$output")" '["ann","bob"]'
  # From then on it is the one that acts.
  http POST "$db/crash/master"
  assert_equal "$status" 200
  db=$second_db
  add_user carl
}

@test 'the active orchestrator and the master are stopped: writes go on' {
  database 1
  second_orchestrator
  look
  local stopped=$master before=$epoch
  kill -STOP "$started"
  signal_process STOP "$stopped"
  db=$second_db
  add_user ann
  look
  assert [ "$master" != "$stopped" ]
  # What it chose stays as it is when both go on.
  kill -CONT "$started"
  signal_process CONT "$stopped"
  db=http://127.0.0.1:$port_base/api/v1
  await_event in_sync "$(members 2) and .epoch == $((before + 1))"
}
