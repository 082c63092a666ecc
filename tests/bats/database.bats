#!/usr/bin/env bats
# The HTTP contract of the database service, row by row.

load test_helper

setup_file() {
  take_ports 1
  export port_base
  database_up "$BATS_FILE_TMPDIR/db" --set database.timeout=2s --set scaling.max_slaves=2
  await_event in_sync '.in_sync == "1,2"'
  export db database started
}

teardown_file() { database_down; }

setup() {
  last_event=0
  http POST "$db/db/clear"
  assert_equal "$status $output" '200 {}'
}

read_db() { http POST "$db/db/read$2" "$1" "${@:3}"; } # QUERY [URL-QUERY [ARGUMENT]…]
write_db() { http POST "$db/db/write" "$1" "${@:2}"; } # OPERATION [ARGUMENT]…

# A write that must succeed.
put() {
  write_db "$@"
  assert_equal "$status" 200
}

add_user() { put "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1\",\"password\":\"$2\"}}"; }

# Three rides of ann; sets $first to the key of the first one.
add_rides() {
  add_user ann p
  local ride='{"table":"rides","op":"insert","row":{"created_by":"ann"'
  put "{\"ops\":[$ride,\"timestamp\":300,\"source\":1,\"destination\":2}},
                 $ride,\"timestamp\":100,\"source\":1,\"destination\":3}},
                 $ride,\"timestamp\":200,\"source\":2,\"destination\":3}}]}"
  first=$(jq '.results[0].key' <<<"$output")
}

# The timestamps of the rides that a query finds.
timestamps() { # WHERE
  read_db "{\"table\":\"rides\",\"columns\":[\"timestamp\"],\"where\":$1,\"order\":[\"timestamp\"]}"
  assert_equal "$status" 200
  output=$(jq -c '[.[].timestamp]' <<<"$output")
}

refused() { # STATUS PART OF THE MESSAGE
  assert_equal "$status" "$1"
  assert_equal "$(jq .error.code <<<"$output")" "$1"
  run jq -r .error.message <<<"$output"
  assert_output --partial "$2"
}

header() { tr -d '\r' <"$BATS_TEST_TMPDIR/head" | sed -n "s/^$1: //Ip"; }

# --- db/read ---

@test 'read: rows as objects, [] where there are none' {
  read_db '{"table":"users"}'
  assert_equal "$status $output" '200 []'
  add_user ann p
  read_db '{"table":"users"}'
  assert_equal "$status $output" '200 [{"username":"ann","password":"p"}]'
}

@test 'read: columns, order, limit, offset' {
  add_rides
  read_db '{"table":"rides","columns":["timestamp","source"],"order":["source","-timestamp"]}'
  assert_equal "$output" '[{"timestamp":300,"source":1},{"timestamp":100,"source":1},{"timestamp":200,"source":2}]'
  read_db '{"table":"rides","columns":["timestamp"],"order":["-timestamp"],"limit":1,"offset":1}'
  assert_equal "$output" '[{"timestamp":200}]'
  read_db '{"table":"rides","limit":0}'
  assert_equal "$output" '[]'
  read_db '{"table":"rides","offset":3}'
  assert_equal "$output" '[]'
  read_db '{"table":"rides","columns":["rideId"],"order":["destination"]}'
  assert_equal "$output" "[{\"rideId\":$first},{\"rideId\":$((first + 1))},{\"rideId\":$((first + 2))}]"
}

@test 'read: every operator' {
  add_rides
  while read -r where expected; do
    timestamps "$where"
    assert_equal "$where $output" "$where $expected"
  done <<'END'
{"timestamp":200} [200]
{"timestamp":{"lt":200}} [100]
{"timestamp":{"le":200}} [100,200]
{"timestamp":{"gt":200}} [300]
{"timestamp":{"ge":200}} [200,300]
{"timestamp":{"ne":200}} [100,300]
{"timestamp":{"in":[300,100,7]}} [100,300]
{"timestamp":{"in":[]}} []
{"timestamp":{"gt":100,"lt":300}} [200]
{"source":1,"destination":3} [100]
{"created_by":{"ge":"ann","lt":"anna"}} [100,200,300]
{} [100,200,300]
"source=2" [200]
"created_by=ann" [100,200,300]
"created_by=" []
END
}

@test 'read: count' {
  add_rides
  read_db '{"table":"rides","count":true}'
  assert_equal "$status $output" '200 [3]'
  read_db '{"table":"rides","count":true,"where":{"source":1}}'
  assert_equal "$output" '[2]'
  read_db '{"table":"users","count":true,"where":"username=nobody"}'
  assert_equal "$output" '[0]'
}

