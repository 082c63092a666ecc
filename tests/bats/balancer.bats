#!/usr/bin/env bats
# ctest: timeout=600
# The load balancer: what comes through it, and what it says itself.

load test_helper

setup_file() {
  PATH=$PATH:/usr/sbin
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  take_ports 8
  export PATH port_base
  export home=$BATS_FILE_TMPDIR/home
  export users=http://127.0.0.1:$port_base
  export rides=http://127.0.0.1:$((port_base + 1))
  export lb=http://127.0.0.1:$((port_base + 3))
  tandem_up "$home" --only rideshare --port-base "$port_base" --supervisor s6
  export front=$started
}

teardown_file() { [ -z "${front:-}" ] || stop_started "$front"; }

setup() {
  other=''
  fake=''
}

teardown() {
  [ -z "$other" ] || stop_started "$other"
  [ -z "$fake" ] || { kill "$fake" && wait "$fake"; } || true
}

# The head of an answer, without carriage returns, then its body.
whole() { curl -sS -m 30 -i "$@" | tr -d '\r'; }

json_error() { # STATUS PART-OF-MESSAGE, of $output as whole() prints it
  assert_line --index 0 --regexp "^HTTP/1.1 $1 "
  assert_line --regexp '^content-type: application/json$'
  assert_line --regexp '^x-request-id: .+'
  assert_equal "$(tail -n 1 <<<"$output" | jq -c .error.code)" "$1"
  run tail -n 1 <<<"$output"
  assert_output --partial "$2"
}

@test 'a service that is down: 503 as the services say it, and the balancer is not ready' {
  s6-svc -wD -d "$home/run/sv/rs-users"
  run whole -H 'X-Request-Id: mine,all' "$lb/api/v1/users"
  assert_line 'retry-after: 1'
  assert_line 'x-request-id: mine,all'
  json_error 503 'rs-users is not available; nothing was done'
  # An id that is none is not given on.
  run whole -H 'X-Request-Id: not mine' "$lb/api/v1/users"
  refute_output --partial 'not mine'
  json_error 503 'rs-users'
  until curl -s "$lb/readyz" | grep -q 'is not ready'; do :; done
  run whole "$lb/readyz"
  assert_line 'retry-after: 1'
  json_error 503 'rs-users is not ready'
  # Without a body where none is asked for.
  run whole -I "$lb/readyz"
  refute_output --partial '{'
  # The rides go on.
  run -0 curl -sSf "$lb/api/v1/rides/count"
  s6-svc -wU -u "$home/run/sv/rs-users"
  until curl -sf -o /dev/null "$lb/readyz"; do :; done

  s6-svc -wD -d "$home/run/sv/rs-rides"
  until curl -s "$lb/readyz" | grep -q 'is not ready'; do :; done
  run whole "$lb/readyz"
  json_error 503 'rs-rides is not ready'
  s6-svc -wU -u "$home/run/sv/rs-rides"
  until curl -sf -o /dev/null "$lb/readyz"; do :; done
}

# The balancer's configuration with short times, before a service that behaves as the path says.
fake_service() {
  sed 's/timeout server 60s/timeout server 200ms/; s/timeout http-request 20s/timeout http-request 200ms/' \
    "$TANDEM_SOURCE/etc/haproxy.cfg" >"$BATS_TEST_TMPDIR/lb.cfg"
  cat >>"$BATS_TEST_TMPDIR/lb.cfg" <<END
frontend fake
    bind 127.0.0.1:$((port_base + 5))
    http-request return status 200 if { path /readyz }
    http-request reject if { path_end /cut }
    http-request silent-drop if { path_end /silent }
END
  TANDEM_LB_PORT=$((port_base + 6)) RS_USERS_HTTP_PORT=$((port_base + 5)) \
    RS_RIDES_HTTP_PORT=$((port_base + 5)) haproxy -db -f "$BATS_TEST_TMPDIR/lb.cfg" 3>&- 2>/dev/null &
  fake=$!
  until curl -sf -o /dev/null "$fake_lb/readyz"; do is_running $fake; done
}

# Bytes on standard input to a port, when somebody listens there; prints what comes back until the
# other end closes.
raw() { # PORT
  perl -MIO::Socket::INET -MErrno -e '
    local $/; $SIG{PIPE} = "IGNORE"; alarm 30;
    my $s;
    until ($s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]")) { $!{ECONNREFUSED} or die "$!\n" }
    print $s scalar <STDIN>; $s->flush; shutdown($s, 1) if $ARGV[1]; print <$s>' "$@"
}

