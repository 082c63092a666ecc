#!/usr/bin/env bats
# ctest: timeout=900
# tandem(1) and its supervisor, over small services of their own.

load test_helper
load small_services

setup() { services_setup; }
teardown() { services_teardown; }

starts_and_stops() {
  steady_service first
  steady_service second
  printf '#!/bin/sh\necho some-url\n' >"$etc/sv/second/url"
  chmod +x "$etc/sv/second/url"
  up "$@"
  run cat "$dir/up.out"
  assert_line --regexp '^second +some-url$'
  run "$tandem" status
  assert_success
  assert_line --regexp '^first +ready'
  assert_line --regexp '^second +ready'
  stop_started "$front"
  none_running
  run "$tandem" "$@" status
  assert_failure 1
}

@test "s6: up is ready, shows URLs, and TERM stops everything" { starts_and_stops --supervisor s6; }

@test "status: a worker that tells nothing has no time, and its columns stay theirs" {
  mkdir "$BATS_TEST_TMPDIR/told"
  cat >"$BATS_TEST_TMPDIR/told/rs-client" <<'END'
#!/bin/sh
printf '7\tslave\tsilent\t3\t\t\t\t0\t%s\n' "$(date -u -d '-90 min' +%FT%TZ)"
printf '8\tslave\tstarting\t4\t\t\t\t\t\n'
END
  chmod +x "$BATS_TEST_TMPDIR/told/rs-client"
  run -0 env TANDEM_BIN="$BATS_TEST_TMPDIR/told" bash -euc '. "$1"; show_workers url' - \
    "$TANDEM_SOURCE/share/scripts/status.bash"
  assert_line --index 0 --regexp '^  worker 3  +slave +1h 30m +7 +silent$'
  assert_line --index 1 --regexp '^  worker 4  +slave +- +8 +starting$'
}

@test "runit: up is ready, shows URLs, and TERM stops everything" {
  starts_and_stops --supervisor runit
}

@test "services start in order, each after the one before is ready" {
  service first <<<'echo first-ready >>events
echo >&3
exec tail -f /dev/null'
  service second <<<'echo second-started >>events
echo >&3
exec tail -f /dev/null'
  up
  run cat "$dir/events"
  assert_output $'first-ready\nsecond-started'
}

@test "down stops a running system and is content where there is none" {
  steady_service first
  up
  run "$tandem" down
  assert_success
  wait "$front"
  none_running
  run "$tandem" down
  assert_success
  assert_output --partial 'nothing is running'
}

# TERM that comes right before the N-th wait of a script, when whatever looks for a signal has looked.
signalled_before_wait() { # SCRIPT N [OPTION]…
  steady_service first
  cat >"$BATS_TEST_TMPDIR/env" <<'END'
if [ "${0##*/}" = "$SIGNALLED" ]; then
  waits=0
  set -T
  trap 'case $BASH_COMMAND in "wait "*) [ $((++waits)) != "$BEFORE_WAIT" ] || kill -TERM $$ ;; esac' DEBUG
fi
END
  BASH_ENV=$BATS_TEST_TMPDIR/env SIGNALLED=$1 BEFORE_WAIT=$2 \
    run timeout 60 "$tandem" "${@:3}" up 3>&-
  assert_success
  none_running
}

@test "TERM right before tandem waits" { signalled_before_wait tandem 1; }
@test "s6: TERM right before the guard waits for a service" {
  signalled_before_wait supervise.sh 1 --supervisor s6
}
@test "s6: TERM right before the guard waits for the supervisor" {
  signalled_before_wait supervise.sh 2 --supervisor s6
}
@test "runit: TERM right before the guard waits for a service" {
  signalled_before_wait supervise.sh 1 --supervisor runit
}
@test "runit: TERM right before the guard waits for the supervisor" {
  signalled_before_wait supervise.sh 2 --supervisor runit
}

interrupted() { # SIGNAL OPTION...
  local signal=$1
  shift
  steady_service first
  # A shell gives its background commands an ignored INT, which they cannot trap.
  mkdir -p "$dir"
  start_ready "$dir/up.out" env --default-signal=INT,HUP "$tandem" "$@" up
  front=$started
  kill "-$signal" "$front"
  wait "$front"
  none_running
}

