#!/usr/bin/env bats
# ctest: timeout=600
# The cache of the fronts: least recently used out first, never older than what was answered, and
# off where it is to be; and the restocking of toys that have run out.

load test_helper
load toy_store

setup() {
  take_ports 2
  other=http://127.0.0.1:$((port_base + 1))
}

teardown() { store_down; }

# A figure of the cache from /metrics.
figure() { curl -sS "$shop/metrics" | awk -v name="tandem_cache_$1" '$1 == name { print $2 }'; } # NAME

leased() { [ "$(figure lease)" = 1 ]; }

# Whether asking for these toys, in this order, hits, misses and evicts so often.
asked() { # HITS MISSES EVICTIONS TOY…
  local before after toy hits misses evictions
  before="$(figure hits_total) $(figure misses_total) $(figure evictions_total)"
  for toy in "${@:4}"; do
    shop GET "/products/$toy"
    [ "$status" = 200 ] || return
  done
  after="$(figure hits_total) $(figure misses_total) $(figure evictions_total)"
  read -r hits misses evictions <<<"$before"
  [ "$after" = "$((hits + $1)) $((misses + $2)) $((evictions + $3))" ] && return
  echo "before: $before, after $*: $after (hits, misses, evictions)" >&2
  return 1
}

# A host that is busy may let the lease run out in between, for a moment in which nothing is served
# from the cache or stored. So what is true only under a lease is tried some times; each try begins
# with nothing cached.
under_a_lease() { # COMMAND
  tries=20 until_true "$1"
}

nothing_cached() {
  local toy
  for toy in Tux Whale Bird Lego; do
    shop PATCH "/products/$toy" '{"price":5}'
    [ "$status" = 200 ] || return
  done
  until_true leased && [ "$(figure products)" = 0 ]
}

# Three of four toys in the cache.
evicts_the_oldest() {
  nothing_cached &&
    asked 0 3 0 Tux Whale Bird &&
    asked 3 0 0 Bird Whale Tux &&
    # Bird is the oldest now.
    asked 0 1 1 Lego &&
    asked 3 0 0 Lego Whale Tux &&
    asked 0 1 1 Bird &&
    # Lego was asked for before Whale and Tux.
    asked 2 1 1 Whale Tux Lego &&
    [ "$(figure products)" = 3 ]
}

@test 'LRU: the product that was asked for longest ago makes room' {
  store_up "$BATS_TEST_TMPDIR/store" --set cache.size=3
  under_a_lease evicts_the_oldest
}

caches_what_is_there() {
  nothing_cached || return
  shop GET /products/Nothing
  [ "$status" = 404 ] || return
  shop GET /products
  [ "$(figure products)" = 0 ] && asked 0 1 0 Tux && asked 1 0 0 Tux && [ "$(figure products)" = 1 ]
}

@test 'a toy that is not there is not cached, and the list is not' {
  store_up "$BATS_TEST_TMPDIR/store"
  under_a_lease caches_what_is_there
}

drops_what_changed() {
  nothing_cached && asked 0 2 0 Tux Lego || return
  shop POST /orders '{"name":"Tux","quantity":1}'
  asked 1 1 0 Tux Lego || return
  shop POST /products/Tux/restock '{"quantity":1}'
  asked 1 1 0 Lego Tux || return
  shop PATCH /products/Tux '{"price":1}'
  asked 1 1 0 Lego Tux || return
  shop POST /orders '{"name":"Tux","quantity":1000}'
  [ "$status" = 400 ] && asked 2 0 0 Lego Tux
}

@test 'purchase, restock and price each drop the product, and no other' {
  store_up "$BATS_TEST_TMPDIR/store"
  under_a_lease drops_what_changed
}

@test 'what is cached is what was answered last' {
  local i
  store_up "$BATS_TEST_TMPDIR/store"
  for i in {1..10}; do
    buy Tux
    assert_equal "$(stock Tux) $(stock Tux)" "$((100 - i)) $((100 - i))"
    shop PATCH /products/Tux "{\"price\":$i}"
    assert_equal "$(price Tux) $(price Tux)" "$i $i"
  done
}

@test 'off: every query goes to the catalog' {
  store_up "$BATS_TEST_TMPDIR/store" --set cache.enabled=false
  shop GET /products/Tux
  shop GET /products/Tux
  assert_equal "$status" 200
  assert_equal "$(figure hits_total)" 0
  stop_member catalog-1
  shop GET /products/Tux
  assert_equal "$status" 503
}

@test 'the cache starts empty' {
  store_up "$BATS_TEST_TMPDIR/store"
  curl -sS "$shop/products/{Tux,Lego}"
  kill_member front
  start_member front
  assert_equal "$(figure products)" 0
  asked 0 2 0 Tux Lego
}

@test 'two fronts: neither answers with what was before a change that the other one answered' {
  local i
  store_up "$BATS_TEST_TMPDIR/store"
  start_member "front-$((port_base + 1))"
  toy Shared 100
  for i in {1..20}; do
    run jq .data.quantity <<<"$(curl -sS "$other/products/Shared")"
    assert_output $((101 - i))
    buy Shared
    assert_equal "$(stock Shared)" $((100 - i))
  done
}

@test 'a front that was stopped serves nothing old when it wakes up' {
  store_up "$BATS_TEST_TMPDIR/store"
  start_member "front-$((port_base + 1))"
  curl -sS "$other/products/Tux"
  curl -sS "$other/products/Tux"
  signal_member STOP "front-$((port_base + 1))"
  # Answered without it, when its lease is out.
  shop PATCH /products/Tux '{"price":3}'
  assert_equal "$status" 200
  # Its request waits in the socket, which is the first that it sees.
  curl -sS "$other/products/Tux" >"$BATS_TEST_TMPDIR/answer" 3>&- &
  local asking=$!
  signal_member CONT "front-$((port_base + 1))"
  wait "$asking"
  assert_equal "$(jq .data.price "$BATS_TEST_TMPDIR/answer")" "$(jq -n 3.00)"
}

@test 'a catalog that was stopped: no front serves for long without it, and changes go on after it' {
  store_up "$BATS_TEST_TMPDIR/store" --set store.timeout=1s
  until_true leased
  shop GET /products/Tux
  signal_member STOP catalog-1
  not_leased() { ! leased; }
  until_true not_leased
  shop GET /products/Tux
  [[ $status = 503 || $status = 504 ]]
  signal_member CONT catalog-1
  until_true leased
  buy Tux
  assert_equal "$(stock Tux)" 99
}

@test 'toys with none left are restocked, and only those' {
  store_up "$BATS_TEST_TMPDIR/store"
  stop_member catalog-1
  start_member catalog-1 --set catalog.restock_every=100ms --set catalog.restock_to=7
  toy Gone 0
  restocked() { [ "$(stock Gone)" = 7 ]; }
  until_true restocked
  buy Tux 100
  tux_restocked() { [ "$(stock Tux)" = 7 ]; }
  until_true tux_restocked
  assert_equal "$(stock Lego)" 100
  buy Gone 7
  until_true restocked
}

@test 'restocking can be turned off' {
  store_up "$BATS_TEST_TMPDIR/store"
  stop_member catalog-1
  start_member catalog-1 --set catalog.restock_every=0
  buy Tux 100
  assert_equal "$(stock Tux)" 0
  shop POST /orders '{"name":"Tux","quantity":1}'
  refused 400 'out of stock'
}
