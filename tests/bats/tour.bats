#!/usr/bin/env bats
# The tour of the README, run as it is written, against a fresh system on ports of its own. Blocks
# marked ```sh tour are run, one after the other, in one shell; a block marked ```text tour is what
# the one before it must print, where … stands for anything within a line.

load test_helper
load tour

tour=$TANDEM_SOURCE/README.md

# The commands of a block with the ports of this run in the place of the usual ones.
own_ports() {
  sed -E "s/\b8080\b/$port_base/g; s/\b8000\b/$((port_base + 1))/g; s/\b8090\b/$((port_base + 2))/g
    s/\b8088\b/$((port_base + 3))/g; s/\b8001\b/$((port_base + 4))/g
    s|[$]PWD/build/bin|$TANDEM_BIN|g; s#[$]PWD/run/#run/#g; s#\brun/(state|sock)#$BATS_TEST_TMPDIR/home/&#g"
}

# What PostgreSQL has comes behind the answers, of a replica that has not been asked, and of the store.
# Waits until it is there: a read of a worker is from its tables.
tables_follow() {
  [ "${TANDEM_TEST_TABLES-}" = postgres ] || return 0
  cat <<END
for id in \$(rs-client workers status -f json | jq '.[].id'); do
  curl -sfS -o /dev/null "\$RS_CLIENT_ORCH_URL/api/v1/db/read?replica=\$id" -d '{"table":"users","count":true}'
done
until curl -sS "\$RS_CLIENT_STORE_URL/replicas" | jq -e '[.data[].mirror.lag] | max == 0' >/dev/null; do :; done
END
}

@test "the tour has commands with expected output" {
  [ "$(block 0 sh)" -ge 3 ]
  [ -n "$(block 1 sh)" ]
  [ -n "$(block 1 text)" ]
}

@test "the tour works as it is written" {
  take_ports 5
  tandem_up "$BATS_TEST_TMPDIR/home" --port-base "$port_base"
  {
    echo "export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base"
    echo "export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))"
    echo "export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))"
    echo "export RS_CLIENT_STORE_URL=http://127.0.0.1:$((port_base + 4))"
    all_blocks
  } >"$BATS_TEST_TMPDIR/script"
  (cd "$TANDEM_SOURCE" && bash -e "$BATS_TEST_TMPDIR/script") >"$BATS_TEST_TMPDIR/printed" 3>&-
  stop_started "$started"
  compare_all
}

before_block() { # NUMBER
  [[ $(block "$1" sh) != *psql* ]] || tables_follow
}

@test "the comparison of the tour sees differences" {
  printf '[…,…]\nx*\n' >"$BATS_TEST_TMPDIR/want"
  printf '[1,22]\nx*\n' >"$BATS_TEST_TMPDIR/same"
  printf '[1,22]\nxy\n' >"$BATS_TEST_TMPDIR/other"
  compare "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/same"
  run compare "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/other"
  assert_failure
  # Lines between others, any number of them.
  printf '…\na\n…\nb…\n…\n' >"$BATS_TEST_TMPDIR/want"
  printf 'x\na\nbc\n' >"$BATS_TEST_TMPDIR/same"
  printf 'x\nbc\na\n' >"$BATS_TEST_TMPDIR/other"
  compare "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/same"
  run compare "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/other"
  assert_failure
}
