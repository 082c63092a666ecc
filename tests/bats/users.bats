#!/usr/bin/env bats
# The HTTP contract of rs-users, row by row, against a whole system.

load test_helper

setup_file() {
  take_ports 4
  export home=$BATS_FILE_TMPDIR/home
  export users=http://127.0.0.1:$port_base/api/v1
  export rides=http://127.0.0.1:$((port_base + 1))/api/v1
  export orch=http://127.0.0.1:$((port_base + 2))/api/v1
  export sha1=3d725109c7e7c0bfb9d709836735b56d943d263f
  tandem_up "$home" --only rideshare --port-base "$port_base"
  export front=$started
}

teardown_file() { stop_started "$front"; }

setup() {
  http POST "$users/db/clear"
  assert_equal "$status $output" '200 {}'
}

# Creates a user of that name; the name must need no escapes.
add_user() { # NAME
  http PUT "$users/users" "{\"username\":\"$1\",\"password\":\"$sha1\"}"
}

refused() { # PART OF THE MESSAGE
  assert_equal "$status" 400
  assert_equal "$(jq .error.code <<<"$output")" 400
  run jq -r .error.message <<<"$output"
  assert_output --partial "$1"
}

@test 'PUT users: 201 and an empty object' {
  add_user ann
  assert_equal "$status $output" '201 {}'
}

@test 'PUT users: a name that is taken is 400, another case is another name' {
  add_user ann
  add_user ann
  refused 'is taken'
  add_user Ann
  assert_equal "$status" 201
}

@test 'PUT users: an empty name is 400' {
  add_user ''
  refused 'username'
}

@test 'PUT users: a password is a SHA-1 of any case' {
  local bad
  http PUT "$users/users" '{"username":"ann","password":"3D725109C7E7C0BFB9D709836735B56D943D263F"}'
  assert_equal "$status" 201
  for bad in '' "${sha1}0" "${sha1%?}" "g${sha1#?}" secret; do
    http PUT "$users/users" "{\"username\":\"bob\",\"password\":\"$bad\"}"
    refused 'password'
  done
}

@test 'PUT users: what is missing, mistyped or no JSON is 400 and named' {
  http PUT "$users/users" '{'
  refused 'not JSON'
  http PUT "$users/users" '[]'
  refused 'an array'
  http PUT "$users/users" "{\"password\":\"$sha1\"}"
  refused 'username is missing'
  http PUT "$users/users" '{"username":"ann"}'
  refused 'password is missing'
  http PUT "$users/users" "{\"username\":7,\"password\":\"$sha1\"}"
  refused 'username must be a string'
  http PUT "$users/users" "{\"username\":\"a\",\"username\":\"b\",\"password\":\"$sha1\"}"
  refused 'username'
  http GET "$users/users"
  assert_equal "$status" 204
}

