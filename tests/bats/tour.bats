#!/usr/bin/env bats
# The tour of the README, run as it is written, against a fresh system on ports of its own. Blocks
# marked ```sh tour are run, one after the other, in one shell; a block marked ```text tour is what
# the one before it must print, where … stands for anything within a line.

load test_helper

readme=$TANDEM_SOURCE/README.md
block() { awk -v n="$1" -v kind="$2" -v tables="${TANDEM_TEST_TABLES-}" -f "$TANDEM_SOURCE/tests/bats/tour.awk" "$readme"; }

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
  # Everything in one shell, with a line that no command prints after each block.
  local n
  {
    echo "export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base"
    echo "export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))"
    echo "export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))"
    echo "export RS_CLIENT_STORE_URL=http://127.0.0.1:$((port_base + 4))"
    for ((n = 1; n <= $(block 0 sh); n++)); do
      [[ $(block "$n" sh) != *psql* ]] || tables_follow
      block "$n" sh | own_ports
      echo "echo '--- end of block $n'"
    done
  } >"$BATS_TEST_TMPDIR/script"
  (cd "$TANDEM_SOURCE" && bash -e "$BATS_TEST_TMPDIR/script") >"$BATS_TEST_TMPDIR/printed" 3>&-
  stop_started "$started"

  for ((n = 1; n <= $(block 0 sh); n++)); do
    block "$n" text >"$BATS_TEST_TMPDIR/expected"
    awk -v n="$n" '/^--- end of block / { if ($5 == n) exit; text = ""; next }
      { text = text $0 "\n" } END { printf "%s", text }' "$BATS_TEST_TMPDIR/printed" \
      >"$BATS_TEST_TMPDIR/actual"
    [ -s "$BATS_TEST_TMPDIR/expected" ] || continue
    compare "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/actual"
  done
}

# Line by line; … in the expected line stands for anything.
compare() {
  local expected actual
  local -a want have
  mapfile -t want <"$1"
  mapfile -t have <"$2"
  [ ${#want[@]} -eq ${#have[@]} ] || fail "expected $(cat "$1"), got $(cat "$2")"
  for i in "${!want[@]}"; do
    expected=$(sed 's/[][\\*?]/\\&/g; s/…/*/g' <<<"${want[i]}")
    actual=${have[i]}
    # shellcheck disable=SC2053  # the right side is a pattern
    [[ $actual == $expected ]] || fail "expected '${want[i]}', got '$actual'"
  done
}

@test "the comparison of the tour sees differences" {
  printf '[…,…]\nx*\n' >"$BATS_TEST_TMPDIR/want"
  printf '[1,22]\nx*\n' >"$BATS_TEST_TMPDIR/same"
  printf '[1,22]\nxy\n' >"$BATS_TEST_TMPDIR/other"
  compare "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/same"
  run compare "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/other"
  assert_failure
}
