#!/usr/bin/env bats
# ctest: timeout=600
# Directories and records that come out of a backup: what was answered after it is kept by those who
# know better, what lacks it is named and set aside, and where no choice is right nobody is chosen.

load test_helper
load toy_store
load replicated_database

setup() {
  take_ports 4
  store='' started='' database=''
}

teardown() {
  [ -z "$store" ] || store_down
  [ -z "$database" ] || [ -z "$started" ] || database_down
}

# --- the toy store ---

state=run/state

# Buys so many, one after the other; $number is the last one's.
buy_some() { # NUMBER
  local i
  for ((i = 0; i < $1; i++)); do buy Tux; done
}

stop_orders() {
  local id
  for id in 1 2 3; do stop_member "order-$id"; done
}

# What of a directory is kept, and put back later.
keep() { cp -a "$store/$state/$1" "$store/kept-${1//\//-}"; } # DIRECTORY
put_back() {                                                  # DIRECTORY
  rm -rf "${store:?}/$state/$1"
  cp -a "$store/kept-${1//\//-}" "$store/$state/$1"
}

all_orders_are_there() { # LAST
  local n
  for ((n = 0; n <= $1; n++)); do
    shop GET "/orders/$n"
    assert_equal "$n $status" "$n 200"
  done
  assert_equal "$(stock Tux)" $((100 - $1 - 1))
}

# A supervisor's work: starts a process again once it has ended.
start_again() { # NAME
  wait_gone "$(cat "$store/$1.pid")"
  start_member "$1"
}

has_set_aside() { compgen -G "$store/$state/order-$1/set-aside-*/identity" >/dev/null; } # ID

@test 'an old copy of the directory of the preferred replica costs no order' {
  store_up "$BATS_TEST_TMPDIR/store"
  until_true leads 3
  buy_some 3
  stop_orders
  keep order-3
  local id
  for id in 1 2 3; do start_member "order-$id"; done
  until_true leads 3
  buy_some 6
  assert_equal "$number" 8
  stop_orders
  put_back order-3
  for id in 3 1 2; do start_member "order-$id"; done
  start_again order-3
  until_true leads 3
  all_orders_are_there 8
  has_set_aside 3
  buy Tux
  assert_equal "$number" 9
  run cat "$store"/order-*.*
  assert_output --partial 'the disk of a replica went back'
}

@test 'a copy that lacks the newest order alone, started first and alone' {
  store_up "$BATS_TEST_TMPDIR/store"
  until_true leads 3
  buy_some 2
  # Taken while it runs, as a snapshot of its disk would be.
  keep order-3
  buy_some 1
  stop_orders
  put_back order-3
  start_member order-3
  # It is asked for its state again and again, and never has somebody else to agree with.
  until_true replicas '.data[2].alive'
  shop POST /orders '{"name":"Tux","quantity":1}' -H 'Idempotency-Key: early' -m 8
  assert_equal "$(jq -r '.error.code' <<<"$output")" "$status"
  start_member order-1
  start_member order-2
  start_again order-3
  until_true leads 3
  shop GET /orders/2
  assert_equal "$status" 200
}

not_ready() { # TEXT
  shop GET /readyz
  [[ $status = 503 && $output = *"$1"* ]]
}

# Nothing had been written down of what was committed, and a replica that has nothing would do for
# the second copy.
@test 'an old copy and one from outside the set take no order before another member has come' {
  local id
  store_up "$BATS_TEST_TMPDIR/store"
  until_true leads 3
  kill_member order-1
  until_true replicas '[.data[] | select(.in_sync) | .id] == [2, 3]'
  buy_some 2
  keep order-3
  buy_some 3
  kill_member order-3
  kill_member order-2
  put_back order-3
  start_member order-3
  start_member order-1
  until_true not_ready 'before a leader is chosen 2 of the in-sync replicas 2, 3 have to answer'
  until_true not_ready 'ts-order 2 is not running: start it (data: '
  shop POST /orders '{"name":"Tux","quantity":1}' -H 'Idempotency-Key: early' -m 3 || true
  run -1 "$TANDEM_BIN/rs-client" toys accept-loss --yes --store-url "$shop" orders 2
  assert_output --partial 'not proven to be lost: ts-order 2 is not running: start it (data: '
  start_member order-2
  until_true leads 2
  start_again order-3
  until_true replicas '[.data[] | select(.in_sync)] | length == 3'
  for id in 0 1 2 3 4; do
    shop GET "/orders/$id"
    assert_equal "$id $status" "$id 200"
  done
}

@test 'the record of the orders goes back to an earlier version' {
  store_up "$BATS_TEST_TMPDIR/store"
  until_true leads 3
  buy_some 2
  keep coord/orders
  kill_member order-1
  until_true replicas '[.data[] | select(.in_sync)] | length == 2'
  buy_some 2
  stop_member front
  kill_member order-2
  kill_member order-3
  put_back coord/orders
  local id
  for id in 1 2 3; do start_member "order-$id"; done
  start_member front
  until_true replicas '[.data[] | select(.in_sync)] | length == 3'
  all_orders_are_there 3
}

@test 'the record of the orders is lost: it is made again from what the replicas have seen' {
  store_up "$BATS_TEST_TMPDIR/store"
  until_true leads 3
  buy_some 2
  stop_member front
  stop_orders
  rm -r "${store:?}/$state/coord/orders/record"
  rm -f "${store:?}/$state/coord/orders/floor"
  local id
  for id in 1 2 3; do start_member "order-$id"; done
  start_member front
  until_true leads 3
  all_orders_are_there 1
}

