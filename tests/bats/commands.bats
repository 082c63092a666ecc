#!/usr/bin/env bats
# What tandem(1) shows of a system, and how it starts parts of it again, over small services.

load test_helper
load small_services

setup() { services_setup; }
teardown() { services_teardown; }

@test 'status: a table as people read it' {
  steady_service first
  steady_service second
  printf '#!/bin/sh\necho http://127.0.0.1:1\n' >"$etc/sv/second/url"
  chmod +x "$etc/sv/second/url"
  up
  run -0 "$tandem" status
  assert_line --index 0 --regexp '^NAME +STATE +UP +RESTARTS +PID +URL$'
  assert_line --index 1 --regexp "^first +ready +[0-9]+s +0 +$(cat "$dir/first.pids") +-$"
  assert_line --index 2 --regexp '^second +ready +[0-9]+s +0 +[0-9]+ +http://127.0.0.1:1$'
}

# A service that says why it ends, and is not started again.
down_service() {
  mkfifo "$dir/gate"
  service "$1" <<<'echo >&3
echo "first[1]: info: begun"
echo "first[1]: error: the \"reason\" why"
echo "first[1]: info: ended"
read -r _ <gate
exit 78'
}

# Until the supervisor knows that it is down.
await_down() { # NAME
  echo >"$dir/gate"
  until "$tandem" status | grep -q "^$1 *down"; do is_running "$front"; done
}

what_is_down() {
  down_service first
  steady_service second
  up "$@"
  await_down first
  run -1 "$tandem" status
  assert_line --regexp '^first +down +- +0 +- +-$'
  assert_line --regexp '^  ended with exit code 78 \(wrong configuration\), [0-9]+s ago$'
  assert_line '  first[1]: error: the "reason" why'
  assert_line --regexp '^second +ready'
  run -1 "$tandem" status --format json
  assert_equal "$(jq -c '[.[]|[.name,.state,.pid==null]]' <<<"$output")" \
    '[["first","down",true],["second","ready",false]]'
  assert_equal "$(jq -r '.[0].last_error' <<<"$output")" 'first[1]: error: the "reason" why'
  assert_equal "$(jq -r '.[0].ended' <<<"$output")" 'ended with exit code 78 (wrong configuration)'
}

@test 's6: status tells how what is down ended, and its last error' { what_is_down --supervisor s6; }
@test 'runit: status tells how what is down ended, and its last error' {
  what_is_down --supervisor runit
}

counted() {
  steady_service first
  up "$@"
  mkfifo "$dir/again"
  sed -i 's|^echo >&3|[ ! -p again ] \|\| echo >again\n&|' "$dir/run/sv/first/command"
  signal_process KILL "$(cat "$dir/first.pids")"
  read -r _ <"$dir/again"
  assert_equal "$("$tandem" status --format json | jq .[0].restarts)" 1
}

@test 's6: status counts the restarts' { counted --supervisor s6; }
@test 'runit: status counts the restarts' { counted --supervisor runit; }

@test 'status, logs, env and down make nothing where nothing runs, and say so' {
  local command
  mkdir "$BATS_TEST_TMPDIR/empty"
  cd "$BATS_TEST_TMPDIR/empty"
  export TANDEM_DIR=.
  for command in status env logs; do
    run -1 "$tandem" $command
    assert_output --regexp '^tandem: nothing (is running|has run) on '
  done
  run -69 "$tandem" restart first
  assert_output --partial 'nothing is running'
  run -0 "$tandem" down
  assert_output --partial 'nothing is running'
  assert_equal "$(find .)" .
  run -1 "$tandem" -d missing status
  assert_output 'tandem: nothing is running on missing: there is no such directory'
  run -0 "$tandem" -d missing down
  assert_equal "$(find .)" .
}

talking_service() {
  service "$1" <<<"echo one $1
echo >&3
echo two $1
exec tail -f /dev/null >/dev/null 3>&-"
}

merged() {
  talking_service first
  talking_service second
  up "$@"
  # The log may come after its service is ready.
  until [ "$("$tandem" logs | wc -l)" -eq 4 ]; do is_running "$front"; done
  run -0 "$tandem" logs
  assert_equal "$(sort -k 1,2 <<<"$output")" "$output"
  assert_line --regexp '^[0-9-]{10} [0-9:]{8}\.[0-9]{6} first  \| one first$'
  assert_line --regexp '^[0-9-]{10} [0-9:]{8}\.[0-9]{6} second \| two second$'
  run -0 "$tandem" logs second
  assert_line --partial 'one second'
  refute_line --partial 'one first'
  run -0 "$tandem" logs -n 1 first
  assert_output --regexp '^[^|]*\| two first$'
  run -0 "$tandem" logs --since 1h
  assert_equal "${#lines[@]}" 4
  run -0 "$tandem" logs first -- first
  assert_equal "${#lines[@]}" 2
  local since
  for since in tomorrow 2099-01-01; do
    run -1 "$tandem" logs --since "$since"
    assert_output "tandem: nothing was logged since $since"
  done
  for since in soon 99999999999s 99999999999999999999d 999999999d 9999999999-01-01; do
    run -64 "$tandem" logs --since "$since"
    assert_output "tandem: '--since $since' is no time (such as 90s, 10m, 2h, 1d, 12:30)"
  done
  run -64 "$tandem" logs --since 5
  assert_output "tandem: '--since 5': say the unit: 5s, 5m, 5h"
  run -64 "$tandem" logs third
  assert_output --partial "no service 'third' has a log here; there are: first second"
  # They are there when the system is not.
  stop_started "$front"
  run -0 "$tandem" logs
  assert_equal "${#lines[@]}" 4
}

