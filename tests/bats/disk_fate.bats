#!/usr/bin/env bats
# Disks that are full and processes without descriptors: neither is a disk that lies, so no directory
# is given up for it. File systems of their own in a mount namespace, as in full_disk.bats.

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
}

teardown() { [ -z "$started" ] || database_down; }

# Two slaves; coordination is on a file system of its own, with the mount options $1.
database_on() { # OPTIONS
  database=$BATS_TEST_TMPDIR/db
  db=http://127.0.0.1:$port_base/api/v1
  last_event=0
  mkdir -p "$database/run/state/coord"
  # shellcheck disable=SC2016  # the other shell's
  start_ready "$database/log.0" env -C "$database" "${namespace[@]}" sh -ec \
    'mount -t tmpfs -o "$0" small run/state/coord; exec "$@"' "mode=700,$1" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port "$port_base" --set scaling.min_slaves=2
  state=/proc/$started/root$database/run/state
  await_whole 3
}

fill_coord() {
  run dd if=/dev/zero of="$state/coord/filler" bs=4k
  assert_output --partial 'No space left on device'
}

a_slave() {
  http GET "$db/worker/status"
  jq 'first(.[] | select(.role == "slave")) | .id' <<<"$output"
}

pid_of_worker() { # ID
  http GET "$db/worker/status"
  jq -r ".[] | select(.id == $1) | .pid" <<<"$output"
}

# The directory of a worker, as a member of the record names it.
storage_of() { head -n 1 "$state/rides-db/$1/identity" | jq -r .storage_id; } # ID

@test 'the disk of the coordination is full and a slave dies: its data stays, and it comes back' {
  local id before
  database_on size=256k
  add_user ann
  id=$(a_slave)
  before=$(storage_of "$id")
  fill_coord
  signal_process KILL "$(pid_of_worker "$id")"
  await_event death ".worker == $id"
  # What its entry in the registry took is free for a moment.
  run dd if=/dev/zero of="$state/coord/more" bs=1k
  await_event spawn ".worker == $id"
  run dd if=/dev/zero of="$state/coord/more" bs=1k
  rm "$state"/coord/{filler,more}
  await_whole 3
  assert_equal "$(storage_of "$id")" "$before"
  add_user bob
  run -1 grep -h 'exit status 74' "$database/log.0"
}

@test 'the disk of the coordination is full: the master dies and another one leads' {
  database_on size=512k
  fill_coord
  failover
}

@test 'the disk of the coordination has no inode left: the master dies and another one leads' {
  local i=0
  database_on size=4m,nr_inodes=200
  while touch "$state/coord/filler.$((i++))" 2>/dev/null; do :; done
  run -1 touch "$state/coord/one-more"
  failover
}

# Each takes a version of the record for the election, one for the set, and an entry in the registry.
failover() {
  local round
  for round in 1 2; do
    http POST "$db/crash/master"
    assert_equal "$status" 200
    add_user "after$round"
    await_event open
    await_whole 3
  done
}

@test 'a slave without descriptors: its data stays, and it comes back' {
  local id before i
  database_on size=4m
  id=$(a_slave)
  before=$(storage_of "$id")
  prlimit --nofile=10 --pid "$(pid_of_worker "$id")"
  for ((i = 0; i < 80; i++)); do
    http POST "$db/db/write" @- < <(
      printf '{"table":"users","op":"insert","row":{"username":"w%03d","password":"%0300000d"}}' "$i" 0
    )
    assert_equal "$status" 200
  done
  http GET "$db/worker/status"
  # It has its descriptors again only as another process.
  signal_process KILL "$(pid_of_worker "$id")" || true
  http GET "$db/worker/status"
  until [ "$(jq "[.[] | select(.in_sync)] | length" <<<"$output")" = 3 ]; do
    http GET "$db/worker/status"
  done
  assert_equal "$(storage_of "$id")" "$before"
  run -1 grep -h 'exit status 74' "$database/log.0"
}

@test 'a worker that distrusts its disk comes back as a new one, and what it had is set aside' {
  local id before
  database_on size=4m
  add_user ann
  id=$(a_slave)
  before=$(storage_of "$id")
  printf 'unreadable, and a mark all the same' >"$state/rides-db/$id/distrusted"
  signal_process KILL "$(pid_of_worker "$id")"
  await_event death ".worker == $id"
  await_whole 3
  refute [ "$(storage_of "$id")" = "$before" ]
  run -0 --separate-stderr "$TANDEM_BIN/rs-client" workers status --orch-url "${db%/api/v1}"
  assert_regex "$stderr" "data of worker $id was set aside in '.*/$id/set-aside-[0-9]+'"
}