@test 'read: several queries of one state' {
  add_rides
  read_db '{"reads":[{"table":"rides","count":true},{"table":"users"},{"table":"rides","where":{"source":9}}]}'
  assert_equal "$status $output" '200 [[3],[{"username":"ann","password":"p"}],[]]'
  read_db '{"reads":[{"table":"rides"},{"table":"riders","columns":["nothing"]}]}'
  refused 400 'read 1: '
}

@test 'read: 400 says what is wrong' {
  while IFS='|' read -r query message; do
    read_db "$query"
    refused 400 "$message"
  done <<'END'
{"table":"rides"|JSON
[]|object
{}|'table' is missing
{"table":7}|'table' must be a string
{"table":"toys"}|unknown table 'toys'
{"table":"rides","where":{"colour":1}}|no column 'colour'
{"table":"rides","columns":["colour"]}|no column 'colour'
{"table":"rides","columns":[]}|names no column
{"table":"rides","order":["-colour"]}|no column 'colour'
{"table":"rides","where":{"source":"1"}}|'source'
{"table":"rides","where":{"source":1.5}}|'source'
{"table":"rides","where":{"source":{"like":1}}}|unknown operator 'like'
{"table":"rides","where":{"source":{"in":1}}}|'in' needs an array
{"table":"rides","where":{"source":{}}}|operator is missing
{"table":"rides","where":"source"}|column=value
{"table":"rides","where":"source=x"}|'source'
{"table":"rides","where":7}|'where' must be
{"table":"rides","limit":-1}|'limit'
{"table":"rides","offset":"1"}|'offset'
{"table":"rides","count":1}|'count' must be a boolean
{"reads":7}|'reads' must be an array
{"table":"rides","table":"users"}|table
END
}

@test 'read: 413 for more than 100 queries at once' {
  local queries
  queries=$(printf '{"table":"users"},%.0s' {1..101})
  read_db "{\"reads\":[${queries%,}]}"
  refused 413 '100'
}

@test 'read: the consistency is chosen per request' {
  add_user ann p
  local index
  index=$(jq .index <<<"$output")
  for consistency in linearizable session eventual; do
    read_db '{"table":"users","count":true}' "?consistency=$consistency" -D "$BATS_TEST_TMPDIR/head" \
      -H "X-Db-Index: $index"
    assert_equal "$status" 200
    [ "$consistency" = eventual ] || assert_equal "$output" '[1]'
    assert_regex "$(header X-Db-Index)" '^[0-9]+$'
  done
  read_db '{"table":"users"}' '?consistency=strict'
  refused 400 consistency
  read_db '{"table":"users"}' '' -H 'X-Db-Index: soon'
  refused 400 X-Db-Index
}

@test 'read: X-Db-Index is that of the last write' {
  add_user ann p
  local index
  index=$(jq .index <<<"$output")
  read_db '{"table":"users"}' '' -D "$BATS_TEST_TMPDIR/head"
  [ "$(header X-Db-Index)" -ge "$index" ]
  write_db '{"table":"users","op":"delete","where":{}}' -D "$BATS_TEST_TMPDIR/head"
  assert_equal "$(header X-Db-Index)" "$(jq .index <<<"$output")"
}

@test 'read: 503 with Retry-After for an index that does not come' {
  read_db '{"table":"users"}' '?consistency=session' -H 'X-Db-Index: 1000000000' -D "$BATS_TEST_TMPDIR/head"
  refused 503 'in time'
  assert_equal "$(header Retry-After)" 1
}

@test 'read: 400 for an index that was never given out, where nothing answered may be missing' {
  read_db '{"table":"users"}' '' -H 'X-Db-Index: 1000000000'
  refused 400 'X-Db-Index 1000000000 is beyond the last index there is'
}

@test 'read: one replica by its id' {
  add_user ann p
  for id in 1 2; do
    read_db '{"table":"users","count":true}' "?replica=$id"
    assert_equal "$status $output" '200 [1]'
  done
  read_db '{"table":"users"}' '?replica=99'
  refused 400 "'99'"
}

# --- db/write ---

@test 'write: insert gives index, affected and key' {
  add_user ann p
  run jq -c '[.index > 0, .results]' <<<"$output"
  assert_output '[true,[{"affected":1,"key":"ann"}]]'
}

@test 'write: keys are counted up and never used again' {
  add_rides
  put '{"table":"rides","op":"delete","where":{}}'
  assert_equal "$(jq .results[0].affected <<<"$output")" 3
  put '{"table":"rides","op":"insert","row":{"created_by":"ann","timestamp":1,"source":1,"destination":2}}'
  assert_equal "$(jq .results[0].key <<<"$output")" $((first + 3))
}

@test 'write: upsert replaces the row as a whole' {
  add_user ann p
  put '{"table":"users","op":"upsert","row":{"username":"ann","password":"q"}}'
  put '{"table":"users","op":"upsert","row":{"username":"bob","password":"r"}}'
  read_db '{"table":"users"}'
  assert_equal "$output" '[{"username":"ann","password":"q"},{"username":"bob","password":"r"}]'
}

@test 'write: update and delete tell how many rows they meant' {
  add_rides
  put '{"table":"rides","op":"update","where":{"source":1},"set":{"destination":9}}'
  assert_equal "$(jq -c .results <<<"$output")" '[{"affected":2}]'
  timestamps '{"destination":9}'
  assert_equal "$output" '[100,300]'
  put '{"table":"rides","op":"delete","where":{"timestamp":{"gt":100}}}'
  assert_equal "$(jq -c .results <<<"$output")" '[{"affected":2}]'
  put '{"table":"rides","op":"delete","where":"source=77"}'
  assert_equal "$(jq -c .results <<<"$output")" '[{"affected":0}]'
}

@test 'write: a delete takes along what refers to the row' {
  add_rides
  put "{\"table\":\"riders\",\"op\":\"insert\",\"row\":{\"rideId\":$first,\"username\":\"ann\"}}"
  put '{"table":"users","op":"delete","where":{"username":"ann"}}'
  read_db '{"reads":[{"table":"rides","count":true},{"table":"riders","count":true}]}'
  assert_equal "$output" '[[0],[0]]'
}

@test 'write: a transaction is done as a whole, or not' {
  put '{"if":[{"table":"users","where":{"username":"ann"},"exists":false},{"table":"users","count":0}],
        "ops":[{"table":"users","op":"insert","row":{"username":"ann","password":"p"}},
               {"table":"users","op":"update","where":{},"set":{"password":"q"}}]}'
  assert_equal "$(jq -c .results <<<"$output")" '[{"affected":1,"key":"ann"},{"affected":1}]'
  write_db '{"ops":[{"table":"users","op":"insert","row":{"username":"bob","password":"p"}},
                    {"table":"users","op":"insert","row":{"username":"ann","password":"p"}}]}'
  refused 409 'ann'
  read_db '{"table":"users"}'
  assert_equal "$output" '[{"username":"ann","password":"q"}]'
}

