#!/usr/bin/env bats
# The HTTP contract of the toy store, row by row, in its standard style.

load test_helper
load toy_store

setup_file() {
  take_ports 1
  store_up "$BATS_FILE_TMPDIR/store"
}

teardown_file() { store_down; }

@test 'the store opens with ten toys, 100 of each' {
  shop GET /products
  assert_equal "$status" 200
  run jq -r '.data[] | "\(.name) \(.price) \(.quantity)"' <<<"$output"
  assert_output 'Tux 15.99 100
Whale 20.99 100
Elephant 25.99 100
Bird 30.99 100
Lego 35.99 100
Frisbee 19.99 100
Barbie 29.99 100
Monopoly 19.99 100
Marbles 9.99 100
Chess 19.99 100'
}

@test 'GET product: byte for byte, the second time from the cache' {
  local i
  for i in 1 2; do
    shop GET /products/Whale
    expect 200 '{"data":{"name":"Whale","price":20.99,"quantity":100}}'
  done
}

@test 'GET product: one that is not there is 404, any name' {
  local name
  for name in Nothing tux TUX 'Tux%20' %2F..%2F %F0%9F%9A%95 %22 "$(printf '%0101d' 0)"; do
    shop GET "/products/$name"
    refused 404 'product not found'
  done
  shop GET /products/%zz
  assert_equal "$status" 400
}

@test 'POST order: JSON and a form, numbers follow one another' {
  toy 'Two ways' 10
  buy 'Two ways' 2
  local first=$number
  form /orders 'name=Two ways' quantity=3
  expect 200 "{\"data\":{\"order_number\":$((first + 1))}}"
  shop GET "/orders/$((first + 1))"
  expect 200 "{\"data\":{\"number\":$((first + 1)),\"name\":\"Two ways\",\"quantity\":3}}"
  assert_equal "$(stock Two%20ways)" 5
}

@test 'POST order: an unknown toy is 404 and makes no number' {
  toy Before 5
  buy Before
  local before=$number
  shop POST /orders '{"name":"Nothing","quantity":1}'
  refused 404 'product not found'
  form /orders name=Nothing quantity=1
  refused 404 'product not found'
  buy Before
  assert_equal "$number" $((before + 1))
}

@test 'POST order: more than there is sells nothing; all there is sells all' {
  toy Few 3
  shop POST /orders '{"name":"Few","quantity":4}'
  expect 400 '{"error":{"code":400,"message":"product out of stock"}}'
  assert_equal "$(stock Few)" 3
  buy Few 3
  assert_equal "$(stock Few)" 0
  shop POST /orders '{"name":"Few","quantity":1}'
  refused 400 'product out of stock'
}

@test 'POST order: a quantity that is no positive integer is 400, in JSON and in a form' {
  local bad
  toy Exact 5
  for bad in 0 -1 1.5 '"1"' '"x"' null true '[1]' '{}' 1e30 "1$(printf '%030d' 0)" \
    9223372036854775808 -9223372036854775809; do
    shop POST /orders "{\"name\":\"Exact\",\"quantity\":$bad}"
    refused 400 quantity
  done
  for bad in 0 -1 1.5 x '' ' 1' '1 ' +1 0x1 1e3 "1$(printf '%030d' 0)" 9223372036854775808; do
    form /orders name=Exact "quantity=$bad"
    refused 400 quantity
  done
  assert_equal "$(stock Exact)" 5
}

@test 'POST order: what is missing, mistyped or malformed is 400 and named' {
  local bad
  shop POST /orders '{"quantity":1}'
  refused 400 name
  shop POST /orders '{"name":"Tux"}'
  refused 400 quantity
  form /orders quantity=1
  refused 400 name
  form /orders name=Tux
  refused 400 quantity
  form /orders ''
  assert_equal "$status" 400
  for bad in null 7 '""' '["Tux"]' "\"$(printf '%0101d' 0)\"" '"a\nb"'; do
    shop POST /orders "{\"name\":$bad,\"quantity\":1}"
    refused 400 name
  done
  for bad in '{' '' '[]' '7' '{"name":"Tux","quantity":1}x'; do
    shop POST /orders "$bad"
    assert_equal "$status" 400
  done
  shop POST /orders '{"name":"Tux","name":"Lego","quantity":1}'
  refused 400 name
}

