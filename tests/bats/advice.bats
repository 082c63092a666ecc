#!/usr/bin/env bats
# ctest: timeout=600
# Where no in-sync replica answers, what an operator is told mends it: giving up what is there is
# neither named nor taken without force.

load test_helper
load toy_store

setup() {
  take_ports 2
  store_up "$BATS_TEST_TMPDIR/store" --set store.timeout=2s
}

teardown() {
  local name
  for name in "$store"/*.pid; do kill -CONT "$(cat "$name")" 2>/dev/null || true; done
  store_down
}

not_ready() { # PART OF THE REASON
  shop GET /readyz
  [[ $status = 503 && $output = *"$1"* ]]
}

ready() {
  shop GET /readyz
  [ "$status" = 200 ]
}

refused_loss() { # PART OF THE MESSAGE IDS
  run -1 "$TANDEM_BIN/rs-client" toys accept-loss --yes --store-url "$shop" orders "$2"
  assert_output --partial "$1"
}

@test 'stopped replicas: kill -CONT is named, and their loss is not accepted' {
  local id
  buy Tux
  for id in 1 2 3; do signal_member STOP order-$id; done
  until_true not_ready 'is stopped: kill -CONT'
  [[ $output != *accept-loss* ]]
  refused_loss "ts-order 2 (pid $(cat "$store/order-2.pid")) is stopped: kill -CONT $(cat "$store/order-2.pid")" 1,2,3
  for id in 1 2 3; do signal_member CONT order-$id; done
  until_true replicas '[.data[] | .in_sync] == [true,true,true]'
  buy Tux
  assert_equal "$number" 1
}

@test 'so many orders stopped that purchases wait: not ready, kill -CONT is named' {
  local pid
  buy Tux
  for id in 1 2; do signal_member STOP order-$id; done
  # One of them leaves the set, the other one must not.
  until_true not_ready 'orders: writes wait for in-sync replicas, at least 2 of which have to answer: ts-order'
  pid=$(sed -E 's/.*kill -CONT ([0-9]+).*/\1/' <<<"$output")
  [ "$pid" = "$(cat "$store/order-1.pid")" ] || [ "$pid" = "$(cat "$store/order-2.pid")" ]
  [[ $output != *accept-loss* ]]
  signal_process CONT "$pid"
  until_true ready
  buy Tux
  assert_equal "$number" 1
}

@test 'the leader of the orders stopped, and one more: nobody can open an epoch, and why is said' {
  local id
  until_true leads 3
  buy Tux
  for id in 2 3; do signal_member STOP order-$id; done
  # One of them leaves the set.
  until_true not_ready 'is stopped: kill -CONT'
  [[ $output != *accept-loss* ]]
  id=$(sed -E 's/.*ts-order ([23]) .*/\1/' <<<"$output")
  refused_loss "ts-order $id (pid $(cat "$store/order-$id.pid")) is stopped: kill -CONT" "$id"
  for id in 2 3; do signal_member CONT order-$id; done
  until_true ready
  buy Tux
  assert_equal "$number" 1
}

@test 'a stopped catalog: kill -CONT is named, and its loss is not accepted' {
  local pid
  pid=$(cat "$store/catalog-1.pid")
  buy Tux
  signal_member STOP catalog-1
  until_true not_ready "catalog: none of the in-sync replicas 1 answers: ts-catalog (pid $pid) is stopped: kill -CONT $pid"
  run -1 "$TANDEM_BIN/rs-client" toys accept-loss --yes --store-url "$shop" catalog 1
  assert_output --partial 'not proven to be lost'
  signal_member CONT catalog-1
  until_true ready
  buy Tux
}

@test 'a catalog that its operator stopped: it is named with its data, also by a front that never saw it' {
  stop_member catalog-1
  until_true not_ready 'ts-catalog is not running: start it (data: '
  [[ $output = *"run/state/catalog-1)"* && $output != *accept-loss* ]]
  stop_member front
  start_member front
  until_true not_ready 'ts-catalog is not running: start it (data: '
  start_member catalog-1
  until_true replicas '[.data[] | .in_sync] == [true,true,true]'
  buy Tux
}

@test 'members removed under a running store, and a new front: nothing is offered up, nothing lost' {
  not_on_consul 'it is about the local files'
  buy Tux
  rm "$store"/run/state/coord/orders/members/*
  kill_member order-3
  until_true leads 2
  buy Tux
  buy Tux
  assert_equal "$number" 2
  stop_member front
  start_member front
  refused_loss 'nothing is to be given up' 1,2
  shop GET /orders/2
  assert_equal "$status" 200
  buy Tux
  assert_equal "$number" 3
}
