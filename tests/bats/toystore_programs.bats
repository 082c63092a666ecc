#!/usr/bin/env bats
# The programs of the toy store, each by itself: configuration, locks, life without the others.

load test_helper
load toy_store

setup() {
  take_ports 2
  store=$BATS_TEST_TMPDIR/store
  shop=http://127.0.0.1:$port_base
  mkdir "$store"
  ln -s "$TANDEM_SOURCE/etc" "$store/etc"
}

in_store() { env -C "$store" "$@"; } # COMMAND

teardown() { store_down; }

@test '--check binds nothing and changes nothing' {
  local program
  for program in ts-front ts-catalog 'ts-order --id 1'; do
    # shellcheck disable=SC2086  # the words of the command
    run in_store "$TANDEM_BIN"/$program --check
    assert_success
    assert_file_not_exist "$store/run"
  done
}

@test 'a configuration that is wrong is refused by name' {
  local setting
  for setting in front.style=plain cache.size=0 cache.enabled=maybe orders.replicas= \
    orders.replicas=1,x orders.replicas=1,1 orders.min_in_sync=4 catalog.min_in_sync=2 \
    catalog.group=orders orders.group= orders.group=../orders coord.root= store.timeout=0 \
    store.nothing=1; do
    run in_store "$TANDEM_BIN/ts-front" --set "$setting" --check
    assert_failure
    assert_output --partial "${setting%%=*}"
  done
  run "$TANDEM_BIN/ts-order" --check
  assert_failure 78
  assert_output --partial replica.id
  run "$TANDEM_BIN/ts-order" --id 1 --set catalog.group=orders --check
  assert_failure 78
  assert_output --partial 'replica.group and catalog.group are the same'
  run "$TANDEM_BIN/ts-order" --id 0 --check
  assert_failure 64
  for setting in rpc.url=carrier-pigeon rpc.url=ipc:// rpc.url=tcp://127.0.0.1 \
    'rpc.url=tcp://127.0.0.1:x{id}' replica.group=a/b replica.directory= coord.root= \
    catalog.group=.hidden; do
    run in_store "$TANDEM_BIN/ts-order" --id 1 --set "$setting" --check
    assert_failure 64
    assert_output --partial "'${setting%%=*}'"
  done
  run in_store "$TANDEM_BIN/ts-order" --id 1 --set 'rpc.url=tcp://127.0.0.1:710{id}' --check
  assert_success
  printf '[rpc]\nurl = "carrier-pigeon"\n' >"$store/order.toml"
  run in_store "$TANDEM_BIN/ts-order" --config order.toml --id 1
  assert_failure 78
  assert_output --partial "order.toml:2:7: 'rpc.url': cannot use 'carrier-pigeon'"
  assert_file_not_exist "$store/run"
  run in_store "$TANDEM_BIN/ts-front" --set 'orders.replicas=[1,2,3]' --check
  assert_failure 64
  assert_output --partial 'with commas in between, such as 1,2,3'
  run in_store "$TANDEM_BIN/ts-catalog" --set catalog.restock_to=0 --check
  assert_failure
  assert_output --partial catalog.restock_to
}

@test 'the file of the first toys: each bad line is named, and a file that is not there' {
  local file=$BATS_TEST_TMPDIR/toys.csv
  printf 'name,price,quantity\nTux,1.999,1\n\n# a comment\nLego,1,-1\nTux\n"a,b",2.50,0\n"a,b",1,1\n,1,1\n' >"$file"
  run in_store "$TANDEM_BIN/ts-catalog" --set catalog.file="$file" --check
  assert_failure 78
  assert_output --partial 'toys.csv:2: price'
  assert_output --partial 'toys.csv:5: quantity'
  assert_output --partial 'toys.csv:6: '
  refute_output --partial 'toys.csv:7: '
  assert_output --partial 'toys.csv:8: '
  assert_output --partial 'toys.csv:9: name'
  printf 'Tux,1,1\n' >"$file"
  run in_store "$TANDEM_BIN/ts-catalog" --set catalog.file="$file" --check
  assert_failure 78
  run in_store "$TANDEM_BIN/ts-catalog" --set catalog.file=none.csv
  assert_failure 78
  assert_output --partial none.csv
}

@test 'a store begins with the toys of its file, which counts once' {
  local file=$BATS_TEST_TMPDIR/toys.csv name
  printf 'name,price,quantity\n"Chess, travel size",7.5,3\n' >"$file"
  start_member catalog-1 --set catalog.file="$file"
  for name in order-1 order-2 order-3 front; do start_member $name; done
  shop GET /products
  expect 200 '{"data":[{"name":"Chess, travel size","price":7.50,"quantity":3}]}'
  stop_member catalog-1
  printf 'name,price,quantity\nTux,1,1\n' >"$file"
  start_member catalog-1 --set catalog.file="$file"
  shop GET /products
  expect 200 '{"data":[{"name":"Chess, travel size","price":7.50,"quantity":3}]}'
  # A replica that has its toys starts without the file, and says so.
  stop_member catalog-1
  rm "$file"
  start_member catalog-1 --set catalog.file="$file"
  run cat "$store"/catalog-1.*
  assert_line --regexp "warning: the file of the first toys is not good.*$file"
  shop GET /products
  expect 200 '{"data":[{"name":"Chess, travel size","price":7.50,"quantity":3}]}'
  run in_store "$TANDEM_BIN/ts-catalog" --set catalog.file="$file" --check
  assert_failure 78
  run in_store "$TANDEM_BIN/ts-catalog" --id 2 --set catalog.file="$file"
  assert_failure 78
}

