#!/usr/bin/env bats
# make nightly: every part runs, and one that fails is told at the end with how to run it again.

load test_helper

setup() {
  export MAKE=$BATS_TEST_TMPDIR/make
  cat >"$MAKE" <<END
#!/bin/sh
echo "\$*" >>'$BATS_TEST_TMPDIR/made'
case "\$*" in *SEED=8\ STORE*) exit 2 ;; esac
END
  chmod +x "$MAKE"
}

@test 'all parts run, whatever comes of the one before, and a failure is told' {
  SEED=7 run -1 "$TANDEM_SOURCE/tests/nightly.sh"
  assert_line --regexp '^FAILED +[0-9]+ s  make torture MINUTES=5 SEED=8 STORE=1$'
  assert_line --regexp '^ok +[0-9]+ s  make torture MINUTES=5 SEED=10 STORE=1$'
  assert_equal "$(grep -c FAILED <<<"$output")" 1
  run cat "$BATS_TEST_TMPDIR/made"
  assert_line --index 0 --partial 'sim SEEDS=20000 SEED=7'
  assert_equal "$(grep -c torture <<<"$output")" 16
  assert_line --partial 'torture MINUTES=5 SEED=10 TABLES=postgres'
  assert_line --partial 'torture MINUTES=5 SEED=10 COORD=consul'
  assert_line --regexp 'test-backends$'
  assert_line --partial sanitize
  assert_line --regexp 'clang$'
  assert_line --regexp 'tidy$'
  assert_line --partial 'fuzz SECONDS=600'
}

@test 'one part alone, and a part that there is not' {
  run -0 "$TANDEM_SOURCE/tests/nightly.sh" sanitize
  run -64 "$TANDEM_SOURCE/tests/nightly.sh" sanitize moon
  assert_output --partial "'moon'"
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/made")" 1
}
