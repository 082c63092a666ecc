#!/usr/bin/env bats
# rs-client at the toy store: every command of `toys`, good and bad input, every exit code.

load test_helper
load toy_store

setup_file() {
  take_ports 4
  store_up "$BATS_FILE_TMPDIR/store"
  export RS_CLIENT_STORE_URL=$shop
  export client=$TANDEM_BIN/rs-client
}

teardown_file() { store_down; }

# An address where nobody listens, in the block of ports that this suite holds.
nowhere() { echo "http://127.0.0.1:$((port_base + 3))"; }

# A toy of its own for a test.
new_toy() { "$client" toys add "$1" "${2:-9.99}" "${3:-10}" >/dev/null; } # NAME [PRICE [QUANTITY]]

@test 'ls: name, price and quantity, as table, as values and as the service sent it' {
  run -0 "$client" toys ls
  assert_line --index 0 $'Tux\t15.99\t100'
  assert_line --index 9 $'Chess\t19.99\t100'
  run -0 "$client" toys ls --format pretty
  assert_line --index 0 'name      price  quantity'
  assert_line --index 9 'Marbles    9.99       100'
  run -0 "$client" toys ls --format json
  assert_equal "$output" "$(curl -sS "$shop/products" | jq -c .data)"
}

@test 'show: one toy; one that is not there is a "no", exit 1' {
  run -0 "$client" toys show Whale
  assert_output $'Whale\t20.99\t100'
  run -0 "$client" toys show Whale -f pretty
  assert_output $'name      Whale\nprice     20.99\nquantity  100'
  run -0 "$client" toys show Whale -f json
  assert_output '{"name":"Whale","price":20.99,"quantity":100}'
  run -1 --separate-stderr "$client" toys show whale
  assert_output ''
  [[ $stderr =~ ^'rs-client: product not found (status 404, request '[^\ ]+')'$ ]]
  run -64 "$client" toys show ''
  run -64 "$client" toys show
}

@test 'names with slashes, blanks and dots reach the service' {
  local name
  for name in 'a/b' 'a b?c=d#e%41' . .. 'ä 安' '"' "$(printf '%0100d' 0)"; do
    run -0 "$client" toys add "$name" 1 5
    run -0 "$client" toys show "$name"
    assert_output "$name"$'\t1.00\t5'
    run -0 "$client" toys restock "$name" 2
    assert_output "$name"$'\t1.00\t7'
    run -0 "$client" toys price "$name" 2.5
    assert_output "$name"$'\t2.50\t7'
    run -0 "$client" toys order "$("$client" toys buy "$name")" -f json
    assert_equal "$(jq -r .name <<<"$output")" "$name"
  done
  run -65 "$client" toys add "$(printf '%0101d' 0)" 1 5
  run -65 "$client" toys add $'a\nb' 1 5
  assert_output --partial name
}

@test 'buy: prints the number of the order, takes the stock' {
  new_toy Drum
  local first
  first=$("$client" toys buy Drum)
  assert_regex "$first" '^[0-9]+$'
  run -0 "$client" toys buy Drum 3 -f pretty
  assert_output "order_number  $((first + 1))"
  run -0 "$client" toys order $((first + 1))
  assert_output "$((first + 1))"$'\tDrum\t3'
  run -0 "$client" toys order "$first" -f json
  assert_output "{\"number\":$first,\"name\":\"Drum\",\"quantity\":1}"
  run -0 "$client" toys show Drum
  assert_output $'Drum\t9.99\t6'
}

@test 'buy: the same key buys once, and is refused for another purchase' {
  new_toy Top
  local first
  first=$("$client" toys buy Top 2 --key basket-1)
  run -0 "$client" toys buy Top 2 --key basket-1
  assert_output "$first"
  run -65 "$client" toys buy Top 3 --key basket-1
  assert_output --partial 'status 422'
  run -0 "$client" toys show Top
  assert_output $'Top\t9.99\t8'
}

