#!/usr/bin/env bats
# The status pages as a browser shows them; run.sh brings what it needs.

load ../bats/test_helper
load ../bats/toy_store

setup() {
  take_ports 1
  unset RS_ORCH_EVENTS_DIRECTORY
  started=''
  store=''
}

teardown() {
  if [ -n "$store" ]; then
    store_down
  elif [ -n "$started" ]; then
    database_down
  fi
}

# Does what the scenario asks for, by the function `act`, which is given the line.
play() { # SCENARIO URL
  local told answer line
  coproc browser { exec node "$TANDEM_TOOLS/ui/$1" "$2" "${TANDEM_UI_PICTURES-}" 3>&-; }
  told=${browser[0]} answer=${browser[1]}
  local pid=$browser_PID
  while read -r line <&"$told"; do
    case $line in
      measured*) echo "# $line" >&3 ;;
      *) act "$line" ;;
    esac
    echo done >&"$answer"
  done
  wait "$pid"
}

@test 'the page of rs-orch: a failover, a slave more, nobody answers, a restart, narrow, dark, by keyboard' {
  act() {
    local pid
    case $1 in
      'kill the master') http POST "$db/crash/master" ;;
      'one more slave') http POST "$db/create/slave" ;;
      'stop the workers' | 'continue the workers')
        [[ $1 == stop* ]] && signal=STOP || signal=CONT
        for pid in $(curl -sS "$db/worker/list" | jq '.[]'); do signal_process "$signal" "$pid"; done
        ;;
      'kill rs-orch')
        kill -KILL "$started"
        wait "$started" || true
        ;;
      'start rs-orch') database_up "$BATS_TEST_TMPDIR/db" ;;
      *) fail "it asks for: $1" ;;
    esac
  }
  database_up "$BATS_TEST_TMPDIR/db"
  await_event in_sync
  play page.mjs "${db%/api/v1}/"
  play odd.mjs "${db%/api/v1}/"
}

@test 'what the pages work out: failovers, rates, events' {
  node --test "$TANDEM_TOOLS/ui/units.mjs"
}

@test 'the page of rs-orch with actions: restart, make master, kill' {
  act() { fail "it asks for: $1"; }
  database_up "$BATS_TEST_TMPDIR/db" --set http.ui_actions=true
  await_event in_sync
  play actions.mjs "${db%/api/v1}/"
}

@test 'the page of the toy store: a sale, a failover, nobody answers, a restart, narrow, dark, by keyboard' {
  act() {
    local name id
    case $1 in
      'sell one of five of '*)
        name=$(jq -Rn --arg name "${1#sell one of five of }" '$name')
        shop POST /products "{\"name\":$name,\"price\":9.99,\"quantity\":5}"
        assert_equal "$status" 201
        shop POST /orders "{\"name\":$name,\"quantity\":1}"
        assert_equal "$status" 200
        ;;
      'kill '[0-9]*)
        signal_process KILL "${1#kill }"
        wait_gone "${1#kill }"
        ;;
      'start order '*) start_member "order-${1#start order }" ;;
      'stop the orders') for id in 1 2 3; do signal_member STOP "order-$id"; done ;;
      'continue the orders') for id in 1 2 3; do signal_member CONT "order-$id"; done ;;
      'kill the front') kill_member front ;;
      'start the front') start_member front ;;
      *) fail "it asks for: $1" ;;
    esac
  }
  store_up "$BATS_TEST_TMPDIR/store"
  play store.mjs "$shop/"
  play odd.mjs "$shop/"
}
