#!/usr/bin/env bats
# The HTTP contract of rs-rides, row by row, against a whole system.

load test_helper

setup_file() {
  take_ports 5
  export home=$BATS_FILE_TMPDIR/home
  export users=http://127.0.0.1:$port_base/api/v1
  export rides=http://127.0.0.1:$((port_base + 1))/api/v1
  export orch=http://127.0.0.1:$((port_base + 2))/api/v1
  export future=26-01-2099:53-17-00
  tandem_up "$home" --only rideshare --port-base "$port_base"
  export front=$started
}

teardown_file() { stop_started "$front"; }

setup() {
  local name
  http POST "$rides/db/clear"
  assert_equal "$status $output" '200 {}'
  for name in ann bob; do
    http PUT "$users/users" \
      "{\"username\":\"$name\",\"password\":\"3d725109c7e7c0bfb9d709836735b56d943d263f\"}"
    assert_equal "$status" 201
  done
}

# Creates a ride of ann with one member of the body replaced; its rideId is in $ride.
add_ride() { # [JQ EXPRESSION]
  local body='{"created_by":"ann","timestamp":"'$future'","source":"22","destination":"23"}'
  http POST "$rides/rides" "$(jq -c "${1:-.}" <<<"$body")"
  ride=$(jq '.rideId?' <<<"$output")
}

# Puts a ride of ann that started long ago into the database; its rideId is in $ride.
add_past_ride() {
  http POST "$orch/db/write" '{"table":"rides","op":"insert","row":
    {"created_by":"ann","timestamp":1000,"source":22,"destination":23}}'
  assert_equal "$status" 200
  ride=$(jq '.results[0].key' <<<"$output")
}

refused() { # PART OF THE MESSAGE
  assert_equal "$status" 400
  assert_equal "$(jq .error.code <<<"$output")" 400
  run jq -r .error.message <<<"$output"
  assert_output --partial "$1"
}

@test 'rides: no row that is put past this service stops it' {
  local row
  for row in '"rideId":9223372036854775807,"timestamp":1' '"rideId":4503599627370497,"timestamp":1' \
    '"rideId":0,"timestamp":1' '"timestamp":9223372036854775807' '"timestamp":253402300800000' \
    '"timestamp":-62135596800001'; do
    for op in insert upsert; do
      http POST "$orch/db/write" \
        "{\"table\":\"rides\",\"op\":\"$op\",\"row\":{$row,\"created_by\":\"ann\",\"source\":22,\"destination\":23}}"
      refused "table 'rides'"
    done
  done
  add_ride
  assert_equal "$status" 201
  http GET "$rides/rides?source=22&destination=23"
  assert_equal "$status" 200
}

@test 'POST rides: 201 with the rideId, areas as text or numbers' {
  add_ride
  assert_equal "$status $output" "201 {\"rideId\":$ride}"
  [ "$ride" -gt 0 ]
  local first=$ride
  add_ride '.source = 22 | .destination = 23'
  assert_equal "$status" 201
  [ "$ride" -gt "$first" ]
}

@test 'POST rides: 400 for an unknown user, area, or the same area twice' {
  add_ride '.created_by = "nobody"'
  refused "there is no user 'nobody'"
  local area
  for area in 0 199 -1 22.5 '"x"' '""' '"199"' null true; do
    add_ride ".source = $area"
    refused 'source'
    add_ride ".destination = $area"
    refused 'destination'
  done
  add_ride '.destination = 22'
  refused 'must differ'
}

@test 'POST rides: 400 for a timestamp that is bad or past' {
  local timestamp
  for timestamp in 31-02-2099:53-17-00 26-01-2099 2099-01-26:53-17-00 26-01-2099:60-17-00 \
    26-01-2099:00-60-00 26-01-2099:00-00-24 26-1-2099:53-17-00 '' 26-01-2001:53-17-00; do
    add_ride ".timestamp = \"$timestamp\""
    refused 'timestamp'
  done
}

@test 'POST rides: what is missing, mistyped or no JSON is 400 and named' {
  local member
  for member in created_by timestamp source destination; do
    add_ride "del(.$member)"
    refused "$member is missing"
    add_ride ".$member = []"
    refused "$member must be"
  done
  http POST "$rides/rides" 'x'
  refused 'not JSON'
  http GET "$rides/rides/count"
  assert_equal "$output" '[0]'
}

