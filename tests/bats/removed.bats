#!/usr/bin/env bats
# The directory of a system is removed while its programs run, with nobody there to stop them: what
# has its data or its coordination there ends by itself, and makes nothing there again.

load test_helper
load toy_store

setup() { take_ports 5; }

teardown() {
  local pid
  for pid in $(processes_in "$BATS_TEST_TMPDIR/system"); do kill -KILL "$pid"; done
}

# While parts of it are there they are made whole again, which rm may meet; once it is gone, nothing is.
remove_run() { # DIRECTORY
  local try
  for ((try = 0; try < 20; try++)); do
    if rm -rf "$1/run" 2>/dev/null; then return 0; fi
  done
  fail "$1/run is made again and again"
}

# Each of the processes ends, with 69, which a supervisor takes for a service that is missing.
end_by_themselves() { # PID…
  local pid code
  for pid in "$@"; do
    code=0
    timeout 30 tail --pid="$pid" -s 0.1 -f /dev/null || fail "process $pid goes on"
    wait "$pid" || code=$?
    assert_equal "$code" 69
  done
}

@test 'a store: catalog, orders, the front that is active and the one that waits' {
  local name pids=()
  store_up "$BATS_TEST_TMPDIR/system"
  start_member "front-$((port_base + 1))"
  remove_run "$store"
  for name in catalog-1 order-1 order-2 order-3 front "front-$((port_base + 1))"; do
    pids+=("$(cat "$store/$name.pid")")
  done
  end_by_themselves "${pids[@]}"
  assert_file_not_exist "$store/run"
}

@test 'a database: rs-orch and its workers, and another rs-orch that waits' {
  local first pid workers
  database_up "$BATS_TEST_TMPDIR/system"
  first=$started
  start_ready "$database/second" env -C "$database" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port "$((port_base + 1))" \
    --set rpc.url="ipc://run/sock/second.sock"
  mapfile -t workers < <(pgrep -P "$first")
  assert [ ${#workers[@]} -gt 0 ]
  remove_run "$database"
  end_by_themselves "$first" "$started"
  for pid in "${workers[@]}"; do wait_gone "$pid"; done
  assert_file_not_exist "$database/run"
}
