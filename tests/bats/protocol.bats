#!/usr/bin/env bats
# Bad input and odd clients: what every service answers to them, byte for byte where curl is too
# well-behaved to send them.

load test_helper

setup_file() {
  take_ports 3
  export port_base
  database_up "$BATS_FILE_TMPDIR/db" --set http.request_timeout=1s
  local orch=$started rpc
  ln -s "$TANDEM_SOURCE/etc" "$database/etc"
  rpc=ipc://$database/run/sock/orch.sock
  start_service rs-users users 1
  local users=$started
  start_service rs-rides rides 2
  export service_pids="$users $started"
  started=$orch
  export started db database
}

start_service() { # PROGRAM NAME PORT
  start_ready "$database/log.$2" env -C "$database" "$TANDEM_BIN/$1" \
    --config "$TANDEM_SOURCE/etc/$2.toml" --port $((port_base + $3)) --set database.urls="$rpc" \
    --set http.request_timeout=1s ${4+"${@:4}"}
}

teardown_file() {
  local pid
  for pid in $service_pids; do stop_started "$pid"; done
  database_down
}

# The three services, with a path that takes a body and the method for it.
each_service() { # FUNCTION
  "$1" $((port_base + 0)) POST /api/v1/db/read
  "$1" $((port_base + 1)) PUT /api/v1/users
  "$1" $((port_base + 2)) POST /api/v1/rides
}

# Sends text as it is (with printf's escapes) to a port and reads until the server closes; then
# $output has all that came, without CR.
talk() { # PORT TEXT
  local fd
  exec {fd}<>"/dev/tcp/127.0.0.1/$1"
  # shellcheck disable=SC2059  # the text is a format
  printf "$2" >&$fd
  output=$(timeout 20 cat <&$fd | tr -d '\r')
  exec {fd}>&-
}

statuses() { grep -o 'HTTP/1\.1 [0-9][0-9][0-9]' <<<"$output" | cut -d' ' -f2 | paste -sd ' '; }

is_error() { # STATUS
  assert_equal "$status" "$1"
  assert_equal "$(jq -c '[.error.code, (.error.message | length > 0)]' <<<"$output")" "[$1,true]"
}

@test 'a body that is no JSON, or has a key twice, is 400' {
  bad_bodies() {
    local body
    for body in '' '{' '{"a":}' 'null' '"text"' '7' '{"a":1}x' '{"a":1,"a":2}' "{'a':1}" \
      $'{"a":"\xff"}' '{"a":"\ud800"}' '{"a":1e999}' "$(printf '[%.0s' {1..5000})"; do
      http "$2" "http://127.0.0.1:$1$3" "$body"
      is_error 400
    done
  }
  each_service bad_bodies
}

@test 'fields that are missing or of the wrong type are 400 and named' {
  local users=http://127.0.0.1:$((port_base + 1))/api/v1 rides=http://127.0.0.1:$((port_base + 2))/api/v1
  while IFS='|' read -r method url body field; do
    http "$method" "${!url}${field%% *}" "$body"
    is_error 400
    assert_regex "$(jq -r .error.message <<<"$output")" "${field#* }"
  done <<'END'
PUT|users|{"password":"3d725109c7e7c0bfb9d709836735b56d943d263f"}|/users username
PUT|users|{"username":["ann"],"password":"3d725109c7e7c0bfb9d709836735b56d943d263f"}|/users username
PUT|users|{"username":"ann"}|/users password
PUT|users|{"username":"ann","password":7}|/users password
POST|rides|{"timestamp":"26-01-2090:53-17-00","source":"22","destination":"23"}|/rides created_by
POST|rides|{"created_by":"ann","source":"22","destination":"23"}|/rides timestamp
POST|rides|{"created_by":"ann","timestamp":"31-02-2090:53-17-00","source":"22","destination":"23"}|/rides timestamp
POST|rides|{"created_by":"ann","timestamp":"26-01-2090:53-17-00","destination":"23"}|/rides source
POST|rides|{"created_by":"ann","timestamp":"26-01-2090:53-17-00","source":"22","destination":true}|/rides destination
POST|rides|{"created_by":"ann","timestamp":"26-01-2090:53-17-00","source":"99999999999999999999","destination":"1"}|/rides source
POST|db|{"table":7}|/db/read table
POST|db|{"table":"users","op":"insert"}|/db/write row
END
}