@test "INT stops everything" { interrupted INT; }
@test "HUP stops everything" { interrupted HUP; }

killed() {
  steady_service first
  steady_service second
  up "$@"
  kill -KILL "$front"
  wait "$front" || true
  wait_until_down "$dir"
  none_running
}

@test "s6: kill -9 of tandem stops everything" { killed --supervisor s6; }
@test "runit: kill -9 of tandem stops everything" { killed --supervisor runit; }

guard_killed() {
  steady_service first
  up "$@"
  signal_process KILL "$(cat "$dir/run/pid")"
  local rc=0
  wait "$front" || rc=$?
  [ $rc -eq 70 ]
  none_running
}

@test "s6: kill -9 of the guard stops everything" { guard_killed --supervisor s6; }
@test "runit: kill -9 of the guard stops everything" { guard_killed --supervisor runit; }

# The scanner is a child of the guard, beside the one that watches the directory.
supervisor_killed() {
  steady_service first
  up "$@"
  signal_process KILL "$(pgrep -P "$(cat "$dir/run/pid")" 's6-svscan|runsvdir')"
  local rc=0
  wait "$front" || rc=$?
  [ $rc -eq 70 ]
  none_running
  assert_equal "$(processes_in "$dir/run/sv*")" ''
}

@test "s6: kill -9 of the supervisor stops everything" { supervisor_killed --supervisor s6; }
@test "runit: kill -9 of the supervisor stops everything" { supervisor_killed --supervisor runit; }

@test "--only starts one application, and what belongs to none" {
  steady_service first fruit
  steady_service second vegetables
  steady_service third
  up --only vegetables
  run "$tandem" status
  assert_success
  assert_line --regexp '^second +ready'
  assert_line --regexp '^third +ready'
  refute_line --regexp '^first'
  stop_started "$front"
  assert_file_not_exist "$dir/first.pids"
  none_running
  TANDEM_ONLY=fruit up
  run "$tandem" status
  assert_line --regexp '^first +ready'
  refute_line --regexp '^second'
  run "$tandem" --only bread up
  assert_failure 64
  assert_output --partial "'--only bread' is none of these: fruit, vegetables"
}

@test "a second up on the same directory is refused and harms nothing" {
  steady_service first
  up
  run "$tandem" up
  assert_failure 75
  assert_output --partial 'one is running already'
  run "$tandem" status
  assert_success
  stop_started "$front"
}

@test "two systems run side by side" {
  steady_service first
  up
  tandem_up "$BATS_TEST_TMPDIR/other"
  stop_started "$started"
  run "$tandem" status
  assert_success
}

restarts() {
  steady_service first
  up "$@"
  # The second start announces itself on the FIFO.
  mkfifo "$dir/again"
  sed -i 's|^echo >&3|[ ! -p again ] \|\| echo >again\n&|' "$dir/run/sv/first/command"
  signal_process KILL "$(tail -n 1 "$dir/first.pids")"
  read -r _ <"$dir/again"
  [ "$(wc -l <"$dir/first.pids")" -eq 2 ]
  stop_started "$front"
  none_running
}

@test "s6: a service that dies is started again" { restarts --supervisor s6; }
@test "runit: a service that dies is started again" { restarts --supervisor runit; }

# Ends with $1 as soon as it is told to by a FIFO.
stays_down() {
  local code=$1
  shift
  mkfifo "$dir/gate"
  service first <<<"echo >&3
read -r _ <gate
exit $code"
  up "$@"
  local finish=$dir/run/sv/first/finish
  # The finish script says on a FIFO that it has run.
  mkfifo "$dir/finished"
  sed -i "2i echo >'$dir/finished'" "$finish"
  echo >"$dir/gate"
  read -r _ <"$dir/finished"
  if [ "$1 $2" = '--supervisor s6' ]; then
    s6-svwait -D -t 10000 "$dir/run/sv/first"
  else
    # Down is what a service stays that runit was told to stop, which the script does at its end.
    sv -w 10 down "$dir/run/sv/first"
  fi
  run "$tandem" "$@" status
  assert_failure 1
  assert_line --regexp '^first +down'
  stop_started "$front"
  [ "$(wc -l <"$dir/first.pids")" -eq 1 ]
}