@test 'POST order: a body of another type is refused, one over the limit is 413' {
  toy Typed 5
  local body
  for body in '<a/>' --x; do
    run curl -sS -D - -H 'Content-Type: multipart/form-data; boundary=x' -d "$body" "$shop/orders"
    assert_line --regexp '^HTTP/1.1 415'
    assert_line --regexp '^Accept: application/json, application/x-www-form-urlencoded'
    assert_line --partial '"code":415'
  done
  run curl -sS -o /dev/null -w '%{http_code}' -F name=Typed -F quantity=1 "$shop/orders"
  assert_output 415
  # Not JSON, whatever it is called.
  for body in 'Content-Type: application/json' 'Content-Type: text/plain' 'Content-Type:'; do
    run curl -sS -o /dev/null -w '%{http_code}' -H "$body" -d '<a/>' "$shop/orders"
    assert_output 400
  done
  head -c 1100000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/body"
  shop POST /orders "@$BATS_TEST_TMPDIR/body"
  refused 413 ''
  assert_equal "$(stock Typed)" 5
}

@test 'GET order: a number that was not given is 404, what is none is 400' {
  local bad
  toy Known 1
  buy Known
  shop GET "/orders/$((number + 1))"
  expect 404 '{"error":{"code":404,"message":"order_id does not exist"}}'
  shop GET /orders/9223372036854775807
  refused 404 'order_id does not exist'
  shop GET "/orders/1$(printf '%030d' 0)"
  refused 404 'order_id does not exist'
  for bad in x -1 +1 1.0 1e0 0x1 ' 1' %201 1%20; do
    shop GET "/orders/${bad// /%20}"
    expect 400 '{"error":{"code":400,"message":"invalid order_id"}}'
  done
  # Without any, it is the path of all orders, which cannot be listed.
  shop GET /orders/
  refused 405 'the path does not have this method'
}

@test 'GET order: every replica gives the same' {
  local i
  toy Same 10
  buy Same 4
  for i in {1..6}; do
    shop GET "/orders/$number"
    expect 200 "{\"data\":{\"number\":$number,\"name\":\"Same\",\"quantity\":4}}"
  done
}

@test 'methods: 405 with Allow, OPTIONS 204, HEAD as GET; unknown paths 404' {
  local path
  for path in /products /products/Tux /orders /orders/0 /replicas /products/Tux/restock; do
    run curl -sS -o /dev/null -D - -X DELETE "$shop$path"
    assert_line --partial ' 405 '
    assert_line --regexp '^[Aa]llow: '
    run curl -sS -o /dev/null -D - -X OPTIONS "$shop$path"
    assert_line --partial ' 204 '
    assert_line --regexp '^[Aa]llow: '
  done
  run curl -sS -I "$shop/products/Tux"
  assert_line --partial ' 200 '
  shop GET /nothing
  assert_equal "$status" 404
  shop GET //
  assert_equal "$status" 404
}

@test 'every service: livez, healthz, readyz, metrics, X-Request-Id' {
  local path
  for path in livez healthz readyz metrics; do
    shop GET "/$path"
    assert_equal "$status" 200
  done
  shop GET '/readyz?verbose'
  expect 200 '{"status":"ok","dependencies":{"orders":"ok","catalog":"ok"}}'
  run curl -sS -o /dev/null -D - -H 'X-Request-Id: toystore-1' "$shop/products/Tux"
  assert_line --regexp '^[Xx]-[Rr]equest-[Ii]d: toystore-1'
}

@test 'GET / says what this is, as a page where that is asked for' {
  shop GET /
  assert_equal "$status" 200
  run jq -r '.name, (.links[] | select(.path == "/products") | .methods)' <<<"$output"
  assert_output $'ts-front\nGET, POST'
  run curl -sS -i -H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8' "$shop/"
  assert_line --regexp '^Content-Type: text/html'
  assert_line --regexp "^Content-Security-Policy: default-src 'self'"
  assert_line --partial 'ui/store.js'
  run curl -sS -I "$shop/"
  assert_line --regexp '^HTTP/1.1 200'
}

