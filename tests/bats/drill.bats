#!/usr/bin/env bats
# ctest: serial timeout=300
# What rs-client does to a whole system under load: rolling restarts, transfers, drills.

load test_helper

setup_file() {
  take_ports 4
  export port_base home=$BATS_FILE_TMPDIR/home
  export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base
  export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))
  export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))
  export client=$TANDEM_BIN/rs-client
  export RS_ORCH_SCALING_MIN_SLAVES=2
  tandem_up "$home" --only rideshare --port-base "$port_base"
  export front=$started
}

teardown_file() { stop_started "$front"; }

setup() {
  "$client" wait --ready
  db=$RS_CLIENT_ORCH_URL/api/v1
  last_event=0
  whole
}

# Until three workers are in sync.
whole() {
  until [ "$("$client" workers status -f json | jq '[.[] | select(.in_sync)] | length')" = 3 ]; do
    await_event in_sync
  done
}

@test 'workers restart --rolling: all of them, under load, without a failed request' {
  local before report
  before=$("$client" workers ls)
  "$TANDEM_BIN/tandem-load" --users "$RS_CLIENT_USERS_URL" --rides "$RS_CLIENT_RIDES_URL" \
    --orch "$RS_CLIENT_ORCH_URL" --writers 4 --seconds 12 --kills 0 >"$BATS_TEST_TMPDIR/report" 3>&- &
  local load=$!
  run -0 --separate-stderr "$client" workers restart --rolling
  assert_equal "${#lines[@]}" 3
  assert_equal "$(cut -f 2 <<<"$output")" $'slave\nslave\nmaster'
  assert_equal "$(cut -f 3 <<<"$output" | sort -n)" "$(sort -n <<<"$before")"
  assert_equal "$(cut -f 4 <<<"$output" | sort -n)" "$("$client" workers ls)"
  assert_equal "${#stderr_lines[@]}" 3
  assert_equal "${stderr_lines[2]}" "rs-client: restarting worker $(cut -f 1 <<<"${lines[2]}"), a master (3 of 3)"
  wait $load
  report=$(<"$BATS_TEST_TMPDIR/report")
  echo "$report"
  assert_equal "$(jq -c '[.lost, .doubled, .wrong, .unknown, .repeated]' <<<"$report")" '[0,0,0,0,0]'
  [ "$(jq .acknowledged <<<"$report")" -gt 100 ]
  [ "$(jq .replicas <<<"$report")" -ge 2 ]
}

@test 'workers restart and transfer: one worker, and what is refused' {
  local master slave
  master=$("$client" workers status -f json | jq '.[] | select(.role == "master") | .id')
  slave=$("$client" workers status -f json | jq '[.[] | select(.role == "slave") | .id] | min')
  run -0 "$client" workers transfer "$slave"
  run -0 "$client" workers status -f json
  assert_equal "$(jq '.[] | select(.role == "master") | .id' <<<"$output")" "$slave"
  run -1 "$client" workers transfer "$slave"
  assert_output --partial 'is the master already'
  run -0 "$client" workers restart "$master"
  assert_output --regexp '^[0-9]+$'
  run -1 "$client" workers restart 77
  assert_output --partial 'there is no worker 77'
  run -64 "$client" workers restart
  run -64 "$client" workers restart 1 --rolling
  run -64 "$client" workers transfer master
  run -64 "$client" workers accept-loss 1,x --yes
  run -1 "$client" workers accept-loss 1,2,3 --yes
  assert_output --partial 'nothing is to be given up'
}

@test 'drill: each fault loses and doubles nothing, and cleans up' {
  local fault
  "$client" users add ann sesame
  for fault in kill-master kill-slave kill-orch stop-master stop-slave stop-orch; do
    run -0 --separate-stderr "$client" drill $fault --for 600ms -f json
    assert_equal "$(jq -c '[.fault, .lost, .doubled, .unknown, .stale]' <<<"$output")" "[\"$fault\",0,0,0,0]"
    assert [ "$(jq .acknowledged <<<"$output")" -gt 10 ]
    assert_regex "$stderr" 'SAFE: [0-9]+ writes answered, none lost or doubled; writes paused [0-9]+ ms$'
    assert_equal "rs-client: $(jq -r .verdict <<<"$output")" "${stderr##*$'\n'}"
    assert [ "$(jq .pid <<<"$output")" -gt 1 ]
    "$client" wait --ready
    last_event=0
    whole
    # None is left stopped.
    local pid
    for pid in $("$client" workers ls) $(curl -sS "$db/orchestrator" | jq .pid); do
      assert_equal "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" | tr -d RSD)" ''
    done
  done
  run -0 "$client" users ls
  refute_output --partial drill-
  assert_line ann
}

@test 'drill: wrong usage' {
  run -64 "$client" drill kill-mster
  assert_output --partial "did you mean 'kill-master'?"
  run -64 "$client" drill stop-slave --for never
  run -64 "$client" drill stop-slave --writers 0
}