@test 'POST rides: a body of very many values is 413, and the bound is named' {
  jq -cn '{x: [range(50001)]}' >"$BATS_TEST_TMPDIR/body"
  local path
  for path in rides rides/1; do
    http POST "$rides/$path" "@$BATS_TEST_TMPDIR/body"
    assert_equal "$status" 413
    assert_output --partial 'the JSON holds more than 50000 values'
  done
}

@test 'POST rides: a rideId is never used twice, not even after a clear' {
  add_ride
  local first=$ride
  http DELETE "$rides/rides/$first"
  add_ride
  [ "$ride" -gt "$first" ]
  first=$ride
  http POST "$rides/db/clear"
  setup
  add_ride
  [ "$ride" -gt "$first" ]
}

@test 'GET rides: upcoming rides of the route, soonest first' {
  add_ride
  local late=$ride
  add_ride '.timestamp = "26-01-2098:53-17-00" | .created_by = "bob"'
  local soon=$ride
  add_past_ride
  add_ride '.destination = 24'
  http GET "$rides/rides?source=22&destination=23"
  assert_equal "$status" 200
  assert_equal "$output" "[{\"rideId\":$soon,\"username\":\"bob\",\"timestamp\":\"26-01-2098:53-17-00\"},{\"rideId\":$late,\"username\":\"ann\",\"timestamp\":\"$future\"}]"
}

@test 'GET rides: 204 where there are none' {
  http GET "$rides/rides?source=1&destination=2"
  assert_equal "$status $output" '204 '
  add_past_ride
  http GET "$rides/rides?source=22&destination=23"
  assert_equal "$status" 204
}

@test 'GET rides: 400 for a missing or unknown area, or the same twice' {
  local query
  for query in '' '?source=22' '?destination=23' '?source=22&destination=199' \
    '?source=0&destination=23' '?source=&destination=23' '?source=x&destination=23' \
    '?source=22&destination=22' '?source=99999999999999999999&destination=23'; do
    http GET "$rides/rides$query"
    assert_equal "$query $status" "$query 400"
  done
}

@test 'GET rides/{rideId}: the ride, the creator first of its users' {
  local name
  for name in zoe abe; do
    http PUT "$users/users" \
      "{\"username\":\"$name\",\"password\":\"3d725109c7e7c0bfb9d709836735b56d943d263f\"}"
  done
  add_ride '.created_by = "bob"'
  for name in zoe abe; do
    http POST "$rides/rides/$ride" "{\"username\":\"$name\"}"
    assert_equal "$status $output" '200 {}'
  done
  http GET "$rides/rides/$ride"
  assert_equal "$status" 200
  assert_equal "$output" "{\"rideId\":$ride,\"created_by\":\"bob\",\"users\":[\"bob\",\"zoe\",\"abe\"],\"timestamp\":\"$future\",\"source\":22,\"destination\":23}"
}

@test 'GET rides/{rideId}: 204 where there is none, 400 where it is no number' {
  http GET "$rides/rides/4000000000"
  assert_equal "$status $output" '204 '
  http GET "$rides/rides/99999999999999999999"
  assert_equal "$status" 204
  local id
  for id in 0 -1 abc 1.5; do
    http GET "$rides/rides/$id"
    refused 'rideId'
  done
}

# Their names alone are more than the database puts into one answer.
@test 'GET rides/{rideId}: more riders than one answer of the database holds' {
  local from names="$BATS_TEST_TMPDIR/names" body="$BATS_TEST_TMPDIR/body"
  add_ride
  for ((from = 0; from < 8400; from += 400)); do
    # The later one joins, the earlier the name is in the alphabet.
    jq -nc --argjson from "$from" '[range($from; $from + 400) | "\(99999 - .)" + "n" * 1990]' >"$names"
    for row in '{table: "users", row: {username: ., password: ("0" * 40)}}' \
      '{table: "riders", row: {rideId: $ride, username: .}}'; do
      jq -c --argjson ride "$ride" "{ops: map($row + {op: \"insert\"})}" "$names" >"$body"
      run --separate-stderr curl -sS -m 20 -o /dev/null -w '%{http_code}' --data-binary "@$body" \
        "$orch/db/write"
      assert_output 200
    done
  done
  run --separate-stderr curl -sS -m 60 -o "$body" -w '%{http_code}' "$rides/rides/$ride"
  assert_output 200
  run jq -r '.users | length, (.[0, 1, 8400] | .[:5])' "$body"
  assert_output $'8401\nann\n99999\n91600'
}