@test "s6: exit code 64 is not restarted" { stays_down 64 --supervisor s6; }
@test "s6: exit code 78 is not restarted" { stays_down 78 --supervisor s6; }
@test "runit: exit code 78 is not restarted" { stays_down 78 --supervisor runit; }

fails_to_start() {
  steady_service first
  service broken <<<'echo "the reason why"
exit 78'
  steady_service never
  run "$tandem" "$@" up
  assert_failure 69
  assert_output --partial 'broken ended with exit code 78'
  assert_output --partial 'the reason why'
  assert_file_not_exist "$dir/never.pids"
  none_running
}

@test "s6: a service that dies at the start is named, its log shown, the rest stopped" {
  fails_to_start --supervisor s6
}
@test "runit: a service that dies at the start is named, its log shown, the rest stopped" {
  fails_to_start --supervisor runit
}

never_ready() {
  service silent <<<"echo \"\$TANDEM_TIMEOUT\" >$dir/timeout; exec tail -f /dev/null"
  run "$tandem" "$@" --timeout 1500ms up
  assert_failure 69
  assert_output --partial 'silent was not ready in time'
  assert_equal "$(cat "$dir/timeout")" 1500ms
  none_running
}

@test "s6: a service that never gets ready is named" { never_ready --supervisor s6; }
@test "runit: a service that never gets ready is named" { never_ready --supervisor runit; }

@test "TERM during the start stops everything" {
  mkfifo "$dir/begun"
  service slow <<<'echo >begun
exec tail -f /dev/null'
  "$tandem" up >"$dir/up.out" 2>&1 3>&- &
  front=$!
  read -r _ <"$dir/begun"
  kill -TERM "$front"
  wait "$front"
  none_running
}

# A service that leaves a process of its own session running, as rs-orch leaves its workers.
leaving_service() {
  service parent <<<'if [ ! -e child.pids ]; then
  setsid sh -c "echo \$\$ >>child.pids; exec tail -f /dev/null" >/dev/null 3>&- &
  until [ -s child.pids ]; do :; done
fi
echo >&3
exec tail -f /dev/null >/dev/null 3>&-'
  cat >"$etc/sv/parent/stopped" <<'EOF'
#!/bin/sh
kill "$(cat child.pids)"
tail --pid="$(cat child.pids)" -f /dev/null
EOF
  chmod +x "$etc/sv/parent/stopped"
}

@test "what a service leaves on purpose survives it, and is stopped at the end" {
  leaving_service
  up
  signal_process KILL "$(cat "$dir/parent.pids")"
  is_running "$(cat "$dir/child.pids")"
  stop_started "$front"
  none_running
}

@test "what a service leaves on purpose is stopped when tandem is killed" {
  leaving_service
  up
  kill -KILL "$front"
  wait "$front" || true
  wait_until_down "$dir"
  none_running
}

all_killed() { # SUPERVISOR of the killed system, of the next one
  local pids pid
  leaving_service
  up --supervisor "$1"
  kill_supervision "$dir" "$front"
  pids=("$(cat "$dir/parent.pids")" "$(cat "$dir/child.pids")")
  for pid in "${pids[@]}"; do is_running "$pid"; done
  up --supervisor "$2"
  for pid in "${pids[@]}"; do refute is_running "$pid"; done
  stop_started "$front"
  none_running
}

@test "s6: what a system has left that was killed as a whole is stopped by the next one" {
  all_killed s6 s6
}
@test "runit: what a system has left that was killed as a whole is stopped by the next one" {
  all_killed runit s6
}

@test "what a system has left that was killed as a whole is stopped by down" {
  steady_service first
  up --supervisor s6
  kill_supervision "$dir" "$front"
  is_running "$(cat "$dir/first.pids")"
  run "$tandem" down
  assert_success
  none_running
}

