#!/usr/bin/env bats
# Requests that cost much: refused by name where they cost too much, else carried out while
# everything else goes on.

load test_helper
load replicated_database

setup_file() {
  take_ports 1
  export port_base
  mkdir "$BATS_FILE_TMPDIR/db"
  printf '[limits]\nwrite_memory = "70MiB"\n' >"$BATS_FILE_TMPDIR/db/worker.toml"
  database_up "$BATS_FILE_TMPDIR/db" --set scaling.min_slaves=2 --set workers.config=worker.toml
  await_whole 3
  fill 60000
  export db database started
}

teardown_file() { database_down; }

setup() { last_event=0; }

# That many users, in transactions of 1000.
fill() { # NUMBER
  local first
  for ((first = 0; first < $1; first += 1000)); do
    jq -cn --argjson from "$first" '{ops: [range($from; $from + 1000) |
      {table: "users", op: "upsert", row: {username: "u\(.)", password: "p"}}]}' \
      >"$BATS_FILE_TMPDIR/ops"
    http POST "$db/db/write" "@$BATS_FILE_TMPDIR/ops"
    assert_equal "$status" 200
  done
}

scan='{"table":"users","where":{"password":"nobody has it"},"exists":false}'
count='{"table":"users","where":{"password":"nobody has it"},"count":true}'

# $1 times the text $2, as the items of an array.
times() { jq -cn --argjson item "$2" "[range($1) | \$item]"; } # NUMBER TEXT

# The process that leads, its epoch and whether all are in sync.
the_group() { curl -sS -m 30 "$db/worker/status" | jq -c 'map([.id, .pid, .role, .state, .epoch]) | sort'; }

last_index() { curl -sS "$db/worker/status" | jq 'map(.last_index) | max'; }

# The next write comes right after what was there.
nothing_logged_since() { # INDEX USER
  http POST "$db/db/write" "{\"table\":\"users\",\"op\":\"delete\",\"where\":{\"username\":\"$2\"}}"
  assert_equal "$status" 200
  assert_equal "$(jq .index <<<"$output")" $(($1 + 1))
}

@test "a write that looks at too many rows is refused by name, and not logged" {
  local before
  before=$(last_index)
  echo "{\"if\":$(times 1000 "$scan"),\"ops\":[$(insert ann)]}" >"$BATS_TEST_TMPDIR/write"
  http POST "$db/db/write" "@$BATS_TEST_TMPDIR/write"
  assert_equal "$status" 413
  run jq -r .error.message <<<"$output"
  assert_output --partial "condition 8: table 'users': it costs as much as looking at 60000 rows"
  assert_output --partial 'the write may look at 500000'
  nothing_logged_since "$before" u1
}

@test "a write that takes too much memory is refused by name, and not logged" {
  local before update
  before=$(last_index)
  update=$(jq -cn --arg text "$(printf '%0600d' 0)" \
    '{table: "users", op: "update", where: {}, set: {password: $text}}')
  http POST "$db/db/write" "$update"
  assert_equal "$status" 413
  run jq -r .error.message <<<"$output"
  assert_output --partial "operation 0: table 'users': it takes about "
  assert_output --partial 'MiB of memory, and the write may take 70 MiB (limits.write_memory)'
  nothing_logged_since "$before" u2
}

@test "a read that looks at too many rows is refused by name" {
  http POST "$db/db/read" "{\"reads\":$(times 100 "$count")}"
  assert_equal "$status" 413
  run jq -r .error.message <<<"$output"
  assert_output --partial "read 33: table 'users': to answer this costs more than looking at 2000000"
}

@test "a body of very many values is refused by name, wherever it goes" {
  local path
  jq -cn '{ops: [range(340000) | []]}' >"$BATS_TEST_TMPDIR/body"
  for path in db/write db/read 'db/read?strict=1' accept-loss; do
    http POST "$db/$path" "@$BATS_TEST_TMPDIR/body"
    assert_equal "$path $status" "$path 413"
    run jq -r .error.message <<<"$output"
    assert_output 'the JSON holds more than 50000 values'
  done
}

@test "an answer that is too long is refused by name" {
  local text
  text=$(printf '%0400d' 0)
  jq -cn --arg text "$text" '{table: "users", op: "update", where: {}, set: {password: $text}}' \
    >"$BATS_TEST_TMPDIR/update"
  http POST "$db/db/write" "@$BATS_TEST_TMPDIR/update"
  assert_equal "$status" 200
  http POST "$db/db/read" '{"table":"users"}'
  assert_equal "$status" 413
  run jq -r .error.message <<<"$output"
  assert_output --partial "the answer has more than 15728640 bytes"
  http POST "$db/db/read" '{"table":"users","limit":10000}'
  assert_equal "$status $(jq length <<<"$output")" '200 10000'
}

