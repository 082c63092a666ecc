#!/usr/bin/env bats
# rs-client finds what tandem(1) has started here by the file that it has written.

load test_helper

setup_file() {
  take_ports 5
  export port_base
  export home=$BATS_FILE_TMPDIR/home
  export client=$TANDEM_BIN/rs-client
  tandem_up "$home" --port-base "$port_base"
  export front=$started
}

teardown_file() { stop_started "$front"; }

# Where nothing else names a system.
setup() {
  unset TANDEM_DIR RS_CLIENT_USERS_URL RS_CLIENT_RIDES_URL RS_CLIENT_ORCH_URL RS_CLIENT_STORE_URL
  cd "$BATS_TEST_TMPDIR" || return
}

@test 'up has written where everything answers' {
  run -0 "$client" -c "$home/run/client.toml" --print-config
  assert_line --regexp "^url = \"http://127.0.0.1:$port_base\" "
  assert_line --regexp "^url = \"http://127.0.0.1:$((port_base + 1))\" "
  assert_line --regexp "^url = \"http://127.0.0.1:$((port_base + 2))\" "
  assert_line --regexp "^url = \"http://127.0.0.1:$((port_base + 4))\" "
}

@test 'the file is found in the working directory, and below TANDEM_DIR' {
  cd "$home"
  run -0 "$client" workers ls
  run -0 "$client" toys show Tux
  cd /
  TANDEM_DIR=$home run -0 "$client" workers ls
  mkdir -p "$BATS_TEST_TMPDIR/run"
  cd "$BATS_TEST_TMPDIR"
  printf '[orch]\nurl = "http://127.0.0.1:1"\n' >run/client.toml
  TANDEM_DIR=$home run -0 "$client" workers ls
}

@test 'options, the environment and a file that is named come before it' {
  cd "$home"
  run "$client" --orch-url http://127.0.0.1:1 -t 100ms workers ls
  assert_output --partial '(URL from command line)'
  RS_CLIENT_ORCH_URL=http://127.0.0.1:1 run "$client" -t 100ms workers ls
  assert_output --partial '(URL from environment RS_CLIENT_ORCH_URL)'
  printf '[orch]\nurl = "http://127.0.0.1:1"\n' >"$BATS_TEST_TMPDIR/other.toml"
  run "$client" -c "$BATS_TEST_TMPDIR/other.toml" -t 100ms workers ls
  assert_output --partial "(URL from $BATS_TEST_TMPDIR/other.toml:2:7)"
}

@test 'an error says where its URL is from' {
  mkdir run
  printf '[orch]\nurl = "http://127.0.0.1:1"\n' >run/client.toml
  run -69 "$client" -t 100ms workers ls
  assert_output --partial "cannot connect to 'http://127.0.0.1:1/api/v1/worker/list': Connection refused (URL from run/client.toml:2:7)"
  run -69 "$client" -t 100ms watch
  assert_output --partial '(URL from run/client.toml:2:7)'
  RS_CLIENT_ORCH_URL=http://127.0.0.1:1 run -69 "$client" -t 100ms -o http://127.0.0.1:1 workers ls
  assert_output --partial '(URL from command line)'
}

@test 'a broken file is named' {
  mkdir run
  printf '[orch]\nurl = 1\n' >run/client.toml
  run -78 "$client" workers ls
  assert_output --partial 'run/client.toml:2:7'
}

@test 'tandem env: what a shell evaluates reaches the system from anywhere' {
  run -0 "$tandem" --dir "$home" env
  assert_line "export TANDEM_DIR=$home"
  eval "$output"
  cd /
  run -0 "$client" workers ls
  run -0 "$client" toys show Tux
  assert_equal "$RS_CLIENT_USERS_URL" "http://127.0.0.1:$port_base"
}

@test 'tandem status shows the workers below rs-orch' {
  run -0 "$tandem" --dir "$home" status
  assert_line --regexp '^rs-orch +ready .* http://127\.0\.0\.1:'"$((port_base + 2))"'$'
  assert_line --regexp '^  worker [0-9]+ +master +[0-9]+s +[0-9]+ +in sync$'
  run -0 "$tandem" --dir "$home" status --format json
  assert_equal "$(jq -c '.[] | select(.name == "rs-orch") | .workers | map(.state) | unique' <<<"$output")" '["in sync"]'
}

@test 'tandem restart --rolling: purchases and reads go on, and every process is another one' {
  local before after n=0
  # PostgreSQL and Consul, where the system is on them, are left alone.
  local pids='[.[] | select(.name != "postgres" and .name != "consul") | .pid, (.workers // [])[].pid]'
  before=$("$tandem" --dir "$home" status --format json | jq "$pids")
  cd "$home"
  "$tandem" --dir "$home" restart --rolling >"$BATS_TEST_TMPDIR/rolled" 2>&1 3>&- &
  while is_running $!; do
    run -0 "$client" -t 30s toys buy Tux
    run -0 "$client" -t 30s users ls
    n=$((n + 1))
  done
  wait $! || { cat "$BATS_TEST_TMPDIR/rolled" && false; }
  after=$("$tandem" --dir "$home" status --format json | jq "$pids")
  assert_equal "$(jq -nc "$before - ($before - $after)")" '[]'
  assert_equal "$("$client" toys show Tux -f json | jq .quantity)" $((100 - n))
}
