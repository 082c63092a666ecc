#!/usr/bin/env bats
# Idempotency keys: how many are remembered.

load test_helper

setup() { take_ports 1; }

teardown() { database_down; }

insert() { # NAME KEY
  http POST "$db/db/write" \
    "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1\",\"password\":\"p\"}}" \
    -H "Idempotency-Key: $2"
}

@test 'over keys.max_number new keys are refused with the reason, and known ones are answered' {
  local i first
  printf '[keys]\nmax_number = 10\n' >"$BATS_TEST_TMPDIR/worker.toml"
  database_up "$BATS_TEST_TMPDIR/db" \
    --set workers.config="$BATS_TEST_TMPDIR/worker.toml"
  insert u0 k0
  assert_equal "$status" 200
  first=$output
  for ((i = 1; i < 20; i++)); do
    insert "u$i" "k$i"
    [ "$status" = 200 ] || break
  done
  assert_equal "$status" 503
  run jq -r .error.message <<<"$output"
  assert_output --partial 'too many idempotency keys are remembered'
  insert u0 k0
  assert_equal "$status $output" "200 $first"
  http POST "$db/db/read" '{"table":"users","columns":["username"]}'
  assert_equal "$(jq length <<<"$output")" "$i"
}
