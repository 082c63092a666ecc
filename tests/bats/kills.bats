#!/usr/bin/env bats
# ctest: serial timeout=240
# Writers through rs-users and rs-rides while master and slaves are killed with SIGKILL, twenty times:
# every answered write is there afterwards, once, on every replica.

load test_helper

setup() {
  take_ports 4
  home=$BATS_TEST_TMPDIR/home
  tandem_up "$home" --only rideshare --port-base "$port_base"
  front=$started
}

teardown() { stop_started "$front"; }

load_with() { # ARGUMENT…
  "$TANDEM_BIN/tandem-load" --users "http://127.0.0.1:$port_base" \
    --rides "http://127.0.0.1:$((port_base + 1))" --orch "http://127.0.0.1:$((port_base + 2))" "$@"
}

@test 'twenty kills lose nothing and double nothing' {
  run load_with --writers 8 --seconds 12 --kills 20
  assert_success
  echo "$output"
  [ "$(jq .kills <<<"$output")" -eq 20 ]
  [ "$(jq .lost <<<"$output")" -eq 0 ]
  [ "$(jq .doubled <<<"$output")" -eq 0 ]
  [ "$(jq .wrong <<<"$output")" -eq 0 ]
  [ "$(jq .acknowledged <<<"$output")" -gt 100 ]
  [ "$(jq .replicas <<<"$output")" -ge 2 ]
}