@test 'a service that is cut off: 502, one that is silent: 504, both as the services say it' {
  local fake_lb=http://127.0.0.1:$((port_base + 6))
  fake_service
  run whole "$fake_lb/api/v1/users/cut"
  assert_line 'retry-after: 1'
  json_error 502 'rs-users gave no valid answer; a write may have been done'
  run whole "$fake_lb/silent"
  assert_line 'retry-after: 1'
  json_error 504 'rs-rides did not answer in time; a write may have been done'
  # What is no request never reaches the place where errors can be chosen: these are built in.
  run -0 raw $((port_base + 6)) < <(printf 'GET / HTTP/1.1\r\nA : b\r\n\r\n')
  assert_line --index 0 --regexp '^HTTP/1.1 400 '
  run -0 raw $((port_base + 6)) < <(printf 'GET / HTTP/1.1\r\n')
  assert_line --index 0 --regexp '^HTTP/1.1 408 '
  # Another major version is known by then.
  run -0 raw $((port_base + 6)) < <(printf 'GET / HTTP/2.0\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  assert_line --index 0 --regexp '^HTTP/1.1 505 '
}

@test 'what is too long for the services they say themselves' {
  local text
  text=$(printf '%060000d' 0)
  run whole "$lb/$text"
  json_error 414 ''
  run whole -H "X: $text" "$lb/readyz"
  json_error 431 ''
  # Many headers, which fit.
  seq 1500 | sed 's/.*/A&:b/' >"$BATS_TEST_TMPDIR/headers"
  run whole -H "@$BATS_TEST_TMPDIR/headers" "$lb/readyz"
  assert_line --index 0 'HTTP/1.1 200 OK'
}

@test 'the counter of each service is reached' {
  local of
  for of in users rides; do
    http DELETE "$lb/api/v1/_count?service=$of"
    assert_equal "$status $output" '200 {}'
  done
  for _ in 1 2 3; do http GET "$lb/api/v1/users"; done
  http GET "$lb/api/v1/rides/count"
  http GET "$lb/api/v1/_count?service=users"
  assert_equal "$status $output" '200 [3]'
  http GET "$lb/api/v1/_count/?strict=1&service=users"
  assert_equal "$status $output" '200 [3]'
  http GET "$lb/api/v1/_count?service=rides"
  assert_equal "$status $output" '200 [1]'
  http GET "$lb/api/v1/_count"
  assert_equal "$status $output" '200 [1]'
  http GET "$users/api/v1/_count"
  assert_equal "$status $output" '200 [3]'
  run whole "$lb/api/v1/_count?service=toys"
  json_error 400 'service must be users or rides'
}

@test 'pages of others change nothing through it either' {
  local path
  for path in /api/v1/db/clear /api/v1/rides; do
    run whole -X POST "$lb$path" -H 'Origin: http://evil.example' -d '{}'
    json_error 403 ''
    run whole -X POST "$lb$path" -H 'Sec-Fetch-Site: cross-site' -H 'Content-Type: text/plain' -d '{}'
    json_error 403 ''
  done
  run whole "$lb/api/v1/users" -H 'Host: evil.example'
  json_error 421 ''
  run whole -X POST "$lb/api/v1/db/clear" -H "Origin: $lb" -H 'Sec-Fetch-Site: same-origin'
  assert_line --index 0 'HTTP/1.1 200 OK'
}

# The statuses of the answers to standard input, joined by blanks. With "half" it is said at once
# that nothing more comes; then the balancer may end the connection before it looks at what is left.
statuses() { # PORT [half]
  raw "$@" | grep -aoE 'HTTP/1\.1 [0-9]{3}' | cut -d ' ' -f 2 | paste -sd ' '
}

# Which process a service is.
process_of() { s6-svstat -o pid "$home/run/sv/$1"; }

served() { curl -sS "$users/api/v1/_count" | tr -d '[]'; }

# Each stream is one request that readers have disagreed about and a plain one. The balancer puts
# some right that the services refuse, such as a bare LF: then it is one request for both. What must
# not be is a request that one of them does not know of.
@test 'no stream of bytes is more requests behind the balancer than before it' {
  local stream direct through half before after answers n=0 process balancer
  process=$(process_of rs-users)
  balancer=$(process_of haproxy)
  while IFS= read -r stream; do
    case $stream in '#'*) continue ;; esac
    printf '%bGET /api/v1/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$stream" \
      >"$BATS_TEST_TMPDIR/stream"
    direct=$(statuses "$port_base" half <"$BATS_TEST_TMPDIR/stream")
    # Where the plain request is answered, that ends the connection.
    case $direct in
      *' '*) half='' ;;
      *) half=half ;;
    esac
    before=$(served)
    through=$(statuses $((port_base + 3)) $half <"$BATS_TEST_TMPDIR/stream")
    after=$(served)
    answers=$(wc -w <<<"$through")
    [ "$answers" -gt 0 ] || fail "no answer to $stream"
    [ $((after - before)) -le "$answers" ] ||
      fail "$((after - before)) requests for $answers answers ($through): $stream"
    # What the service takes as it stands, the balancer gives on as it stands, or refuses.
    case $direct in
      4* | 5*) ;;
      *) [[ $through == "$direct" || $through == 4* ]] || fail "'$direct', then '$through': $stream" ;;
    esac
    n=$((n + 1))
    [ "$(process_of rs-users)" = "$process" ] ||
      fail "rs-users ended at $stream: $(tail "$home/run/log/rs-users/current")"
  done <"$TANDEM_SOURCE/tests/fixtures/http-streams.txt"
  [ $n -gt 100 ]
  # The balancer is other people's program: that it ended is told, and what it said.
  [ "$(process_of haproxy)" = "$balancer" ] || tail "$home"/run/log/haproxy/* >&3
}
