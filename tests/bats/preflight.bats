#!/usr/bin/env bats
# What tandem(1) looks at before it starts anything, and what it withstands around it.

load test_helper
load small_services

setup() { services_setup; }
teardown() {
  services_teardown
  [ ! -e "$BATS_TEST_TMPDIR/noexec" ] || umount "$BATS_TEST_TMPDIR/noexec"
}

part() { # SERVICE/SCRIPT, its text on stdin
  {
    echo '#!/bin/sh'
    cat
  } >"$etc/sv/$1"
  chmod +x "$etc/sv/$1"
}

nothing_started() {
  assert_output --partial 'nothing was started'
  assert_not_exist "$dir/first.pids"
  assert_not_exist "$dir/run/pid"
  assert_not_exist "$dir/run/sv"
}

every_configuration() {
  steady_service first
  steady_service second
  steady_service third
  part second/check <<<'echo "second[$$]: error: it is too late"; exit 78'
  part third/check <<<'echo "third: error: it is too early" >&2; exit 64'
  run -78 "$tandem" "$@" up
  assert_line 'tandem: the configuration of second is wrong:'
  assert_line '  second: error: it is too late'
  assert_line 'tandem: the configuration of third is wrong:'
  assert_line '  third: error: it is too early'
  nothing_started
}

@test 's6: every configuration is checked before anything starts' { every_configuration --supervisor s6; }
@test 'runit: every configuration is checked before anything starts' {
  every_configuration --supervisor runit
}

@test 'a program that cannot be run is no wrong configuration' {
  steady_service first
  part first/check <<<'exec "$TANDEM_BIN/first" --check'
  run -78 "$tandem" up
  assert_line 'tandem: first cannot be run:'
  nothing_started
  printf '#!/bin/sh\n' >"$TANDEM_BIN/first"
  run -78 "$tandem" up
  assert_line 'tandem: first cannot be run:'
  assert_line --partial 'Permission denied'
}

@test 'what replicas share is told once' {
  steady_service first
  steady_service second
  part first/check <<<'echo "both[$$]: error: wrong"; exit 78'
  part second/check <<<'echo "both[$$]: error: wrong"; exit 78'
  run -78 "$tandem" up
  assert_equal "$(grep -c 'error: wrong' <<<"$output")" 1
}

@test 'a check is no start: what it says where all is well is not shown' {
  steady_service first
  part first/check <<<'echo "the configuration is fine"'
  up
  run cat "$dir/up.out"
  refute_output --partial 'fine'
}

@test 'TERM ends a check that hangs' {
  steady_service first
  mkfifo "$dir/begun"
  part first/check <<<'echo >begun
exec tail -f /dev/null'
  "$tandem" up >"$dir/up.out" 2>&1 3>&- &
  front=$!
  read -r _ <"$dir/begun"
  kill -TERM "$front"
  wait "$front"
  front=''
  assert_not_exist "$dir/first.pids"
}

# Somebody who listens on $port_base; its process is $started.
taken_port() { # ADDRESS
  start_ready "$BATS_TEST_TMPDIR/holder" "$suite_bin/rs-users" --port "$port_base" \
    --set "http.host=$1" --set database.start_wait=0 --set "count.file=$BATS_TEST_TMPDIR/count"
}

@test 'a port that is in use is named with its holder, and nothing is started' {
  local address other
  take_ports 1
  steady_service first
  steady_service second
  for other in '127.0.0.1 127.0.0.1' '127.0.0.1 0.0.0.0' '0.0.0.0 127.0.0.1' '0.0.0.0 localhost'; do
    taken_port "${other#* }"
    part second/listens <<<"echo ${other% *} $port_base"
    run -69 "$tandem" up
    stop_started "$started"
    assert_line --partial "tandem: port $port_base (second) is in use by pid $started ("
    assert_line --partial "rs-users --port $port_base"
    assert_line --partial 'take others with --port-base'
    nothing_started
  done
  # Another address of this host is another port.
  taken_port 127.0.0.2
  local holder=$started
  part second/listens <<<"echo 127.0.0.1 $port_base"
  up
  stop_started "$holder"
}

