#!/usr/bin/env bats
# Processes of the database service die, by its own API, by kill -9, by SIGSTOP: nothing that was
# answered is lost, and what died comes back.

load test_helper
load replicated_database

setup() {
  take_ports 2
  started=''
}

teardown() { [ -z "$started" ] || database_down; }

users() { # [URL-QUERY]
  http POST "$db/db/read$1" '{"table":"users"}'
  assert_equal "$status" 200
  output=$(jq -r '[.[].username] | join(" ")' <<<"$output")
}

# $master, $slaves (ascending), $epoch: as worker/status has them.
look() {
  http GET "$db/worker/status"
  assert_equal "$status" 200
  master=$(jq '.[] | select(.role == "master") | .pid' <<<"$output")
  slaves=$(jq '.[] | select(.role == "slave") | .pid' <<<"$output")
  epoch=$(jq 'map(.epoch) | max' <<<"$output")
}

@test 'crash/master: the in-sync slave with the lowest pid becomes master, a new slave comes' {
  database 2
  add_user ann
  look
  local killed=$master before=$epoch next
  next=$(head -n 1 <<<"$slaves")
  http POST "$db/crash/master"
  assert_equal "$status $output" "200 [$killed]"
  run ! is_running "$killed"
  add_user bob
  look
  assert_equal "$master $epoch" "$next $((before + 1))"
  await_event spawn
  await_whole 3
  look
  assert_equal "$(wc -l <<<"$slaves")" 2
  for id in 1 2 3; do
    users "?replica=$id"
    assert_equal "$output" 'ann bob'
  done
}

@test 'crash/slave: the highest pid dies and is replaced' {
  database 2
  add_user ann
  look
  local killed before=$master
  killed=$(tail -n 1 <<<"$slaves")
  http POST "$db/crash/slave"
  assert_equal "$status $output" "200 [$killed]"
  run ! is_running "$killed"
  await_event death ".pid == $killed"
  assert_equal "$(jq -r .reason <<<"$event")" 'killed by SIGKILL (Killed)'
  await_whole 3
  look
  assert_equal "$master" "$before"
  assert_equal "$(wc -l <<<"$slaves")" 2
  users
  assert_equal "$output" ann
}

@test 'two crash/slave at once are the deaths of two' {
  local i asking=()
  database 2
  await_whole 3
  for i in 1 2; do
    curl -sS -m 30 -X POST "$db/crash/slave" >"$BATS_TEST_TMPDIR/died.$i" 3>&- &
    asking+=($!)
  done
  wait "${asking[@]}"
  run jq -s 'add | unique | length' "$BATS_TEST_TMPDIR"/died.*
  assert_output 2
  await_whole 3
}

@test 'crash/slave: 409 where there is no slave' {
  mkdir "$BATS_TEST_TMPDIR/db"
  # A worker that is not the first one cannot be started.
  cat >"$BATS_TEST_TMPDIR/db/first-only" <<END
#!/bin/sh
case " \$* " in
  *' worker.id=1 '*) exec '$TANDEM_BIN/rs-worker' "\$@" ;;
esac
exit 69
END
  chmod +x "$BATS_TEST_TMPDIR/db/first-only"
  database_up "$BATS_TEST_TMPDIR/db" --set workers.program=./first-only
  await_event death '.worker == 2'
  await_event death '.worker == 2'
  await_event death '.worker == 2'
  # One that is being tried lives for a moment.
  http POST "$db/crash/slave"
  while [ "$status" = 200 ]; do http POST "$db/crash/slave"; done
  assert_equal "$status" 409
  assert_equal "$(jq .error.code <<<"$output")" 409
  # The master alone serves both reads and writes.
  add_user ann
  users
  assert_equal "$output" ann
}

@test 'crash/slave right after crash/master: 409, the only survivor becomes master' {
  database 1
  add_user ann
  look
  local survivor=$slaves answers
  # Over one connection: before anybody is chosen.
  answers=$(curl -sS -m 30 -X POST -w '\n%{http_code}\n' "$db/crash/master" "$db/crash/slave")
  run sed -n 2p <<<"$answers"
  assert_output 200
  run sed -n 4p <<<"$answers"
  assert_output 409
  run jq -r .error.message <<<"$(sed -n 3p <<<"$answers")"
  assert_output --partial "(pid $survivor) is the only one now that has everything and answers"
  await_event open '.epoch > 1'
  is_running "$survivor"
  look
  assert_equal "$master" "$survivor"
  await_whole 2
  http POST "$db/crash/slave"
  assert_equal "$status" 200
  users
  assert_equal "$output" ann
}

@test 'masters die while a client writes: every answered write is there, once' {
  database 2
  local answered=$BATS_TEST_TMPDIR/answered stop=$BATS_TEST_TMPDIR/stop i name
  : >"$answered"
  (
    for ((i = 0; ; i++)); do
      name=$(printf 'user%05d' "$i")
      [ ! -e "$stop" ] || break
      http POST "$db/db/write" "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$name\",\"password\":\"p\"}}"
      # Once done, twice asked: a second insert of the same name would be a 409.
      [ "$status" = 200 ] || echo "$status $output" >>"$stop.failed"
      echo "$name" >>"$answered"
    done
  ) 3>&- &
  local writer=$!
  for ((i = 0; i < 3; i++)); do
    look
    http POST "$db/crash/master"
    assert_equal "$status" 200
    await_event open ".epoch > $epoch"
    await_whole 3
  done
  : >"$stop"
  wait "$writer"
  assert_file_not_exist "$stop.failed"
  users
  assert_equal "$output" "$(paste -sd ' ' "$answered")"
  for id in 1 2 3; do
    http POST "$db/db/read?replica=$id" '{"table":"users","count":true}'
    assert_equal "$output" "[$(wc -l <"$answered")]"
  done
}

