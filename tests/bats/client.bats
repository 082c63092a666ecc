#!/usr/bin/env bats
# rs-client against a whole system: every command, every exit code, lines from standard input.

load test_helper

setup_file() {
  take_ports 6
  export home=$BATS_FILE_TMPDIR/home
  export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base
  export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))
  export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))
  export RS_CLIENT_STORE_URL=http://127.0.0.1:$((port_base + 4))
  export sha1=3d725109c7e7c0bfb9d709836735b56d943d263f
  export client=$TANDEM_BIN/rs-client
  tandem_up "$home" --port-base "$port_base"
  export front=$started
}

teardown_file() { stop_started "$front"; }

setup() { "$client" db clear --yes; }

# An address where nobody listens, in the block of ports that this suite holds.
nowhere() { echo "http://127.0.0.1:$((port_base + 5))"; }

offer_ride() { # BY FROM TO
  "$client" rides create --by "$1" --time 26-01-2099:53-17-09 --from "$2" --to "$3"
}

@test 'users: add, ls, rm' {
  run -0 "$client" users add ann sesame
  assert_output ''
  run -0 "$client" users add bob "$sha1"
  run -0 "$client" users ls
  assert_output $'ann\nbob'
  run -0 "$client" users rm ann
  run -0 "$client" users ls -f json
  assert_output '["bob"]'
}

@test 'users add: the SHA-1 of a password is sent, 40 hex digits as they are' {
  "$client" users add ann sesame
  "$client" users add bob "$sha1"
  printf 'sesame\nrest' | "$client" users add eve --password-stdin
  run -0 "$client" db read '{"table":"users","columns":["username","password"]}'
  local digest
  digest=$(printf sesame | sha1sum | cut -c 1-40)
  assert_output "ann	$digest
bob	$sha1
eve	$digest"
}

@test 'users add: a name that is taken is a "no" with its request id, exit 1' {
  "$client" users add ann sesame
  run -1 --separate-stderr "$client" users add ann sesame
  assert_output ''
  [[ $stderr =~ ^"rs-client: username 'ann' is taken (status 400, request "[^\ ]+')'$ ]]
}

@test 'users add: a password is given once' {
  run -64 "$client" users add ann
  run -64 "$client" users add ann sesame --password-stdin
  run -65 "$client" users add ann --password-stdin </dev/null
}

@test 'users add: at a terminal the password is asked for and not shown' {
  at_terminal 'sesame\n' "$client" users add ann
  assert_equal "$status" 0
  assert_output --partial 'password of ann:'
  refute_output --partial sesame
  run -0 "$client" db read '{"table":"users","columns":["password"]}'
  assert_output "$(printf sesame | sha1sum | cut -c 1-40)"
}

@test 'users add: --password-stdin does not show it at a terminal either' {
  at_terminal 'sesame\n' "$client" users add ann --password-stdin
  assert_equal "$status" 0
  refute_output --partial sesame
}

@test 'lines: at a terminal, too, what fails is counted' {
  at_terminal '' bash -c 'yes | head -n 1000 | "$client" users add -' bash
  assert_equal "$status" 65
  assert_output --partial '1000 lines failed, 990 of them are not shown'
  assert_equal "$(grep -c 'rs-client: line' <<<"$output")" 10
}

@test 'users add: a terminal shows again what is typed when Ctrl-C has ended the question' {
  at_terminal '\003' bash -c 'trap : INT; "$client" users add ann; echo "ended with $?"; stty -a' bash
  assert_output --partial 'ended with 130'
  assert_output --regexp '[^-]echo '
  run -0 "$client" users ls
  assert_output ''
}

@test 'db clear: off a terminal it needs --yes, at one the name of the group' {
  "$client" users add ann sesame
  run -64 "$client" db clear </dev/null
  assert_line --partial "add --yes"
  assert_line --partial 'usage: rs-client db clear'
  at_terminal 'y\n' "$client" db clear
  assert_equal "$status" 1
  assert_output --partial 'nothing was done'
  run -0 "$client" users ls
  assert_output ann
  at_terminal 'rides-db\n' "$client" db clear
  assert_equal "$status" 0
  run -0 "$client" users ls
  assert_output ''
}