@test 'write: 409 names the condition that failed, and nothing is done' {
  add_user ann p
  local op='"ops":[{"table":"users","op":"delete","where":{}}]'
  write_db "{\"if\":[{\"table\":\"users\",\"exists\":true},{\"table\":\"users\",\"where\":\"username=ann\",\"exists\":false}],$op}"
  assert_equal "$(jq -c '[.error.code,.error.condition]' <<<"$output")" '[409,1]'
  refused 409 "'users'"
  write_db "{\"if\":[{\"table\":\"users\",\"count\":2}],$op}"
  assert_equal "$status" 409
  assert_equal "$(jq -c '[.error.code,.error.condition]' <<<"$output")" '[409,0]'
  read_db '{"table":"users","count":true}'
  assert_equal "$output" '[1]'
}

@test 'write: 409 names the operation that failed' {
  add_rides
  write_db '{"ops":[{"table":"users","op":"delete","where":{"username":"x"}},
                    {"table":"rides","op":"insert","row":{"created_by":"nobody","timestamp":1,"source":1,"destination":2}}]}'
  assert_equal "$(jq -c '[.error.code,.error.operation]' <<<"$output")" '[409,1]'
  refused 409 nobody
  local rider="{\"table\":\"riders\",\"op\":\"insert\",\"row\":{\"rideId\":$first,\"username\":\"ann\"}}"
  put "$rider"
  write_db "$rider"
  refused 409 "'riders'"
}