@test 'buy: too few and unknown toys are a "no", exit 1, and nothing is sold' {
  new_toy Ball 9.99 2
  run -1 --separate-stderr "$client" toys buy Ball 3
  assert_output ''
  [[ $stderr == 'rs-client: product out of stock (status 400'* ]]
  run -1 "$client" toys buy Nothing
  assert_output --partial 'product not found'
  run -0 "$client" toys show Ball
  assert_output $'Ball\t9.99\t2'
}

@test 'buy: what is no number is exit 64, a number that is no quantity 65' {
  new_toy Kite
  local quantity
  for quantity in x '' 1e3 0x1 ' 1' 1.; do
    run -64 "$client" toys buy Kite "$quantity"
    assert_output --partial "'$quantity' is no quantity"
  done
  run -64 "$client" toys buy Kite -- -1
  run -64 "$client" toys buy Kite -1
  for quantity in 0 1.5 1000000001 1000000000000000000000000000000; do
    run -65 "$client" toys buy Kite "$quantity"
    assert_output --partial quantity
  done
  run -64 "$client" toys buy
  run -64 "$client" toys buy Kite 1 2
  run -64 "$client" toys buy ''
  run -0 "$client" toys show Kite
  assert_output $'Kite\t9.99\t10'
}

@test 'order: one that is not there is exit 1, what is no number 64' {
  local number
  for number in 999999999 1000000000000000000000000000000; do
    run -1 "$client" toys order "$number"
    assert_output --partial 'order_id does not exist'
  done
  for number in x '' 1.5 '../products' 0x1; do
    run -64 "$client" toys order "$number"
    assert_line "rs-client: '$number' is no number of an order"
  done
  run -64 "$client" toys order -1
}

@test 'replicas: three, and the one with the highest id leads' {
  until_true leads 3
  run -0 "$client" toys replicas
  assert_equal "$(cut -f 1-3 <<<"$output")" $'1\ttrue\tfollower\n2\ttrue\tfollower\n3\ttrue\tleader'
  run -0 "$client" toys replicas -f pretty
  assert_line --index 0 'id  alive  role      last_order  in_sync'
}

@test 'restock and price: the toy as it is then' {
  new_toy Doll
  run -0 "$client" toys restock Doll 50
  assert_output $'Doll\t9.99\t60'
  run -0 "$client" toys price Doll 20
  assert_output $'Doll\t20.00\t60'
  run -0 "$client" toys price Doll 0 -f json
  assert_output '{"name":"Doll","price":0.00,"quantity":60}'
  run -1 "$client" toys restock Nothing 1
  run -1 "$client" toys price Nothing 1
  run -65 "$client" toys restock Doll 0
  assert_output --partial quantity
  run -65 "$client" toys price Doll 1.999
  assert_output --partial price
  run -64 "$client" toys restock Doll x
  run -64 "$client" toys price Doll 1,50
  run -64 "$client" toys price Doll -- -1
  run -64 "$client" toys restock Doll
  assert_output --partial "'toys restock' needs NAME N"
  run -64 "$client" toys price Doll
  run -0 "$client" toys show Doll
  assert_output $'Doll\t0.00\t60'
}

@test 'restock: the same key adds once' {
  new_toy Yoyo
  run -0 "$client" toys restock Yoyo 5 --key delivery-1
  run -0 "$client" toys restock Yoyo 5 --key delivery-1
  run -0 "$client" toys show Yoyo
  assert_output $'Yoyo\t9.99\t15'
}

@test 'add: a new toy; a name that is there is a "no", exit 1' {
  run -0 "$client" toys add Robot 49.50 0
  assert_output $'Robot\t49.50\t0'
  run -1 "$client" toys add Robot 1 1
  run -65 "$client" toys add Robot2 1.999 1
  assert_output --partial price
  run -64 "$client" toys add Robot2 1
  run -64 "$client" toys add Robot2 x 1
  run -64 "$client" toys add Robot2 1 x
  run -1 "$client" toys show Robot2
}

