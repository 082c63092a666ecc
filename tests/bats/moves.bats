#!/usr/bin/env bats
# Exports and imports of the database: rs-client db export and db import, GET /api/v1/db/export.

load test_helper

setup_file() {
  take_ports 2
  export port_base
  export client=$TANDEM_BIN/rs-client
  database_up "$BATS_FILE_TMPDIR/db" --set scaling.max_slaves=1
  await_event in_sync '.in_sync == "1,2"'
  export db database started
}

teardown_file() { database_down; }

setup() {
  export RS_CLIENT_ORCH_URL=${db%/api/v1}
  cd "$BATS_TEST_TMPDIR" || return
  "$client" db clear --yes
}

user() { echo "{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"$1\",\"password\":\"$2\"}}"; }
ride() { echo "{\"table\":\"rides\",\"op\":\"insert\",\"row\":{\"created_by\":\"$1\",\"timestamp\":$2,\"source\":1,\"destination\":2}}"; }

# NUMBER users whose passwords have SIZE bytes, 500 in a write.
many_users() { # NUMBER SIZE
  seq 1 "$1" | jq -nc --arg p "$(printf '%*s' "$2" '' | tr ' ' x)" '[inputs | tostring] | _nwise(500) |
    {ops: map({table: "users", op: "insert", row: {username: ("user" + .), password: $p}})}' |
    "$client" db write - >/dev/null
}

# A few rows, and a ride that is gone, whose number must not come again.
some_rows() {
  { user ann p && user bob $'\xc3\xa4"\\' && ride ann 1 && ride bob 2 && ride bob 3; } |
    sed 's/ä"\\/ä\\"\\\\/' | "$client" db write - >/dev/null
  last=$("$client" -f json db write "$(ride ann 4)" | jq '.results[0].key')
  "$client" db write "{\"table\":\"rides\",\"op\":\"delete\",\"where\":{\"rideId\":$last}}" >/dev/null
}

rows() { tail -n +2 "$1"; }
count() { "$client" -f json db read "{\"table\":\"$1\",\"count\":true}" | jq '.[0]'; }

# Takes no more of what it reads from standard input than its first line, until let_go says so. Two
# pipes tell that it has come to that, and that it may go on.
take_one_line() { # NAME
  local line
  IFS= read -r line
  printf '%s\n' "$line"
  : >"$1.began"
  : <"$1.go"
  cat
}
make_pipes() { mkfifo "$1.began" "$1.go"; } # NAME
await_one_line() { : <"$1.began"; }         # NAME
let_go() { : >"$1.go"; }                    # NAME

# --- export ---

@test 'export: a header, the rows of each table by key, and an end that tells how many' {
  some_rows
  run -0 "$client" db export
  assert_equal "$(jq -c '[.format, .group, (.schema | keys_unsorted), .counters.rides]' <<<"${lines[0]}")" \
    "[\"tandem-export-1\",\"rides-db\",[\"users\",\"rides\",\"riders\"],$last]"
  assert_line --index 1 '{"table":"users","row":{"username":"ann","password":"p"}}'
  assert_line --index 2 '{"table":"users","row":{"username":"bob","password":"ä\"\\"}}'
  assert_equal "$(jq -c .rows <<<"${lines[6]}")" '{"users":2,"rides":3,"riders":0}'
  assert_equal "${#lines[@]}" 7
}

@test 'export --output: the file has its name when it is whole, and is for its owner alone' {
  some_rows
  run -0 "$client" db export --output there
  assert_output ''
  assert_equal "$(ls)" there
  assert_equal "$(stat -c %a there)" 600
  run -0 "$client" db export -O there
  assert_equal "$(ls)" there
  # On a full disk, and where it cannot be.
  run -74 bash -c 'trap "" XFSZ; ulimit -f 0; "$client" db export -O full'
  assert_output --partial "'full' was not written"
  assert_equal "$(ls)" there
  run -73 "$client" db export -O /dev/full
  run -73 "$client" db export -O none/there
  run -74 bash -c '"$client" db export >/dev/full'
  assert_output --partial 'the export on standard output is not complete'
}

@test 'GET db/export: the index, no store, HEAD; a word that nobody knows' {
  some_rows
  http GET "$db/db/export" '' -D headers
  assert_equal "$status" 200
  assert_equal "$(tr -d '\r' <headers | sed -n 's/^X-Db-Index: //p')" "$(jq -s '.[0].index' <<<"$output")"
  assert_equal "$(tr -d '\r' <headers | sed -n 's/^Cache-Control: //p')" no-store
  run -0 curl -sSI "$db/db/export"
  assert_line --partial 'application/x-ndjson'
  http GET "$db/db/export?consistency=never"
  assert_equal "$status" 400
  http GET "$db/db/export?replica=99"
  assert_equal "$status" 400
  http POST "$db/db/export"
  assert_equal "$status" 405
}

