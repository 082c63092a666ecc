#!/usr/bin/env bats
# The real Consul that share/scripts/consul.sh brings, and the dependency script beside it.

load test_helper

@test "consul version" {
  consul=$("$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS")
  run "$consul" version
  assert_success
  assert_line --index 0 --regexp '^Consul v[0-9]+\.[0-9]+'
}

@test "a second call finds it without the network" {
  "$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS" >/dev/null
  run --separate-stderr "$TANDEM_SOURCE/share/scripts/consul.sh" "$TANDEM_TOOLS"
  assert_success
  assert_equal "$stderr" ''
}

@test "one on PATH is taken as it is" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/consul"
  chmod +x "$BATS_TEST_TMPDIR/bin/consul"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$TANDEM_SOURCE/share/scripts/consul.sh" /nonexistent
  assert_output "$BATS_TEST_TMPDIR/bin/consul"
}