one_supervisor_killed() {
  steady_service first
  up "$@"
  mkfifo "$dir/again"
  sed -i 's|^echo >&3|echo >again\n&|' "$dir/run/sv/first/command"
  signal_process KILL "$(processes_in "$dir/run/sv/first")"
  # Its service goes on alone until there is a supervisor again, which starts another one.
  read -r _ <"$dir/again"
  refute is_running "$(head -n 1 "$dir/first.pids")"
  [ "$(wc -l <"$dir/first.pids")" -eq 2 ]
  stop_started "$front"
  none_running
}

@test "s6: a service whose supervisor was killed is replaced, not doubled" {
  one_supervisor_killed --supervisor s6
}
@test "runit: a service whose supervisor was killed is replaced, not doubled" {
  one_supervisor_killed --supervisor runit
}

# It ends by the one signal alone, and tells of it.
down_signal() { # down|killed [OPTION]…
  local how=$1
  shift
  service first <<<'exec bash -c "trap \"\" TERM; trap \"echo usr2 >ended; exit\" USR2
    echo >&3; exec 3>&-; while :; do read -r -t 1 _ <>again; done"'
  echo SIGUSR2 >"$etc/sv/first/down-signal"
  mkfifo "$dir/again"
  up "$@"
  if [ "$how" = killed ]; then
    kill_supervision "$dir" "$front"
    run -0 "$tandem" "$@" down
  else
    stop_started "$front"
  fi
  assert_equal "$(cat "$dir/ended")" usr2
  none_running
}

@test "s6: a service is stopped by the signal that it names" { down_signal down --supervisor s6; }
@test "runit: a service is stopped by the signal that it names" {
  down_signal down --supervisor runit
}
@test "what is left of a killed system is stopped by the signal that it names" {
  down_signal killed --supervisor s6
}

@test "what nobody asked for is left out without a word" {
  steady_service first
  steady_service second
  printf '#!/bin/sh\nexit 1\n' >"$etc/sv/second/wanted"
  chmod +x "$etc/sv/second/wanted"
  up
  run cat "$dir/up.out"
  refute_output --partial second
  assert_file_not_exist "$dir/second.pids"
}

@test "end-former ends the process that was noted, and no other" {
  local note=$BATS_TEST_TMPDIR/note bad
  mkfifo "$note.held"
  # It ignores TERM.
  bash -c 'trap "" TERM; echo >"$0"; exec tail -f /dev/null' "$note.held" 3>&- &
  local pid=$!
  read -r _ <"$note.held"
  echo "$pid $(sed 's/^.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)" >"$note"
  # The same id with another start is another process.
  sed 's/$/1/' "$note" >"$note.other"
  "$TANDEM_SOURCE/share/scripts/end-former.sh" "$note.other"
  is_running $pid
  TANDEM_GRACE=0 "$TANDEM_SOURCE/share/scripts/end-former.sh" "$note"
  refute is_running $pid
  for bad in '' 0 1 -1 x '0 0' '1 0' '-1 5'; do
    echo "$bad" >"$note"
    run sh -c 'kill() { echo "killed $*"; }; . "$0"' "$TANDEM_SOURCE/share/scripts/end-former.sh" "$note"
    assert_success
    assert_output ''
  done
  "$TANDEM_SOURCE/share/scripts/end-former.sh" "$note.missing"
}

@test "stop-holders ends who holds a lock, by force where need be, and nobody else" {
  local lock n
  for n in 1 2 3; do
    lock=$BATS_TEST_TMPDIR/lock$n
    mkfifo "$lock.held"
    # The second one ignores TERM; the third has let go of its lock.
    N=$n LOCK=$lock bash -c '[ $N != 2 ] || trap "" TERM
      exec 5>"$LOCK"; flock 5; echo $$ >&5; [ $N != 3 ] || exec 5>&-
      echo >"$LOCK.held"; exec tail -f /dev/null' 3>&- &
    read -r _ <"$lock.held"
  done
  TANDEM_GRACE=0 run "$TANDEM_SOURCE/share/scripts/stop-holders.sh" "$BATS_TEST_TMPDIR"/lock[123] \
    "$BATS_TEST_TMPDIR/missing"
  assert_success
  refute is_running "$(cat "$BATS_TEST_TMPDIR/lock1")"
  refute is_running "$(cat "$BATS_TEST_TMPDIR/lock2")"
  kill "$(cat "$BATS_TEST_TMPDIR/lock3")"
}