@test 'a second process on one directory or port is refused and harms nothing' {
  start_member catalog-1
  run in_store "$TANDEM_BIN/ts-catalog" --config etc/catalog.toml --id 1
  assert_failure 69
  assert_output --partial run/state/catalog-1
  start_member front --set store.start_wait=0
  run in_store "$TANDEM_BIN/ts-front" --port "$port_base" --set store.start_wait=0
  assert_failure 69
  is_running "$(cat "$store/catalog-1.pid")"
  shop GET /livez
  assert_equal "$status" 200
}

@test 'a replica with the socket or the id of another one is refused, and that one is still reached' {
  local name
  for name in catalog-1 order-1 order-2 order-3 front; do start_member $name; done
  run in_store "$TANDEM_BIN/ts-order" --config etc/order.toml --id 1 \
    --set replica.directory=run/state/other
  assert_failure 69
  assert_output --partial "cannot listen on 'run/sock/order-1.sock': somebody else does"
  run in_store "$TANDEM_BIN/ts-order" --config etc/order.toml --id 1 \
    --set replica.directory=run/state/other --set rpc.url=ipc://run/sock/other.sock
  assert_failure 69
  assert_output --partial "replica 1 runs already: process $(cat "$store/order-1.pid") holds"
  until_true replicas '[.data[] | select(.alive and .in_sync)] | length == 3'
  kill_member order-3
  until_true leads 2
  buy Tux
}

@test 'a front alone: alive, not ready, 503 with Retry-After' {
  local path
  start_member front --set store.start_wait=0 --set store.timeout=300ms
  shop GET /livez
  assert_equal "$status" 200
  shop GET /readyz
  assert_equal "$status" 503
  for path in /products /products/Tux /orders/0; do
    run curl -sS -D - "$shop$path"
    assert_line --regexp '^HTTP/1.1 503'
    assert_line --regexp '^[Rr]etry-[Aa]fter: '
    assert_line --partial '"code":503'
  done
  run curl -sS -D - -d name=Tux -d quantity=1 "$shop/orders"
  assert_line --regexp '^HTTP/1.1 503'
  # What is wrong with a request is said all the same.
  shop POST /orders '{"name":"Tux","quantity":0}'
  refused 400 quantity
  shop GET /orders/x
  refused 400 'invalid order_id'
}

@test 'no group is made before all of its replicas are there' {
  not_on_consul 'it is about the local files'
  start_member catalog-1
  start_member order-1
  start_member order-2
  start_member front --set store.start_wait=0 --set store.timeout=500ms
  run curl -sS -o /dev/null -w '%{http_code}' -d name=Tux -d quantity=1 "$shop/orders"
  assert_output 503
  assert_file_not_exist "$store"/run/state/coord/orders/record/00000000000000000001
  start_member order-3
  until_true leads 3
  buy Tux
  assert_equal "$number" 0
}

@test 'data without its record is not started over, but put back once all have told of it' {
  not_on_consul 'it is about the local files'
  local name
  for name in catalog-1 order-1 order-2 order-3 front; do start_member $name; done
  buy Tux
  store_down
  rm -r "$store/run/state/coord/orders"
  for name in catalog-1 order-2 order-3; do start_member $name; done
  start_member front --set store.start_wait=0 --set store.timeout=500ms
  not_ready() { shop GET /readyz && [ "$status" = 503 ] && [[ $output == *"missing: replica 1"* ]]; }
  until_true not_ready
  run curl -sS -o /dev/null -w '%{http_code}' -d name=Tux -d quantity=1 "$shop/orders"
  assert_output 503
  assert_equal "$(find "$store/run/state/coord/orders/record" -name '0*' | wc -l)" 0
  start_member order-1
  until_true leads 3
  buy Tux
  assert_equal "$number" 1
}

@test 'TERM ends each with 0, also while it waits for the others' {
  local program code
  for program in "ts-front --port $port_base" ts-catalog 'ts-order --id 1'; do
    code=0
    # shellcheck disable=SC2086  # the words of the command
    if [[ $program = ts-front* ]]; then
      env -C "$store" "$TANDEM_BIN"/$program 2>"$BATS_TEST_TMPDIR/log" 3>&- &
      started=$!
      until_true curl -s -o /dev/null "$shop/livez"
    else
      start_ready "$BATS_TEST_TMPDIR/log" env -C "$store" "$TANDEM_BIN"/$program
    fi
    stop_started "$started" || code=$?
    assert_equal "$program $code" "$program 0"
  done
}