@test 'a body over the limit is 413, by its length or by chunks' {
  head -c 1048577 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/body"
  too_long() {
    http "$2" "http://127.0.0.1:$1$3" "@$BATS_TEST_TMPDIR/body" --data-binary "@$BATS_TEST_TMPDIR/body"
    is_error 413
    http "$2" "http://127.0.0.1:$1$3" '' -H 'Transfer-Encoding: chunked' --data-binary "@$BATS_TEST_TMPDIR/body"
    is_error 413
    # Announced only: the answer does not wait for the body.
    talk "$1" "$2 $3 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    assert_equal "$(statuses)" 413
  }
  each_service too_long
}

@test 'a target over the limit is 414, headers over theirs 431' {
  local long
  long=$(printf 'x%.0s' {1..17000})
  too_long_head() {
    http GET "http://127.0.0.1:$1$3?${long:0:8200}"
    is_error 414
    http GET "http://127.0.0.1:$1/livez" '' -H "X-Long: $long"
    is_error 431
  }
  each_service too_long_head
}

@test 'a method that a path does not have is 405 with Allow; OPTIONS is 204 with Allow' {
  wrong_method() {
    http PATCH "http://127.0.0.1:$1$3" '{}' -D "$BATS_TEST_TMPDIR/head"
    is_error 405
    run grep -i "^allow: .*$2" "$BATS_TEST_TMPDIR/head"
    assert_success
    assert_line --partial OPTIONS
    http OPTIONS "http://127.0.0.1:$1$3" '' -D "$BATS_TEST_TMPDIR/head"
    assert_equal "$status $output" '204 '
    run grep -i "^allow: .*$2" "$BATS_TEST_TMPDIR/head"
    assert_success
    talk "$1" "BREW $3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert_equal "$(statuses)" 405
  }
  each_service wrong_method
}

@test 'an unknown path is 404; a slash behind one that is known changes nothing' {
  unknown() {
    local path
    for path in /nothing /nothing/ // /api/v2/users "$3//" "/$3" /livez//; do
      http GET "http://127.0.0.1:$1$path" '' --path-as-is
      is_error 404
    done
    http GET "http://127.0.0.1:$1/livez/"
    assert_equal "$status" 200
    http "$2" "http://127.0.0.1:$1$3/" '{}'
    is_error 400
  }
  each_service unknown
}

@test 'a number that is too large counts where its key does' {
  local body user='"username":"large","password":"3d725109c7e7c0bfb9d709836735b56d943d263f"'
  local users=http://127.0.0.1:$((port_base + 1))/api/v1/users
  local none='"table":"users","op":"delete","where":{"username":"nobody"}'
  for body in '"x":1e999' '"x":[123456789012345678901234567890]' '"x":{"y":-18446744073709551616}'; do
    http PUT "$users" "{$user,$body}"
    assert_equal "$status" 201
    http DELETE "$users/large"
    http POST "$db/db/read" "{\"table\":\"users\",$body}"
    assert_equal "$status" 200
    http POST "$db/db/write" "{$none,$body}"
    assert_equal "$status" 200
  done
  http POST "$db/db/read" '{"table":"users","limit":1e999}'
  is_error 400
  assert_equal "$(jq '.error.message | contains("limit")' <<<"$output")" true
  http POST "$db/db/read" '{"table":"rides","where":{"source":123456789012345678901234567890}}'
  is_error 400
  assert_equal "$(jq '.error.message | contains("source")' <<<"$output")" true
}