@test 'a port that is taken after the look at it is named with its holder, too' {
  local pid
  take_ports 1
  mkfifo "$dir/looked" "$dir/taken"
  service second <<<'echo "no port for second"
exit 78'
  part second/listens <<<"echo 127.0.0.1 $port_base"
  part second/check <<<"echo >'$dir/looked'
read -r _ <'$dir/taken'"
  "$tandem" up >"$dir/up.out" 2>&1 3>&- &
  front=$!
  read -r _ <"$dir/looked"
  taken_port 127.0.0.1
  pid=$started
  echo >"$dir/taken"
  wait "$front" && fail 'it is up'
  front=''
  stop_started "$pid"
  run cat "$dir/up.out"
  assert_line --partial 'no port for second'
  assert_line --partial "tandem: port $port_base (second) is in use by pid $pid ("
  assert_line --partial 'take others with --port-base'
}

@test 'a port that two services want, or that nobody knows, is a wrong configuration' {
  take_ports 1
  steady_service first
  steady_service second
  part first/listens <<<"echo 127.0.0.1 $port_base"
  part second/listens <<<"echo 127.0.0.1 $port_base"
  run -78 "$tandem" up
  assert_line "tandem: port $port_base is meant for second and for first"
  nothing_started
  part second/listens <<<"echo 127.0.0.1 0"
  run -78 "$tandem" up
  assert_line --partial 'the port of second is 0'
  nothing_started
}

@test 'a line for each service that gets ready, with its time' {
  steady_service first
  steady_service second
  up
  run cat "$dir/up.out"
  assert_line --regexp '^tandem: first is ready \([0-9]+\.[0-9]{2} s\)$'
  assert_line --regexp '^tandem: second is ready \([0-9]+\.[0-9]{2} s\)$'
  assert_line --regexp '^tandem: everything is ready \([0-9]+\.[0-9]{2} s\); Ctrl-C stops it$'
}

@test 'what runs goes on where nobody reads its output any more' {
  steady_service first
  steady_service second
  part first/url <<<'echo http://a'
  part second/url <<<'echo http://b'
  mkfifo "$dir/out"
  start_ready /dev/stderr sh -c 'exec "$@" >"$0" 2>&1' "$dir/out" "$tandem" up &
  head -n 1 "$dir/out" >"$dir/first-line"
  wait $!
  run "$tandem" status
  assert_success
  run -0 "$tandem" down
  none_running
}

@test 'umask 000: nothing that tandem makes can be written by everybody' {
  steady_service first
  (umask 000 && tandem_up "$dir" && echo "$started" >"$dir/front")
  run find "$dir/run" "$dir/etc" -perm /002 ! -type l
  assert_output ''
  run -0 "$tandem" down
}

@test 'an exported CDPATH leads nowhere else' {
  steady_service first
  mkdir -p "$BATS_TEST_TMPDIR/elsewhere/home" "$BATS_TEST_TMPDIR/elsewhere/share"
  cd "$BATS_TEST_TMPDIR"
  export CDPATH=$BATS_TEST_TMPDIR/elsewhere
  TANDEM_DIR=home up
  run -0 "$tandem" -d home status
  assert_not_exist elsewhere/home/run
  stop_started "$front"
  front=''
}

@test 'a locale with letters of its own changes no name' {
  take_ports 1
  steady_service first
  LC_ALL=tr_TR.UTF-8 up -p "$port_base"
  grep -q "RS_RIDES_HTTP_PORT=$((port_base + 1))" <(tr '\0' '\n' <"/proc/$(cat "$dir/first.pids")/environ")
}

@test 'a directory where nothing can be executed is said to be one' {
  steady_service first
  mkdir "$BATS_TEST_TMPDIR/noexec"
  mount -t tmpfs -o noexec tmpfs "$BATS_TEST_TMPDIR/noexec" 2>/dev/null || {
    rmdir "$BATS_TEST_TMPDIR/noexec"
    skip 'cannot mount file systems'
  }
  run -73 "$tandem" -d "$BATS_TEST_TMPDIR/noexec" up
  assert_output --partial 'mounted noexec'
}

killed_by_signal() {
  service first <<<'kill -XFSZ $$'
  run -69 "$tandem" "$@" up
  assert_line --partial 'first was killed by SIGXFSZ (a file would have become larger than ulimit -f'
}

