#!/usr/bin/env bats
# What an earlier version let in, and what a disk did to a snapshot: the database comes back.

load test_helper

setup() {
  take_ports 1
  printf '[snapshot]\nlog_size = "1KiB"\n[log]\nsegment = "9MiB"\n' >"$BATS_TEST_TMPDIR/worker.toml"
  dir=$BATS_TEST_TMPDIR/db
  mkdir -p "$dir"
}

teardown() { [ -z "${started-}" ] || database_down; }

# Until both replicas are in sync.
up() {
  database_up "$dir" --set workers.config="$BATS_TEST_TMPDIR/worker.toml"
  until
    http GET "$db/worker/status"
    jq -e 'length == 2 and all(.in_sync)' <<<"$output" >/dev/null
  do :; done
}

counts() { # of users and rides, in $output
  http POST "$db/db/read" '{"reads":[{"table":"users","count":true},{"table":"rides","count":true}]}'
  assert_equal "$status" 200
}

write_users() { # FIRST LAST
  local i
  for ((i = $1; i <= $2; i++)); do
    http POST "$db/db/write" "{\"table\":\"users\",\"op\":\"upsert\",\"row\":{\"username\":\"new$i\",\"password\":\"$(printf 'p%.0s' {1..300})\"}}"
    assert_equal "$status" 200
  done
}

# Made by the programs of commit 8364570, which end with 65 on it: keys that are no UTF-8, in
# snapshots and log, a name of 3004 bytes with U+0000, a ride with the highest number and a time that
# no calendar has.
@test 'a state that the version before could not read again loses nothing' {
  not_on_postgres 'it refuses these rows by name'
  tar -xzf "$TANDEM_SOURCE/tests/fixtures/rides-db-8364570.tar.gz" -C "$dir"
  up
  counts
  assert_equal "$output" '[[13],[1]]'
  http POST "$db/db/write" '{"table":"rides","op":"insert","row":{"created_by":"ann","timestamp":1,"source":1,"destination":2}}'
  assert_equal "$status" 409
  assert_equal "$(jq -r .error.message <<<"$output")" "operation 0: table 'rides', column 'rideId': no number is left"
  http POST "$db/db/write" "{\"table\":\"users\",\"op\":\"delete\",\"where\":{\"username\":\"nul\\u0000$(printf 'x%.0s' {1..3000})\"}}"
  assert_equal "$(jq -c .results <<<"$output")" '[{"affected":1}]'
  # New snapshots of all of it, which the next start is from, on both replicas.
  write_users 1 20
  run ! grep -l '"cannot write a snapshot' "$dir"/log.*
  stop_started "$started"
  up
  counts
  assert_equal "$output" '[[32],[1]]'
  grep -l key_hex "$dir"/run/state/rides-db/*/snap-*
  run ! grep -q . <(find "$dir/run/state" -name '*.unreadable' -o -name 'set-aside-*')
}

@test 'a snapshot that cannot be read is set aside, and its replica comes back' {
  up
  write_users 1 12
  stop_started "$started"
  local file files
  files=("$dir"/run/state/rides-db/2/snap-*)
  [ ${#files[@]} -ge 1 ]
  for file in "${files[@]}"; do sed -i 's/new1/new9/' "$file"; done
  up
  counts
  assert_equal "$output" '[[12],[0]]'
  http POST "$db/db/read?replica=2" '{"table":"users","count":true}'
  assert_equal "$status $output" '200 [12]'
  assert_file_exists "${files[-1]}.unreadable"
}
