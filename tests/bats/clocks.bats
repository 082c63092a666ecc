#!/usr/bin/env bats
# Wall clocks that are set to something else while everything runs: no write is refused for it, and
# none is done twice. One process at a time; tests/support/clock_step.c moves its clock.

load test_helper
load toy_store

setup_file() {
  take_ports 2
  export port_base database db store shop started
  export clocks=$BATS_FILE_TMPDIR/clocks
  mkdir "$clocks"
  : "${TANDEM_BUILD:=$TANDEM_SOURCE/build}"
  # Where it is missing the loader says so and goes on: the clock would not move.
  assert_file_exist "$TANDEM_BUILD/lib/libtandem_clock_step.so"
  local stepped=("LD_PRELOAD=$TANDEM_BUILD/lib/libtandem_clock_step.so" "TANDEM_CLOCKS=$clocks")
  local -x "${stepped[@]}"
  database_up "$BATS_FILE_TMPDIR/db" --set scaling.min_slaves=1
  await_event in_sync '.in_sync == "1,2"'
  orchestrator=$started
  export orchestrator
  port_base=$((port_base + 1)) store_up "$BATS_FILE_TMPDIR/store"
}

teardown_file() {
  store_down
  started=$orchestrator
  stop_started "$started" || true
}

set_clock() { printf '%-31s\n' "$2" 1<>"$clocks/$1"; } # PID SECONDS

master() { curl -sS -m 30 "$db/worker/status" | jq -r '.[] | select(.role == "master") | .pid'; }

# Writes of every kind, with a key ($1) and many without.
writes_go_on() {
  local i
  for ((i = 0; i < 70; i++)); do
    http POST "$db/db/write" "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1-$i\",\"password\":\"p\"}}"
    assert_equal "$status" 200
  done
  # What was done first is answered as it was.
  http POST "$db/db/write" '{"table":"users","op":"insert","row":{"username":"once","password":"p"}}' \
    -H 'Idempotency-Key: once'
  assert_equal "$status" 200
  : "${first:=$output}"
  assert_equal "$output" "$first"
}

purchases_go_on() {
  local i
  for ((i = 0; i < 5; i++)); do
    buy Kite
    shop POST /products/Kite/restock '{"quantity":1}'
    assert_equal "$status" 200
  done
  buy Kite 1 -H 'Idempotency-Key: once'
  : "${first_number:=$number}"
  assert_equal "$number" "$first_number"
}

# -600 s and back, +1 h and back, a day; each for this process alone.
steps() { # PID COMMAND [ARGUMENT]…
  local seconds pid=$1
  for seconds in -600 0 3600 0 -86400 86400 0; do
    set_clock "$pid" "$seconds"
    "${@:2}" "$pid.$seconds.$RANDOM$RANDOM"
  done
}

@test 'database: the wall clock of the orchestrator is set' {
  writes_go_on begin
  steps "$orchestrator" writes_go_on
}

@test 'database: the wall clock of the master is set' {
  writes_go_on begin-master
  steps "$(master)" writes_go_on
}

@test 'database: all clocks are set back, as on a host with a wrong one' {
  local file
  writes_go_on before
  for file in "$clocks"/*; do set_clock "$(basename "$file")" -600; done
  writes_go_on after
  for file in "$clocks"/*; do set_clock "$(basename "$file")" 0; done
  writes_go_on later
}

@test 'toy store: the wall clocks of the front, the order leader and the catalog are set' {
  local name leader
  toy Kite 100000
  leader=$(curl -sS -m 30 "$shop/replicas" | jq '.data[] | select(.role == "leader") | .id')
  for name in front "order-$leader" catalog-1; do
    steps "$(cat "$store/$name.pid")" purchases_go_on
  done
}
