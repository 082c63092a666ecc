#!/usr/bin/env bats
# Disks that are full, for real: each worker has a small file system of its own, in a mount
# namespace that ends with the database, so nothing is left to unmount. It needs root, or a kernel
# that gives mount namespaces to users; where it has neither CTest shows the suite as skipped.

load test_helper
load replicated_database

setup() {
  started=''
  namespace=(unshare --mount)
  [ "$(id -u)" = 0 ] || namespace+=(--map-root-user)
  local reason
  reason=$("${namespace[@]}" mount -t tmpfs none "$BATS_TEST_TMPDIR" 2>&1) ||
    skip "cannot mount: $reason"
  take_ports 4
  local options=()
  [[ $BATS_TEST_DESCRIPTION != *'two copies'* ]] || options=(--set database.min_in_sync=2)
  database_on_small_disks "${options[@]}"
}

teardown() { [ -z "$started" ] || database_down; }

three='(.in_sync | split(",") | length) == 3'

# Three workers, all of them in sync, each on 64 MiB, or 128.
database_on_small_disks() { # [OPTION]…
  database=$BATS_TEST_TMPDIR/db
  db=http://127.0.0.1:$port_base/api/v1
  last_event=0
  local size=64
  mkdir -p "$database"/run/state/rides-db/{1,2,3}
  printf '[log]\nsegment = "9MiB"\n' >"$database/worker.toml"
  if [[ $BATS_TEST_DESCRIPTION == *'the snapshot'* ]]; then
    printf '[snapshot]\nlog_size = "1MiB"\n' >>"$database/worker.toml"
    size=128
  fi
  cat >"$BATS_TEST_TMPDIR/mount_and_start" <<END
for id in 1 2 3; do mount -t tmpfs -o mode=700,size=${size}m small "run/state/rides-db/\$id"; done
exec "\$@"
END
  start_ready "$database/log.0" env -C "$database" "${namespace[@]}" \
    sh -e "$BATS_TEST_TMPDIR/mount_and_start" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port "$port_base" --set workers.config=worker.toml \
    --set scaling.min_slaves=2 "$@"
  disks=/proc/$started/root$database/run/state/rides-db
  await_event in_sync "$three"
  written=()
  unknown=()
  writes=0
}

fill() { # ID…
  local id
  for id; do
    run dd if=/dev/zero of="$disks/$id/filler" bs=64k
    assert_output --partial 'No space left on device'
  done
}

free() { # ID…
  local id
  for id; do rm "$disks/$id/filler"; done
}

# The full disk of a worker gets KIB of room; what the worker has not finished, and may give up, is
# counted as room.
leave_room() { # ID PID KIB
  local unfinished room
  while true; do
    kill -STOP "$2"
    unfinished=$(find "$disks/$1" -name '*.tmp' -printf '%k\n' | jq -s 'add // 0')
    room=$(($(stat --file-system --format='%a * %S' "$disks/$1") / 1024 + unfinished))
    if [ "$room" -le "$3" ]; then break; fi
    dd if=/dev/zero of="$disks/$1/filler" bs=1k oflag=append conv=notrunc count=$((room - $3)) \
      2>/dev/null || :
    kill -CONT "$2"
  done
  truncate -s "-$(($3 - room))K" "$disks/$1/filler"
  kill -CONT "$2"
}

# Sets $status; what was answered with 200 is in $written, what may have been done in $unknown. 900 kB,
# so that a log segment lasts for ten.
write() {
  local name
  printf -v name 'w%03d' "$((++writes))"
  http POST "$db/db/write" @- < <(
    printf '{"table":"users","op":"insert","row":{"username":"%s","password":"%0900000d"}}' "$name" 0
  )
  case $status in
    200) written+=("$name") ;;
    504) unknown+=("$name") ;;
  esac
}

# ROLE: the ids of the workers that have it.
workers_that_are() {
  http GET "$db/worker/status"
  jq -r ".[] | select(.role == \"$1\") | .id" <<<"$output"
}

# What was answered is there, all of it and nothing else but what nobody knew the outcome of.
all_is_there() { # [URL-QUERY]…
  local query
  for query in "${@:-}"; do
    http POST "$db/db/read$query" '{"table":"users","columns":["username"]}'
    assert_equal "$query $status" "$query 200"
    assert_equal \
      "$(jq -r '[.[].username] - $ARGS.positional | .[]' --args "${unknown[@]}" <<<"$output")" \
      "$(printf '%s\n' "${written[@]}")"
  done
}

# What its segment has room for a full one still takes.
write_until_left_out() { # ID
  local now='[]'
  until [ "$(jq -c ".[] | select(.id == $1) | [.has_space, .in_sync]" <<<"$now")" = '[false,false]' ]; do
    write
    assert_equal "$status $output" "200 $output"
    http GET "$db/worker/status"
    now=$output
  done
}