# What browsers send for pages of others, and for a name of theirs that leads here.
@test 'pages of other origins change nothing' {
  others() {
    local url=http://127.0.0.1:$1 path
    for path in "$3" /api/v1/db/clear; do
      http POST "$url$path" '{}' -H 'Origin: http://evil.example'
      is_error 403
      http POST "$url$path" '{}' -H 'Sec-Fetch-Site: cross-site' -H 'Content-Type: text/plain'
      is_error 403
      http POST "$url$path" '{}' -H 'Origin: null'
      is_error 403
    done
    http "$2" "$url$3" '{}' -H "Origin: $url" -H 'Sec-Fetch-Site: same-origin'
    is_error 400
    http GET "$url/livez" '' -H 'Origin: http://evil.example' -H 'Sec-Fetch-Site: cross-site'
    assert_equal "$status" 200
    http DELETE "$url$3/x" '' -H 'Origin: http://evil.example'
    assert_equal "$status" 403
  }
  http POST "$db/create/slave" '' -H 'Origin: http://evil.example'
  is_error 403
  http POST "$db/crash/master" '' -H 'Sec-Fetch-Site: cross-site'
  is_error 403
  each_service others
}

@test 'another host is 421, but for health and metrics' {
  other_host() {
    local host path
    for host in evil.example localhost.evil.example 10.0.0.1 127.evil.example; do
      http GET "http://127.0.0.1:$1/nothing" '' -H "Host: $host:$1"
      is_error 421
      http "$2" "http://127.0.0.1:$1$3" '{}' -H "Host: $host:$1"
      is_error 421
      talk "$1" "GET http://$host/nothing HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
      assert_equal "$(statuses)" 421
      for path in livez healthz readyz metrics; do
        http GET "http://127.0.0.1:$1/$path" '' -H "Host: $host"
        assert_equal "$status" 200
      done
    done
    for host in localhost LOCALHOST:1 127.9.9.9 '[::1]:80'; do
      http GET "http://127.0.0.1:$1/nothing" '' -H "Host: $host"
      is_error 404
    done
  }
  each_service other_host
}

@test 'http.hosts names other hosts, http.origins whose pages may ask' {
  local fields
  rpc=ipc://$database/run/sock/orch.sock
  take_ports 1
  start_service rs-users users 0 --set http.hosts=shop.example --set count.file=named.count \
    --set http.origins=https://shop.example:8443,http://a
  local url=http://127.0.0.1:$port_base/api/v1/users pid=$started
  http GET "$url"
  is_error 421
  http PUT "$url" '{}' -H 'Host: shop.example' -H 'Origin: http://b'
  is_error 403
  assert_equal "$(curl -sS -o /dev/null -D - -H 'Host: Shop.Example:1' "$url" | grep -c '^Vary: Origin')" 1
  fields=$(curl -sS -o /dev/null -D - -X PUT -d '{}' -H 'Host: shop.example' \
    -H 'Sec-Fetch-Site: cross-site' -H 'Origin: https://shop.example:8443' "$url" | tr -d '\r')
  assert_regex "$fields" '^HTTP/1.1 400'
  assert_regex "$fields" 'Access-Control-Allow-Origin: https://shop.example:8443'
  fields=$(curl -sS -D - -X OPTIONS -H 'Host: shop.example' -H 'Origin: http://a' \
    -H 'Access-Control-Request-Method: PUT' "$url" | tr -d '\r')
  assert_regex "$fields" '^HTTP/1.1 204'
  assert_regex "$fields" 'Access-Control-Allow-Methods: .*PUT'
  assert_regex "$fields" 'Access-Control-Allow-Headers: .*Idempotency-Key'
  fields=$(curl -sS -D - -X OPTIONS -H 'Host: shop.example' -H 'Origin: http://b' "$url")
  refute_regex "$fields" Access-Control
  stop_started "$pid"
  RS_USERS_HTTP_ORIGINS=a run -78 "$TANDEM_BIN/rs-users" --check
  assert_output --partial "'a' is no origin"
}

