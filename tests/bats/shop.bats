#!/usr/bin/env bats
# rs-client shop: what shoppers find at a real store, at one that lies, and at one that goes away;
# and the report with its plots.

load test_helper
load toy_store

setup_file() {
  take_ports 6
  store_up "$BATS_FILE_TMPDIR/store"
  export RS_CLIENT_STORE_URL=$shop
  export client=$TANDEM_BIN/rs-client
}

teardown_file() { store_down; }

teardown() {
  local proxy=$BATS_TEST_TMPDIR/proxy.pid
  if [ -e "$proxy" ]; then
    signal_process TERM "$(cat "$proxy")"
    wait_gone "$(cat "$proxy")"
  fi
}

nowhere() { echo "http://127.0.0.1:$((port_base + 5))"; }

# A proxy before the store, at $proxy, that does to requests what the lines on standard input say.
# It listens when this returns.
proxy_up() {
  local dir=$BATS_TEST_TMPDIR
  proxy=http://127.0.0.1:$((port_base + 1))
  {
    printf '%s\n' defaults 'mode http' 'timeout connect 5s' 'timeout client 60s' 'timeout server 60s' \
      'frontend proxy' "bind 127.0.0.1:$((port_base + 1))"
    cat
    printf '%s\n' 'default_backend store' 'backend store' "server front 127.0.0.1:$port_base"
  } >"$dir/proxy.cfg"
  haproxy -D -p "$dir/proxy.pid" -f "$dir/proxy.cfg" 3>&-
}

# The value of a column in the row of a kind, of what a shop in json has printed.
told() { jq ".requests[] | select(.kind == \"$1\") | .$2" <<<"$output"; } # KIND COLUMN

last_order() { curl -sS "$shop/replicas" | jq '[.data[].last_order // -1] | max'; }

more_orders_than() { [ "$(last_order)" -gt "$1" ]; } # NUMBER

@test 'shop: every order is as it was bought, and the stock fits' {
  until_true leads 3
  local before after
  before=$(last_order)
  "$client" toys add Shuttle 1 100000 >/dev/null
  "$client" toys ls -f json | jq -c '.[] | {name, quantity: 1000}' | "$client" toys restock - >/dev/null
  local stock
  stock=$("$client" toys ls | awk '{ sum += $NF } END { print sum }')
  run -0 --separate-stderr "$client" shop -n 60 -p 50% -C 5 -q 3 -f json
  assert_equal "$(told query count)" 300
  local bought
  bought=$(told buy count)
  [ "$bought" -gt 100 ]
  [ "$bought" -lt 200 ]
  assert_equal "$(told order count)" "$bought"
  assert_equal "$(told all count)" $((300 + 2 * bought))
  for kind in query buy order all; do
    assert_equal "$(told $kind errors) $(told $kind mismatches) $(told $kind out_of_stock)" '0 0 0'
    jq -e ".requests[] | select(.kind == \"$kind\") |
      .p50_ms > 0 and .p50_ms <= .p99_ms and .mean_ms > 0 and .longest_gap_ms > 0" <<<"$output"
  done
  assert_equal "$(jq -c '[.clients, .iterations, .probability, .quantity]' <<<"$output")" '[5,60,0.5,3]'
  after=$(last_order)
  assert_equal $((after - before)) "$bought"
  assert_equal "$("$client" toys ls | awk '{ sum += $NF } END { print sum }')" $((stock - 3 * bought))
}

@test 'shop: a table for people, values for scripts' {
  run -0 --separate-stderr "$client" shop -n 5 -p 1 -f pretty
  assert_line --index 0 --regexp '^kind +count +mean_ms +p50_ms +p99_ms +errors +out_of_stock +mismatches +retries +longest_gap_ms$'
  assert_line --index 3 --regexp '^order +5 '
  run -0 --separate-stderr "$client" shop -n 5 -p 0
  assert_equal "$(cut -f 1,2 <<<"$output")" $'query\t5\nbuy\t0\norder\t0\nall\t5'
  assert_equal "$(awk -F '\t' '{ print NF }' <<<"$output" | uniq)" 10
}

@test 'shop: the same seed makes the same choices' {
  local bought
  run -0 --separate-stderr "$client" shop -n 100 -C 3 --seed 42 -f json
  assert_equal "$(jq .seed <<<"$output")" 42
  bought=$(told buy count)
  run -0 --separate-stderr "$client" shop -n 100 -C 3 --seed 42 -f json
  assert_equal "$(told buy count)" "$bought"
}

@test 'shop: out of stock is counted and is no error' {
  run -0 --separate-stderr "$client" shop -n 10 -C 2 -p 1 -q 1000000000 -f json
  assert_equal "$(told buy count) $(told buy out_of_stock) $(told buy errors)" '20 20 0'
  assert_equal "$(told order count)" 0
}

