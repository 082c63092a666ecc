#!/usr/bin/env bats
# Idempotency keys: how many are remembered.

load test_helper

setup() {
  take_ports 2
  rides=''
}

teardown() {
  [ -z "$rides" ] || stop_process "$rides"
  database_down
}

stop_process() {
  signal_process TERM "$1"
  wait_gone "$1"
}

insert() { # NAME KEY
  http POST "$db/db/write" \
    "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1\",\"password\":\"p\"}}" \
    -H "Idempotency-Key: $2"
}

@test 'over keys.max_number new keys are refused with the reason, and known ones are answered' {
  local i first
  printf '[keys]\nmax_number = 10\n' >"$BATS_TEST_TMPDIR/worker.toml"
  database_up "$BATS_TEST_TMPDIR/db" \
    --set workers.config="$BATS_TEST_TMPDIR/worker.toml"
  insert u0 k0
  assert_equal "$status" 200
  first=$output
  for ((i = 1; i < 20; i++)); do
    insert "u$i" "k$i"
    [ "$status" = 200 ] || break
  done
  assert_equal "$status" 503
  run jq -r .error.message <<<"$output"
  assert_output --partial 'too many idempotency keys are remembered'
  insert u0 k0
  assert_equal "$status $output" "200 $first"
  http POST "$db/db/read" '{"table":"users","columns":["username"]}'
  assert_equal "$(jq length <<<"$output")" "$i"
}

# Waits until so many requests have come to the database and wait there.
until_in_flight() { # NUMBER
  until curl -sS -m 30 "${db%/api/v1}/metrics" | grep -qx "tandem_requests_in_flight{group=\"rides-db\"} $1"; do :; done
}

# It is in the log when the clock has passed the ride's time, and is committed later.
@test 'a ride that is asked for again before it is committed is not said to be in the past' {
  local orchestrator slave first body answer=$BATS_TEST_TMPDIR/answer
  local clocks=$BATS_TEST_TMPDIR/clocks
  : "${TANDEM_BUILD:=$TANDEM_SOURCE/build}"
  # Where it is missing the loader says so and goes on: the clock would not move.
  assert_file_exist "$TANDEM_BUILD/lib/libtandem_clock_step.so"
  mkdir "$clocks"
  database_up "$BATS_TEST_TMPDIR/db" --set database.min_in_sync=2
  orchestrator=$started
  await_event in_sync '.in_sync == "1,2"'
  insert ann ann
  start_ready "$BATS_TEST_TMPDIR/rides" env -C "$database" TANDEM_CLOCKS="$clocks" \
    LD_PRELOAD="$TANDEM_BUILD/lib/libtandem_clock_step.so" "$TANDEM_BIN/rs-rides" \
    --port "$((port_base + 1))" --set areas.file="$TANDEM_SOURCE/etc/areas.csv"
  rides=$started started=$orchestrator
  http GET "$db/worker/status"
  slave=$(jq '.[] | select(.role == "slave") | .pid' <<<"$output")
  signal_process STOP "$slave"
  body="{\"created_by\":\"ann\",\"timestamp\":\"$(date -u -d '1 hour' +%d-%m-%Y:%S-%M-%H)\",\"source\":22,\"destination\":23}"
  ride() {
    curl -sS -m 30 -o "$1" -w '%{http_code}' "http://127.0.0.1:$((port_base + 1))/api/v1/rides" \
      -H 'Content-Type: application/json' -H 'Idempotency-Key: ride' -d "$body"
  }
  ride "$answer.1" >"$answer.first" &
  first=$!
  until_in_flight 1
  printf '%-31s\n' 7200 1<>"$clocks/$rides"
  ride "$answer.2" >"$answer.second" &
  until_in_flight 2
  signal_process CONT "$slave"
  wait "$first" "$!"
  assert_equal "$(cat "$answer.first") $(cat "$answer.1")" '201 {"rideId":1}'
  assert_equal "$(cat "$answer.second") $(cat "$answer.2")" '201 {"rideId":1}'
}
