#!/usr/bin/env bats
# Files of another format version, as a roll-back to an older program finds them, and a record that
# is damaged: what is there is refused by name and not touched.

load test_helper
load replicated_database

setup() {
  take_ports 4
  started=''
}

teardown() { [ -z "$started" ] || database_down; }

data=run/state/rides-db

put() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; } # FILE OFFSET BYTES

sums() { (cd "$database/$data" && find . -type f -exec sha256sum {} + | sort); }

# A database with ann in it, stopped.
stopped_database() { # SLAVES
  database "$1"
  add_user ann
  database_down
  started=''
}

# Neither a worker by itself nor rs-orch takes what is there.
refused_and_untouched() { # PATTERN
  local before after
  before=$(sums)
  run -78 "$TANDEM_BIN/rs-worker" --set worker.id=1 --set worker.group=rides-db \
    --set worker.directory="$database/$data/1" --set rpc.url="ipc://$database/s" \
    --set coord.root="$database/run/state/coord"
  assert_output --regexp "$1"
  trouble_text='a worker is not started'
  database_in_trouble
  await_event trouble '.reason | startswith("worker ")'
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 503
  assert_regex "$output" "$1"
  http GET "$db/worker/list"
  assert_equal "$output" '[]'
  database_down
  started=''
  after=$(sums)
  assert_equal "$after" "$before"
}

all_is_there() {
  database_up "$database"
  http POST "$db/db/read" '{"table":"users"}'
  assert_equal "$(jq -r '.[].username' <<<"$output")" ann
}

@test 'log and promise of another version: no worker starts, both versions are named, nothing is touched' {
  local id file
  stopped_database 1
  for id in 1 2; do
    for file in "$database/$data/$id"/log-*; do put "$file" 8 '\x02'; done
    put "$database/$data/$id/promise" 8 '\x02'
    put "$database/$data/$id/promise" $((4096 + 8)) '\x02'
  done
  refused_and_untouched "$data/[12]/(log-[0-9]+|promise)' is of format version 2, this program reads 1"
  for id in 1 2; do
    for file in "$database/$data/$id"/log-*; do put "$file" 8 '\x01'; done
    put "$database/$data/$id/promise" 8 '\x01'
    put "$database/$data/$id/promise" $((4096 + 8)) '\x01'
  done
  all_is_there
}

@test 'an identity of another version, sealed in another way: refused and not touched' {
  local id
  stopped_database 1
  for id in 1 2; do
    cp "$database/$data/$id/identity" "$BATS_TEST_TMPDIR/identity.$id"
    echo '{"format":"tandem-identity-7","sealed":"otherwise"}' >"$database/$data/$id/identity"
  done
  refused_and_untouched "$data/[12]/identity' is of format 'tandem-identity-7', this program reads 'tandem-identity-1'"
  for id in 1 2; do cp "$BATS_TEST_TMPDIR/identity.$id" "$database/$data/$id/identity"; done
  all_is_there
}

@test 'one worker of several has files of another version: the others serve, and it is told' {
  database 2
  add_user ann
  database_down
  put "$database/$data/3/promise" 8 '\x02'
  database_up "$database"
  await_event trouble '.worker == 3 and (.reason | contains("is of format version 2"))'
  add_user bob
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 200
}

# Flips a bit of the newest record; its path is in $record.
flip_record() {
  local byte
  record=$(find "$database/run/state/coord/rides-db/record" -type f | sort | tail -n 1)
  byte=$(dd if="$record" bs=1 skip=20 count=1 status=none | od -An -tu1)
  put "$record" 20 "\\x$(printf '%02x' $((byte ^ 1)))"
}

@test 'a flipped bit in the newest record: it is named, and what its workers have seen follows it' {
  stopped_database 1
  flip_record
  trouble_text='is damaged'
  database_in_trouble
  await_event trouble '.reason | contains("is damaged")'
  assert_regex "$event" "record file '.*/rides-db/record/${record##*/}' is damaged: its checksum is wrong"
  # Nothing older took its place: the next version was made.
  await_event open
  [[ $(find "$database/run/state/coord/rides-db/record" -type f | sort | tail -n 1) > $record ]]
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" 2
  until
    http POST "$db/db/read" '{"table":"users"}'
    [ "$status" = 200 ]
  do :; done
  assert_equal "$(jq -r '.[].username' <<<"$output")" ann
}

@test 'a flipped bit in the newest record of a running group: who knows what it was goes on from it' {
  database 2
  flip_record
  add_user ann
  http POST "$db/crash/master"
  assert_equal "$status" 200
  add_user bob
  await_whole 3
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 200
}
