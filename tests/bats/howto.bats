#!/usr/bin/env bats
# ctest: timeout=600
# The how-to pages: the commands of each are run as a reader copies them, in a system of its own with
# its configured ports, and what they print is compared with what the page shows.

load test_helper
load howto

setup() { page_setup; }

teardown() { page_teardown; }

@test 'tandem-howto' { run_page tandem-howto; }

@test 'tandem-ports' {
  mkdir "$BATS_TEST_TMPDIR/two"
  run_page tandem-ports
}

before_in_sync() { all_in_sync; }

@test 'tandem-logs' { run_page tandem-logs; }

@test 'tandem-tls' {
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  run_page tandem-tls
}

# The programs are files of their own here, so that new ones can take their place.
before_installed() {
  all_in_sync
  for program in "$TANDEM_BIN"/*; do
    cp "$program" "$program.new"
    mv "$program.new" "$program"
  done
}

@test 'tandem-upgrade' {
  mkdir "$BATS_TEST_TMPDIR/bin"
  cp "$TANDEM_BIN"/{rs-orch,rs-worker,rs-users,rs-rides,rs-client,ts-catalog,ts-order,ts-front} "$BATS_TEST_TMPDIR/bin"
  export TANDEM_BIN=$BATS_TEST_TMPDIR/bin
  PATH=$TANDEM_BIN:$PATH
  run_page tandem-upgrade
}
