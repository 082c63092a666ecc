#!/usr/bin/env bats
# What ts-front tells of the whole store: /status, and the events.

load test_helper
load toy_store

setup_file() {
  unset TS_FRONT_EVENTS_DIRECTORY # events are kept
  take_ports 1
  store_up "$BATS_FILE_TMPDIR/store"
}

teardown_file() { store_down; }

setup() {
  unset TS_FRONT_EVENTS_DIRECTORY
  db=$shop
  last_event=0
}

# Whether the jq expression holds for /status.
status_has() { curl -sS -m 30 "$shop/status" | jq -e "$1" >/dev/null; } # CONDITION

@test 'status: both groups, their replicas, stock, cache and purchases in one object' {
  toy 'On show' 7
  buy 'On show' 2
  until_true status_has '.same_orders == true'
  shop GET /status
  assert_equal "$status" 200
  assert_equal "$(jq -c '[.service, .ready, .reason, .remedy, .active]' <<<"$output")" '["ts-front",true,"","",true]'
  assert_equal "$(jq -c '[.groups[] | [.group, .ready, .record.leader, (.replicas | length)]]' <<<"$output")" \
    '[["orders",true,3,3],["catalog",true,1,1]]'
  assert_equal "$(jq -c '[.groups[0].replicas[] | [.id, .role, .state, .orders]]' <<<"$output")" \
    '[[1,"follower","in sync",1],[2,"follower","in sync",1],[3,"leader","in sync",1]]'
  assert_equal "$(jq '[.groups[0].replicas[].digest] | unique | length' <<<"$output")" 1
  assert_equal "$(jq -c '.stock[] | select(.name == "On show") | [.price, .quantity]' <<<"$output")" '["9.99",5]'
  assert_equal "$(jq -c '[.purchases.bought, .open_intents, .stock_more, .backends]' <<<"$output")" \
    '[1,0,0,{"tables":"file","coordination":"local"}]'
  assert_equal "$(jq '.calls.writes.us | add' <<<"$output")" "$(jq '.calls.writes.answered' <<<"$output")"
  assert_equal "$(curl -sS -o /dev/null -w '%{http_code}' "$shop/status?colour=red" -H 'Prefer: handling=strict')" 400
}

@test 'events: a failover, and a stream that goes on over a restart of the front' {
  await_event open '.group == "orders" and .epoch >= 1'
  local epoch
  epoch=$(jq .epoch <<<"$event")
  kill_member order-3
  await_event role ".group == \"orders\" and .epoch > $epoch"
  assert_equal "$(jq -c 'has("leader") and has("in_sync")' <<<"$event")" true
  local before=$last_event
  stop_member front
  start_member front
  await_event active
  [ "$last_event" -gt "$before" ]
  start_member order-3
  await_event role '.group == "orders" and .leader == 3'
  # The whole of it again: ids rise, none comes twice, and nothing of before is missing.
  run jq -c '[.[].id] | . == (unique)' <<<"$(curl -sS "$shop/events/history")"
  assert_output true
  curl -sS "$shop/events/history" | jq -e "any(.[]; .id == $before and .event == \"role\")"
  assert_equal "$(curl -sS "$shop/events/history?since=$((before + 1))&limit=1" | jq length)" 1
}

@test 'status: a front without replicas says what is wrong, and what mends it stands apart' {
  for name in 1 2 3; do kill_member order-$name; done
  until_true status_has '.ready == false'
  shop GET /status
  assert_equal "$status" 200
  assert_equal "$(jq -c '[.groups[0].ready, .groups[1].ready, .same_orders]' <<<"$output")" '[false,true,null]'
  [ -n "$(jq -r .reason <<<"$output")" ]
  for name in 1 2 3; do start_member order-$name; done
  until_true status_has .ready
}

@test 'the page and its files are there, and ask nobody else' {
  run curl -sS -H 'Accept: text/html' -D - "$shop/"
  assert_output --partial "default-src 'self'"
  assert_output --partial 'ui/store.js'
  run curl -sS -o /dev/null -w '%{http_code} %{content_type}' "$shop/ui/store.js"
  assert_output '200 text/javascript; charset=utf-8'
}