@test 'Idempotency-Key: the same number again, 422 for another body, 400 for a long one' {
  local key=(-H 'Idempotency-Key: toystore-order-1')
  toy Once 10
  buy Once 2 "${key[@]}"
  local first=$number
  buy Once 2 "${key[@]}"
  assert_equal "$number" "$first"
  # The same as a form: what is asked counts, not how.
  run curl -sS "${key[@]}" -d name=Once -d quantity=2 "$shop/orders"
  assert_output "{\"data\":{\"order_number\":$first}}"
  assert_equal "$(stock Once)" 8
  shop POST /orders '{"name":"Once","quantity":3}' "${key[@]}"
  refused 422 ''
  shop POST /orders '{"name":"Once","quantity":1}' -H "Idempotency-Key: $(printf '%0129d' 0)"
  refused 400 Idempotency-Key
  assert_equal "$(stock Once)" 8
}

@test 'Idempotency-Key: what is no text, or twice, is 400; one that looks made is any other' {
  local key answer
  toy Keyed 10
  for key in $'k\xff\xfe' $'a\tb' $'\xc2\x85'; do
    shop POST /orders '{"name":"Keyed","quantity":1}' -H "Idempotency-Key: $key"
    refused 400 Idempotency-Key
  done
  shop POST /orders '{"name":"Keyed","quantity":1}' -H 'Idempotency-Key: a' -H 'idempotency-key: a'
  refused 400 twice
  for key in t-1-0123456789abcdef t-9223372036854775807-ffffffffffffffff; do
    shop POST /orders '{"name":"Keyed","quantity":1}' -H "Idempotency-Key: $key"
    assert_equal "$status" 200
    answer=$output
    shop POST /orders '{"name":"Keyed","quantity":1}' -H "Idempotency-Key: $key"
    assert_equal "$status $output" "200 $answer"
  done
  assert_equal "$(stock Keyed)" 8
}

@test 'Idempotency-Key: a refusal is repeated too, also when it would work by now' {
  local key=(-H 'Idempotency-Key: toystore-order-2')
  toy Later 1
  shop POST /orders '{"name":"Later","quantity":2}' "${key[@]}"
  refused 400 'out of stock'
  shop POST /products/Later/restock '{"quantity":5}'
  shop POST /orders '{"name":"Later","quantity":2}' "${key[@]}"
  refused 400 'out of stock'
  assert_equal "$(stock Later)" 6
}

@test 'Idempotency-Key: many at once with one key are one order' {
  local i
  toy Single 100
  for i in {1..16}; do
    curl -sS -H 'Idempotency-Key: toystore-order-3' -d name=Single -d quantity=1 "$shop/orders" \
      >"$BATS_TEST_TMPDIR/$i" &
  done
  wait
  assert_equal "$(sort -u "$BATS_TEST_TMPDIR"/* | wc -l)" 1
  run cat "$BATS_TEST_TMPDIR/1"
  assert_output --partial order_number
  assert_equal "$(stock Single)" 99
}

