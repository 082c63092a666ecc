#!/usr/bin/env bats
# The HTTP contract of the toy store in its older wire format, [front] style = "bare": every answer
# of a call has status 200, nothing is wrapped in `data`, the known errors have code 404.

load test_helper
load toy_store

setup_file() {
  take_ports 1
  store_up "$BATS_FILE_TMPDIR/store" --set front.style=bare
}

teardown_file() { store_down; }

# The number alone, as text.
bare_buy() { # NAME [QUANTITY [ARGUMENT]…]
  shop POST /orders "{\"name\":\"$1\",\"quantity\":${2:-1}}" "${@:3}"
  assert_equal "$status" 200
  [[ $output =~ ^(0|[1-9][0-9]*)$ ]]
  number=$output
}

bare_toy() { # NAME QUANTITY
  shop POST /products "{\"name\":\"$1\",\"price\":9.99,\"quantity\":$2}"
  expect 200 "{\"name\":\"$1\",\"price\":9.99,\"quantity\":$2}"
}

bare_stock() { curl -sS "$shop/products/$1" | jq .quantity; } # NAME

known_error() { expect 200 "{\"error\":{\"code\":404,\"message\":\"$1\"}}"; } # MESSAGE

@test 'products, all and one' {
  shop GET /products
  assert_equal "$status" 200
  run jq -c '[length, .[0]]' <<<"$output"
  assert_output '[10,{"name":"Tux","price":15.99,"quantity":100}]'
  local i
  for i in 1 2; do
    shop GET /products/Marbles
    expect 200 '{"name":"Marbles","price":9.99,"quantity":100}'
  done
}

@test 'a product that is not there' {
  shop GET /products/Nothing
  known_error 'product not found'
}

@test 'an order: the number alone, as text, by JSON and by a form' {
  bare_toy Plain 10
  run curl -sS -D - -d name=Plain -d quantity=1 "$shop/orders"
  assert_line --regexp '^HTTP/1.1 200'
  assert_line --regexp '^[Cc]ontent-[Tt]ype: text/plain'
  local first=${lines[-1]}
  bare_buy Plain 2
  assert_equal "$number" $((first + 1))
  shop GET "/orders/$number"
  expect 200 "{\"number\":$number,\"name\":\"Plain\",\"quantity\":2}"
  assert_equal "$(bare_stock Plain)" 7
}

@test 'the four known errors have code 404' {
  bare_toy Scarce 1
  shop POST /orders '{"name":"Nothing","quantity":1}'
  known_error 'product not found'
  shop POST /orders '{"name":"Scarce","quantity":2}'
  known_error 'product out of stock'
  bare_buy Scarce
  shop GET "/orders/$((number + 1))"
  known_error 'order_id does not exist'
  shop GET "/orders/1$(printf '%030d' 0)"
  known_error 'order_id does not exist'
  local bad
  for bad in x -1 +1 1.0; do
    shop GET "/orders/$bad"
    known_error 'invalid order_id'
  done
}

@test 'other errors keep their code in the object, with status 200' {
  local bad key=(-H 'Idempotency-Key: bare-1')
  bare_toy Careful 5
  for bad in 0 -1 1.5 '"x"' null 1e30; do
    shop POST /orders "{\"name\":\"Careful\",\"quantity\":$bad}"
    assert_equal "$status $(jq .error.code <<<"$output")" '200 400'
  done
  form /orders name=Careful quantity=x
  assert_equal "$status $(jq .error.code <<<"$output")" '200 400'
  shop POST /orders '{'
  assert_equal "$status $(jq .error.code <<<"$output")" '200 400'
  bare_buy Careful 1 "${key[@]}"
  local first=$number
  bare_buy Careful 1 "${key[@]}"
  assert_equal "$number" "$first"
  shop POST /orders '{"name":"Careful","quantity":2}' "${key[@]}"
  assert_equal "$status $(jq .error.code <<<"$output")" '200 422'
  shop POST /products '{"name":"Careful","price":1,"quantity":1}'
  assert_equal "$status $(jq .error.code <<<"$output")" '200 409'
  assert_equal "$(bare_stock Careful)" 4
}

@test 'price, restock and replicas' {
  bare_toy Changed 1
  shop PATCH /products/Changed '{"price":1.5}'
  expect 200 '{"name":"Changed","price":1.50,"quantity":1}'
  shop POST /products/Changed/restock '{"quantity":2}'
  expect 200 '{"name":"Changed","price":1.50,"quantity":3}'
  shop GET /replicas
  assert_equal "$status" 200
  run jq -c '[.. | .id? | values]' <<<"$output"
  assert_output '[1,2,3]'
}

@test 'health, metrics, unknown paths and methods stay as they are' {
  local path
  for path in livez healthz readyz metrics; do
    shop GET "/$path"
    assert_equal "$status" 200
  done
  shop GET /nothing
  assert_equal "$status" 404
  run curl -sS -o /dev/null -D - -X DELETE "$shop/orders"
  assert_line --partial ' 405 '
  assert_line --regexp '^[Aa]llow: '
}

@test 'a store that cannot answer: 503 in the object, with status 200' {
  stop_member catalog-1
  shop GET /products/Chess
  assert_equal "$status $(jq .error.code <<<"$output")" '200 503'
  start_member catalog-1
}
