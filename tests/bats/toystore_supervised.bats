#!/usr/bin/env bats
# The toy store under tandem(1): both supervisors start, restart and stop it, and leave nothing.

load test_helper
load toy_store

setup() {
  take_ports 5
  store=$BATS_TEST_TMPDIR/home
  shop=http://127.0.0.1:$((port_base + 4))
  front=''
}

teardown() {
  [ -z "$front" ] || kill -TERM "$front" 2>/dev/null || true
  [ ! -e "$store/run/lock" ] || wait_until_down "$store"
}

up() {
  tandem_up "$store" --port-base "$port_base" "$@"
  front=$started
}

nothing_left() { assert_equal "$(processes_in "$store")" ''; }

# The process of a replica is in its lock file; that of the front has no file.
pid_of() { # SERVICE
  case $1 in
    ts-front) pgrep -f "^$TANDEM_BIN/ts-front .*" | while read -r pid; do
      [ "$(readlink "/proc/$pid/cwd")" != "$store" ] || echo "$pid"
    done ;;
    ts-catalog) head -n 1 "$store/run/state/catalog-1/lock" ;;
    *) head -n 1 "$store/run/state/${1#ts-}/lock" ;;
  esac
}

another() { # SERVICE PID
  local pid
  pid=$(pid_of "$1")
  [ -n "$pid" ] && [ "$pid" != "$2" ] && is_running "$pid"
}

whole() { # STATUS OPTION…
  "$tandem" "$@" --dir "$store" status >"$BATS_TEST_TMPDIR/status"
}

sells() { [ "$(curl -sS -m 30 -d name=Tux -d quantity=1 -o /dev/null -w '%{http_code}' "$shop/orders")" = 200 ]; }

comes_back() {
  local service pid
  up --only toystore "$@"
  run cat "$store/up.out"
  assert_line --regexp "^ts-front +$shop$"
  whole "$@"
  run awk 'NR > 1 && $1 !~ /^(postgres|consul)$/ { print $1 }' "$BATS_TEST_TMPDIR/status"
  assert_output 'ts-catalog
ts-order-1
ts-order-2
ts-order-3
ts-front'
  for service in ts-order-3 ts-order-1 ts-catalog ts-front; do
    pid=$(pid_of "$service")
    signal_process KILL "$pid"
    until_true another "$service" "$pid"
    until_true sells
  done
  until_true whole "$@"
  until_true replicas '[.data[] | .alive and .in_sync] | all'
  stop_started "$front"
  nothing_left
}

@test "s6: the store alone; each of its processes comes back; TERM leaves nothing" {
  comes_back --supervisor s6
}

@test "runit: the store alone; each of its processes comes back; TERM leaves nothing" {
  comes_back --supervisor runit
}

@test "INT leaves nothing, of the store and of RideShare, and the next start has everything" {
  start_ready "$BATS_TEST_TMPDIR/out" env --default-signal=INT "$tandem" --dir "$store" \
    --port-base "$port_base" up
  front=$started
  run cat "$BATS_TEST_TMPDIR/out"
  assert_line --regexp "^rs-orch +http"
  assert_line --regexp "^ts-front +$shop$"
  until_true sells
  kill -INT "$front"
  wait "$front"
  nothing_left
  up --only toystore
  shop GET /orders/0
  expect 200 '{"data":{"number":0,"name":"Tux","quantity":1}}'
  assert_equal "$(stock Tux)" 99
  stop_started "$front"
  nothing_left
}

@test "--only rideshare starts nothing of the store" {
  up --only rideshare
  whole
  run cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/status"
  assert_line rs-orch
  refute_line --regexp '^ts-'
  run curl -sS "$shop/livez"
  assert_failure 7
  stop_started "$front"
  nothing_left
}

@test "kill -9 of tandem, and of the supervisor of a replica, leaves nothing" {
  local pid
  up --only toystore --supervisor s6
  pid=$(pid_of ts-order-2)
  signal_process KILL "$(processes_in "$store/run/sv/ts-order-2")"
  until_true another ts-order-2 "$pid"
  until_true replicas '[.data[] | .alive and .in_sync] | all'
  kill -KILL "$front"
  wait "$front" || true
  wait_until_down "$store"
  nothing_left
}

@test "down stops a store whose supervisors were all killed" {
  up --only toystore --supervisor s6
  kill_supervision "$store" "$front"
  front=''
  until_true sells
  run "$tandem" --dir "$store" down
  assert_success
  nothing_left
}