@test 'POST rides: a name that no user can have is refused in words about it' {
  add_ride ".created_by = \"$(printf 'x%.0s' {1..2001})\""
  refused 'created_by has 2001 bytes'
  add_ride '.created_by = "a\u0000b"'
  refused 'created_by must not hold U+0000'
}

@test 'DELETE rides/{rideId}: the error names the number that was given, however large' {
  http DELETE "$rides/rides/99999999999999999999"
  assert_equal "$status" 400
  assert_equal "$(jq -r .error.message <<<"$output")" 'there is no ride 99999999999999999999'
}

@test 'GET areas: each with its name' {
  http GET "$rides/areas"
  assert_equal "$status" 200
  assert_equal "$(jq -c '.[0]' <<<"$output")" '{"area":1,"name":"Kempegowda Ward"}'
  assert_equal "$(jq length <<<"$output")" 198
}

@test 'POST rides: the time may be in the form of ISO 8601' {
  local time
  for time in 2099-01-26T09:17:53Z 2099-01-26T09:17:53 2099-01-26T14:47:53+05:30; do
    add_ride ".timestamp = \"$time\""
    assert_equal "$status" 201
    http GET "$rides/rides/$(jq .rideId <<<"$output")"
    assert_equal "$(jq -r .timestamp <<<"$output")" 26-01-2099:53-17-09
  done
  add_ride '.timestamp = "2099-02-31T09:17:53Z"'
  refused 'timestamp'
}

@test 'POST rides/{rideId}: 204 where there is no such ride' {
  http POST "$rides/rides/4000000000" '{"username":"bob"}'
  assert_equal "$status $output" '204 '
}

@test 'POST rides/{rideId}: 400 for an unknown user, or one who is on it' {
  add_ride
  http POST "$rides/rides/$ride" '{"username":"nobody"}'
  refused "there is no user 'nobody'"
  http POST "$rides/rides/$ride" '{"username":"ann"}'
  refused 'already'
  http POST "$rides/rides/$ride" '{"username":"bob"}'
  assert_equal "$status" 200
  http POST "$rides/rides/$ride" '{"username":"bob"}'
  refused 'already'
  http POST "$rides/rides/$ride" '{}'
  refused 'username is missing'
  http POST "$rides/rides/$ride" '{"username":7}'
  refused 'username must be a string'
}

@test 'time.allow_past: rides in the past are as any other' {
  local rides=http://127.0.0.1:$((port_base + 4))/api/v1 service code=0
  start_ready "$BATS_TEST_TMPDIR/log" env -C "$home" "$TANDEM_BIN/rs-rides" \
    --port $((port_base + 4)) --set time.allow_past=true --set count.file="$BATS_TEST_TMPDIR/count" \
    --set areas.file="$TANDEM_SOURCE/etc/areas.csv"
  service=$started
  add_ride '.timestamp = "26-01-2020:53-17-00"'
  assert_equal "$status" 201
  http GET "$rides/rides?source=22&destination=23"
  assert_equal "$(jq -c '.[0].timestamp' <<<"$output")" '"26-01-2020:53-17-00"'
  http POST "$rides/rides/$ride" '{"username":"bob"}'
  assert_equal "$status" 200
  stop_started "$service" || code=$?
  assert_equal $code 0
}

@test 'POST rides/{rideId}: 400 for a ride in the past' {
  add_past_ride
  http POST "$rides/rides/$ride" '{"username":"bob"}'
  refused 'in the past'
}

