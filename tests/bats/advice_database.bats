#!/usr/bin/env bats
# Where the workers that a database needs are stopped, /readyz says so, and what makes them go on.

load test_helper

setup() { take_ports 1; }

teardown() {
  local pid
  for pid in $(processes_in "$BATS_TEST_TMPDIR/db"); do kill -CONT "$pid" || true; done
  database_down
}

readyz() { # STATUS PART OF THE REASON
  http GET "${db%/api/v1}/readyz"
  [[ $status = "$1" && $output = *"${2-}"* ]]
}

pid_of() { # WORKER
  http GET "$db/worker/status"
  jq ".[] | select(.id == $1) | .pid" <<<"$output"
}

@test 'all in-sync workers are stopped' {
  local first second
  database_up "$BATS_TEST_TMPDIR/db"
  await_event in_sync '.in_sync == "1,2"'
  first=$(pid_of 1) second=$(pid_of 2)
  signal_process STOP "$first"
  signal_process STOP "$second"
  until readyz 503 "worker 1 (pid $first) is stopped: kill -CONT $first; worker 2 (pid $second) is stopped: kill -CONT $second"; do :; done
  [[ $output != *accept-loss* ]]
  signal_process CONT "$first"
  signal_process CONT "$second"
  until readyz 200; do :; done
}

@test 'a worker is stopped that the set may not go on without' {
  local slave
  database_up "$BATS_TEST_TMPDIR/db" --set database.min_in_sync=2
  await_event in_sync '.in_sync == "1,2"'
  until readyz 200; do :; done
  http GET "$db/worker/status"
  slave=$(jq '.[] | select(.role == "slave") | .pid' <<<"$output")
  signal_process STOP "$slave"
  until readyz 503 "is stopped: kill -CONT $slave"; do :; done
  [[ $output = *'writes wait for in-sync workers, at least 2 of which have to answer'* ]]
  signal_process CONT "$slave"
  until readyz 200; do :; done
}