@test 'a misspelt key is refused where that is asked for' {
  local wrong='{"table":"users","count":true,"wher":{"username":"nobody"}}'
  local strict=(-H 'Prefer: handling=strict')
  http POST "$db/db/read" "$wrong"
  assert_equal "$status" 200
  http POST "$db/db/read" "$wrong" "${strict[@]}"
  is_error 400
  assert_equal "$(jq -r .error.message <<<"$output")" "unknown key 'wher'"
  http POST "$db/db/read?strict=1" "{\"reads\":[$wrong]}"
  is_error 400
  http POST "$db/db/write?strict=1" '{"ops":[{"table":"users","op":"delete","where":{},"set_":1}]}'
  is_error 400
  http POST "$db/db/read?strict=1&consistancy=eventual" '{"table":"users"}'
  is_error 400
  http POST "$db/db/read?strict=1&consistency=eventual" '{"reads":[{"table":"users","count":true}]}'
  assert_equal "$status" 200
  run -65 "$TANDEM_BIN/rs-client" db read "$wrong" -o "${db%/api/v1}"
  assert_output --partial "unknown key 'wher'"
  http PUT "http://127.0.0.1:$((port_base + 1))/api/v1/users" '{"usernam":"x"}' "${strict[@]}"
  assert_equal "$(jq -r .error.message <<<"$output")" "unknown key 'usernam'"
  http GET "http://127.0.0.1:$((port_base + 2))/api/v1/rides?strict=1&source=1&dest=2"
  assert_equal "$(jq -r .error.message <<<"$output")" "unknown parameter 'dest'"
}

@test 'a call that reads no body, or no parameter, is as strict: what nobody reads is refused' {
  local service path
  for service in 0 1 2; do
    http POST "http://127.0.0.1:$((port_base + service))/api/v1/db/clear?strict=1" \
      '{"tables":["users"]}'
    assert_equal "$status $(jq -r .error.message <<<"$output")" "400 unknown key 'tables'"
    http POST "http://127.0.0.1:$((port_base + service))/api/v1/db/clear?strict=1&table=users"
    assert_equal "$status $(jq -r .error.message <<<"$output")" "400 unknown parameter 'table'"
    for path in / /livez /readyz /metrics; do
      http GET "http://127.0.0.1:$((port_base + service))$path?strict=1&verbos"
      assert_equal "$status" 400
      http GET "http://127.0.0.1:$((port_base + service))$path?verbos"
      assert_equal "$status" 200
    done
  done
  http DELETE "http://127.0.0.1:$((port_base + 1))/api/v1/users/nobody?strict=1" 'now'
  assert_equal "$status $(jq -r .error.message <<<"$output")" '400 this call has no body'
  http DELETE "http://127.0.0.1:$((port_base + 1))/api/v1/_count?strict=1&servce=rides"
  assert_equal "$status" 400
  http POST "$db/create/slave?strict=1" '{"count":2}'
  assert_equal "$status" 400
}

@test 'a condition as text may be written as for SQL' {
  http POST "$db/db/write" '{"table":"users","op":"insert","row":{"username":"quoted","password":"x"}}'
  local where
  for where in "username='quoted'" "username = 'quoted'" 'username=\"quoted\"' ' username = quoted '; do
    http POST "$db/db/read" "{\"table\":\"users\",\"count\":true,\"where\":\"$where\"}"
    assert_equal "$status $output" '200 [1]'
  done
  where="username='quoted'"
  http POST "$db/db/write" "{\"if\":[{\"table\":\"users\",\"where\":\"$where\",\"exists\":false}],
    \"ops\":[{\"table\":\"users\",\"op\":\"delete\",\"where\":\"$where\"}]}"
  assert_equal "$status" 409
  http POST "$db/db/write" "{\"table\":\"users\",\"op\":\"delete\",\"where\":\"$where\"}"
  assert_equal "$(jq -c .results <<<"$output")" '[{"affected":1}]'
}

@test 'HEAD is GET without the body' {
  head_request() {
    talk "$1" 'HEAD /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    assert_equal "$(statuses)" 200
    assert_regex "$output" 'Content-Length: [1-9]'
    assert_equal "$(sed '1,/^$/d' <<<"$output")" ''
  }
  each_service head_request
}

