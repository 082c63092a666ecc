#!/usr/bin/env bats
# What rs-users and rs-rides do by themselves: configuration, counter, and life without a database.

load test_helper

setup() {
  take_ports 2
  cd "$BATS_TEST_TMPDIR" || return
  ln -s "$TANDEM_SOURCE/etc" etc
  started=''
}

teardown() { [ -z "$started" ] || stop_started "$started"; }

# Starts a service on $port_base with nobody behind it.
alone() { # PROGRAM [ARGUMENT]…
  local program=$1
  shift
  start_ready "$BATS_TEST_TMPDIR/log" "$TANDEM_BIN/$program" --port "$port_base" \
    --set database.start_wait=0 --set database.unreachable_wait=50ms "$@"
  url=http://127.0.0.1:$port_base
}

@test 'the files in etc are good, and show every default' {
  local name
  for name in users rides; do
    run "$TANDEM_BIN/rs-$name" --config "etc/$name.toml" --check
    assert_success
  done
}

@test 'a configuration that is a FIFO, or bottomless, is refused by every program' {
  local program
  mkfifo fifo
  awk 'BEGIN { for (i = 0; i < 20000; i++) printf "a."; print "a = 1" }' >deep.toml
  for program in rs-orch rs-worker rs-users rs-rides ts-front ts-catalog ts-order; do
    run -78 timeout 10 "$TANDEM_BIN/$program" --config fifo --check
    assert_output --partial "'fifo' is not a regular file"
    run -78 timeout 10 "$TANDEM_BIN/$program" --config deep.toml --check
    assert_output --partial 'deep.toml:1:128: keys, arrays and tables are nested deeper than 64'
  done
  run -78 timeout 10 "$TANDEM_BIN/rs-rides" --set areas.file=fifo --check
  run -78 timeout 10 "$TANDEM_BIN/ts-catalog" --set catalog.file=fifo --check
}

@test '--check changes nothing and binds nothing' {
  run "$TANDEM_BIN/rs-users" --check
  assert_success
  assert_file_not_exist run
}

@test 'areas with bad lines are refused, each named by its number' {
  printf 'no,name\n1,a\nx,b\n1,c\n' >bad.csv
  run "$TANDEM_BIN/rs-rides" --set areas.file=bad.csv --check
  assert_failure 78
  assert_output --partial 'line 3'
  assert_output --partial 'line 4'
  run "$TANDEM_BIN/rs-rides" --set areas.file=none.csv
  assert_failure 78
  assert_output --partial "'none.csv'"
}

@test 'a time zone that is not there is refused' {
  run "$TANDEM_BIN/rs-rides" --set time.zone=Europe/Nowhere --check
  assert_failure 78
  assert_output --partial "'Europe/Nowhere'"
}

@test 'a malformed address of the database is refused' {
  run "$TANDEM_BIN/rs-users" --set database.urls=carrier-pigeon
  assert_failure 64
  assert_output --partial 'carrier-pigeon'
}

# Of a check and of a start.
refused() { # EXIT-CODE PROGRAM SETTING
  local how
  for how in '' --check; do
    run "-$1" timeout 20 "$TANDEM_BIN/$2" --set "$3" $how "${@:4}"
    assert_output --regexp "${3%%=*}|cannot listen"
    refute_output --partial 'is fine'
  done
}

@test 'what the start refuses, --check refuses with the same words' {
  local program kind file=$BATS_TEST_TMPDIR/file
  for program in rs-users rs-rides; do
    refused 64 $program database.urls=http://x
    refused 78 $program database.urls=
    refused 78 $program count.file=/
    refused 78 $program count.file=
  done
  for program in users rides front orch; do
    [ $program = front ] && kind=ts || kind=rs
    refused 78 "$kind-$program" http.host=nosuch.invalid --config "$TANDEM_SOURCE/etc/$program.toml"
    assert_output --partial 'cannot listen on nosuch.invalid:'
  done
  echo >"$file"
  refused 78 rs-orch workers.program=/nonexistent/w --config "$TANDEM_SOURCE/etc/orch.toml"
  refused 77 rs-orch "workers.program=$file" --config "$TANDEM_SOURCE/etc/orch.toml"
  refused 78 rs-orch workers.config=/nonexistent --config "$TANDEM_SOURCE/etc/orch.toml"
  refused 64 rs-users 'http.hosts=[' --port 0
  refused 64 rs-users 'http.hosts=["localhost","127.0.0.1"]' --port 0
}

