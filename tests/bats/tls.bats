#!/usr/bin/env bats
# The example of what stands in front of a system, etc/haproxy-tls.cfg, before a service that says what
# it was asked. tandem-tls(7) with its commands is run by howto.bats.

load test_helper

setup_file() {
  PATH=$PATH:/usr/sbin
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
  take_ports 3
  export PATH port_base tls=https://db.example:$port_base
  cd "$BATS_FILE_TMPDIR" || return
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tandem \
    -addext subjectAltName=DNS:db.example,DNS:rides.example,DNS:shop.example,DNS:other.example \
    -keyout key.pem -out cert.pem
  cat cert.pem key.pem >tandem.pem
  printf 'userlist tandem\n    user ann password %s\n' "$(openssl passwd -5 secret)" >users.cfg
  # The service answers with the head of the request, and /slow with nothing for longer than a
  # time-out of the example, which is made short here.
  cat >echo.cfg <<END
frontend echo
    bind 127.0.0.1:$((port_base + 1))
    http-request return status 200 content-type text/plain lf-string "%[req.hdrs]"
END
  sed -E 's/timeout (client|server) 60s/timeout \1 1500ms/' "$TANDEM_SOURCE/etc/haproxy-tls.cfg" >tls.cfg
  export TANDEM_TLS_BIND=127.0.0.1:$port_base TANDEM_TLS_PEM=tandem.pem
  export TANDEM_TLS_DB_AT=127.0.0.1:$((port_base + 1)) TANDEM_TLS_SHOP_AT=127.0.0.1:$((port_base + 2))
  export TANDEM_TLS_RIDES_AT=$TANDEM_TLS_DB_AT
  haproxy -c -q -f tls.cfg -f users.cfg -f echo.cfg
  haproxy -db -f tls.cfg -f users.cfg -f echo.cfg >log 2>&1 3>&- &
  echo $! >pid
  until ask -o /dev/null "$tls/"; do is_running "$(cat pid)"; done
}

teardown_file() { [ ! -s "$BATS_FILE_TMPDIR/pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/pid")"; }

teardown() { [ -z "${database-}" ] || database_down; }

ask() {
  curl -sS -m 30 --cacert "$BATS_FILE_TMPDIR/cert.pem" --resolve "*:$port_base:127.0.0.1" -u ann:secret "$@"
}

@test 'what a client claims of others does not reach a service' {
  local version
  for version in --http1.1 --http2; do
    run -0 ask $version "$tls/" -H 'X-Forwarded-For: 6.6.6.6' -H 'x-forwarded-for: 7.7.7.7' \
      -H 'X-Forwarded-Proto: gopher' -H 'X-Forwarded-Host: evil.example' -H 'X-Forwarded-Port: 1' \
      -H 'X-Forwarded-User: root' -H 'Forwarded: for=6.6.6.6' -H 'X-Real-IP: 6.6.6.6'
    refute_output --regexp '6\.6\.6\.6|7\.7\.7\.7|gopher|evil|root|x-forwarded-port'
    mapfile -t lines <<<"${output//%0D%0A/$'\n'}"
    assert_line 'x-forwarded-for: 127.0.0.1'
    assert_line 'x-forwarded-proto: https'
    assert_line "x-forwarded-host: db.example:$port_base"
    assert_line "host: db.example:$port_base"
    # Nor does the password, and the id is the client's where it is one.
    refute_line --partial authorization
    assert_line --regexp '^x-request-id: [0-9a-f-]{36}$'
  done
  run -0 ask "$tls/" -H 'X-Request-Id: mine'
  assert_output --partial 'x-request-id: mine%'
  run -0 ask "$tls/" -H 'X-Request-Id: not mine'
  refute_output --partial 'not mine'
}

@test 'names: each service by its own, others 421; a service that is not there 503' {
  run -0 ask "https://rides.example:$port_base/"
  assert_output --partial "host: rides.example:$port_base"
  run -0 ask -w ' %{http_code}' "https://other.example:$port_base/"
  assert_output '{"error":{"code":421,"message":"no service has this host name"}} 421'
  run -0 ask -D - "https://shop.example:$port_base/"
  assert_output --partial 'retry-after: 1'
  assert_output --partial '{"error":{"code":503,"message":"shop is not available; nothing was done"}}'
}

@test 'events: a stream that is older than the time-outs goes on, as its events happen' {
  local real id kinds
  take_ports 1
  # In the place of the shop, which is not there.
  port_base=${TANDEM_TLS_SHOP_AT#*:}
  database_up "$BATS_TEST_TMPDIR/db" --set http.hosts=shop.example,127.0.0.1
  port_base=${TANDEM_TLS_BIND#*:}
  real=https://shop.example:$port_base
  # A sample a second: five are more than two time-outs. The last event is one that is made meanwhile.
  mkfifo "$BATS_TEST_TMPDIR/stream"
  ask -N "$real/api/v1/events" >"$BATS_TEST_TMPDIR/stream" 3>&- &
  {
    kinds=0
    while [ $kinds -lt 5 ] && read -r line; do [[ $line != 'event: sample'* ]] || kinds=$((kinds + 1)); done
    assert_equal $kinds 5
    run -0 ask -X POST "$real/api/v1/create/slave"
    until [ "$line" = 'event: scale' ]; do read -r line; done
  } <"$BATS_TEST_TMPDIR/stream"
  # The page, its files, and that it may change something by its origin.
  run -0 ask -H 'Accept: text/html' "$real/"
  assert_output --partial '<title>'
  run -0 ask -o /dev/null -w '%{http_code}' -X POST "$real/api/v1/crash/slave" -H "Origin: $real"
  assert_output 200
  run -0 ask -o /dev/null -w '%{http_code}' -X POST "$real/api/v1/crash/slave" -H "Origin: https://evil.example"
  assert_output 403
}

@test 'passwords: 401 in JSON that a browser understands; who tries many is not looked at' {
  local n
  run -0 ask -D - -u ann:wrong "$tls/"
  assert_output --partial 'www-authenticate: Basic realm="tandem"'
  assert_output --partial '"code":401'
  for ((n = 0; n < 30; n++)); do ask -o /dev/null -u ann:wrong "$tls/"; done
  run -0 ask -w ' %{http_code}' "$tls/"
  assert_output --partial 'too many wrong passwords from this address'
  assert_output --partial ' 429'
}