@test 's6: logs are merged by time, and chosen' { merged --supervisor s6; }
@test 'runit: logs are merged by time, and chosen' { merged --supervisor runit; }

@test 'logs --since leaves out what is older' {
  mkdir -p "$dir/run/log/first"
  {
    date -d '3 hours ago' '+%F %T.000000001  long ago'
    date -d '5 minutes ago' '+%F %T.000000002  lately'
  } >"$dir/run/log/first/current"
  date -d '4 hours ago' '+%F %T.5  before' >"$dir/run/log/first/@4000000000000001.s"
  run -0 "$tandem" logs --since 10m
  assert_output --regexp '^[^|]*\| lately$'
  run -0 "$tandem" logs
  assert_line --index 0 --regexp '\.500000 first \| before$'
  assert_equal "${#lines[@]}" 3
  rm "$dir/run/log/first"/@*
  # svlogd writes UTC.
  TZ=UTC date -d '5 minutes ago' '+%F_%T.00001 utc' >"$dir/run/log/first/current"
  TZ=Asia/Kolkata run -0 "$tandem" logs --since 10m
  assert_output --regexp '\| utc$'
  TZ=America/New_York run -1 "$tandem" logs --since 2m
  assert_output 'tandem: nothing was logged since 2m'
}

@test 'logs -f goes on with what is written, also after the file has been replaced' {
  local log=$dir/run/log/first reader
  mkdir -p "$log" "$dir/run/log/second"
  echo '2026-01-01 00:00:01.5  past' >"$log/current"
  : >"$dir/run/log/second/current"
  exec {reader}< <(exec "$tandem" logs -f 3>&-)
  local shown_by=$!
  read -r line <&$reader
  assert_regex "$line" '\| past$'
  echo '2026-01-01 00:00:02.5  next' >>"$log/current"
  read -r line <&$reader
  assert_regex "$line" 'first  \| next$'
  mv "$log/current" "$log/@1.s"
  echo '2026-01-01 00:00:03.5  fresh' >"$log/current"
  read -r line <&$reader
  assert_regex "$line" '\| fresh$'
  echo '2026-01-01 00:00:04.5  other' >>"$dir/run/log/second/current"
  read -r line <&$reader
  assert_regex "$line" 'second \| other$'
  kill "$shown_by"
  # Its helpers end with it, and with them what they would have written to.
  run ! read -r line <&$reader
  exec {reader}<&-
}

restarted() {
  steady_service first
  steady_service second
  up "$@"
  run -0 "$tandem" restart second second
  assert_output 'tandem: second is ready again'
  assert_output 'tandem: second is ready again'
  assert_equal "$(wc -l <"$dir/first.pids") $(wc -l <"$dir/second.pids")" '1 2'
  refute is_running "$(head -n 1 "$dir/second.pids")"
  is_running "$(tail -n 1 "$dir/second.pids")"
  run -64 "$tandem" restart third
  assert_output "tandem: no service 'third' runs here; there are: first second"
  run -64 "$tandem" restart --rolling first
  run -0 "$tandem" restart --rolling
  assert_equal "$(wc -l <"$dir/first.pids") $(wc -l <"$dir/second.pids")" '2 3'
  stop_started "$front"
  none_running
}

@test 's6: restart of one, and of all in turn' { restarted --supervisor s6; }
@test 'runit: restart of one, and of all in turn' { restarted --supervisor runit; }

# A service says when it is told to stop; what its work is goes on where it was killed.
outliving() {
  service first <<<'trap "echo told >>told; exit" TERM
echo >&3
while :; do read -r _ <gate; done'
  mkfifo "$dir/gate"
  printf '#!/bin/sh\necho "of $TANDEM_DIR" >>"$TANDEM_DIR/rolled"\n' >"$etc/sv/first/rolling"
  printf '#!/bin/sh\necho settled >>"$TANDEM_DIR/rolled"\n' >"$etc/sv/first/settled"
  chmod +x "$etc/sv/first/rolling" "$etc/sv/first/settled"
  up "$@"
  run -0 "$tandem" restart --rolling
  assert_not_exist "$dir/told"
  assert_equal "$(cat "$dir/rolled")" "settled
of $dir"
  assert_equal "$(wc -l <"$dir/first.pids")" 2
  kill -TERM "$front"
  exec {gate}<>"$dir/gate"
  echo >&$gate
  wait "$front"
  exec {gate}>&-
  front=''
}

@test 's6: a rolling restart kills what is outlived by its work' { outliving --supervisor s6; }
@test 'runit: a rolling restart kills what is outlived by its work' { outliving --supervisor runit; }

@test 'restart: where a configuration is wrong nothing is stopped' {
  steady_service first
  steady_service second
  printf '#!/bin/sh\n[ ! -e "$TANDEM_DIR/wrong" ] || { echo "line 3 is wrong"; exit 78; }\n' >"$etc/sv/second/check"
  chmod +x "$etc/sv/second/check"
  up
  touch "$dir/wrong"
  run -78 "$tandem" restart --rolling
  assert_output --partial 'the configuration of second is wrong'
  assert_output --partial 'line 3 is wrong'
  assert_equal "$(cat "$dir"/first.pids "$dir"/second.pids | wc -l)" 2
  run -0 "$tandem" restart first
  rm "$dir/wrong"
  run -0 "$tandem" restart --rolling
}

@test 'restart: one that does not come back is named, with the end of its log' {
  service first <<<'[ ! -e broken ] || { echo "the reason why"; exit 78; }
echo >&3
exec tail -f /dev/null >/dev/null 3>&-'
  up
  touch "$dir/broken"
  run -69 "$tandem" restart first
  assert_line 'tandem: first ended with exit code 78 (wrong configuration); the end of its log:'
  assert_line --partial 'the reason why'
}