@test "a process id that kill would take for many processes is refused" {
  local bad
  for bad in -1 0 1 '' x '2 3'; do
    run signal_process 0 "$bad"
    assert_failure
  done
  # The same for stop-holders: whoever holds the lock, no signal is sent to all.
  for bad in -1 0 1; do
    echo "$bad" >"$BATS_TEST_TMPDIR/lock"
    # Functions in the place of kill, and of flock so that the lock seems to be held.
    run env TANDEM_GRACE=0 sh -c 'kill() { echo "killed $*"; }; flock() { [ "$1" = -w ]; }
      . "$0"' "$TANDEM_SOURCE/share/scripts/stop-holders.sh" "$BATS_TEST_TMPDIR/lock"
    assert_success
    assert_output ''
  done
}

@test "a service that does not want to run is left out, with its reason" {
  steady_service first
  steady_service second
  printf '#!/bin/sh\necho "no luck"; exit 1\n' >"$etc/sv/second/wanted"
  chmod +x "$etc/sv/second/wanted"
  up
  run cat "$dir/up.out"
  assert_line --partial 'second is left out: no luck'
  assert_file_not_exist "$dir/second.pids"
}

@test "services do not inherit the lock" {
  steady_service first
  up
  run ls -l "/proc/$(cat "$dir/first.pids")/fd"
  refute_output --partial "$dir/run/lock"
}

@test "descriptors that came closed do no harm" {
  steady_service first
  RS_READY_FD='' "$tandem" up <&- 3>&- 7>&- >"$dir/up.out" 2>&1 &
  front=$!
  # The last thing before it is ready: nothing else announces it here.
  until "$tandem" status >/dev/null 2>&1; do is_running "$front"; done
  kill -TERM "$front"
  wait "$front"
}

@test "wrong usage is exit code 64, a missing configuration 78, an impossible directory 73" {
  for arguments in '' 'nonsense' '--nonsense up' 'up down' '--port-base 70000 up' \
    '--port-base x up' '--timeout 0s up' '--timeout 3x up' '--timeout s up' '--supervisor x up'; do
    # shellcheck disable=SC2086
    run "$tandem" $arguments
    assert_failure 64
  done
  run -64 "$tandem" --timeout 3 up
  assert_output --partial 'say the unit: 3s, 3ms'
  for arguments in --dir -d -p --port-base --only --etc --bin --supervisor --timeout; do
    run -64 "$tandem" "$arguments" '' up
    assert_output "tandem: option '$arguments' has an empty value"
  done
  for arguments in --format=:status --lines=:logs --since=:logs; do
    run -64 "$tandem" "${arguments%:*}" "${arguments#*:}"
    assert_output "tandem: option '${arguments%=*}' has an empty value"
  done
  run -64 "$tandem" restart ''
  assert_output "tandem: 'tandem restart' is given an empty name"
  run -64 "$tandem" ''
  run -64 "$tandem" -- --help
  assert_output "tandem: unknown command '--help'; see tandem --help"
  run "$tandem" --etc "$BATS_TEST_TMPDIR/missing" up
  assert_failure 78
  run "$tandem" --dir /dev/null/x up
  assert_failure 73
  run "$tandem" --help
  assert_success
}

# Nothing spins, and nothing that was started is left, whoever stops it or nobody.
run_removed() { # HOW [OPTION]…
  local how=$1
  shift
  steady_service first
  steady_service second
  up "$@"
  rm -rf "$dir/run"
  case $how in
    TERM) kill -TERM "$front" ;;
    down)
      run -0 "$tandem" "$@" down
      none_running
      ;;
  esac
  wait "$front" || true
  none_running
  front=''
}

@test "s6: run is removed: everything ends" { run_removed by_itself --supervisor s6; }
@test "runit: run is removed: everything ends" { run_removed by_itself --supervisor runit; }
@test "s6: run is removed, then TERM" { run_removed TERM --supervisor s6; }
@test "runit: run is removed, then TERM" { run_removed TERM --supervisor runit; }
@test "s6: run is removed, then down" { run_removed down --supervisor s6; }
@test "runit: run is removed, then down" { run_removed down --supervisor runit; }