everywhere=('?replica=1' '?replica=2' '?replica=3')

@test 'the disk of the master is full: another one leads, and no write fails' {
  local full
  full=$(workers_that_are master)
  fill "$full"
  while [ "$(workers_that_are master)" = "$full" ]; do
    write
    assert_equal "$status $output" "200 $output"
  done
  write_until_left_out "$full"
  run -0 --separate-stderr "$TANDEM_BIN/rs-client" workers status --orch-url "${db%/api/v1}"
  assert_equal "$stderr" "rs-client: the disk of worker $full is full"
  # It still tells what it has.
  http POST "$db/db/read?replica=$full&consistency=eventual" '{"table":"users","count":true}'
  assert_equal "$status" 200
  free "$full"
  await_event in_sync "$three"
  write
  assert_equal "$status" 200
  all_is_there "${everywhere[@]}"
}

@test 'the disk of a slave is full: it leaves the in-sync set, no write fails, and it comes back' {
  local full
  full=$(workers_that_are slave | head -n 1)
  fill "$full"
  write_until_left_out "$full"
  all_is_there
  free "$full"
  await_event in_sync "$three"
  all_is_there "${everywhere[@]}"
}

@test 'no room for the snapshot to begin with: the worker is named, and joins once there is' {
  local slow pid round told=''
  slow=$(workers_that_are slave | head -n 1)
  for round in {1..11}; do write; done
  pid=$(jq ".[] | select(.id == $slow) | .pid" <<<"$(http GET "$db/worker/status" && echo "$output")")
  kill -STOP "$pid"
  # What it has not got leaves the log of the others, but for the last segments.
  for round in {1..60}; do
    http POST "$db/db/write" @- < <(
      printf '{"table":"users","op":"update","where":{"username":"w001"},"set":{"password":"%0900000d"}}' \
        "$round"
    )
    assert_equal "$status" 200
  done
  fill "$slow"
  kill -CONT "$pid"
  until [ "$told" = '["catching up",false]' ]; do
    http GET "$db/worker/status"
    told=$(jq -c ".[] | select(.id == $slow) | [.state, .has_space]" <<<"$output")
  done
  run -0 --separate-stderr "$TANDEM_BIN/rs-client" workers status --orch-url "${db%/api/v1}"
  assert_equal "$stderr" "rs-client: the disk of worker $slow is full"
  # Room for a segment of the log is none for the snapshot.
  leave_room "$slow" "$pid" 9472
  until grep -q 'there is room for the next log segment again' "$database/log.0"; do
    http GET "$db/worker/status"
  done
  http GET "$db/worker/status"
  assert_equal "$(jq -c ".[] | select(.id == $slow) | [.state, .has_space]" <<<"$output")" "$told"
  run -0 grep -c 'cannot receive a snapshot now' "$database/log.0"
  assert_output 1
  free "$slow"
  await_whole 3
  all_is_there "${everywhere[@]}"
}

@test 'every disk is full: 507 and reads, also after a kill; with space again it goes on by itself' {
  fill 1 2 3
  status=200
  # One may have found room in the log of the master alone, which another one then follows.
  until [ "$status" = 507 ]; do
    write
    assert_regex "$status" '^(200|50[47])$'
  done
  assert_equal "$status $output" \
    '507 {"error":{"code":507,"message":"no space left on the disk of the log"}}'
  run -74 "$TANDEM_BIN/rs-client" db write --orch-url "${db%/api/v1}" \
    '{"table":"users","op":"insert","row":{"username":"x","password":"p"}}'
  assert_output --partial 'no space left on the disk'
  all_is_there
  http POST "$db/crash/master"
  assert_equal "$status" 200
  all_is_there
  write
  assert_equal "$status" 507
  free 1 2 3
  until [ "$status" = 200 ]; do
    write
    assert_regex "$status" '^(200|507)$'
  done
  await_whole 3
  all_is_there "${everywhere[@]}"
}

@test 'every disk is full, and each write needs two copies: another master is chosen all the same' {
  local round
  fill 1 2 3
  status=200
  while [ "$status" = 200 ]; do write; done
  # The last may have found room in the log of the master, and none in another.
  assert_regex "$status" '^50[47]$'
  for round in 1 2 3; do
    http POST "$db/crash/master"
    assert_equal "$status" 200
    all_is_there
    # A worker that begins has room for a little while: what it takes then finds no second copy, and
    # nobody knows whether it will.
    write
    assert_regex "$status" '^50[47]$'
    http GET "${db%/api/v1}/readyz"
    assert_equal "$status" 200
  done
  free 1 2 3
  until [ "$status" = 200 ]; do write; done
  await_whole 3
  all_is_there "${everywhere[@]}"
}