@test 's6: how a service ended is said in words' { killed_by_signal --supervisor s6; }
@test 'runit: how a service ended is said in words' { killed_by_signal --supervisor runit; }

@test 'how processes end, in words' {
  # shellcheck source=share/scripts/ending.bash
  . "$TANDEM_SOURCE/share/scripts/ending.bash"
  assert_equal "$(ending_in_words 78 '')" 'ended with exit code 78 (wrong configuration)'
  assert_equal "$(ending_in_words 3 '')" 'ended with exit code 3'
  assert_equal "$(ending_in_words 127 0)" 'ended with exit code 127 (its program is not there)'
  assert_equal "$(ending_in_words 143 '')" 'was killed by SIGTERM'
  assert_equal "$(ending_in_words -1 15)" 'was killed by SIGTERM'
  assert_equal "$(ending_in_words -1 SIGSEGV)" 'was killed by SIGSEGV (a bug)'
}

@test 'limits of files are said before they kill' {
  steady_service first
  (ulimit -f 20000 && tandem_up "$dir")
  run cat "$dir/up.out"
  assert_line --partial 'files may have 20000 KiB at most'
  run -0 "$tandem" down
}

@test 'down in another namespace of process ids signals no stranger' {
  unshare -rpf --mount-proc true 2>/dev/null || skip 'cannot make namespaces'
  steady_service first
  up
  # There the number of the guard is that of a process of its own.
  local guard
  guard=$(cat "$dir/run/pid")
  run -75 unshare -rpf --mount-proc bash -c '
    while :; do
      tail -f /dev/null 3>&- & pid=$!
      [ $pid -lt $1 ] || break
      kill $pid; wait $pid
      echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid || exit 1
    done 2>/dev/null
    "$0" down; code=$?
    kill -0 $pid || code=99
    kill $pid
    exit $code' "$tandem" "$guard"
  assert_output --partial 'another namespace'
  run -0 "$tandem" status
}

@test 'notes of processes: of another boot or namespace they name nobody' {
  local note=$BATS_TEST_TMPDIR/note ticks boot
  tail -f /dev/null 3>&- &
  local pid=$!
  ticks=$(sed 's/^.*) //' "/proc/$pid/stat" | cut -d ' ' -f 20)
  boot=$(cat /proc/sys/kernel/random/boot_id)
  for other in "$boot pid:[1]" "x$boot $(readlink /proc/self/ns/pid)"; do
    echo "$pid $ticks $other" >"$note"
    "$TANDEM_SOURCE/share/scripts/end-former.sh" "$note"
    is_running $pid
  done
  echo "$pid $ticks $boot $(readlink /proc/self/ns/pid)" >"$note"
  "$TANDEM_SOURCE/share/scripts/end-former.sh" "$note"
  refute is_running $pid
}

@test 'stop-holders signals nobody who does not have the lock open' {
  local lock=$BATS_TEST_TMPDIR/lock
  tail -f /dev/null 3>&- &
  local stranger=$!
  echo $stranger >"$lock"
  mkfifo "$lock.held"
  bash -c 'exec 5<"$0"; flock 5; echo >"$0.held"; read -r _ <"$0.held"' "$lock" 3>&- &
  local holder=$!
  read -r _ <"$lock.held"
  TANDEM_GRACE=0 "$TANDEM_SOURCE/share/scripts/stop-holders.sh" "$lock" 3>&- &
  local stopper=$!
  # It waits for the lock, in the place of a signal.
  until pgrep -P $stopper flock >/dev/null; do is_running $stopper; done
  echo >"$lock.held"
  wait $holder $stopper
  is_running $stranger
  kill $stranger
}

@test '-h and -V, by its own name; an option of another command is refused' {
  run -0 "$tandem" -h
  assert_line --partial 'usage: tandem'
  TANDEM_BIN=$suite_bin run -0 "$tandem" -V
  assert_line --index 0 --regexp '^tandem [0-9]'
  run -78 "$tandem" -V
  assert_line --partial 'tandem: no programs'
  run -64 "$tandem" --since 3m status
  assert_output "tandem: '--since' is an option of 'tandem logs'"
  run -64 "$tandem" status first
  run -64 "$tandem" restart
  run -64 "$tandem" -n x logs
}