@test 'write: 400 says what is wrong' {
  while IFS='|' read -r body message; do
    write_db "$body"
    refused 400 "$message"
  done <<'END'
{"table":|JSON
7|object
{}|nothing to do
{"table":"users"}|nothing to do
{"table":"toys","op":"delete","where":{}}|unknown table 'toys'
{"table":"users","op":"drop"}|'op' must be insert
{"table":"users","op":7}|'op' must be a string
{"table":"users","op":"insert"}|'row' is missing
{"table":"users","op":"insert","row":[]}|'row' must be an object
{"table":"users","op":"insert","row":{"username":"ann"}}|'password': is missing
{"table":"users","op":"insert","row":{"username":"ann","password":7}}|'password'
{"table":"users","op":"insert","row":{"username":null,"password":"p"}}|'username'
{"table":"users","op":"insert","row":{"username":"ann","password":"p","age":7}}|no column 'age'
{"table":"users","op":"update","set":{"password":"p"}}|'where' is missing
{"table":"users","op":"update","where":{}}|'set' is missing
{"table":"users","op":"update","where":{},"set":{}}|names no column
{"table":"users","op":"update","where":{},"set":{"username":"x"}}|is the key
{"table":"users","op":"delete"}|'where' is missing
{"ops":[]}|no operation
{"ops":7}|'ops' must be an array
{"ops":[{"table":"users","op":"delete","where":{}},7]}|operation 1
{"if":[{"table":"users"}],"ops":[{"table":"users","op":"delete","where":{}}]}|condition 0
{"if":[{"table":"users","count":-1}],"ops":[{"table":"users","op":"delete","where":{}}]}|'count'
{"if":[],"table":"users","op":"delete","where":{}}|'ops'
{"clear":true}|'op'
{"schema":{}}|'op'
{"table":"rides","op":"insert","row":{"created_by":"ann","timestamp":9223372036854775808,"source":1,"destination":2}}|9223372036854775808
END
  read_db '{"table":"users","count":true}'
  assert_equal "$output" '[0]'
}

@test 'write: 413 for more than 1000 operations' {
  local ops
  ops=$(printf '{"table":"users","op":"delete","where":{}},%.0s' {1..1001})
  write_db "{\"ops\":[${ops%,}]}"
  refused 413 1000
}

# --- Idempotency-Key ---

@test 'key: the same key again gives the first answer again' {
  local body='{"table":"riders","op":"insert","row":{"rideId":1,"username":"ann"}}'
  local user='{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}'
  write_db "$user" -H 'Idempotency-Key: first'
  assert_equal "$status" 200
  local answer=$output
  put '{"table":"users","op":"delete","where":{}}'
  write_db "$user" -H 'Idempotency-Key: first'
  assert_equal "$status $output" "200 $answer"
  read_db '{"table":"users","count":true}'
  assert_equal "$output" '[0]'

  write_db "$body" -H 'Idempotency-Key: refused'
  assert_equal "$status" 409
  answer=$output
  add_rides
  write_db "$body" -H 'Idempotency-Key: refused'
  assert_equal "$status $output" "409 $answer"
}

@test 'key: another body is 422, another spelling of the same one is not' {
  write_db '{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}' -H 'Idempotency-Key: spelt'
  assert_equal "$status" 200
  local answer=$output
  write_db '{ "op":"insert", "row":{"password":"p", "username":"\u0061nn"}, "table":"users" }' -H 'Idempotency-Key: spelt'
  assert_equal "$status $output" "200 $answer"
  write_db '{"table":"users","op":"insert","row":{"username":"bob","password":"p"}}' -H 'Idempotency-Key: spelt'
  refused 422 Idempotency-Key
}

@test 'key: 128 bytes are taken, 129 are 400' {
  local key body='{"table":"users","op":"delete","where":{}}'
  key=$(printf 'k%.0s' {1..128})
  write_db "$body" -H "Idempotency-Key: $key"
  assert_equal "$status" 200
  write_db "$body" -H "Idempotency-Key: ${key}k"
  refused 400 '128'
  http POST "$db/db/clear" '' -H "Idempotency-Key: ${key}k"
  refused 400 '128'
}

@test 'key: what is no text is 400, and nothing is logged' {
  local key user='{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}'
  for key in $'k\xff\xfe' $'\xed\xb0\x80' $'a\tb' $'\xc2\x85' ''; do
    write_db "$user" -H "Idempotency-Key;" -H "Idempotency-Key: $key"
    [ "$status" = 400 ] # two
    if [ -n "$key" ]; then
      write_db "$user" -H "Idempotency-Key: $key"
    else
      write_db "$user" -H 'Idempotency-Key;'
    fi
    refused 400 Idempotency-Key
    http POST "$db/db/clear" '' -H "Idempotency-Key: ${key:-a}" -H 'idempotency-key: a'
    refused 400 twice
  done
  read_db '{"table":"users","count":true}'
  assert_equal "$output" '[0]'
}

@test 'key: one that looks like a made one is like any other of a client' {
  local key answer user='{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}'
  for key in t-1-0123456789abcdef t-9223372036854775807-ffffffffffffffff t-0-0000000000000000 \
    "t-$(($(date +%s) - 600))000-0123456789abcdef" "c-t-1-0123456789abcdef"; do
    put '{"table":"users","op":"delete","where":{}}'
    put "$user" -H "Idempotency-Key: $key"
    answer=$output
    put "$user" -H "Idempotency-Key: $key"
    assert_equal "$output" "$answer"
  done
}

@test 'key: the first answer is given again by the next master' {
  local user='{"table":"users","op":"insert","row":{"username":"ann","password":"p"}}'
  write_db "$user" -H 'Idempotency-Key: over'
  assert_equal "$status" 200
  local answer=$output
  http GET "$db/worker/status"
  local epoch
  epoch=$(jq 'map(.epoch) | max' <<<"$output")
  http POST "$db/crash/master"
  assert_equal "$status" 200
  write_db "$user" -H 'Idempotency-Key: over'
  assert_equal "$status $output" "200 $answer"
  read_db '{"table":"users","count":true}'
  assert_equal "$output" '[1]'
  await_event in_sync ".epoch == $epoch + 1 and .in_sync == \"1,2\""
}

# --- db/clear ---

@test 'clear: empties every table; counters and keys stay' {
  add_rides
  write_db '{"table":"users","op":"insert","row":{"username":"bob","password":"p"}}' -H 'Idempotency-Key: kept'
  local answer=$output
  http POST "$db/db/clear"
  assert_equal "$status $output" '200 {}'
  read_db '{"reads":[{"table":"users","count":true},{"table":"rides","count":true},{"table":"riders","count":true}]}'
  assert_equal "$output" '[[0],[0],[0]]'
  write_db '{"table":"users","op":"insert","row":{"username":"bob","password":"p"}}' -H 'Idempotency-Key: kept'
  assert_equal "$status $output" "200 $answer"
  local before=$first
  add_rides
  assert_equal "$first" $((before + 3))
}

# --- workers ---

@test 'worker/list: the pids, ascending' {
  http GET "$db/worker/list"
  assert_equal "$status" 200
  assert_equal "$(jq -c 'sort' <<<"$output")" "$output"
  for pid in $(jq '.[]' <<<"$output"); do is_running "$pid"; done
}

@test 'worker/status: what each worker is and has' {
  add_user ann p
  read_db '{"table":"users"}'
  http GET "$db/worker/list"
  local pids=$output
  http GET "$db/worker/status"
  assert_equal "$status" 200
  assert_equal "$(jq -c 'map(.pid)' <<<"$output")" "$pids"
  assert_equal "$(jq -c 'map(.role) | sort' <<<"$output")" '["master","slave"]'
  assert_equal "$(jq -c 'map(.id) | sort' <<<"$output")" '[1,2]'
  run jq -e 'all(.[]; .state == "in sync" and .in_sync and (.host | length > 0) and .epoch > 0 and
    .last_index > 0 and .commit_index > 0 and .applied_index > 0 and .lag >= 0 and
    .reads_served >= 0 and .since_ms > 0 and (.address | startswith("ipc://")) and
    .has_space and (.lease | type == "boolean")) and (map(.reads_served) | add) > 0' <<<"$output"
  assert_success
}