@test 'what rs-orch cannot use as a url, a name or a directory is refused by name' {
  local setting
  for setting in rpc.url=carrier-pigeon database.group=../x database.group= coord.root=; do
    run "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" --set "$setting" --check
    assert_failure 64
    assert_output --partial "'${setting%%=*}'"
  done
}

@test 'without a database: alive, not ready, 503 with Retry-After' {
  local path
  for program in rs-users rs-rides; do
    alone "$program"
    http GET "$url/livez"
    assert_equal "$status" 200
    http GET "$url/readyz"
    assert_equal "$status" 503
    http GET "$url/readyz?verbose"
    assert_equal "$status" 503
    run jq -r '.dependencies | keys[]' <<<"$output"
    assert_output database
    http GET "$url/"
    assert_equal "$status $(jq -r .name <<<"$output")" "200 $program"
    case $program in
      rs-users) path=users ;;
      *) path=rides/count ;;
    esac
    run curl -sS -D - "$url/api/v1/$path"
    assert_line --regexp '^HTTP/1.1 503'
    assert_line --regexp '^[Rr]etry-[Aa]fter: 1'
    assert_line --partial '"code":503'
    run curl -sS -D - -X POST "$url/api/v1/db/clear"
    assert_line --regexp '^HTTP/1.1 503'
    stop_started "$started"
    started=''
  done
}

@test 'without a database: what is wrong with a request is said all the same' {
  alone rs-rides
  http POST "$url/api/v1/rides" '{"created_by":"ann"}'
  assert_equal "$status" 400
  http GET "$url/api/v1/rides?source=22"
  assert_equal "$status" 400
}

@test 'the counter outlives a stop and a kill -9' {
  local i
  alone rs-users
  for i in 1 2 3; do http GET "$url/api/v1/users"; done
  stop_started "$started"
  alone rs-users
  http GET "$url/api/v1/users"
  kill -KILL "$started"
  wait_gone "$started"
  alone rs-users
  http GET "$url/api/v1/_count"
  assert_equal "$status $output" '200 [4]'
}

@test 'a damaged counter is kept aside and said so' {
  mkdir -p run/state
  echo damaged >run/state/rs-users.count
  alone rs-users
  http GET "$url/api/v1/_count"
  assert_equal "$output" '[0]'
  assert_file_contains run/state/rs-users.count.bad damaged
  assert_file_contains log 'damaged'
}

@test 'a second process on one counter or one port is refused' {
  alone rs-users
  run "$TANDEM_BIN/rs-users" --port $((port_base + 1))
  assert_failure 69
  assert_output --partial 'rs-users.count'
  run "$TANDEM_BIN/rs-users" --port "$port_base" --set count.file=other.count \
    --set database.start_wait=0
  assert_failure 69
}

@test 'without a descriptor left connections wait, the log stays short, and who closes lets them in' {
  local fd first='' i answer
  alone rs-users
  # Room for some ten more.
  prlimit --pid "$started" --nofile="$(($(find "/proc/$started/fd" -type l | wc -l) + 10)):" ||
    skip 'cannot limit a process'
  for ((i = 0; i < 40; ++i)); do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port_base"
    first=${first:-$fd}
  done
  until grep -q 'cannot accept connections: they wait' log; do :; done
  printf 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n' >&"$fd"
  # Neither served nor closed.
  run ! read -r -t 1 -u "$fd" answer
  for ((i = first; i < fd; ++i)); do exec {i}>&-; done
  read -r -t 10 -u "$fd" answer
  assert_equal "$answer" $'HTTP/1.1 200 OK\r'
  exec {fd}>&-
  assert_equal "$(grep -c 'cannot accept' log)" 1
}

@test 'TERM ends with 0' {
  alone rs-rides
  local code=0
  stop_started "$started" || code=$?
  started=''
  assert_equal "$code" 0
}