@test 'all workers die at once: they come back with all data' {
  database 1
  add_user ann
  http GET "$db/worker/list"
  # shellcheck disable=SC2046
  kill -KILL $(jq '.[]' <<<"$output")
  add_user bob
  users
  assert_equal "$output" 'ann bob'
}

@test 'a master that is stopped is replaced; when it goes on it follows' {
  database 2
  add_user ann
  look
  local stopped=$master before=$epoch
  kill -STOP "$stopped"
  add_user bob
  look
  assert [ "$master" != "$stopped" ]
  assert_equal "$epoch" $((before + 1))
  await_event in_sync "$(members 2) and .epoch == $((before + 1))"
  kill -CONT "$stopped"
  await_whole 3
  for id in 1 2 3; do
    users "?replica=$id"
    assert_equal "$output" 'ann bob'
  done
}

@test 'a slave that is stopped holds up writes for a moment only' {
  database 1
  look
  kill -STOP "$slaves"
  add_user ann
  kill -CONT "$slaves"
  await_event in_sync "$(members 1) and .epoch == $epoch"
  await_event in_sync "$(members 2)"
  users
  assert_equal "$output" ann
}

@test 'kill -9 of rs-orch: it comes back and adopts the same workers' {
  database 2
  add_user ann
  http GET "$db/worker/list"
  local pids=$output
  kill -KILL "$started"
  wait "$started" || true
  for pid in $(jq '.[]' <<<"$pids"); do is_running "$pid"; done
  database_up "$BATS_TEST_TMPDIR/db" --set scaling.min_slaves=2
  http GET "$db/worker/list"
  assert_equal "$output" "$pids"
  for pid in $(jq '.[]' <<<"$pids"); do
    last_event=0
    await_event adopt ".pid == $pid"
  done
  users
  assert_equal "$output" ann
  # The adopted are watched as its own are.
  look
  local killed=$master
  http POST "$db/crash/master"
  assert_equal "$status $output" "200 [$killed]"
  add_user bob
  await_whole 3
  users
  assert_equal "$output" 'ann bob'
  database_down
  started=''
}

@test 'kill -9 of rs-orch and of the master: the rest goes on' {
  database 2
  add_user ann
  look
  kill -KILL "$started" "$master"
  wait "$started" || true
  database_up "$BATS_TEST_TMPDIR/db" --set scaling.min_slaves=2
  add_user bob
  # The killed one may be back before anybody has found it missing: then the set stays as it was.
  await_whole 3
  users
  assert_equal "$output" 'ann bob'
}

@test 'stopped and started again: the same data, and no process in between' {
  database 1
  add_user ann
  database_down
  run processes_in "$BATS_TEST_TMPDIR/db"
  assert_output ''
  database_up "$BATS_TEST_TMPDIR/db"
  users
  assert_equal "$output" ann
}

@test 'a second orchestrator passes requests on, and takes over' {
  database 1
  local first=$started second
  start_ready "$BATS_TEST_TMPDIR/second" env -C "$BATS_TEST_TMPDIR/db" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port $((port_base + 1)) \
    --set rpc.url=ipc://run/sock/second.sock
  second=$started
  started=$first
  add_user ann
  http GET "$db/worker/list"
  local pids=$output
  db=http://127.0.0.1:$((port_base + 1))/api/v1
  users
  assert_equal "$output" ann
  add_user bob
  http GET "$db/worker/list"
  assert_equal "$output" "$pids"
  http POST "$db/crash/slave"
  assert_equal "$status" 503
  http POST "$db/create/slave"
  assert_equal "$status" 503
  kill -KILL "$first"
  wait "$first" || true
  started=$second
  last_event=0
  await_event active
  http POST "$db/crash/master"
  assert_equal "$status" 200
  add_user carl
  users
  assert_equal "$output" 'ann bob carl'
}

@test 'data without a record are not started over' {
  not_on_consul 'it is about the local files'
  database 1
  add_user ann
  database_down
  mv "$BATS_TEST_TMPDIR/db/run/state/coord" "$BATS_TEST_TMPDIR/coord"
  # Who was in sync with it could tell the record, too, and it would be put back.
  mv "$BATS_TEST_TMPDIR/db/run/state/rides-db/2" "$BATS_TEST_TMPDIR/2"
  # It does not get ready: what it logs is waited for, and the pipe stays open until it is stopped.
  local log line=''
  mkfifo "$BATS_TEST_TMPDIR/log"
  env -C "$BATS_TEST_TMPDIR/db" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" \
    --port "$port_base" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  started=$!
  exec {log}<"$BATS_TEST_TMPDIR/log"
  until [[ "$line" == *' trouble: '*record* ]]; do read -r line <&"$log"; done
  last_event=0
  await_event trouble '.reason | contains("record")'
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 503
  database_down
  rm -rf "$BATS_TEST_TMPDIR"/db/run/state/{coord,rides-db/2}
  mv "$BATS_TEST_TMPDIR/2" "$BATS_TEST_TMPDIR/db/run/state/rides-db/2"
  mv "$BATS_TEST_TMPDIR/coord" "$BATS_TEST_TMPDIR/db/run/state/coord"
  database_up "$BATS_TEST_TMPDIR/db"
  users
  assert_equal "$output" ann
}