@test 'export while writes go on: as of one index' {
  user ann p | "$client" db write - >/dev/null
  local first i total
  first=$("$client" -f json db write "{\"ops\":[$(ride ann 500),$(ride ann 500)]}" | jq '.results[0].key')
  move() { echo "{\"table\":\"rides\",\"op\":\"update\",\"where\":{\"rideId\":$1},\"set\":{\"timestamp\":$2}}"; }
  mkfifo moves
  "$client" db write - <moves >/dev/null 3>&- &
  {
    for i in {1..20}; do
      for total in {1..40}; do
        echo "{\"ops\":[$(move "$first" $((total * i))),$(move $((first + 1)) $((1000 - total * i)))]}"
      done
      "$client" db export -O "export.$i"
    done
  } >moves
  wait $!
  assert_equal "$(jq -s 'map(select(.table == "rides") | .row.timestamp) | add' export.* | sort -u)" 20000
  for i in {1..20}; do
    assert_equal "$(jq -s 'map(select(.table == "rides") | .row.timestamp) | add' "export.$i")" 1000
  done
}

@test 'export: whoever reads slowly holds up nobody; there are two at a time' {
  many_users 20000 2000
  local i slow=()
  for i in 1 2; do
    make_pipes "$i"
    ("$client" db export | take_one_line "$i" >"slow.$i") 3>&- &
    slow+=($!)
  done
  await_one_line 1
  await_one_line 2
  # Writes and reads go on.
  "$client" db write "$(user zoe p)" >/dev/null
  assert_equal "$(count users)" 20001
  http GET "$db/db/export" '' -D headers
  assert_equal "$status" 503
  assert_output --partial 'too many exports'
  assert_equal "$(tr -d '\r' <headers | sed -n 's/^Retry-After: //p')" 1
  # The head alone is no export.
  run -0 curl -sSI "$db/db/export"
  assert_line --partial ' 200'
  let_go 1
  let_go 2
  wait "${slow[@]}"
  for i in 1 2; do assert_equal "$(tail -n 1 "slow.$i" | jq .rows.users)" 20000; done
  # One whose client has gone makes room at once.
  ("$client" db export | head -n 1 >/dev/null) 3>&-
  "$client" db export -O there
  assert_equal "$(tail -n 1 there | jq .rows.users)" 20001
}

@test 'export: where the worker dies in the middle it is not taken for whole' {
  many_users 20000 2000
  make_pipes it
  (
    "$client" db export 2>errors | take_one_line it >broken
    echo "${PIPESTATUS[0]}" >code
  ) 3>&- &
  local reader=$!
  await_one_line it
  http POST "$db/crash/slave"
  assert_equal "$status" 200
  let_go it
  wait "$reader"
  assert_equal "$(cat code)" 69
  run cat errors
  assert_output --partial 'what is on standard output is not complete'
  assert_output --partial 'the export broke off after'
  run -65 "$client" db import broken
  assert_output --partial 'it is cut'
  await_event in_sync '(.in_sync | split(",") | length) == 2'
}

# --- import ---

@test 'import: there and back the rows are the same, and no number comes twice' {
  some_rows
  "$client" db export >before
  "$client" db clear --yes
  run -0 bash -c 'cat before | "$client" db import -f json'
  assert_equal "$(jq .rows <<<"$output")" 5
  "$client" db export >after
  cmp <(rows before) <(rows after)
  assert_equal "$("$client" -f json db write "$(ride ann 4)" | jq '.results[0].key')" $((last + 1))
}

@test 'import: what is there stays there, but for --replace' {
  some_rows
  "$client" db export >before
  "$client" db write "$(user carl p)" >/dev/null
  run -1 "$client" db import before
  assert_output --partial "the database is not empty ('users': 3 rows, 'rides': 3 rows)"
  assert_output --partial "has rows in 'users' that the file has not"
  "$client" db write '{"table":"users","op":"delete","where":{"username":"carl"}}' >/dev/null
  "$client" db write '{"table":"users","op":"update","where":{"username":"ann"},"set":{"password":"q"}}' >/dev/null
  run -1 "$client" db import before
  assert_output --partial 'it has others with these keys'
  run -64 "$client" db import --replace before </dev/null
  assert_output --partial -- '--yes'
  run -0 "$client" db import --replace --yes before
  "$client" db export >after
  cmp <(rows before) <(rows after)
  # Once more: it is all there.
  run -0 "$client" db import before
  "$client" db export >again
  cmp <(rows before) <(rows again)
}