# They are begun before what is asked meanwhile, and some of them end after it.
@test "what costs much stops nobody else" {
  local before i pids=() asked=0
  before=$(the_group)
  echo "{\"reads\":$(times 30 "$count")}" >"$BATS_TEST_TMPDIR/reads"
  echo "{\"if\":$(times 7 "$scan"),\"ops\":[$(insert bob)]}" >"$BATS_TEST_TMPDIR/write"
  for i in {1..10}; do
    curl -sS -m 60 -o "$BATS_TEST_TMPDIR/read.$i" -w '%{http_code}\n' -H 'Content-Type: application/json' \
      -d "@$BATS_TEST_TMPDIR/reads" "$db/db/read" >>"$BATS_TEST_TMPDIR/statuses" 3>&- &
    pids+=($!)
    curl -sS -m 60 -o "$BATS_TEST_TMPDIR/write.$i" -w '%{http_code}\n' -H 'Content-Type: application/json' \
      -d "@$BATS_TEST_TMPDIR/write" "$db/db/write" >>"$BATS_TEST_TMPDIR/statuses" 3>&- &
    pids+=($!)
  done
  while [ -n "$(jobs -rp)" ]; do
    http POST "$db/db/read" '{"table":"users","where":{"username":"u7"}}'
    assert_equal "$status" 200
    add_user "meanwhile$((++asked))"
    jobs >/dev/null
  done
  wait "${pids[@]}"
  # 200; of the reads perhaps 503, of the writes 409 where bob is there. PostgreSQL gives up a read
  # that takes too long: 413.
  [ "${TANDEM_TEST_TABLES-}" != postgres ] || sed -i '/^413$/d' "$BATS_TEST_TMPDIR/statuses"
  run sort -u "$BATS_TEST_TMPDIR/statuses"
  refute_output --regexp '50[0124-9]|4[0-8][0-8]|000'
  [ "$asked" -gt 0 ]
  assert_equal "$(the_group)" "$before"
}

# One replica alone has all of them: without a thread of their own, what is asked meanwhile would be
# answered when they are done.
@test "large reads do not hold up small ones at the same replica" {
  local i pids=() asked=0
  echo "{\"reads\":$(times 30 "$count")}" >"$BATS_TEST_TMPDIR/reads"
  for i in {1..12}; do
    curl -sS -m 60 -o /dev/null -H 'Content-Type: application/json' -d "@$BATS_TEST_TMPDIR/reads" \
      "$db/db/read?replica=2&consistency=eventual" 3>&- &
    pids+=($!)
  done
  while [ -n "$(jobs -rp)" ]; do
    http POST "$db/db/read?replica=2&consistency=eventual" \
      '{"table":"users","where":{"username":"u7"}}'
    assert_equal "$status" 200
    ((++asked))
    jobs >/dev/null
  done
  wait "${pids[@]}"
  [ "$asked" -ge 4 ]
}

@test "rows by the hundred thousand are changed and deleted in one write, and nobody leads anew" {
  local before
  before=$(the_group)
  http POST "$db/db/write" '{"table":"users","op":"update","where":{},"set":{"password":"new"}}'
  assert_equal "$status" 200
  [ "$(jq '.results[0].affected' <<<"$output")" -ge 59000 ]
  http POST "$db/db/read" '{"table":"users","where":{"password":"new"},"count":true}'
  [ "$(jq '.[0]' <<<"$output")" -ge 59000 ]
  http POST "$db/db/clear"
  assert_equal "$status" 200
  http POST "$db/db/read" '{"table":"users","count":true}'
  assert_equal "$output" '[0]'
  assert_equal "$(the_group)" "$before"
}

@test "how long the loops were held is among the metrics, of each worker too" {
  run curl -sS -m 30 "http://127.0.0.1:$port_base/metrics"
  assert_line --regexp '^tandem_loop_stall_seconds [0-9.e-]+$'
  for id in 1 2 3; do
    assert_line --regexp "^tandem_replica_loop_stall_seconds\\{group=\"rides-db\",replica=\"$id\"\\} [0-9.e-]+\$"
    assert_line --regexp "^tandem_replica_lag_entries\\{group=\"rides-db\",replica=\"$id\"\\} [0-9]+\$"
  done
}