@test 'malformed HTTP is 400 and the end of the connection' {
  malformed() {
    local request
    for request in 'nonsense\r\n\r\n' 'GET\r\n\r\n' 'GET /livez HTTP/1.1\r\n\r\n' \
      'GET livez HTTP/1.1\r\nHost: localhost\r\n\r\n' \
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n' \
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nBad Name: y\r\n\r\n' \
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n' \
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n' \
      'POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' \
      'POST /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'; do
      talk "$1" "$request"
      assert_equal "$request $(statuses)" "$request 400"
    done
    talk "$1" 'GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n'
    assert_equal "$(statuses)" 505
    talk "$1" 'GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: money\r\n\r\n'
    assert_equal "$(statuses)" 417
  }
  each_service malformed
}

@test 'what parsers disagree on is 400, and nothing behind it is read' {
  disagreed() {
    local request next='GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n' get='GET /livez HTTP/1.1\r\nHost: localhost\r\n'
    local chunked="$2 $3 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    for request in "${chunked}2\r\n{}XX0\r\n\r\n" "${chunked}2\r\r;AB\r\n{}\r\n0\r\n\r\n" \
      "${chunked}2\r\n{}\r\n0\r\nA: b\r\n c\r\n\r\n" "${get}A: b\rContent-Length: 5\r\n\r\n" \
      "${get}A: b\r\n c\r\n\r\n" "${get}: b\r\n\r\n" 'GET /livez HTTP/1.1\nHost: localhost\r\n\r\n' \
      'GET /li\tvez HTTP/1.1\r\nHost: localhost\r\n\r\n' 'GET /li\x80vez HTTP/1.1\r\nHost: localhost\r\n\r\n' \
      'GET /livez RTSP/1.0\r\nHost: localhost\r\n\r\n' 'GET /livez HTTP/1.1\r\nHost: "a b"\r\n\r\n'; do
      talk "$1" "$request$next"
      assert_equal "$request $(statuses)" "$request 400"
    done
    talk "$1" 'GET /livez HTTP/1.2\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    assert_equal "$(statuses)" 200
    talk "$1" 'HEAD /livez HTTP/1.1\r\nHost: "a b"\r\n\r\n'
    assert_equal "$(statuses)" 400
    assert_equal "$(sed '1,/^$/d' <<<"$output")" ''
  }
  each_service disagreed
}

@test 'pipelined requests are answered in their order' {
  pipelined() {
    local get='HTTP/1.1\r\nHost: localhost\r\n'
    talk "$1" "GET /livez $get\r\nGET /nothing $get\r\n$2 $3 ${get}Content-Length: 1\r\n\r\n{GET /readyz ${get}Connection: close\r\n\r\n"
    assert_equal "$(statuses)" '200 404 400 200'
  }
  each_service pipelined
}

@test 'a request in pieces is one request' {
  pieces() {
    local fd body='{"table":"users","count":true}'
    exec {fd}<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET /li' >&$fd
    printf 'vez HTTP/1.1\r\nHo' >&$fd
    printf 'st: x\r\n' >&$fd
    printf '\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&$fd
    output=$(timeout 20 cat <&$fd | tr -d '\r')
    exec {fd}>&-
    assert_equal "$(statuses)" '200 200'
  }
  each_service pieces
  # A body by its length, by chunks, and after "100 Continue".
  local post='POST /api/v1/db/read HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  talk "$port_base" "${post}Content-Length: 30\r\n\r\n{\"table\":\"users\",\"count\":true}"
  assert_equal "$(statuses) ${output##*$'\n'}" '200 [0]'
  talk "$port_base" "${post}Transfer-Encoding: chunked\r\n\r\n9\r\n{\"table\":\r\n15\r\n\"users\",\"count\":true}\r\n0\r\n\r\n"
  assert_equal "$(statuses) ${output##*$'\n'}" '200 [0]'
  talk "$port_base" "${post}Expect: 100-continue\r\nContent-Length: 30\r\n\r\n{\"table\":\"users\",\"count\":true}"
  assert_equal "${output##*$'\n'}" '[0]'
}