@test 'create/slave: 201 with its pid; 409 at the maximum' {
  http POST "$db/create/slave"
  assert_equal "$status" 201
  local pid
  pid=$(jq '.[0]' <<<"$output")
  assert_equal "$output" "[$pid]"
  http GET "$db/worker/list"
  assert_equal "$(jq length <<<"$output")" 3
  assert_equal "$(jq "index($pid) != null" <<<"$output")" true
  await_event in_sync '.in_sync == "1,2,3"'
  http POST "$db/create/slave"
  refused 409 'maximum'
}

@test 'events: who knows an id of a clock that was ahead is sent all that are kept' {
  local fd reader line
  await_event active
  exec {fd}< <(exec curl -sN -m 30 -H "Last-Event-ID: $((last_event + 3600000))" "$db/events" 3>&-)
  reader=$!
  while read -r line <&$fd && [ "$line" != "id: $last_event" ]; do :; done
  kill "$reader"
  exec {fd}<&-
  assert_equal "$line" "id: $last_event"
}

@test 'events: a stream of what happened, each with its reason' {
  await_event active
  local first=$last_event
  await_event spawn '.worker == 1 and .pid > 0 and (.reason | length > 0) and .time_ms > 0'
  await_event role '.leader == 1 and .epoch == 1'
  await_event open
  await_event in_sync
  local fd reader seen='' line
  exec {fd}< <(exec curl -sN -m 30 -D - -H "Last-Event-ID: $first" "$db/events" 3>&-)
  reader=$!
  while read -r line <&$fd && [ "$line" != "id: $last_event" ]; do seen+=${line%$'\r'}$'\n'; done
  kill "$reader"
  exec {fd}<&-
  assert_regex "$seen" 'Content-Type: text/event-stream'
  assert_regex "$seen" $'\n''id: [0-9]+'$'\nevent: spawn\ndata: \\{'
  refute_regex "$seen" $'\n'"id: $first"$'\n'
  # Ids go on where those of an earlier life of the process ended.
  assert [ "$first" -gt 1000000000000 ]
}