@test 'db clear: an event and the log tell who asked, also where a service was asked' {
  local url event
  for url in "$RS_CLIENT_ORCH_URL" "$RS_CLIENT_USERS_URL" "$RS_CLIENT_RIDES_URL"; do
    run -0 curl -sS -X POST -H "X-Request-Id: clear-${url##*:}" -H 'X-Forwarded-For: 10.1.2.3' \
      "$url/api/v1/db/clear"
    event=$(timeout 10 "$client" watch | jq -c --unbuffered \
      "select(.event == \"clear\" and .request_id == \"clear-${url##*:}\")" | head -n 1)
    assert_equal "$(jq -r .status <<<"$event")" 200
    assert_regex "$(jq -r .peer <<<"$event")" '^127\.0\.0\.1:[0-9]+ for 10\.1\.2\.3$'
    run -0 grep -rhF "emptying the database is asked for" "$home/run/log/rs-orch"
    assert_output --partial "clear-${url##*:}"
  done
}

@test 'users rm: names with slashes, blanks and dots reach the service' {
  local name
  for name in 'a/b' 'a b?c=d#e%41' .. . 'ä 安'; do
    "$client" users add "$name" sesame
    run -0 "$client" users ls
    assert_output "$name"
    run -0 "$client" users rm "$name"
    run -0 "$client" users ls
    assert_output ''
  done
  run -1 "$client" users rm nobody
}

@test 'users: an escape sequence in a name does not reach a terminal' {
  printf '%s\n' '{"username":"\u001b[2Jx","password":"p"}' | "$client" users add - >/dev/null
  run -0 "$client" users ls --format pretty
  assert_output '\x1b[2Jx'
  run -0 "$client" users ls --format tsv
  assert_output '\x1b[2Jx'
}

@test 'rides: create, ls, show, join, count, rm' {
  "$client" users add ann sesame
  "$client" users add bob sesame
  local id
  id=$(offer_ride ann 22 23)
  run -0 "$client" rides ls 22 23
  assert_output "$id	ann	26-01-2099:53-17-09"
  run -0 "$client" rides join "$id" bob
  run -0 "$client" rides show "$id" -f json
  assert_output "{\"rideId\":$id,\"created_by\":\"ann\",\"users\":[\"ann\",\"bob\"],\"timestamp\":\"26-01-2099:53-17-09\",\"source\":22,\"destination\":23}"
  run -0 "$client" rides count
  assert_output 1
  run -0 "$client" rides rm "$id"
  run -0 "$client" rides count
  assert_output 0
}

@test 'rides: what is not there is a "no", exit 1' {
  run -1 "$client" rides show 999999
  assert_output 'rs-client: there is no ride 999999'
  run -1 "$client" rides join 999999 ann
  run -0 "$client" rides ls 22 23
  assert_output ''
  run -0 "$client" rides ls 22 23 -f json
  assert_output '[]'
}