@test 'the catalog goes back to an earlier moment beside a replica that does not' {
  store_up "$BATS_TEST_TMPDIR/store"
  start_member catalog-2
  start_member catalog-3
  until_true catalogs_in_sync 3
  buy_some 2
  keep catalog-1
  buy_some 3
  # All at once: none of them sees another one go.
  local id
  for id in 1 2 3; do signal_member STOP "catalog-$id"; done
  for id in 1 2 3; do kill_member "catalog-$id"; done
  put_back catalog-1
  for id in 1 2 3; do start_member "catalog-$id"; done
  start_again catalog-1
  until_true catalogs_in_sync 3
  all_orders_are_there 4
}

@test 'a catalog that led alone on an old image, and the other one comes back: both are named' {
  store_up "$BATS_TEST_TMPDIR/store"
  start_member catalog-2
  until_true catalogs_in_sync 2
  buy_some 1
  keep catalog-1
  buy_some 1
  # What is committed is written down soon after.
  until_true has_marked catalog-2 5
  # The front goes first: it would remember what it was told.
  stop_member front
  local id
  for id in 1 2; do signal_member STOP "catalog-$id"; done
  for id in 1 2; do kill_member "catalog-$id"; done
  put_back catalog-1
  # Alone, and nobody is there to know better: it sells.
  start_member catalog-1
  start_member front
  until_true buys_one
  start_member catalog-2
  until_true in_trouble 'replica 1 lacks'
  in_trouble 'replica 2 lacks'
  assert [ -e "$store/$state/catalog-1/identity" ]
  assert [ -e "$store/$state/catalog-2/identity" ]
  # An operator decides.
  run -1 "$TANDEM_BIN/rs-client" toys accept-loss --yes --store-url "$shop" catalog 1
  assert_output --partial 'not proven to be lost'
  run "$TANDEM_BIN/rs-client" toys accept-loss --yes --store-url "$shop" --force catalog 1
  assert_success
  start_again catalog-1
  until_true catalogs_in_sync 2
  buy Tux
}

# Whether the mark of a replica, in either slot of its promise file, is this index or a later one.
has_marked() { # NAME INDEX
  local offset
  for offset in 77 $((4096 + 77)); do
    [ "$(od -An -t u8 -j $offset -N 8 "$store/$state/$1/promise" | tr -d ' ')" -lt "$2" ] || return 0
  done
  return 1
}

catalogs_in_sync() { # NUMBER
  local newest
  newest=$(find "$store/$state/coord/catalog/record" -type f | sort | tail -n 1)
  [ "$(head -n 1 "$newest" | jq '.in_sync | length')" = "$1" ]
}

buys_one() { # Whether it could be bought.
  shop POST /orders '{"name":"Tux","quantity":1}'
  [ "$status" = 200 ]
}

in_trouble() { curl -sS -m 30 "$shop/readyz" | grep -q "$1"; } # WORDS

# --- the database ---

users() {
  http POST "$db/db/read" '{"table":"users","columns":["username"]}'
  jq -r '[.[].username] | join(",")' <<<"$output"
}

@test 'an old copy of a worker of the database costs no row' {
  database 1
  add_user ann
  database_down
  cp -a "$database/run/state/rides-db/1" "$database/kept"
  database_up "$database" --set scaling.min_slaves=1
  add_user bob
  add_user cem
  database_down
  rm -r "$database/run/state/rides-db/1"
  cp -a "$database/kept" "$database/run/state/rides-db/1"
  database_up "$database" --set scaling.min_slaves=1
  assert_equal "$(users)" ann,bob,cem
  await_event in_sync "$(members 2)"
  http GET "$db/worker/status"
  run jq -r '.[] | select(.id == 1) | .set_aside | length' <<<"$output"
  assert_output 1
}

@test 'the record of the database goes back behind a stopped worker: no row is lost' {
  database 2
  add_user ann
  local stopped pid
  http GET "$db/worker/status"
  stopped=$(jq 'first(.[] | select(.role == "slave")) | .id' <<<"$output")
  pid=$(jq -r ".[] | select(.id == $stopped) | .pid" <<<"$output")
  cp -a "$database/run/state/coord/rides-db" "$database/kept"
  signal_process STOP "$pid"
  await_event in_sync "$(members 2)"
  add_user bob
  add_user cem
  kill -KILL "$started"
  wait "$started" || true
  # shellcheck disable=SC2046  # a list of pids
  kill -KILL $(processes_in "$database")
  rm -r "$database/run/state/coord/rides-db"
  cp -a "$database/kept" "$database/run/state/coord/rides-db"
  database_up "$database" --set scaling.min_slaves=2
  assert_equal "$(users)" ann,bob,cem
}

@test 'the files of a record with a long past are lost: it is put back from what the workers have seen' {
  local i
  database 1
  add_user ann
  for ((i = 0; i < 36; i++)); do
    http GET "$db/worker/status"
    http POST "$db/worker/$(jq '.[] | select(.role == "slave") | .id' <<<"$output")/transfer"
    assert_equal "$status" 200
  done
  assert_file_exist "$database/run/state/coord/rides-db/floor"
  database_down
  rm "$database"/run/state/coord/rides-db/record/*
  database_up "$database" --set scaling.min_slaves=1
  assert_equal "$(users)" ann
  add_user bob
  assert_equal "$(users)" ann,bob
}

@test 'an old copy of one of two workers that both have to hold each write' {
  database 1 --set database.min_in_sync=2
  add_user ann
  database_down
  cp -a "$database/run/state/rides-db/2" "$database/kept"
  database_up "$database" --set scaling.min_slaves=1
  add_user bob
  database_down
  rm -r "$database/run/state/rides-db/2"
  cp -a "$database/kept" "$database/run/state/rides-db/2"
  database_up "$database" --set scaling.min_slaves=1
  assert_equal "$(users)" ann,bob
  add_user cem
  await_whole 2
  assert_equal "$(users)" ann,bob,cem
}
