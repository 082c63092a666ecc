#!/usr/bin/env bats
# Autoscaling: the number of slaves follows the reads of the last window. Each burst of reads comes
# right after a window has ended, as the events tell, and a window is long against a burst.

load test_helper

setup() {
  take_ports 1
  started=''
}

teardown() { [ -z "$started" ] || database_down; }

database() { # [OPTION]…
  database_up "$BATS_TEST_TMPDIR/db" --set scaling.window=2s --set scaling.reads_per_slave=5 \
    --set scaling.max_slaves=4 "$@"
  await_event in_sync '.in_sync == "1,2"'
}

# Makes that many reads, over one connection.
reads() { # NUMBER
  run curl -sS -m 30 -o /dev/null -w '%{http_code}\n' -d '{"table":"users","count":true}' "$db/db/read?n=[1-$1]"
  assert_success
  assert_equal "$(sort -u <<<"$output")" 200
}

workers() { # NUMBER
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" "$1"
}

# The window ends with these reads in it, and so many slaves are wanted then.
scaled() { # READS SLAVES
  await_event scale ".reason == \"$1 reads in the last window\""
  assert_equal "$(jq .to <<<"$event")" "$2"
}

window_reads() {
  http GET "${db%/api/v1}/metrics"
  sed -n 's/^tandem_window_reads //p' <<<"$output"
}

@test 'slaves follow the number of reads, up and down, within their bounds' {
  database
  workers 2
  reads 11
  scaled 11 3
  reads 5
  workers 4
  scaled 5 1
  reads 6
  scaled 6 2
  reads 100
  scaled 100 4
  workers 5
  scaled 0 1
  # What is no longer wanted is stopped and its directory goes.
  until [ "$(jq length <<<"$output")" = 2 ]; do
    await_event stop
    http GET "$db/worker/list"
  done
  http GET "$db/worker/status"
  assert_equal "$(jq -c 'map(.role) | sort' <<<"$output")" '["master","slave"]'
  assert_equal "$(jq -r 'map(.id) | sort | .[]' <<<"$output")" "$(find "$database/run/state/rides-db" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n)"
}

# A member leaves, and there is room in the set for one that is on its way out as well and takes its
# time.
@test 'slaves that are retired together do not come back' {
  local toml=$BATS_TEST_TMPDIR/orch.toml outside
  sed 's/^#* *\(min\|max\)_slaves = .*/\1_slaves = 3/' "$TANDEM_SOURCE/etc/orch.toml" >"$toml"
  database_up "$BATS_TEST_TMPDIR/db" --config "$toml"
  await_event in_sync '(.in_sync | split(",") | length) == 3'
  until [ "$(curl -sS "$db/worker/status" | jq 'map(select(.applied_index > 0)) | length')" = 4 ]; do :; done
  outside=$(curl -sS "$db/worker/status" | jq '.[] | select(.in_sync | not) | .pid')
  sed -i 's/^\(min\|max\)_slaves = .*/\1_slaves = 1/' "$toml"
  signal_process STOP "$outside"
  kill -HUP "$started"
  await_event in_sync
  signal_process CONT "$outside"
  until [ "$(find "$database/run/state/rides-db" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]; do :; done
  workers 2
  # Each was started once.
  run grep -c ': spawn: ' "$database/log.0"
  assert_output 4
}

@test 'new slaves have the data and are read from' {
  database --set scaling.window=60s --set scaling.max_slaves=2
  http POST "$db/db/write" '{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}'
  assert_equal "$status" 200
  http POST "$db/create/slave"
  assert_equal "$status" 201
  await_event in_sync '.in_sync == "1,2,3"'
  reads 20
  http GET "$db/worker/status"
  assert_equal "$(jq -c 'map([.role, .reads_served]) | sort' <<<"$output")" '[["master",0],["slave",10],["slave",10]]'
  http POST "$db/db/read?replica=3" '{"table":"users","count":true}'
  assert_equal "$output" '[1]'
}

@test 'only reads count, failed ones too, and the first one begins the window' {
  database --set scaling.window=60s
  assert_equal "$(window_reads)" 0
  http POST "$db/db/write" '{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}'
  http POST "$db/db/clear"
  http POST "$db/crash/slave"
  assert_equal "$status" 200
  http GET "$db/worker/status"
  http GET "${db%/api/v1}/readyz"
  assert_equal "$(window_reads)" 0
  reads 3
  http POST "$db/db/read" '{"table":"nothing"}'
  assert_equal "$status" 400
  assert_equal "$(window_reads)" 4
}

@test 'a slave that was asked for stays until the window ends' {
  database
  http POST "$db/create/slave"
  assert_equal "$status" 201
  await_event scale '.to == 2 and (.reason | contains("create/slave"))'
  workers 3
  reads 1
  scaled 1 1
}

@test 'an orchestrator that comes back keeps the slaves that it finds until the window ends' {
  database
  http POST "$db/create/slave"
  assert_equal "$status" 201
  await_event scale '.to == 2'
  workers 3
  local list=$output
  await_event in_sync '.in_sync == "1,2,3"'
  kill -KILL "$started"
  wait "$started" || true
  database_up "$database" --set scaling.window=2s --set scaling.reads_per_slave=5
  http GET "$db/worker/list"
  assert_equal "$output" "$list"
  reads 1
  scaled 1 1
  await_event stop
  workers 2
}

@test 'HUP changes the rule while the database runs' {
  local toml=$BATS_TEST_TMPDIR/orch.toml
  sed 's/^# max_slaves = .*/max_slaves = 1/' "$TANDEM_SOURCE/etc/orch.toml" >"$toml"
  database_up "$BATS_TEST_TMPDIR/db" --config "$toml"
  await_event in_sync '.in_sync == "1,2"'
  http POST "$db/create/slave"
  assert_equal "$status" 409
  sed -i 's/^max_slaves = .*/max_slaves = 2/' "$toml"
  kill -HUP "$started"
  until [ "$status" = 201 ]; do http POST "$db/create/slave"; done
  http POST "$db/create/slave"
  assert_equal "$status" 409
}