@test 'a request that comes too slowly is 408 and the end of the connection' {
  slow() {
    talk "$1" 'GET /livez HTTP/1.1\r\nHost: localhost\r\n'
    assert_equal "$(statuses)" 408
    talk "$1" "$2 $3 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
    assert_equal "$(statuses)" 408
  }
  each_service slow
}

@test 'a client that goes in the middle does no harm' {
  hang_up() {
    local fd i
    for i in {1..20}; do
      exec {fd}<>"/dev/tcp/127.0.0.1/$1"
      printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{' "$2" "$3" >&$fd
      exec {fd}>&-
      exec {fd}<>"/dev/tcp/127.0.0.1/$1"
      printf 'POST /api/v1/db/clear HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n' >&$fd
      exec {fd}>&-
    done
    http GET "http://127.0.0.1:$1/readyz"
    assert_equal "$status" 200
  }
  each_service hang_up
}

@test 'percent-encoding: a path is what it means, broken escapes are 400' {
  encoded() {
    http GET "http://127.0.0.1:$1/%6civez"
    assert_equal "$status" 200
    local path
    for path in /livez%zz /livez% /%ff /%00 /livez%c0%af; do
      talk "$1" "GET ${path//%/%%} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      assert_equal "$path $(statuses)" "$path 400"
    done
  }
  each_service encoded
  local users=http://127.0.0.1:$((port_base + 1))/api/v1/users
  local sha1=3d725109c7e7c0bfb9d709836735b56d943d263f
  http PUT "$users" "{\"username\":\"a/b c%ü\",\"password\":\"$sha1\"}"
  assert_equal "$status" 201
  http DELETE "$users/a%2Fb%20c%25%C3%BC"
  assert_equal "$status $output" '200 {}'
  http DELETE "$users/a/b"
  assert_equal "$status" 404
  http POST "$db/db/read?consistency=%65ventual" '{"table":"users"}'
  assert_equal "$status" 200
  http POST "$db/db/read?consistency=%zz" '{"table":"users"}'
  assert_equal "$status" 400
}

@test 'X-Request-Id is taken over, or made' {
  request_id() {
    run curl -sS -D - -o /dev/null -H 'X-Request-Id: mine-17' "http://127.0.0.1:$1/livez"
    assert_line --regexp '^X-Request-Id: mine-17'
    run curl -sS -D - -o /dev/null "http://127.0.0.1:$1/livez"
    assert_line --regexp '^X-Request-Id: [0-9a-f]{16}'
  }
  each_service request_id
}

@test 'connections over the limit: an idle one makes way, and where none is idle health alone is told' {
  local fds=() fd i line
  started=''
  rpc=ipc://$database/run/sock/orch.sock
  take_ports 1
  start_service rs-users users 0 --set http.max_connections=3 --set count.file=limited.count
  for i in 1 2 3; do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port_base"
    printf 'PUT /api/v1/users HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n' >&"$fd"
    read -r line <&"$fd"
    assert_regex "$line" '^HTTP/1.1 100'
    read -r line <&"$fd"
    fds+=("$fd")
  done
  talk "$port_base" 'GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\n\r\n'
  assert_equal "$(statuses)" 503
  for line in livez readyz metrics; do
    talk "$port_base" "GET /$line HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n"
    assert_equal "$(statuses)" 200
  done
  # What is sent there first leaves it idle, and it is closed for the next one. The others go on.
  printf '{}' >&"${fds[0]}"
  read -r line <&"${fds[0]}"
  assert_regex "$line" '^HTTP/1.1 400'
  talk "$port_base" 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  assert_equal "$(statuses)" 200
  run cat <&"${fds[0]}"
  assert_success
  printf '{}' >&"${fds[1]}"
  read -r line <&"${fds[1]}"
  assert_regex "$line" '^HTTP/1.1 400'
  for fd in "${fds[@]}"; do exec {fd}>&-; done
  stop_started "$started"
}