@test 'POST rides/{rideId}: of many at once by one user, one joins' {
  local i
  add_ride
  for i in {1..20}; do
    curl -sS -o /dev/null -w '%{http_code}\n' -X POST "$rides/rides/$ride" \
      -d '{"username":"bob"}' >"$BATS_TEST_TMPDIR/$i" &
  done
  wait
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/* | grep -c 200)" 1
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/* | grep -c 400)" 19
  http GET "$rides/rides/$ride"
  assert_equal "$(jq -c .users <<<"$output")" '["ann","bob"]'
}

@test 'DELETE rides/{rideId}: 200, and 400 where there is none' {
  add_ride
  http DELETE "$rides/rides/$ride"
  assert_equal "$status $output" '200 {}'
  http DELETE "$rides/rides/$ride"
  refused 'there is no ride'
  http GET "$rides/rides/$ride"
  assert_equal "$status" 204
  http DELETE "$rides/rides/abc"
  refused 'rideId'
}

@test 'GET rides/count: the rides that exist' {
  http GET "$rides/rides/count"
  assert_equal "$status $output" '200 [0]'
  add_ride
  add_ride
  add_past_ride
  http DELETE "$rides/rides/$ride"
  http GET "$rides/rides/count"
  assert_equal "$status $output" '200 [2]'
}

@test 'methods: 405 with Allow; unknown paths 404' {
  run curl -sS -o /dev/null -D - -X PUT "$rides/rides"
  assert_line --partial '405'
  assert_line --regexp '^[Aa]llow: .*POST'
  run curl -sS -o /dev/null -D - -X DELETE "$rides/rides/count"
  assert_line --partial '405'
  http GET "$rides/rides/1/2"
  assert_equal "$status" 404
}

@test '_count: every request to the calls of rides, and nothing else' {
  http DELETE "$rides/_count"
  assert_equal "$status $output" '200 {}'
  add_ride
  add_ride 'del(.source)'
  http GET "$rides/rides/$ride"
  http GET "$rides/rides/count"
  http PUT "$rides/rides"
  http GET "${rides%/api/v1}/livez"
  http GET "${rides%/api/v1}/metrics"
  http GET "$rides/_count"
  assert_equal "$status $output" '200 [5]'
}

@test 'Idempotency-Key: a ride is created once' {
  local post=(curl -sS -w '%{http_code}' "$rides/rides" -H 'Idempotency-Key: rides-bats-1')
  local body='{"created_by":"ann","timestamp":"'$future'","source":"22","destination":"23"}'
  run "${post[@]}" -d "$body"
  assert_output --regexp '^\{"rideId":[0-9]+\}201$'
  local first=$output
  run "${post[@]}" -d "$body"
  assert_output "$first"
  run "${post[@]}" -d "${body/23\"/24\"}"
  assert_output --partial '"code":422'
  http GET "$rides/rides/count"
  assert_equal "$output" '[1]'
}

@test 'the answer to a join with a key comes again, also when the ride is gone' {
  add_ride
  local post=(curl -sS -w '%{http_code}' "$rides/rides/$ride" -H 'Idempotency-Key: rides-bats-2'
    -d '{"username":"bob"}')
  run "${post[@]}"
  assert_output '{}200'
  http DELETE "$rides/rides/$ride"
  run "${post[@]}"
  assert_output '{}200'
}

@test 'Idempotency-Key: a repetition gets the first answer also when the ride is in the past by now' {
  local body created start key=(-H 'Idempotency-Key: rides-bats-past')
  # The form has the seconds before the minutes.
  start=$(date -u -d '+4 seconds' +%d-%m-%Y:%S-%M-%H)
  body="{\"created_by\":\"ann\",\"timestamp\":\"$start\",\"source\":22,\"destination\":23}"
  http POST "$rides/rides" "$body" "${key[@]}"
  assert_equal "$status" 201
  created=$output
  ride=$(jq .rideId <<<"$output")
  http POST "$rides/rides/$ride" '{"username":"bob"}' -H 'Idempotency-Key: rides-bats-past-join'
  assert_equal "$status $output" '200 {}'
  # Without a key, until the ride has started.
  until
    http POST "$rides/rides" "$body"
    [ "$status" != 201 ]
  do :; done
  refused 'in the past'
  http POST "$rides/rides" "$body" "${key[@]}"
  assert_equal "$status $output" "201 $created"
  http POST "$rides/rides/$ride" '{"username":"bob"}' -H 'Idempotency-Key: rides-bats-past-join'
  assert_equal "$status $output" '200 {}'
  http POST "$rides/rides" "${body/destination\":23/destination\":24}" "${key[@]}"
  assert_equal "$status" 422
  http POST "$rides/rides" "$body" -H 'Idempotency-Key: rides-bats-past-new'
  refused 'in the past'
  http POST "$rides/rides/$ride" '{"username":"bob"}' -H 'Idempotency-Key: rides-bats-past-new'
  refused 'in the past'
}