@test 'many at once: no more sold than there was, numbers without a gap' {
  local i
  toy Rare 5
  buy Rare 1
  local before=$number
  for i in {1..12}; do
    curl -sS -d name=Rare -d quantity=1 "$shop/orders" -w '\n' >"$BATS_TEST_TMPDIR/$i" &
  done
  wait
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/* | grep -c 'out of stock')" 8
  run jq -s 'map(.data.order_number | values) | sort' "$BATS_TEST_TMPDIR"/*
  assert_equal "$(jq -c . <<<"$output")" "[$((before + 1)),$((before + 2)),$((before + 3)),$((before + 4))]"
  assert_equal "$(stock Rare)" 0
}

@test 'POST product: 201 and the product, 409 where it is there, names of every kind' {
  local name
  shop POST /products '{"name":"Kite","price":12.5,"quantity":0}'
  expect 201 '{"data":{"name":"Kite","price":12.50,"quantity":0}}'
  shop GET /products/Kite
  expect 200 '{"data":{"name":"Kite","price":12.50,"quantity":0}}'
  shop POST /products '{"name":"Kite","price":1,"quantity":1}'
  refused 409 ''
  form /products 'name=Yo-Yo & co' price=3.10 quantity=7
  expect 201 '{"data":{"name":"Yo-Yo & co","price":3.10,"quantity":7}}'
  shop GET /products/Yo-Yo%20%26%20co
  expect 200 '{"data":{"name":"Yo-Yo & co","price":3.10,"quantity":7}}'
  # shellcheck disable=SC1003  # two backslashes: one in JSON
  for name in 'Ünal' '名前' '🚕' 'a/b' 'a%41' 'a?b#c' '\"' '\\'; do
    toy "$name" 1
    shop GET "/products/$(jq -rn "\"$name\" | @uri")"
    assert_equal "$status $(jq -r .data.name <<<"$output")" "200 $(jq -rn "\"$name\"")"
  done
  assert_equal "$(curl -sS "$shop/products" | jq '.data[-1].name')" '"\\"'
}

@test 'POST product: what is out of range or missing is 400 and named, and adds nothing' {
  local bad
  for bad in -1 1000000000.01 1.999 '"x"' null '"NaN"' 1e300; do
    shop POST /products "{\"name\":\"Bad\",\"price\":$bad,\"quantity\":1}"
    refused 400 price
  done
  for bad in -1 1.5 1000000001 '"x"' null; do
    shop POST /products "{\"name\":\"Bad\",\"price\":1,\"quantity\":$bad}"
    refused 400 quantity
  done
  shop POST /products '{"price":1,"quantity":1}'
  refused 400 name
  shop POST /products '{"name":"","price":1,"quantity":1}'
  refused 400 name
  shop POST /products '{"name":"Bad","quantity":1}'
  refused 400 price
  shop POST /products '{"name":"Bad","price":1}'
  refused 400 quantity
  shop GET /products/Bad
  refused 404 'product not found'
}

@test 'PATCH product: the price, at once and for all' {
  toy Priced 4 5
  shop GET /products/Priced
  shop PATCH /products/Priced '{"price":6.4}'
  expect 200 '{"data":{"name":"Priced","price":6.40,"quantity":4}}'
  shop GET /products/Priced
  expect 200 '{"data":{"name":"Priced","price":6.40,"quantity":4}}'
  shop PATCH /products/Nothing '{"price":1}'
  refused 404 'product not found'
  shop PATCH /products/Priced '{"price":-1}'
  refused 400 price
  shop PATCH /products/Priced '{}'
  refused 400 price
  assert_equal "$(curl -sS "$shop/products/Priced" | jq -c .data.price)" "$(jq -n 6.40)"
}

@test 'restock: adds, JSON and a form, once for each key' {
  local bad
  toy Refill 1
  shop GET /products/Refill
  shop POST /products/Refill/restock '{"quantity":50}'
  expect 200 '{"data":{"name":"Refill","price":9.99,"quantity":51}}'
  assert_equal "$(stock Refill)" 51
  form /products/Refill/restock quantity=9
  expect 200 '{"data":{"name":"Refill","price":9.99,"quantity":60}}'
  for bad in 1 2; do
    shop POST /products/Refill/restock '{"quantity":5}' -H 'Idempotency-Key: toystore-restock-1'
    expect 200 '{"data":{"name":"Refill","price":9.99,"quantity":65}}'
  done
  shop POST /products/Refill/restock '{"quantity":6}' -H 'Idempotency-Key: toystore-restock-1'
  refused 422 ''
  for bad in 0 -1 1.5 '"x"' null 1000000001; do
    shop POST /products/Refill/restock "{\"quantity\":$bad}"
    refused 400 quantity
  done
  shop POST /products/Nothing/restock '{"quantity":1}'
  refused 404 'product not found'
  assert_equal "$(stock Refill)" 65
}

@test 'GET replicas: three, all alive and in sync, the highest id leads' {
  toy Counted 1
  buy Counted
  until_true replicas "[.data[].last_order] == [$number,$number,$number]"
  shop GET /replicas
  assert_equal "$status" 200
  run jq -c '.data[] | [.id, .alive, .role, .in_sync]' <<<"$output"
  assert_output '[1,true,"follower",true]
[2,true,"follower",true]
[3,true,"leader",true]'
}

@test 'the files in etc are good' {
  local name
  cd "$store"
  for name in 'order --id 3' catalog front; do
    # shellcheck disable=SC2086  # the words of the command
    run "$TANDEM_BIN"/ts-$name --config "etc/${name%% *}.toml" --check
    assert_success
  done
  printf 'name,price,quantity\nTux,x,1\n' >"$BATS_TEST_TMPDIR/bad.csv"
  run "$TANDEM_BIN/ts-catalog" --config etc/catalog.toml --set catalog.file="$BATS_TEST_TMPDIR/bad.csv" --check
  assert_failure 78
  assert_output --partial 'bad.csv:2: price'
  for name in 'front.style=plain' 'cache.size=-1' 'orders.replicas=[]' 'orders.min_in_sync=4'; do
    run "$TANDEM_BIN/ts-front" --set "$name" --check
    assert_failure
    assert_output --partial "${name%%=*}"
  done
}
