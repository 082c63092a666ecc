#!/usr/bin/env bats
# ctest: timeout=600
# What operators do to a running database: moving leadership, restarting workers, ending processes
# by hand, two orchestrators, and the loss of the in-sync set.

load test_helper
load replicated_database

setup() {
  take_ports 4
  started=''
}

teardown() { [ -z "$started" ] || database_down; }

users() { # [URL-QUERY]
  http POST "$db/db/read$1" '{"table":"users"}'
  assert_equal "$status" 200
  output=$(jq -r '[.[].username] | join(" ")' <<<"$output")
}

# $master, $slaves (ids, ascending), $epoch, $pids (by id): as worker/status has them.
look() {
  http GET "$db/worker/status"
  assert_equal "$status" 200
  master=$(jq '.[] | select(.role == "master") | .id' <<<"$output")
  slaves=$(jq '[.[] | select(.role == "slave") | .id] | sort | .[]' <<<"$output")
  epoch=$(jq 'map(.epoch) | max' <<<"$output")
  pids=$(jq -c 'map({key: (.id | tostring), value: .pid}) | from_entries' <<<"$output")
}

pid_of() { jq ".\"$1\"" <<<"$pids"; } # ID

# One write after the other, each answered by 200 at its first try, until stop_writer.
start_writer() { # [URL]…
  local urls=("${@:-$db}")
  writer_files=$BATS_TEST_TMPDIR/writer
  : >"$writer_files.answered"
  (
    i=0
    while [ ! -e "$writer_files.stop" ]; do
      printf -v name 'w%05d' $((i++))
      # Another address where the first one is not there: with the same key.
      for ((try = 0; try < 50; try++)); do
        http POST "${urls[try % ${#urls[@]}]}/db/write" "$(insert "$name")" -H "Idempotency-Key: $name" \
          2>/dev/null || status=000
        if [ "$status" != 000 ] || [ ${#urls[@]} = 1 ]; then break; fi
      done
      if [ "$status" = 200 ]; then
        echo "$name" >>"$writer_files.answered"
      else
        echo "$name $status $output" >>"$writer_files.failed"
      fi
    done
  ) 3>&- &
  writer=$!
}

# None failed, and all that were answered are there, once, on the replicas that are named.
stop_writer() { # [ID]…
  : >"$writer_files.stop"
  wait "$writer"
  if [ -e "$writer_files.failed" ]; then
    cat "$writer_files.failed" "$database"/log.* >&2
    return 1
  fi
  local id
  for id in '' "${@/#/?replica=}"; do
    users "$id"
    assert_equal "$output" "$(paste -sd ' ' "$writer_files.answered")"
  done
}

@test 'transfer: the named slave becomes master, and no request fails' {
  database 2
  look
  local before=$epoch wanted pid
  wanted=$(tail -n 1 <<<"$slaves")
  pid=$(pid_of "$wanted")
  start_writer
  http POST "$db/worker/$wanted/transfer"
  assert_equal "$status $output" "200 [$pid]"
  look
  assert_equal "$master $epoch" "$wanted $((before + 1))"
  assert_equal "$(pid_of "$wanted")" "$pid"
  local former
  former=$(head -n 1 <<<"$slaves")
  http POST "$db/worker/$former/transfer"
  assert_equal "$status" 200
  stop_writer 1 2 3
  look
  assert_equal "$master $epoch" "$former $((before + 2))"
}

@test 'transfer: refused with the reason' {
  database 1
  look
  http POST "$db/worker/$master/transfer"
  assert_equal "$status" 409
  assert_regex "$output" 'is the master already'
  local id
  for id in 77 0 x 99999999999; do
    http POST "$db/worker/$id/transfer"
    assert_equal "$status" 404
  done
  http GET "$db/worker/1/transfer"
  assert_equal "$status" 405
  look
  assert_equal "$epoch" 1
}

@test 'transfer: 409 for one that is not in sync' {
  database 1 --set database.max_in_sync=2
  http POST "$db/create/slave"
  assert_equal "$status" 201
  await_event spawn '.worker == 3'
  until [ "$(jq '.[] | select(.id == 3) | .state' <<<"$output")" = '"catching up"' ]; do
    http GET "$db/worker/status"
  done
  http POST "$db/worker/3/transfer"
  assert_equal "$status" 409
  assert_regex "$output" 'not in sync; these are: 1, 2'
}

@test 'transfer: 504 where the slave does not answer; the master stays' {
  database 2
  look
  local wanted
  wanted=$(tail -n 1 <<<"$slaves")
  signal_process STOP "$(pid_of "$wanted")"
  http POST "$db/worker/$wanted/transfer"
  assert [ "$status" = 504 ]
  signal_process CONT "$(pid_of "$wanted")"
  add_user ann
  local before=$master
  look
  assert_equal "$master" "$before"
}

@test 'restart: a slave, then the master, and no request fails' {
  database 2
  look
  local old=$pids slave first=$master
  slave=$(head -n 1 <<<"$slaves")
  start_writer
  http POST "$db/worker/$slave/restart"
  assert_equal "$status" 200
  look
  assert_equal "$master" "$first"
  assert [ "$(pid_of "$slave")" != "$(jq ".\"$slave\"" <<<"$old")" ]
  await_event stop ".worker == $slave"
  http POST "$db/worker/$first/restart"
  assert_equal "$status" 200
  assert_equal "$output" "[$(look && pid_of "$first")]"
  look
  assert [ "$master" != "$first" ]
  stop_writer 1 2 3
  look
  assert_equal "$(wc -l <<<"$slaves")" 2
}

@test 'restart: where the set may not get smaller one more worker helps out' {
  database 1 --set database.min_in_sync=2
  look
  start_writer
  http POST "$db/worker/$slaves/restart"
  assert_equal "$status" 200
  await_event restart '.reason | contains("helps out")'
  await_event retire '.worker == 3'
  await_event restart '.reason | contains("was restarted and is in sync")'
  assert_equal "$(grep -c 'retire: it helped out' "$database/log.0")" 1
  http POST "$db/worker/$master/restart"
  assert_equal "$status" 200
  await_whole 2
  look
  stop_writer "$slaves" "$master"
}

@test 'restart: a full set that may not get smaller' {
  database 1 --set database.min_in_sync=2 --set database.max_in_sync=2
  look
  start_writer
  http POST "$db/worker/$slaves/restart"
  assert_equal "$status" 200
  stop_writer 1 2
}

@test 'restart: 404 for one that is not there, 409 where another one is under way' {
  database 2
  http POST "$db/worker/9/restart"
  assert_equal "$status" 404
  http POST "$db/worker/2/restart" &
  local first=$!
  await_event restart
  http POST "$db/worker/3/restart"
  assert_equal "$status" 409
  assert_regex "$output" 'worker 2 is being restarted'
  wait "$first"
}

@test 'a worker that is ended by TERM loses nothing and fails no request' {
  database 2
  look
  start_writer
  local id
  for id in $slaves $master; do
    signal_process TERM "$(pid_of "$id")"
    await_event death ".worker == $id"
    await_whole 3
  done
  stop_writer 1 2 3
}

@test 'workers that hear from no orchestrator end; their data is there again' {
  mkdir "$BATS_TEST_TMPDIR/db"
  printf '[worker]\norphan_timeout = "1s"\n' >"$BATS_TEST_TMPDIR/db/worker.toml"
  database 1 --set workers.config=worker.toml
  add_user ann
  look
  local before=$pids id
  kill -KILL "$started"
  wait "$started" || true
  started=''
  for id in $slaves $master; do wait_gone "$(pid_of "$id")"; done
  assert_equal "$(grep -c 'no orchestrator has asked' "$database"/log.0)" 2
  assert_equal "$(grep -c 'stopped status=0' "$database"/log.0)" 2
  database_up "$database" --set workers.config=worker.toml
  users
  assert_equal "$output" ann
  look
  assert [ "$pids" != "$before" ]
}

@test 'events: after a kill they go on where they stopped, and history has those before' {
  unset RS_ORCH_EVENTS_DIRECTORY
  database_up "$BATS_TEST_TMPDIR/db"
  await_event in_sync
  local before=$last_event
  kill -KILL "$started"
  wait "$started" || true
  database_up "$BATS_TEST_TMPDIR/db"
  last_event=$before
  await_event adopt
  run -0 "$TANDEM_BIN/rs-client" --orch-url "${db%/api/v1}" history -f json
  assert_equal "$(jq 'map(.id) | . == (unique) and index('"$before"') != null' <<<"$output")" true
  assert_equal "$(jq -c 'map(.event) | [index("spawn") != null, index("adopt") != null]' <<<"$output")" \
    '[true,true]'
  run -0 "$TANDEM_BIN/rs-client" --orch-url "${db%/api/v1}" history --since 1h --last 1
  assert_output --regexp $'^[-0-9]+T[:0-9.]+Z\t[a-z_]+\t[0-9]*\t[^\t]+$'
  run -64 "$TANDEM_BIN/rs-client" --orch-url "${db%/api/v1}" history --since yesterday
  run -64 "$TANDEM_BIN/rs-client" --orch-url "${db%/api/v1}" history --last 0
}

# Orchestrator $1 of two on the same database; its pid is in orch_pid[$1], its API at orch_url[$1].
orchestrator() { # NUMBER
  database=$BATS_TEST_TMPDIR/db
  mkdir -p "$database"
  orch_url[$1]=http://127.0.0.1:$((port_base + $1))/api/v1
  start_ready "$(mktemp "$database/log.$1.XXXXXX")" env -C "$database" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port $((port_base + $1)) \
    --set rpc.url="ipc://run/sock/orch-$1.sock" --set scaling.min_slaves=2
  orch_pid[$1]=$started
}

# From here on requests and events are those of this orchestrator.
turn_to() { # NUMBER
  db=${orch_url[$1]}
  started=${orch_pid[$1]}
  last_event=0
}

@test 'two orchestrators: the active one is killed again and again under load' {
  local orch_url orch_pid i active=0 other=1
  orchestrator 0
  orchestrator 1
  turn_to 0
  await_event in_sync "$(members 3)"
  look
  local workers=$pids
  start_writer "${orch_url[@]}"
  for ((i = 0; i < 6; i++)); do
    kill -KILL "${orch_pid[active]}"
    wait "${orch_pid[active]}" || true
    turn_to $other
    await_event active
    # Adopted, not doubled.
    look
    assert_equal "$pids" "$workers"
    orchestrator $active
    turn_to $other
    # The passive one may die as well.
    if ((i % 2)); then
      kill -KILL "${orch_pid[active]}"
      wait "${orch_pid[active]}" || true
      orchestrator $active
      turn_to $other
    fi
    active=$other
    other=$((1 - active))
  done
  # Watched as well: what dies is replaced, by one.
  http POST "$db/crash/master"
  assert_equal "$status" 200
  await_whole 3
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" 3
  turn_to $other
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" 3
  stop_writer 1 2 3
  # The passive one ends alone, the active one with the workers.
  stop_started "${orch_pid[other]}"
  turn_to $active
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" 3
}

# Workers 1 and 2 in sync, 3 a reader that has ann and lacks bob; all of them stopped.
three_of_which_one_lags() {
  database 1 --set database.max_in_sync=2 --set workers.stop_timeout=500ms
  http POST "$db/create/slave"
  await_event spawn '.worker == 3'
  add_user ann
  until [ "$status $output" = '200 ann' ]; do
    http POST "$db/db/read?replica=3&consistency=eventual" '{"table":"users"}'
    [ "$status" != 200 ] || output=$(jq -r '[.[].username] | join(" ")' <<<"$output")
  done
  look
  signal_process STOP "$(pid_of 3)"
  add_user bob
  database_down
  started=''
}

accept_loss() { http POST "$db/accept-loss" "{\"workers\":[$1]${2:-}}"; } # IDS [,MEMBER]

@test 'every in-sync directory is gone: nobody is elected until that loss is accepted' {
  three_of_which_one_lags
  rm -r "$database"/run/state/rides-db/{1,2}
  trouble_text='none of the in-sync workers 1,2 answers, the data of 1,2 is gone'
  database_in_trouble --set scaling.min_slaves=2 --set database.max_in_sync=2
  # It may have been told before worker 3 had answered.
  await_event trouble '.reason | contains("worker 3 would lead then, with its log up to index")'
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 503
  assert_regex "$output" "rs-client workers accept-loss 1,2"
  run -0 --separate-stderr "$TANDEM_BIN/rs-client" workers status --orch-url "${db%/api/v1}" -f tsv
  assert_regex "$stderr" 'the database is not ready: none of the in-sync workers 1,2 answers'
  accept_loss 1
  assert_equal "$status" 409
  assert_regex "$output" 'must be named: 1, 2'
  accept_loss 3
  assert_equal "$status" 400
  accept_loss ''
  assert_equal "$status" 400
  accept_loss 1,2
  look
  assert_equal "$master" 3
  await_event accept_loss '.status == 409 and .workers == "1" and (.peer | startswith("127.0.0.1:"))'
  await_event loss '.leader == 3 and .given_up == "1,2" and .epoch == 1 and .index > 0'
  await_event accept_loss '.status == 200 and .workers == "1,2" and .request_id != ""'
  users
  assert_equal "$output" ann
  add_user carl
  await_in_sync 2
  users
  assert_equal "$output" 'ann carl'
}

@test 'in-sync workers that do not come up are given up: their data is moved aside, not deleted' {
  local refuse=$BATS_TEST_TMPDIR/refuse
  cat >"$BATS_TEST_TMPDIR/worker" <<END
#!/bin/sh
case "\$*" in
  *worker.id=[12]\ *) [ ! -e '$refuse' ] || exit 69 ;;
esac
exec '$TANDEM_BIN/rs-worker' "\$@"
END
  chmod +x "$BATS_TEST_TMPDIR/worker"
  three_of_which_one_lags
  : >"$refuse"
  trouble_text='spawn: '
  database_in_trouble --set scaling.min_slaves=2 --set workers.program="$BATS_TEST_TMPDIR/worker"
  # Their data is there: that is no loss, and only force makes one of it.
  # What was killed may take a moment to end.
  output=''
  until [[ $output == *'worker 1 is not running: start it (data: '*'/rides-db/1)'* ]]; do
    accept_loss 1,2
  done
  assert_equal "$status" 409
  assert_regex "$output" 'With force what only 1,2 have is lost'
  # Until worker 3 has answered nobody could lead.
  until [ "$status" = 200 ]; do accept_loss 1,2 ',"force":true'; done
  users
  assert_equal "$output" ann
  rm "$refuse"
  await_in_sync 3
  # Both are set aside where each worker lists it.
  run -0 "$TANDEM_BIN/rs-client" workers status --orch-url "${db%/api/v1}"
  local id
  for id in 1 2; do
    assert_line --regexp "data of worker $id was set aside in '.*/rides-db/$id/set-aside-[0-9]+': its loss was accepted"
  done
  run ls "$database/run/state/rides-db"
  refute_output --partial given-up
  # Nothing to give up any more.
  accept_loss 3
  assert_equal "$status" 409
  for id in 1 2 3; do
    users "?replica=$id"
    assert_equal "$output" ann
  done
}

@test 'a worker that hangs before it is ready is shown, killed and started anew' {
  local hang=$BATS_TEST_TMPDIR/hang
  mkfifo "$hang" # nobody ever writes to it
  cat >"$BATS_TEST_TMPDIR/worker" <<END
#!/bin/sh
case "\$*" in
  *worker.id=2\ *) [ ! -e '$hang' ] || exec cat '$hang' ;;
esac
exec '$TANDEM_BIN/rs-worker' "\$@"
END
  chmod +x "$BATS_TEST_TMPDIR/worker"
  database_up "$BATS_TEST_TMPDIR/db" --set workers.program="$BATS_TEST_TMPDIR/worker" \
    --set workers.start_timeout=1s
  until [ "$(jq -c '.[] | select(.id == 2) | [.state, .in_sync]' <<<"${output:-[]}")" = '["starting",false]' ]; do
    http GET "$db/worker/status"
  done
  jq -e --arg now "$(date +%s)" '.[] | select(.id == 2) | .since_ms / 1000 |
    . > ($now | tonumber) - 3600 and . < ($now | tonumber) + 60' <<<"$output"
  await_event trouble '.worker == 2 and (.reason | contains("not ready in time"))'
  await_event death '.worker == 2'
  rm "$hang"
  await_event in_sync "$(members 2)"
}

@test 'workers that refuse their configuration: readyz says so, and the mended file is taken up' {
  database=$BATS_TEST_TMPDIR/db
  db=http://127.0.0.1:$port_base/api/v1
  mkdir "$database"
  printf '[log]\nsegment = "1MiB"\n' >"$database/worker.toml"
  trouble_text="the workers refuse their configuration 'worker.toml': the log tells why"
  database_in_trouble --set workers.config=worker.toml
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 503
  assert_regex "$output" "refuse their configuration 'worker.toml'"
  printf '[log]\nsegment = "16MiB"\n' >"$database/worker.toml"
  await_event trouble_over ".reason | contains(\"refuse their configuration\")"
  await_event in_sync "$(members 2)"
  http GET "${db%/api/v1}/readyz"
  assert_equal "$status" 200
}