# One rule for every command that names something.
@test 'what is named and is not there is a "no", exit 1; what can name nothing is exit 64' {
  "$client" users add ann sesame
  local command number id
  id=$(offer_ride ann 22 23)
  for number in 999999 4294967295 4294967296 99999999999999999999; do
    for command in "rides show $number" "rides join $number ann" "rides rm $number" \
      "rides ls $number 22" "rides ls 22 $number" "workers transfer $number" \
      "workers restart $number" "workers accept-loss $number --yes" \
      "workers accept-loss 1,$number --yes" "toys order $number" \
      "toys accept-loss orders $number --yes"; do
      # shellcheck disable=SC2086  # words
      run -1 "$client" $command || fail "$command: $output"
    done
  done
  for command in 'users rm nobody' 'rides ls nowhere 22' "rides join $id nobody" \
    "rides join $id ann" 'db schema nothing' 'db read nothing' 'toys show nothing' \
    'toys buy nothing' 'toys restock nothing 1' 'toys price nothing 1' \
    'toys accept-loss nothing 1 --yes'; do
    # shellcheck disable=SC2086
    run -1 "$client" $command
  done
  run -1 offer_ride nobody 22 23
  run -1 offer_ride ann 0 23
  for number in 0 00 x 1.0 -- -1 '' count; do
    for command in 'rides show' 'rides rm' 'workers transfer' 'workers restart' \
      'workers accept-loss --yes'; do
      # shellcheck disable=SC2086
      run -64 "$client" $command "$number"
    done
    run -64 "$client" rides join "$number" ann
    run -64 "$client" toys accept-loss orders "$number" --yes
  done
  for number in x 1.0 '' count; do run -64 "$client" toys order "$number"; done
}

@test 'rides: an id is a number, a ride needs all of its options' {
  run -64 "$client" rides show count
  run -64 "$client" rides create --by ann --from 1 --to 2
  assert_output --partial --time
  run -64 "$client" rides create - --by ann
  run -65 "$client" rides create --by ann --time never --from 22 --to 23
}

@test 'rides: a table for people' {
  "$client" users add ann sesame
  offer_ride ann 22 23 >/dev/null
  run -0 "$client" rides ls 22 23 --format pretty
  assert_line --index 0 'rideId  username  timestamp'
}

@test 'db: write, read, clear; the same key does a write once' {
  local insert="{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"ann\",\"password\":\"$sha1\"}}"
  run -0 "$client" db write "$insert" --key once-1 -f json
  local first=$output
  assert_equal "$(jq -r '.results[0].affected' <<<"$first")" 1
  run -0 "$client" db write "$insert" --key once-1 -f json
  assert_output "$first"
  run -65 "$client" db write "${insert/ann/bob}" --key once-1
  run -0 "$client" db read '{"table":"users","count":true}'
  assert_output 1
  run -0 "$client" db clear --yes
  run -0 "$client" db read '{"table":"users"}' -f json
  assert_output '[]'
}

@test 'db: tables, schema, and rows by the values of columns' {
  run -0 "$client" db tables
  assert_output $'users\nrides\nriders'
  run -0 "$client" db schema users
  assert_output $'users\tusername\ttext\tkey\t\nusers\tpassword\ttext\t\t'
  run -0 "$client" db schema -f json
  assert_equal "$(jq -r .rides.key <<<"$output")" rideId
  run -1 "$client" db schema user
  assert_line "rs-client: there is no table 'user', did you mean 'users'?"
  "$client" users add ann sesame
  "$client" users add bob sesame
  offer_ride ann 22 23
  run -0 "$client" db read users username=bob -f json
  assert_equal "$(jq -r '.[].username' <<<"$output")" bob
  run -0 "$client" db read rides source=22 created_by=ann -f json
  assert_equal "$(jq length <<<"$output")" 1
  run -0 "$client" db read rides source=21
  assert_output ''
  run -64 "$client" db read rides source=x
  run -64 "$client" db read rides nonsense=1
  run -64 "$client" db read '{"table":"users"}' username=bob
}

@test 'areas: by number, by a name that is unique; times of ISO 8601' {
  run -0 "$client" areas
  assert_equal "${#lines[@]}" 198
  run -0 "$client" areas chowdes
  assert_output $'2\tChowdeswari Ward'
  "$client" users add ann sesame
  local id
  id=$("$client" rides create --by ann --time 2099-01-26T14:47:53+05:30 --from chowdeswari --to 'kempegowda ward')
  run -0 "$client" rides show "$id" -f json
  assert_equal "$(jq -c '[.timestamp, .source, .destination]' <<<"$output")" '["26-01-2099:53-17-09",2,1]'
  run -0 "$client" rides ls Chowdeswari 1
  assert_output "$id	ann	26-01-2099:53-17-09"
  run -64 "$client" rides ls ward 1
  assert_line --partial "'ward' is more than one area: 1 Kempegowda Ward, 2 Chowdeswari Ward"
  run -1 "$client" rides ls nowhere 1
}