@test 'PUT users: of many at once with one name, one is created' {
  local i
  for i in {1..20}; do
    curl -sS -o /dev/null -w '%{http_code}\n' -X PUT "$users/users" \
      -d "{\"username\":\"ann\",\"password\":\"$sha1\"}" >"$BATS_TEST_TMPDIR/$i" &
  done
  wait
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/* | grep -c 201)" 1
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/* | grep -c 400)" 19
}

@test 'PUT users: names of every kind, and of 2000 bytes, are kept as they are' {
  local name
  # shellcheck disable=SC1003  # two backslashes: one in JSON
  for name in 'Ünal' '名前' '🚕' 'a/b' 'a b' 'a%41' 'a?b#c' '\"' '\\' '\n\u0001'; do
    add_user "$name"
    assert_equal "$status $name" "201 $name"
  done
  printf '{"username":"%02000d","password":"%s"}' 0 "$sha1" >"$BATS_TEST_TMPDIR/long"
  http PUT "$users/users" "@$BATS_TEST_TMPDIR/long"
  assert_equal "$status" 201
  http GET "$users/users"
  assert_equal "$status" 200
  assert_equal "$(jq length <<<"$output")" 11
  assert_equal "$(jq 'map(length) | max' <<<"$output")" 2000
  jq -e 'index("a%41") and index("名前") and index("\n\u0001")' <<<"$output"
}

@test 'PUT users: a body of very many values is 413, and the bound is named' {
  jq -cn '{x: [range(50001)]}' >"$BATS_TEST_TMPDIR/body"
  http PUT "$users/users" "@$BATS_TEST_TMPDIR/body"
  assert_equal "$status" 413
  assert_output --partial 'the JSON holds more than 50000 values'
}

@test 'PUT users: a body over the limit is 413' {
  head -c 1100000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/body"
  http PUT "$users/users" "@$BATS_TEST_TMPDIR/body"
  assert_equal "$status" 413
}

@test 'GET users: 204 without any, else 200 with the names' {
  http GET "$users/users"
  assert_equal "$status $output" '204 '
  add_user bob
  add_user ann
  http GET "$users/users"
  assert_equal "$status $output" '200 ["ann","bob"]'
}

@test 'DELETE users: 200, and 400 where there is no such user' {
  add_user ann
  http DELETE "$users/users/ann"
  assert_equal "$status $output" '200 {}'
  http DELETE "$users/users/ann"
  refused "there is no user 'ann'"
}

@test 'DELETE users: slashes and percent-encoding in names' {
  add_user 'a/b %41'
  http DELETE "$users/users/a%2Fb%20%2541"
  assert_equal "$status $output" '200 {}'
  http DELETE "$users/users/%zz"
  assert_equal "$status" 400
}

@test 'users: what can be made can be deleted, up to 2000 bytes; more or U+0000 is 400' {
  local name encoded
  name=$(printf '🚕%.0s' {1..500}) encoded=$(printf '%%F0%%9F%%9A%%95%.0s' {1..500})
  add_user "$name"
  assert_equal "$status" 201
  http DELETE "$users/users/$encoded"
  assert_equal "$status $output" '200 {}'
  add_user "${name}x"
  refused '2001 bytes'
  add_user 'a\u0000b'
  refused 'U+0000'
  # Past this service too.
  for name in "${name}x" 'a\u0000b'; do
    http POST "$orch/db/write" "{\"table\":\"users\",\"op\":\"upsert\",\"row\":{\"username\":\"$name\",\"password\":\"p\"}}"
    refused "table 'users'"
  done
  http POST "$orch/db/write" '{"table":"users","op":"insert","row":{"username":"","password":"p"}}'
  refused 'must not be empty'
  http GET "$users/users"
  assert_equal "$status" 204
}

@test 'users.max_name of an earlier version is an error that says why' {
  run -78 "$TANDEM_BIN/rs-users" --config "$TANDEM_SOURCE/etc/users.toml" --set users.max_name=256KiB --check
  assert_output --partial 'users.max_name is 262144: 2000 bytes are the most'
}

@test 'DELETE users: their rides go, and they leave the rides of others' {
  local ride='"timestamp":"26-01-2099:53-17-00","source":22,"destination":23'
  add_user ann
  add_user bob
  http POST "$rides/rides" "{\"created_by\":\"ann\",$ride}"
  local of_ann
  of_ann=$(jq .rideId <<<"$output")
  http POST "$rides/rides" "{\"created_by\":\"bob\",$ride}"
  local of_bob
  of_bob=$(jq .rideId <<<"$output")
  http POST "$rides/rides/$of_bob" '{"username":"ann"}'
  assert_equal "$status" 200
  http DELETE "$users/users/ann"
  assert_equal "$status" 200
  http GET "$rides/rides/$of_ann"
  assert_equal "$status" 204
  http GET "$rides/rides/$of_bob"
  assert_equal "$(jq -c .users <<<"$output")" '["bob"]'
}

@test 'methods: 405 with Allow, OPTIONS 204, HEAD as GET; unknown paths 404' {
  run curl -sS -o /dev/null -D - -X POST "$users/users"
  assert_line --partial '405'
  assert_line --regexp '^[Aa]llow: .*PUT'
  run curl -sS -o /dev/null -D - -X OPTIONS "$users/users/ann"
  assert_line --partial '204'
  assert_line --regexp '^[Aa]llow: .*DELETE'
  add_user ann
  run curl -sS -I "$users/users"
  assert_line --partial '200'
  http GET "$users/nothing"
  assert_equal "$status" 404
}

@test '_count: every request to the calls of users, failed ones too, and nothing else' {
  http DELETE "$users/_count"
  assert_equal "$status $output" '200 {}'
  add_user ann # 201
  add_user ann # 400
  http GET "$users/users"
  http POST "$users/users" # 405
  http DELETE "$users/users/nobody"
  http GET "${users%/api/v1}/livez"
  http GET "${users%/api/v1}/healthz"
  http GET "${users%/api/v1}/readyz"
  http GET "${users%/api/v1}/metrics"
  http POST "$users/db/clear"
  http GET "$users/_count"
  assert_equal "$status $output" '200 [5]'
  http DELETE "$users/_count"
  http GET "$users/_count"
  assert_equal "$status $output" '200 [0]'
}

@test 'db/clear: everything is gone' {
  add_user ann
  http POST "$users/db/clear"
  assert_equal "$status $output" '200 {}'
  http GET "$users/users"
  assert_equal "$status" 204
}

@test 'X-Db-Index comes with every answer and makes a session read' {
  local index
  index=$(curl -sS -o /dev/null -D - -X PUT "$users/users" \
    -d "{\"username\":\"ann\",\"password\":\"$sha1\"}" | tr -d '\r' | awk 'tolower($1) == "x-db-index:" { print $2 }')
  [ "$index" -gt 0 ]
  run curl -sS -H "X-Db-Index: $index" "$users/users?consistency=session"
  assert_output '["ann"]'
  http GET "$users/users?consistency=strong"
  refused 'consistency'
}

@test 'Idempotency-Key: the first answer again, 422 for another body, 400 for a long one' {
  local put=(curl -sS -w '%{http_code}' -X PUT "$users/users" -H 'Idempotency-Key: users-bats-1')
  run "${put[@]}" -d "{\"username\":\"ann\",\"password\":\"$sha1\"}"
  assert_output '{}201'
  run "${put[@]}" -d "{\"username\":\"ann\",\"password\":\"$sha1\"}"
  assert_output '{}201'
  run "${put[@]}" -d "{\"username\":\"bob\",\"password\":\"$sha1\"}"
  assert_output --regexp '"code":422.*422$'
  run curl -sS -w '%{http_code}' -X PUT "$users/users" -H "Idempotency-Key: $(printf '%0129d' 0)" \
    -d "{\"username\":\"zoe\",\"password\":\"$sha1\"}"
  assert_output --partial '"code":400'
}

@test 'a database that does not answer is 504, and readiness says so' {
  local pid
  pid=$(s6-svstat -o pid "$home/run/sv/rs-orch")
  [ "$pid" -gt 1 ] # -1 where it is down, and kill would take that for every process
  kill -STOP "$pid"
  http GET "$users/users"
  local listed=$status
  http GET "${users%/api/v1}/readyz"
  kill -CONT "$pid"
  assert_equal "$listed" 504
  assert_equal "$status" 503
}
