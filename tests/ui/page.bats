#!/usr/bin/env bats
# The status page of rs-orch as a browser shows it; run.sh brings what it needs.

load ../bats/test_helper

setup() {
  take_ports 1
  unset RS_ORCH_EVENTS_DIRECTORY
  started=''
}

teardown() { [ -z "$started" ] || database_down; }

@test 'the page: a failover, a restart of rs-orch, narrow, dark, nothing for axe to find' {
  local told answer line
  database_up "$BATS_TEST_TMPDIR/db"
  await_event in_sync
  coproc browser { exec node "$TANDEM_TOOLS/ui/page.mjs" "${db%/api/v1}/" "${TANDEM_UI_PICTURES-}" 3>&-; }
  told=${browser[0]} answer=${browser[1]}
  local pid=$browser_PID
  while read -r line <&"$told"; do
    case $line in
      'kill the master') http POST "$db/crash/master" ;;
      'kill rs-orch')
        kill -KILL "$started"
        wait "$started" || true
        ;;
      'start rs-orch') database_up "$BATS_TEST_TMPDIR/db" ;;
      *) fail "it asks for: $line" ;;
    esac
    echo done >&"$answer"
  done
  wait "$pid"
}