@test 'lines: buy in the order of the lines, refused ones by number; order takes the output' {
  new_toy Car 5 4
  local input
  input='"Car"
{"name":"Car","quantity":2}

"Nothing"
{"quantity":1}
{"name":"Car","quantity":2}
{"name":"Car","quantity":0}
no json'
  run -65 --separate-stderr "$client" toys buy - -f json -j 1 <<<"$input"
  assert_equal "$(jq -s '[.[].line]' -c <<<"$output")" '[1,2]'
  [[ ${stderr_lines[0]} == 'rs-client: line 4: product not found'* ]]
  [[ ${stderr_lines[1]} == 'rs-client: line 5: name is missing' ]]
  [[ ${stderr_lines[2]} == 'rs-client: line 6: product out of stock'* ]]
  [[ ${stderr_lines[3]} == 'rs-client: line 7: '*quantity* ]]
  [[ ${stderr_lines[4]} == 'rs-client: line 8: not JSON'* ]]
  run -0 "$client" toys order - <<<"$output"
  assert_equal "$(cut -f 1,3,4 <<<"$output")" $'1\tCar\t1\n2\tCar\t2'
  run -65 "$client" toys order - <<<'-1
"x"
999999999'
  assert_line --partial 'line 1: number must be an integer from 0 on'
  assert_line --partial 'line 3: order_id does not exist'
}

@test 'a number that is refused is shown as it was given' {
  new_toy Kazoo 5 4
  local number=9223372036854775808
  run -65 "$client" toys buy Kazoo $number
  assert_output --partial "quantity must be an integer from 1 to 1000000000, not $number"
  run -65 "$client" toys price Kazoo 99999999999999999999
  assert_output --partial 'not 99999999999999999999'
  run -65 "$client" toys price Kazoo 19.999999999999999999
  assert_output --partial 'not 19.999999999999999999'
  run -0 "$client" toys price Kazoo 007.50
  assert_output $'Kazoo\t7.50\t4'
}