@test 'events: a sample of the state comes once a second to who wants it' {
  local fd reader line kind=''
  exec {fd}< <(exec curl -sN -m 30 "$db/events" 3>&-)
  reader=$!
  while read -r line <&$fd && [[ $kind != sample || $line != data:* ]]; do
    [[ $line != 'event: '* ]] || kind=${line#event: }
  done
  kill "$reader"
  exec {fd}<&-
  assert_equal "$(jq -c '[.service, .ready, .record.leader > 0, (.workers | length > 0)]' <<<"${line#data: }")" \
    '["rs-orch",true,true,true]'
  http GET "$db/status"
  assert_equal "$status" 200
  assert_equal "$(jq -c '[.service, .active, .record.leader > 0, .scaling.window_ms]' <<<"$output")" \
    '["rs-orch",true,true,120000]'
}

@test 'a page for people: whole, of this service alone, and with all that it names' {
  local origin=${db%/api/v1} page file files
  run -0 curl -sS -D "$BATS_TEST_TMPDIR/headers" -H 'Accept: text/html' "$origin/"
  page=$output
  assert_regex "$page" '<h1>tandem'
  run -0 cat "$BATS_TEST_TMPDIR/headers"
  assert_output --partial "Content-Security-Policy: default-src 'self';"
  refute_regex "$page" '(src|href)="(https?:)?//'
  mapfile -t files < <(grep -oE '(src|href)="ui/[^"]+"' <<<"$page" | cut -d'"' -f2)
  assert [ ${#files[@]} -ge 4 ]
  for file in "${files[@]}"; do
    run -0 curl -sSf -o /dev/null -w '%{content_type}' "$origin/$file"
    case $file in
      *.js) assert_output 'text/javascript; charset=utf-8' ;;
      *.css) assert_output 'text/css; charset=utf-8' ;;
      *.svg) assert_output 'image/svg+xml' ;;
      *) false ;;
    esac
  done
  # And the modules that those load.
  for file in $(cd "$TANDEM_SOURCE/share/ui" && grep -ohE "from '\./[^']+'" ./*.js | cut -d"'" -f2); do
    run -0 curl -sSf -o /dev/null "$origin/ui/${file#./}"
  done
  run -0 curl -sS -o /dev/null -w '%{http_code}' "$origin/ui/other.js"
  assert_output 404
  (cd "$TANDEM_SOURCE/share/ui/uplot" && sha256sum --quiet -c SHA256SUMS)
}

@test 'metrics, health: the state of the database' {
  for path in '' livez healthz readyz 'readyz?verbose'; do
    http GET "${db%/api/v1}/$path"
    assert_equal "$status" 200
  done
  http GET "${db%/api/v1}/metrics"
  assert_equal "$status" 200
  assert_regex "$output" $'\ntandem_leader_open[{]group="rides-db"[}] 1\n'
  assert_regex "$output" $'\ntandem_active 1\n'
}

@test "where its port is taken an orchestrator starts no worker" {
  mkdir "$BATS_TEST_TMPDIR/other"
  run -69 env -C "$BATS_TEST_TMPDIR/other" "$TANDEM_BIN/rs-orch" \
    --config "$TANDEM_SOURCE/etc/orch.toml" --port "$port_base"
  assert_output --partial "cannot listen on 127.0.0.1:$port_base: address already in use"
  refute_output --partial 'spawn'
  [ -z "$(processes_in "$BATS_TEST_TMPDIR/other")" ]
}