# Imports `before`, one write at a time, and sends SIGNAL when so many were answered. Its exit code is
# in $status, what it said in the file `said`.
interrupt_import() { # SIGNAL NUMBER
  local line fd='' seen=0 importer
  rm -f fifo
  mkfifo fifo
  "$client" -v -j 1 db import before >/dev/null 2>fifo 3>&- &
  importer=$!
  exec {fd}<fifo
  while [ $seen -lt "$2" ] && read -r line <&$fd; do
    [[ $line != *'/db/write: 200'* ]] || seen=$((seen + 1))
  done
  kill "-$1" $importer
  cat <&$fd >said
  exec {fd}<&-
  status=0
  wait $importer || status=$?
}

@test 'import: interrupted, or killed halfway, and repeated: it goes on' {
  many_users 60000 40
  ride user1 1 | "$client" db write - >/dev/null
  "$client" db export >before
  "$client" db clear --yes
  interrupt_import TERM 10
  assert_equal "$status" 75
  run cat said
  assert_line --regexp '^rs-client: [0-9]+ of 60001 rows are written; the same command goes on from there$'
  assert_line 'rs-client: interrupted'
  interrupt_import KILL 10
  assert_equal "$status" 137
  run count users
  [ "$output" -ge 10000 ] && [ "$output" -lt 60000 ]
  run -0 "$client" db import before
  "$client" db export >after
  cmp <(rows before) <(rows after)
}

@test 'import: the master dies in the middle, twice: nothing is lost or doubled' {
  many_users 60000 40
  ride user1 1 | "$client" db write - >/dev/null
  "$client" db export >before
  "$client" db clear --yes
  local line fd='' seen=0
  mkfifo said
  "$client" -v -j 8 -t 60s db import before >/dev/null 2>said 3>&- &
  local importer=$!
  exec {fd}<said
  while read -r line <&$fd; do
    [[ $line != *'/db/write: 200'* ]] || seen=$((seen + 1))
    if [ $seen = 10 ] || [ $seen = 40 ]; then
      seen=$((seen + 1))
      http POST "$db/crash/master"
      assert_equal "$status" 200
      await_event in_sync '(.in_sync | split(",") | length) == 2'
    fi
  done
  exec {fd}<&-
  wait $importer
  "$client" db export >after
  cmp <(rows before) <(rows after)
}

@test 'import: what is no whole export is refused before anything is written' {
  some_rows
  "$client" db export >good
  "$client" db clear --yes
  head -c -30 good >short
  sed '3s/bob/bot/' good >flipped
  sed 's/$/\r/' good >windows
  gzip -c good >zipped
  sed '1s/export-1/export-2/' good >newer
  awk 'NR == 2 { print } { print }' good >twice
  : >empty
  local each said
  while IFS='|' read -r each said; do
    run -65 "$client" db import "$each"
    assert_output --partial "'$each': "
    assert_output --partial "$said"
    run -65 bash -c 'cat "$1" | "$client" db import' import "$each"
    assert_output --partial "standard input: "
    assert_output --partial "$said"
  done <<'END'
short|it is cut in the middle of line 7
flipped|the export is damaged
windows|Windows
zipped|gzip
newer|of another version
twice|line 3: table 'users': a key comes twice
empty|it is empty
END
  run -69 "$client" db import nothing-there
  run -64 "$client" db import .
  assert_equal "$(count users)$(count rides)" 00
}

@test 'import: into tables that are others, or with a limit that is lower, it says which' {
  some_rows
  user long "$(printf '%150000s' '' | tr ' ' x)" | "$client" db write - >/dev/null
  "$client" db export >before
  local other=$BATS_TEST_TMPDIR/other config=$BATS_TEST_TMPDIR/orch.toml first=$started first_db=$db
  sed 's/"password"/"secret"/' "$TANDEM_SOURCE/etc/orch.toml" >"$config"
  mkdir -p "$other"
  start_ready "$other/log" env -C "$other" "$TANDEM_BIN/rs-orch" --config "$config" --port $((port_base + 1)) \
    --set coord.prefix=others
  run -1 "$client" -o "127.0.0.1:$((port_base + 1))" db import before
  assert_output --partial "table 'users', column 'password' is not declared"
  stop_started "$started"
  other=$BATS_TEST_TMPDIR/small
  mkdir -p "$other"
  start_ready "$other/log" env -C "$other" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" \
    --port $((port_base + 1)) --set http.max_body=100KiB --set coord.prefix=small
  run -65 "$client" -o "127.0.0.1:$((port_base + 1))" db import before
  assert_output --partial "lines 2 to 4 of 'before'"
  assert_output --partial 'status 413'
  stop_started "$started"
  started=$first db=$first_db
}
