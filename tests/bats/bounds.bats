#!/usr/bin/env bats
# What clients may make a process hold: memory and descriptors. Real programs under floods of
# connections (tests/flood), and others that are served meanwhile. Sizes are peaks of resident memory,
# which hardly differ from run to run.

load test_helper
load toy_store

setup() {
  take_ports 3
  started='' flood=''
}

teardown() {
  [ -z "$flood" ] || end_flood
  [ -z "${store:-}" ] || store_down
  [ -z "${users:-}" ] || stop_started "$users"
  [ -z "${database:-}" ] || { started=$database_pid && database_down; }
}

# Starts a flood and waits until it has come as far as it gets; what was answered is in $answered.
flood() { # PORT COUNT WHAT [PATH [BYTES]]
  start_ready "$BATS_TEST_TMPDIR/flood" "$TANDEM_BIN/tandem-flood" "$@"
  flood=$started
  answered=$(<"$BATS_TEST_TMPDIR/flood")
}

end_flood() {
  signal_process KILL "$flood"
  wait "$flood" || true
  flood=''
}

# The most memory that a process has had, in MiB.
peak() { echo $(($(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status") / 1024)); } # PID

logged() { # NUMBER TEXT FILE
  assert_equal "$(grep -c -e "$2" "$3")" "$1"
}

most_are_refused() {
  [ "$(curl -sS "$shop/metrics" | sed -n 's/^tandem_http_refused_total{reason="buffers"} //p')" -gt 900 ]
}

# Ten million bytes of names.
add_many_users() {
  local body batch
  body=$BATS_TEST_TMPDIR/body
  for batch in {1..20}; do
    awk -v batch="$batch" 'BEGIN {
      name = sprintf("%1990s", ""); gsub(/ /, "n", name)
      printf "{\"ops\":["
      for (i = 0; i < 250; i++)
        printf "%s{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"%05d%s\",\"password\":\"\"}}", i ? "," : "", batch * 1000 + i, name
      printf "]}" }' >"$body"
    http POST "$db/db/write" "@$body"
    assert_equal "$status" 200
  done
}

@test 'a thousand unfinished bodies stay within http.max_buffered, and others are served' {
  store_up "$BATS_TEST_TMPDIR/store"
  local pid
  pid=$(cat "$store/front.pid")
  flood "$port_base" 1000 bodies /orders 1048570
  until_true most_are_refused
  shop GET /products/Tux
  assert_equal "$status" 200
  buy Tux
  echo "peak: $(peak "$pid") MiB"
  assert [ "$(peak "$pid")" -lt 120 ]
  end_flood
  buy Tux
  logged 1 'the buffers are full, see http.max_buffered' "$store/front.0"
}

@test 'thirty slow readers of a long answer stay within http.max_buffered, and others are served' {
  database_up "$BATS_TEST_TMPDIR/db"
  database_pid=$started
  add_many_users
  start_ready "$BATS_TEST_TMPDIR/users" env -C "$BATS_TEST_TMPDIR/db" "$TANDEM_BIN/rs-users" \
    --port $((port_base + 1)) --set count.file=count
  users=$started
  local api=http://127.0.0.1:$((port_base + 1))/api/v1 others
  flood $((port_base + 1)) 30 readers /api/v1/users
  run awk '$1 == 200 || $1 == 503 { n += $2 } END { print n }' <<<"$answered"
  assert_output 30
  for others in 1 2 3; do
    http PUT "$api/users" "{\"username\":\"ann$others\",\"password\":\"$(printf %040d 1)\"}"
    assert_equal "$status" 201
    http GET "$api/_count"
    assert_equal "$status" 200
  done
  echo "peak: $(peak "$users") MiB"
  assert [ "$(peak "$users")" -lt 120 ]
  end_flood
  # Alone it is possible again.
  until [ "$(curl -sS "$api/users" | wc -c)" -gt 9990000 ]; do :; done
}

@test 'clients leave descriptors for the work of the process itself' {
  database=$BATS_TEST_TMPDIR/db
  mkdir "$database"
  db=http://127.0.0.1:$port_base/api/v1
  last_event=0
  start_ready "$database/log.0" env -C "$database" prlimit --nofile=256 \
    "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" --port "$port_base"
  database_pid=$started
  await_event in_sync '.in_sync == "1,2"'
  flood "$port_base" 600 idle
  http GET "${db%/api/v1}/livez"
  assert_equal "$status" 200
  http POST "$db/create/slave"
  assert_equal "$status" 201
  await_event in_sync '.in_sync == "1,2,3"'
  http POST "$db/crash/master"
  assert_equal "$status" 200
  await_event open
  http GET "$db/worker/status"
  assert_equal "$status" 200
  logged 1 'fewer connections than http.max_connections fit' "$database/log.0"
}

@test 'a hundred clients at once each get a list of ten thousand toys' {
  local name size
  store=$BATS_TEST_TMPDIR/store
  shop=http://127.0.0.1:$port_base
  mkdir "$store"
  ln -s "$TANDEM_SOURCE/etc" "$store/etc"
  awk 'BEGIN { print "name,price,quantity"
    for (i = 0; i < 10000; i++) printf "A toy with a name so long that a hundred lists are more than is held %d,%d.99,100\n", i, i }' >"$store/many.csv"
  start_member catalog-1 --set catalog.file=many.csv
  for name in order-1 order-2 order-3 front; do start_member $name; done
  shop GET /products
  assert_equal "$(jq '.data | length' <<<"$output")" 10000
  size=$(wc -c <<<"$output")
  curl -sS -m 60 --parallel --parallel-immediate --parallel-max 100 -o /dev/null \
    -w '%{http_code} %{size_download}\n' "$shop/products?n=[1-100]" \
    2>"$BATS_TEST_TMPDIR/progress" >"$BATS_TEST_TMPDIR/codes"
  run sort -u "$BATS_TEST_TMPDIR/codes"
  assert_output "200 $((size - 1))"
  assert [ "$(peak "$(cat "$store/front.pid")")" -lt 120 ]
}

# Bodies that wait for a master come by rpc here; the room is that of rs-orch's own clients.
@test 'requests of the services take their room from http.max_buffered too' {
  database_up "$BATS_TEST_TMPDIR/db" --set http.max_buffered=1MiB
  database_pid=$started
  start_ready "$BATS_TEST_TMPDIR/users" env -C "$BATS_TEST_TMPDIR/db" "$TANDEM_BIN/rs-users" \
    --port $((port_base + 1)) --set count.file=count
  users=$started
  local api=http://127.0.0.1:$((port_base + 1))/api/v1 pids pid
  http GET "$db/worker/list"
  mapfile -t pids < <(jq '.[]' <<<"$output")
  for pid in "${pids[@]}"; do signal_process STOP "$pid"; done
  # Each name is in its request twice.
  printf '{"username":"%01990d","password":"%040d"}' 1 1 >"$BATS_TEST_TMPDIR/body"
  curl -sS -m 60 --parallel --parallel-immediate --parallel-max 250 -X PUT \
    --data-binary "@$BATS_TEST_TMPDIR/body" -w '\n%{http_code}\n' "$api/users?n=[1-250]" \
    2>"$BATS_TEST_TMPDIR/progress" >"$BATS_TEST_TMPDIR/answers"
  for pid in "${pids[@]}"; do signal_process CONT "$pid" || true; done # or another has its place
  output=$(grep -o 'the buffers are full, see http.max_buffered' "$BATS_TEST_TMPDIR/answers" | wc -l)
  assert [ "$output" -gt 50 ]
  assert [ "$output" -lt 200 ]
  run awk '$1 == 503 || $1 == 504 || $1 == 201 || $1 == 400 { n++ } END { print n }' \
    "$BATS_TEST_TMPDIR/answers"
  assert_output 250
  # It is there again afterwards.
  until
    http GET "$db/worker/status"
    [ "$status" = 200 ]
  do :; done
  until
    http PUT "$api/users" "{\"username\":\"ann\",\"password\":\"$(printf %040d 1)\"}"
    [ "$status" = 201 ]
  do :; done
  assert_equal "$(curl -sS "${db%/api/v1}/metrics" | awk '/^tandem_http_buffered_bytes/ { print ($2 < 100000) }')" 1
}