@test 'a purchase whose number cannot be written is told with it, and not done again' {
  [ -w /dev/full ] || skip 'there is no /dev/full'
  new_toy Snare 5 4
  local number
  run -74 bash -c '"$client" toys buy Snare >/dev/full'
  assert_line --index 0 'rs-client: cannot write to stdout: No space left on device'
  assert_line --index 1 --regexp '^rs-client: result: [0-9]+$'
  number=${lines[1]##* }
  run -0 bash -c "${lines[2]#*again: }"
  assert_output "$number"
  run -0 "$client" toys show Snare
  assert_output $'Snare\t5.00\t3'
}

@test 'lines: a key that the command does not know is refused, and nothing is done' {
  new_toy Zither 5 4
  local verb
  for verb in buy restock price show order; do
    run -65 "$client" toys "$verb" - <<<'{"name":"Zither","quantity":1,"price":1,"quantty":2}'
    assert_output --regexp "^rs-client: line 1: unknown key '(quantty|price|quantity|name)'$"
  done
  run -65 "$client" toys buy - <<<'{"name":"Zither","quantty":2}'
  assert_output "rs-client: line 1: unknown key 'quantty'"
  run -0 "$client" toys show Zither
  assert_output $'Zither\t5.00\t4'
}

@test 'lines: the same input under the same key buys nothing twice' {
  new_toy Train 5 300
  yes '"Train"' | head -n 200 >"$BATS_TEST_TMPDIR/in"
  "$client" toys buy - --key order-7 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/first"
  "$client" toys buy - --key order-7 <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/second"
  cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
  assert_equal "$(cut -f 2 "$BATS_TEST_TMPDIR/first" | sort -n | uniq | wc -l)" 200
  run -0 "$client" toys show Train
  assert_output $'Train\t5.00\t100'
}

@test 'lines: add, restock, price and show' {
  run -0 "$client" toys add - -j 1 <<<'{"name":"Ark","price":7.5,"quantity":3}
{"name":"Bus","price":1,"quantity":2}'
  assert_output $'1\tArk\t7.50\t3\n2\tBus\t1.00\t2'
  run -65 "$client" toys restock - -j 1 <<<'{"name":"Ark","quantity":2}
{"name":"Bus"}'
  assert_line $'1\tArk\t7.50\t5'
  assert_line 'rs-client: line 2: quantity is missing'
  run -65 "$client" toys price - -j 1 <<<'{"name":"Bus","price":2.25}
{"name":"Bus","price":"much"}
{"name":"Bus"}'
  assert_line $'1\tBus\t2.25\t2'
  assert_line --partial 'line 2: price must be'
  assert_line 'rs-client: line 3: price is missing'
  run -65 "$client" toys show - -j 1 <<<'"Ark"
{"name":"Bus"}
""'
  assert_line $'2\tBus\t2.25\t2'
  assert_line 'rs-client: line 3: name must be a string that is not empty'
}

@test 'a front that is away for a moment is waited for' {
  new_toy Sled
  stop_member front
  "$client" toys buy Sled --timeout 60s >"$BATS_TEST_TMPDIR/number" 3>&- &
  local buyer=$!
  start_member front
  wait $buyer
  run -0 "$client" toys order "$(cat "$BATS_TEST_TMPDIR/number")"
  assert_output --partial Sled
}

@test 'buy: what may have been done is exit 75, whatever the last try says, with what finishes it' {
  new_toy Lorry
  "$client" toys buy Lorry --key before >/dev/null
  signal_member STOP catalog-1
  run -75 --separate-stderr "$client" toys buy Lorry -f json -t 7s
  signal_member CONT catalog-1
  [[ $stderr =~ 'may have been done; finish it once: '(.*)$ ]]
  local finish=${BASH_REMATCH[1]}
  assert_regex "$finish" "^$client --key r-[0-9a-f]{16} --format json --timeout 7s toys buy Lorry\$"
  assert_equal "$(jq -r '.outcome, .finish' <<<"$output")" "unknown"$'\n'"$finish"
  [[ $finish == *"--key $(jq -r .key <<<"$output") "* ]]
  run -0 bash -c "$finish"
  local number=$output
  run -0 bash -c "$finish"
  assert_output "$number"
  run -0 "$client" toys show Lorry
  assert_output $'Lorry\t9.99\t8'
}

@test 'buy: interrupted while it may be done, it tells what finishes it' {
  new_toy Barge
  signal_member STOP catalog-1
  "$client" toys buy Barge -t 60s -v >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  local buyer=$!
  until_true grep -q 'orders: 50' "$BATS_TEST_TMPDIR/err"
  local code=0
  signal_process TERM $buyer
  wait $buyer || code=$?
  assert_equal $code 75
  signal_member CONT catalog-1
  run tail -n 1 "$BATS_TEST_TMPDIR/err"
  assert_output --partial 'interrupted; may have been done; finish it once: '
  run -0 bash -c "${output##*finish it once: }"
  run -0 "$client" toys show Barge
  assert_output $'Barge\t9.99\t9'
}

@test 'lines: those that may have been done are named, and the same input finishes them once' {
  new_toy Canoe
  signal_member STOP catalog-1
  run -75 --separate-stderr "$client" toys buy - -f json -t 7s -j 1 <<<'"Canoe"
{"name":"Canoe","quantity":2}'
  signal_member CONT catalog-1
  assert_equal "$(jq -c '[.line, .outcome]' <<<"$output")" '[1,"unknown"]'
  [[ $stderr =~ 'finish it once, with the same input: '([^$'\n']*) ]]
  local finish=${BASH_REMATCH[1]} key
  key=$(jq -r .key <<<"$output")
  [[ $finish == *"--key ${key%:1} "* ]]
  run -0 bash -c "$finish" <<<'"Canoe"
{"name":"Canoe","quantity":2}'
  run -0 "$client" toys show Canoe
  assert_output $'Canoe\t9.99\t7'
}

@test 'nobody listens: exit 69 with the address; so is another service there' {
  run -69 "$client" toys ls --store-url "$(nowhere)" --timeout 200ms
  assert_output --partial "cannot connect to '$(nowhere)/products': Connection refused"
  run -69 "$client" toys buy Tux -S "$(nowhere)" --timeout 200ms
  run -69 "$client" toys show Tux -S "$shop/elsewhere"
}

@test 'a front in the bare style is understood as any other' {
  local bare=http://127.0.0.1:$((port_base + 1)) number
  start_member front-$((port_base + 1)) --set front.style=bare
  run -0 "$client" toys add Cube 2.5 4 -S "$bare"
  assert_output $'Cube\t2.50\t4'
  assert_equal "$("$client" toys ls -S "$bare" -f json)" "$("$client" toys ls -f json)"
  number=$("$client" toys buy Cube -S "$bare" --key cube-1)
  run -0 "$client" toys buy Cube -S "$bare" --key cube-1
  assert_output "$number"
  run -0 "$client" toys order "$number" -S "$bare" -f json
  assert_output "{\"number\":$number,\"name\":\"Cube\",\"quantity\":1}"
  run -0 "$client" toys restock Cube 2 -S "$bare"
  assert_output $'Cube\t2.50\t5'
  run -1 "$client" toys buy Cube 6 -S "$bare"
  assert_output --partial 'product out of stock'
  run -1 "$client" toys show cube -S "$bare"
  run -1 "$client" toys order 99999999 -S "$bare"
  run -65 "$client" toys buy Cube 0 -S "$bare"
  run -65 "$client" toys buy Cube 2 -S "$bare" --key cube-1
  run -1 "$client" toys add Cube 1 1 -S "$bare"
  run -0 "$client" toys replicas -S "$bare"
  assert_equal "$(cut -f 1 <<<"$output")" $'1\n2\n3'
  run -0 "$client" shop -n 5 -p 1 -S "$bare"
  signal_member STOP catalog-1
  run -75 "$client" toys buy Cube -S "$bare" -t 7s
  signal_member CONT catalog-1
  assert_output --partial 'may have been done'
  run -0 bash -c "${output##*finish it once: }"
  run -0 "$client" toys show Cube
  assert_output --regexp $'^Cube\t2.50\t[0-4]$'
}

@test 'configuration: flag before environment before file; what is wrong is exit 78' {
  printf '[store]\nurl = "%s/"\n' "$shop" >"$BATS_TEST_TMPDIR/client.toml"
  RS_CLIENT_STORE_URL='' run -78 "$client" toys ls
  run -0 env -u RS_CLIENT_STORE_URL "$client" -c "$BATS_TEST_TMPDIR/client.toml" toys show Bird
  RS_CLIENT_STORE_URL=$(nowhere) run -69 "$client" -c "$BATS_TEST_TMPDIR/client.toml" -t 200ms toys ls
  RS_CLIENT_STORE_URL=$(nowhere) run -0 "$client" -S "$shop" toys show Bird
  run -64 "$client" -S nowhere toys ls
}

@test 'wait: the store where it is asked for, or named' {
  run -0 "$client" wait toystore
  assert_output ''
  run -75 "$client" wait toystore -S "$(nowhere)" --timeout 200ms
  assert_output --partial 'ts-front is not ready'
  refute_output --partial rs-users
  local rideshare=(-u "$(nowhere)" -r "$(nowhere)" -o "$(nowhere)" --timeout 200ms)
  run -75 "$client" wait all "${rideshare[@]}"
  assert_output --partial 'rs-users is not ready'
  refute_output --partial ts-front
  run -75 "$client" wait rideshare -S "$(nowhere)" "${rideshare[@]}"
  refute_output --partial ts-front
  run -75 "$client" wait -S "$(nowhere)" "${rideshare[@]}"
  assert_output --partial 'ts-front is not ready'
  # Where nobody has named it, it is nobody's business.
  run -75 env -u RS_CLIENT_STORE_URL "$client" wait "${rideshare[@]}"
  refute_output --partial ts-front
  run -64 "$client" wait toysotre
  assert_output --partial "did you mean 'toystore'?"
}

@test 'help and completions' {
  run -0 --separate-stderr "$client" toys --help
  assert_output --partial 'toys buy NAME [N] | -'
  run -64 "$client" toys by
  assert_output --partial "did you mean 'toys buy'?"
  # shellcheck disable=SC1090
  source <("$client" --completions bash)
  COMP_WORDS=(rs-client toys '') COMP_CWORD=2 COMPREPLY=()
  _rs_client
  assert_equal "${COMPREPLY[*]}" 'ls show buy order replicas accept-loss backup verify restore restock price add'
}