@test 'shop: an order that differs is a mismatch, exit 1' {
  proxy_up <<'END'
http-request return status 200 content-type application/json lf-string '{"data":{"number":%[path,field(3,/)],"name":"Tux","quantity":7}}' if METH_GET { path_beg /orders/ }
END
  run -1 --separate-stderr "$client" shop -n 5 -p 1 -S "$proxy" -f json
  assert_equal "$(told order mismatches) $(told order errors)" '5 0'
  [[ ${stderr_lines[0]} =~ ^'rs-client: order '[0-9]+': bought 1 of '.*', the store says '.*'"quantity":7'.*$ ]]
  [[ ${stderr_lines[5]} =~ ^'rs-client: the seed was '[0-9]+$ ]]
}

@test 'shop: an order that is missing is a mismatch, exit 1; ten are told' {
  proxy_up <<'END'
http-request return status 404 content-type application/json string '{"error":{"code":404,"message":"order_id does not exist"}}' if METH_GET { path_beg /orders/ }
END
  run -1 --separate-stderr "$client" shop -n 12 -p 1 -S "$proxy" -f json
  assert_equal "$(told order mismatches)" 12
  [[ ${stderr_lines[9]} == *'order_id does not exist'* ]]
  [[ ${stderr_lines[10]} == 'rs-client: and 2 more' ]]
}

@test 'shop: a number that is given twice is a mismatch, exit 1' {
  proxy_up <<'END'
http-request return status 200 content-type application/json string '{"data":{"order_number":0}}' if METH_POST { path /orders }
END
  run -1 --separate-stderr "$client" shop -n 3 -p 1 -S "$proxy" -f json
  assert_equal "$(told buy mismatches)" 2
  [[ $stderr == *'the number 0 was given twice'* ]]
}

@test 'shop: a toy that is another one is a mismatch, exit 1' {
  proxy_up <<'END'
http-request return status 200 content-type application/json string '{"data":{"name":"Brick","price":1.00,"quantity":1}}' if METH_GET { path_beg /products/ }
END
  run -1 --separate-stderr "$client" shop -n 3 -p 0 -S "$proxy" -f json
  assert_equal "$(told query mismatches)" 3
}

@test 'shop: errors give their exit status, and the orders are compared all the same' {
  proxy_up <<'END'
http-request return status 500 content-type application/json string '{"error":{"code":500,"message":"broken"}}' if METH_POST { path /orders }
END
  run -70 --separate-stderr "$client" shop -n 4 -p 1 -S "$proxy" -f json
  assert_equal "$(told query count) $(told buy errors) $(told buy count)" '4 4 0'
  [[ ${stderr_lines[0]} == 'rs-client: buy: broken (status 500'* ]]
}

@test 'shop: where the store has gone it ends at once, exit 69 or 75' {
  run -69 "$client" shop -S "$(nowhere)" -t 200ms
  assert_output --partial 'Connection refused'
  proxy_up <<'END'
http-request return status 503 content-type application/json string '{"error":{"code":503,"message":"no leader"}}' if METH_GET { path_beg /orders/ }
http-request return status 504 content-type application/json string '{"error":{"code":504,"message":"no answer"}}' if METH_GET { path_beg /products/ }
END
  run -75 --separate-stderr "$client" shop -n 1000 -p 0 -S "$proxy" -t 200ms -f json
  assert_equal "$(told query errors) $(told query count)" '1 0'
  jq -e '.requests[0].retries > 0' <<<"$output"
}

@test 'shop: orders that nobody shows are not compared, exit 69' {
  proxy_up <<'END'
http-request return status 503 content-type application/json string '{"error":{"code":503,"message":"no leader"}}' if METH_GET { path_beg /orders/ }
END
  run -69 --separate-stderr "$client" shop -n 5 -p 1 -S "$proxy" -t 2s -f json
  assert_equal "$(told order errors) $(told order count) $(told order mismatches)" '1 0 0'
  [[ $stderr == *'stopped: 4 orders were not compared'* ]]
}

@test 'shop: a leader and a front that die in between cost repetitions and nothing else' {
  local before
  until_true leads 3
  before=$(last_order)
  "$client" shop -n 400 -C 4 -p 30% -f json -t 60s >"$BATS_TEST_TMPDIR/told" 3>&- &
  local shopper=$!
  until_true more_orders_than "$before"
  kill_member order-3
  kill_member front
  start_member front
  start_member order-3
  wait $shopper
  output=$(cat "$BATS_TEST_TMPDIR/told")
  assert_equal "$(told all errors) $(told all mismatches) $(told query count)" '0 0 1600'
  assert_equal "$(told order count)" "$(told buy 'count - .out_of_stock')"
  [ "$(told all retries)" -gt 0 ]
}

@test 'shop: interrupted, it compares what was bought until then' {
  local before
  before=$(last_order)
  "$client" shop -n 1000000 -p 1 -f json >"$BATS_TEST_TMPDIR/told" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
  local shopper=$!
  until_true more_orders_than "$before"
  signal_process INT $shopper
  wait $shopper
  output=$(cat "$BATS_TEST_TMPDIR/told")
  [ "$(told order count)" -gt 0 ]
  assert_equal "$(told order count)" "$(told buy 'count - .out_of_stock')"
  run cat "$BATS_TEST_TMPDIR/said"
  assert_output --partial 'interrupted: comparing the orders'
}

