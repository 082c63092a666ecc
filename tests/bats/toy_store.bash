# A toy store as the suites need it that look at it from outside: ts-catalog, three ts-order and a
# ts-front on $port_base, in directory $store, each of them by itself so that it can be killed alone.
# Loaded after test_helper.

# A store below $1. The options that follow are those of the front. Its API is at $shop.
store_up() { # DIR [OPTION]…
  local name
  store=$1
  shift
  shop=http://127.0.0.1:$port_base
  export store shop port_base
  homes_of "$store"
  mkdir -p "$store"
  [ -e "$store/etc" ] || ln -s "$TANDEM_SOURCE/etc" "$store/etc"
  for name in catalog-1 order-1 order-2 order-3; do start_member $name || return; done
  start_member front "$@"
}

# Starts one process of the store and waits until it is ready: catalog-ID, order-ID, front, or
# another front on a port of its own (front-PORT). Nothing is restocked by itself, unless an option
# says so: a suite's toys keep the stock that it gave them, however long it takes.
start_member() { # NAME [OPTION]…
  local name=$1 command
  shift
  case $name in
    catalog-*) command=(ts-catalog --config etc/catalog.toml --id "${name#*-}"
      --set catalog.restock_every=0) ;;
    order-*) command=(ts-order --config etc/order.toml --id "${name#*-}") ;;
    front) command=(ts-front --config etc/front.toml --port "$port_base") ;;
    front-*) command=(ts-front --config etc/front.toml --port "${name#*-}") ;;
  esac
  start_ready "$store/$name.$(find "$store" -name "$name.*" | wc -l)" \
    env -C "$store" "$TANDEM_BIN/${command[0]}" "${command[@]:1}" "$@" || return
  echo "$started" >"$store/$name.pid"
}

signal_member() { signal_process "$1" "$(cat "$store/$2.pid")"; } # SIGNAL NAME

kill_member() { # NAME
  signal_member KILL "$1"
  wait_gone "$(cat "$store/$1.pid")"
}

# TERM, and 0 where the process has ended; its exit status is known to the shell alone that has
# started it.
stop_member() { # NAME
  signal_member TERM "$1"
  wait_gone "$(cat "$store/$1.pid")"
}

# Stops everything that runs in the store, the front first. Fails where a process is left.
store_down() {
  local name left
  for name in "$store"/front*.pid "$store"/order-*.pid "$store"/catalog-*.pid; do
    [ -e "$name" ] || continue
    name=$(basename "$name" .pid)
    if is_running "$(cat "$store/$name.pid")"; then stop_member "$name"; fi
  done
  left=$(processes_in "$store")
  [ -z "$left" ] || fail "these processes are left: $left"
}

# Calls a path of the store, as http of test_helper does.
shop() { http "$1" "$shop$2" "${@:3}"; } # METHOD PATH [BODY [ARGUMENT]…]

# Posts an HTML form.
form() { # PATH [NAME=VALUE]…
  local answer pair fields=()
  for pair in "${@:2}"; do fields+=(--data-urlencode "$pair"); done
  answer=$(curl -sS -m 30 -w '\n%{http_code}' "${fields[@]}" "$shop$1")
  status=${answer##*$'\n'}
  output=${answer%$'\n'*}
}

expect() { assert_equal "$status $output" "$1 $2"; } # STATUS BODY

# An error of this status and with this part of a message.
refused() { # STATUS PART OF THE MESSAGE [CODE]
  assert_equal "$status" "$1"
  assert_equal "$(jq .error.code <<<"$output")" "${3:-$1}"
  run jq -r .error.message <<<"$output"
  assert_output --partial "$2"
}

# Buys one, which must succeed; the number is in $number.
buy() { # NAME [QUANTITY [ARGUMENT]…]
  shop POST /orders "{\"name\":\"$1\",\"quantity\":${2:-1}}" "${@:3}"
  assert_equal "$status" 200
  number=$(jq '.data.order_number' <<<"$output")
}

# A toy of its own for a test, so that no test sees what another one bought.
toy() { # NAME QUANTITY [PRICE]
  shop POST /products "{\"name\":\"$1\",\"price\":${3:-9.99},\"quantity\":$2}"
  assert_equal "$status" 201
}

stock() { curl -sS -m 30 "$shop/products/$1" | jq .data.quantity; } # NAME

price() { curl -sS -m 30 "$shop/products/$1" | jq .data.price; } # NAME

# Repeats a round trip until it succeeds: what is waited for has no event of its own.
until_true() { # COMMAND [ARGUMENT]…
  local try
  for ((try = 0; try < ${tries:-3000}; try++)); do
    if "$@"; then return 0; fi
  done
  fail "this did not come true: $*"
}

# Whether the jq expression holds for what /replicas answers.
replicas() { curl -sS -m 30 "$shop/replicas" | jq -e "$1" >/dev/null; } # CONDITION

leads() { replicas ".data[] | select(.id == $1) | .role == \"leader\" and .in_sync"; } # ID