@test 'db: a condition that fails is a "no", exit 1; nonsense is 65' {
  run -1 "$client" db write '{"if":[{"table":"users","where":{"username":"x"},"exists":true}],"ops":[{"table":"users","op":"delete","where":{"username":"x"}}]}'
  run -65 "$client" db read '{"table":"nothing"}'
  run -65 "$client" db write '{'
}

@test 'db read: consistency and index reach the service' {
  run -0 "$client" db read '{"table":"users"}' --consistency eventual
  run -0 "$client" db read '{"table":"users"}' --consistency session --db-index 1
  run -64 "$client" db read '{"table":"users"}' --consistency strong
  run -64 "$client" db read '{"table":"users"}' --db-index x
}

@test 'workers: ls and status agree, create adds a slave' {
  run -0 "$client" workers ls
  local before=${#lines[@]}
  run -0 "$client" workers status
  assert_equal "${#lines[@]}" "$before"
  run -0 "$client" workers status -f json
  assert_equal "$(jq '[.[] | select(.role == "master")] | length' <<<"$output")" 1
  run -0 "$client" workers create slave
  assert_output --regexp '^[0-9]+$'
  run -64 "$client" workers create master
}

@test 'workers crash: the master dies and writes go on' {
  local old
  old=$("$client" workers crash master)
  run -0 "$client" users add ann sesame
  run -0 "$client" workers ls
  refute_line "$old"
  run -64 "$client" workers crash mster
  assert_output --partial "did you mean 'master'?"
}

@test 'lines: results in the order of the lines, refused ones by number, exit 65' {
  local input
  input='{"username":"ann","password":"p"}

{"username":"bob"}
no json
{"username":"eve","password":"p"}
{"username":"eve","password":"q"}
{"username":"zoe","password":"p","admin":true}'
  run -65 --separate-stderr "$client" users add - --concurrency 1 <<<"$input"
  assert_output $'1\tann\n5\teve'
  [[ ${stderr_lines[0]} == 'rs-client: line 3: password is missing' ]]
  [[ ${stderr_lines[1]} == 'rs-client: line 4: not JSON'* ]]
  [[ ${stderr_lines[2]} == "rs-client: line 6: username 'eve' is taken"* ]]
  [[ ${stderr_lines[3]} == "rs-client: line 7: unknown key 'admin'" ]]
  run -65 --separate-stderr "$client" users rm - --concurrency 1 <<<'{"user":"ann"}
{"username":"ann","line":1,"force":true}
{"username":"ann","line":1}'
  assert_output $'3\tann'
  [[ ${stderr_lines[0]} == "rs-client: line 1: unknown key 'user'" ]]
  [[ ${stderr_lines[1]} == "rs-client: line 2: unknown key 'force'" ]]
}

@test 'lines: thousands of users, each with its line, and once more under the same key' {
  local n=3000 out=$BATS_TEST_TMPDIR
  seq $n | sed 's/.*/{"username":"u&","password":"p&"}/' >"$out/in"
  seq $n | sed 's/.*/&\tu&/' >"$out/expected"
  "$client" --key import users add - <"$out/in" >"$out/first"
  cmp "$out/expected" "$out/first"
  "$client" --key import users add - <"$out/in" >"$out/second"
  cmp "$out/expected" "$out/second"
  run -0 "$client" db read '{"table":"users","count":true}'
  assert_output $n
  "$client" users ls -f json | jq -c '.[]' | "$client" users rm - >"$out/gone"
  assert_equal "$(wc -l <"$out/gone")" $n
  run -0 "$client" users ls
  assert_output ''
}

@test 'lines: a killed master and killed slaves lose and double nothing' {
  local n=3000 out=$BATS_TEST_TMPDIR kills
  seq $n | sed 's/.*/{"username":"u&","password":"p&"}/' >"$out/in"
  "$client" users add - -f json --timeout 30s <"$out/in" >"$out/done" 3>&- &
  local importer=$!
  for kills in master slave master; do
    "$client" workers crash $kills --timeout 30s >/dev/null || [ $? -eq 1 ]
  done
  wait $importer
  assert_equal "$(jq -r .username "$out/done")" "$(seq $n | sed 's/^/u/')"
  run -0 "$client" db read '{"table":"users","count":true}' --timeout 30s
  assert_output $n
}

@test 'lines: rides and the database' {
  "$client" users add ann sesame
  local ride='{"created_by":"ann","timestamp":"26-01-2099:53-17-09","source":22,"destination":"23"}'
  run -65 --separate-stderr "$client" rides create - -f json <<<"$ride"$'\n{}\n'"$ride"
  assert_equal "${#lines[@]}" 2
  assert_equal "$(jq .line <<<"$output")" $'1\n3'
  run -0 "$client" db read - -f json <<<'{"table":"rides","count":true}'
  assert_output '{"line":1,"rows":[2]}'
  run -0 "$client" db write - <<<'{"table":"rides","op":"delete","where":{"source":22}}'
}

@test 'status: a line for everything that runs, and for what does not' {
  run -0 "$client" status all -f json
  assert_equal "$(jq -c 'map(select(.name | test("^(rs|ts)-")) | [.name, .state])' <<<"$output")" \
    '[["rs-orch","ready"],["rs-users","ready"],["rs-rides","ready"],["ts-front","ready"]]'
  assert_equal "$(jq -c 'map(select(.name | test("^(worker|orders|catalog) ")) | .state) | unique' <<<"$output")" '["in sync"]'
  run -69 "$client" --orch-url "$(nowhere)" -t 500ms status rideshare
  assert_output --regexp $'^rs-orch\tnot there\t.*cannot connect'
  assert_output --regexp $'\nrs-users\tready\t'
  run -69 "$client" --users-url "$RS_CLIENT_STORE_URL" status rideshare
  assert_output --regexp $'\nrs-users\tnot there\t[^\t]*\tanother service answers there'
  run -64 "$client" status toys
}

@test 'watch: events as they happen, from the one that is asked for' {
  run -0 "$client" watch --count 3
  assert_equal "${#lines[@]}" 3
  local second third
  second=$(jq -r .id <<<"${lines[1]}")
  third=${lines[2]}
  run -0 "$client" watch --after "$second" --count 1
  assert_output "$third"
  [ -n "$(jq -r .reason <<<"$output")" ]
}

@test 'watch and ls: a reader that goes away ends them by SIGPIPE, without a word' {
  "$client" users add ann sesame
  run -0 bash -c '"$client" watch | head -n 1 | wc -l'
  assert_output 1
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec {reader}<>"$BATS_TEST_TMPDIR/pipe"
  exec {writer}>"$BATS_TEST_TMPDIR/pipe"
  exec {reader}<&-
  run -141 bash -c "\"\$client\" users ls >&$writer"
  assert_output ''
}

@test 'a full disk behind the output is exit 74' {
  [ -w /dev/full ] || skip 'there is no /dev/full'
  "$client" users add ann sesame
  run -74 bash -c '"$client" users ls >/dev/full'
  assert_output 'rs-client: cannot write to stdout: No space left on device'
  # Of what was done it is told, and how to get its result without doing it again.
  run -74 bash -c '"$client" users add bob sesame -f json >/dev/full'
  assert_line --index 1 --regexp '^rs-client: result: .*'
  assert_line --index 2 --regexp '^rs-client: it was done; print its result again: .* --key [^ ]+ .*users add bob [0-9a-f]{40}$'
  run -0 bash -c "${lines[2]#*again: }"
  run -74 bash -c 'echo "{\"username\":\"eve\",\"password\":\"p\"}" | "$client" users add - >/dev/full'
  assert_line --index 1 --regexp ': lines have been done; finish them once, with the same input: .* --key [^ ]+ users add -$'
}

@test 'descriptors that came closed: nothing is written into others, and output fails' {
  run -0 bash -c '"$client" users add ann sesame <&-'
  run -74 --separate-stderr bash -c '"$client" users ls >&-'
  [[ $stderr == 'rs-client: cannot write to stdout: Bad file descriptor' ]]
  run -0 --separate-stderr bash -c '"$client" users ls 2>&-'
  assert_output ann
  # Where stderr is closed a socket would be 2 and get what is said.
  run -1 --separate-stderr bash -c '"$client" users rm nobody 2>&-'
  assert_output ''
  run ! bash -c '"$client" users add - <&-'
}

@test 'wait: ready services end it, missing ones are named after the time, exit 75' {
  run -0 "$client" wait --ready
  assert_output ''
  run -75 "$client" wait --timeout 200ms --rides-url "$(nowhere)"
  assert_output --partial 'rs-rides is not ready'
  refute_output --partial rs-users
}

@test 'wait: a wrong service on a port that is ready is told at once, exit 69' {
  run -69 "$client" wait --users-url "$RS_CLIENT_RIDES_URL" --timeout 60s
  assert_output --partial 'rs-users is not there'
  assert_output --partial 'another service answers there'
  run -69 "$client" wait --rides-url "$RS_CLIENT_ORCH_URL" --orch-url "$RS_CLIENT_USERS_URL"
  assert_output --partial 'rs-rides is not there'
  assert_output --partial 'rs-orch is not there'
  refute_output --partial rs-users
  # Through the load balancer it asks those behind it.
  local balancer=http://127.0.0.1:$((${RS_CLIENT_USERS_URL##*:} + 3))
  run -0 "$client" wait --users-url "$balancer" --rides-url "$balancer"
}

@test 'lines: of those that fail ten are told, the others counted' {
  run -65 --separate-stderr "$client" users add - < <(yes | head -n 1000)
  assert_output ''
  assert_equal "${#stderr_lines[@]}" 12
  [[ ${stderr_lines[9]} == 'rs-client: line 10: '* ]]
  [[ ${stderr_lines[11]} == 'rs-client: 1000 lines failed, 990 of them are not shown' ]]
}

@test 'nobody listens: exit 69 with the address; lines are not sent on' {
  run -69 "$client" users ls --users-url "$(nowhere)" --timeout 200ms
  assert_output --partial "cannot connect to '$(nowhere)/api/v1/users': Connection refused"
  run -69 --separate-stderr "$client" users add - -u "$(nowhere)" -t 200ms -j 2 < <(
    seq 100 | sed 's/.*/{"username":"u&","password":"p"}/'
  )
  assert_output ''
  [[ ${stderr_lines[-1]} == 'rs-client: stopped: no line after 2 was sent; 0 users added' ]]
  run -69 "$client" watch --orch-url "$(nowhere)" --timeout 200ms
  # Another service answers there.
  run -69 "$client" users ls --users-url "$RS_CLIENT_ORCH_URL"
}

@test 'wrong usage: exit 64 with a suggestion' {
  run -64 "$client"
  run -64 "$client" users rm
  assert_output "rs-client: 'users rm' needs NAME | -
usage: rs-client users rm [OPTION]... NAME
       rs-client users rm [OPTION]... -"
  run -64 "$client" rides show x
  assert_line 'usage: rs-client rides show [OPTION]... ID'
  run -64 "$client" user ls
  assert_line "rs-client: unknown command 'user', did you mean 'users'?"
  run -64 "$client" users lss
  assert_line "rs-client: unknown command 'users lss', did you mean 'users ls'?"
  run -64 "$client" users
  run -64 "$client" users ls --formt json
  run -64 "$client" users ls --format xml
  run -64 "$client" users ls --timeout 0
}

@test 'a time without unit is asked for one: 3 s are no 3 ms' {
  run -64 "$client" users ls -t 3
  assert_output --partial "say the unit: 3s, 3ms"
  assert_line 'usage: rs-client users ls [OPTION]...'
  run -64 "$client" users ls --set request.timeout=3
  assert_output --partial "say the unit: 3s, 3ms"
  RS_CLIENT_REQUEST_TIMEOUT=3 run -78 "$client" users ls
  assert_output --partial "say the unit: 3s, 3ms"
  run -64 "$client" drill stop-slave --for 2
  assert_output --partial "say the unit: 2s, 2ms"
}

@test 'configuration: flag before environment before file; what is wrong is exit 78' {
  printf '[output]\nformat = "json"\n' >"$BATS_TEST_TMPDIR/client.toml"
  run -0 "$client" --config "$BATS_TEST_TMPDIR/client.toml" users ls
  assert_output '[]'
  RS_CLIENT_OUTPUT_FORMAT=tsv run -0 "$client" --config "$BATS_TEST_TMPDIR/client.toml" users ls
  assert_output ''
  RS_CLIENT_OUTPUT_FORMAT=tsv run -0 "$client" -f json users ls
  assert_output '[]'
  run -0 "$client" --config "$TANDEM_SOURCE/etc/client.toml" --check
  RS_CLIENT_USERS_URL=nowhere run -78 "$client" users ls
  assert_output --partial "environment RS_CLIENT_USERS_URL: 'users.url': 'nowhere' is no URL"
  run -64 "$client" users ls --users-url ftp://x
  assert_output --partial "command line: 'users.url': 'ftp://x' is no URL"
  printf '[users]\nurl = "host:0"\n' >"$BATS_TEST_TMPDIR/client.toml"
  RS_CLIENT_USERS_URL='' run -78 env -u RS_CLIENT_USERS_URL "$client" \
    --config "$BATS_TEST_TMPDIR/client.toml" users ls
  assert_output --partial "client.toml:2:7: 'users.url': 'host:0' is no URL"
  run -0 "$client" users ls --users-url "${RS_CLIENT_USERS_URL#http://}"
  printf '[output]\nformt = "json"\n' >"$BATS_TEST_TMPDIR/client.toml"
  run -78 "$client" --config "$BATS_TEST_TMPDIR/client.toml" users ls
  assert_output --partial "client.toml:2:1: unknown key 'output.formt'"
}

@test 'help, version and completions go to stdout' {
  run -0 --separate-stderr "$client" --help
  assert_output --partial 'users add NAME [PASSWORD] | -'
  run -0 --separate-stderr "$client" rides --help
  assert_output --partial 'rides join ID NAME'
  run -0 --separate-stderr "$client" rides create --help
  assert_output --partial '--by NAME'
  run -0 --separate-stderr "$client" --version
  assert_output --partial 'rs-client '
  run -64 "$client" --completions tcsh
  run -0 --separate-stderr "$client" help rides create
  assert_output --partial '--by NAME'
}

# What bash offers after these words; the last one may be empty.
offered() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _rs_client
  echo "${COMPREPLY[*]}"
}

@test 'completions know commands, operands and values' {
  # shellcheck disable=SC1090
  source <("$client" --completions bash)
  assert_equal "$(offered rs-client w)" 'workers wait watch'
  assert_equal "$(offered rs-client --timeout 5s users '')" 'add rm ls'
  assert_equal "$(offered rs-client workers crash '')" 'master slave'
  assert_equal "$(offered rs-client users ls --format '')" 'pretty tsv json'
}

@test 'verbose: each request on stderr' {
  run -0 --separate-stderr "$client" -v users ls -f json
  assert_output '[]'
  [[ $stderr =~ 'GET http://127.0.0.1:'.*': 20'[04]' after '[0-9]+' ms, request '[0-9a-f]+ ]]
}