@test 'shop: wrong usage is exit 64 and says what is right' {
  local option
  for option in '-n 0' '-n x' '-n 1.5' '-n 10000001' '-C 0' '-C 65' '-q 0' '-q 1000000001' '-p 2' \
    '-p 101%' '-p nan' '-p -1' '-p x' '-p %' '--seed -1' '--seed x' '-n 10000000 -C 2' '--key k' \
    '--report=' '--report' extra; do
    # shellcheck disable=SC2086  # words
    run -64 "$client" shop $option
    assert_output --partial rs-client:
  done
  run -64 "$client" shop -p 2
  assert_line "rs-client: '--probability 2' is no probability such as 0.2 or 20%"
  assert_line 'usage: rs-client shop [OPTION]...'
}

@test 'report: tables and plots of each probability and number of shoppers, with and without cache' {
  command -v gnuplot >/dev/null || skip 'there is no gnuplot'
  local dir=$BATS_TEST_TMPDIR/reports/1 file
  run -0 --separate-stderr "$client" shop -n 10 -C 3 -p 30% --seed 7 --report "$dir"
  assert_equal "$output" "$(tail -qn +2 "$dir/latency.tsv" "$dir/clients.tsv")"
  for file in latency clients; do
    assert_equal "$(head -n 1 "$dir/$file.tsv" | cut -f 1-8)" \
      $'cache\tp\tclients\tkind\tcount\tmean_ms\tp50_ms\tp99_ms'
  done
  tail -n +2 "$dir/latency.tsv" | cut -f 2,3 | uniq >"$BATS_TEST_TMPDIR/points"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/points")" $'0.00\t3\n0.20\t3\n0.40\t3\n0.60\t3\n0.80\t3'
  tail -n +2 "$dir/clients.tsv" | cut -f 2,3 | uniq >"$BATS_TEST_TMPDIR/points"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/points")" "$(printf '0.30\t%s\n' {1..10})"
  # Each shopper has looked as often as was asked for, on both sides.
  assert_equal "$(awk -F '\t' '$4 == "query" { print $5 / $3 }' <<<"$output" | uniq)" 10
  # Nothing was wrong, nothing ran out, the seed bought the same on both sides.
  assert_equal "$(awk -F '\t' '{ sum += $9 + $10 + $11 } END { print sum }' <<<"$output")" 0
  assert_equal "$(grep ^on <<<"$output" | cut -f 2-5)" "$(grep ^off <<<"$output" | cut -f 2-5)"
  # One side hits, where the front is not cut off from the catalog for a moment; the other never
  # does.
  assert_equal "$(awk -F '\t' '$4 == "query" { hits[$1] += $NF }
    END { print (hits["on"] > 0), hits["off"] }' <<<"$output")" '1 0'
  for file in latency clients; do
    assert_file_not_empty "$dir/$file.svg"
    assert_equal "$(head -c 8 "$dir/$file.png" | od -An -tx1)" ' 89 50 4e 47 0d 0a 1a 0a'
    run cat "$dir/$file.svg"
    assert_output --partial 'query, cache off'
    assert_output --partial 'Median (p50)'
    assert_output --partial 'n = 10 looks of each shopper'
    assert_output --partial 'seed 7'
    assert_output --partial '</svg>'
  done
}

@test 'report: a front that has no cache is told' {
  command -v gnuplot >/dev/null || skip 'there is no gnuplot'
  start_member front-$((port_base + 2)) --set cache.enabled=false
  run -0 --separate-stderr "$client" shop -n 2 --report "$BATS_TEST_TMPDIR/report" \
    -S "http://127.0.0.1:$((port_base + 2))"
  [[ $stderr == *'has answered nothing from its cache: is cache.enabled false there?'* ]]
}

@test 'report: what it needs is looked at before the first run' {
  local dir=$BATS_TEST_TMPDIR/report before
  before=$(last_order)
  PATH=/nonexistent run -69 "$client" shop --report "$dir"
  assert_output --partial 'a report needs gnuplot (package gnuplot-nox)'
  assert_not_exist "$dir"
  command -v gnuplot >/dev/null || skip 'there is no gnuplot'
  run -69 "$client" shop --report "$dir" -S "$(nowhere)" -t 200ms
  assert_output --partial 'Connection refused'
  touch "$dir-file"
  run -73 "$client" shop --report "$dir-file/report"
  assert_output --partial "cannot create the directory '$dir-file/report'"
  assert_equal "$(last_order)" "$before"
}

@test 'no-cache: a query goes past the cache of the front, which stays as it is' {
  local hits
  curl -sS "$shop/products/Tux" >/dev/null
  hits=$(curl -sS "$shop/metrics" | awk '/^tandem_cache_(hits|misses)_total/ { sum += $2 } END { print sum }')
  run -0 curl -sS -H 'Cache-Control: no-cache' "$shop/products/Tux"
  assert_output --partial '"name":"Tux"'
  assert_equal "$(curl -sS "$shop/metrics" |
    awk '/^tandem_cache_(hits|misses)_total/ { sum += $2 } END { print sum }')" "$hits"
}
