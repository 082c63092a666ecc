#!/usr/bin/env bats
# ctest: timeout=300
# tandem(1) with the tables of the workers in PostgreSQL: one system for all of it, then what a
# cluster needs at its start, each with services that do without the rest.

load test_helper
load toy_store

setup_file() {
  take_ports 4
  export port_base
  # Longer than the address of a socket may be.
  home=$BATS_FILE_TMPDIR/$(printf '%0190d' 0)
  export home
  export RS_CLIENT_USERS_URL=http://127.0.0.1:$port_base
  export RS_CLIENT_RIDES_URL=http://127.0.0.1:$((port_base + 1))
  export RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2))
  export client=$TANDEM_BIN/rs-client
}

teardown_file() {
  "$tandem" --dir "$home" down
  refute_left
}

setup() {
  programs=$(TANDEM_DIR=$home "$TANDEM_SOURCE/share/scripts/postgres.sh" find)
  db=$RS_CLIENT_ORCH_URL/api/v1
  last_event=0
}

up() {
  tandem_up "$home" --only rideshare --port-base "$port_base" "$@"
  echo "$started" >"$home/up.pid"
}

# For a test by itself: as those before it leave it.
up_where_down() {
  if ! "$tandem" --dir "$home" status >"$BATS_TEST_TMPDIR/status"; then up --tables postgres; fi
}

down() {
  run -0 "$tandem" --dir "$home" down
  refute_left
}

# Neither a process nor a socket.
refute_left() {
  assert_equal "$(processes_in "$home*")" ''
  assert_equal "$(find "$home/run/sock/postgres" -mindepth 1)" ''
}

# In the database of worker 1, or what stands in $database.
sql_session() { # [OPTION]…
  (cd "$home" && exec env -u PGHOST "$programs/psql" -XAtq -h /proc/self/cwd/run/sock/postgres -U tandem \
    "${database:-worker_1}" "$@")
}

sql() { sql_session -c "$1"; } # STATEMENT

add() { "$client" users add "$1" secret >/dev/null; } # NAME

names() { "$client" db read '{"table":"users","columns":["username"]}' -f json | jq -r '.[].username' | sort | paste -sd ' '; }

# But for what says of when it is.
exported() { "$client" db export | jq -c 'del(.index, .time_ms) | if .format then del(.crc32c) else . end'; }

postmaster() { cut -d ' ' -f 1 "$home/run/sv/postgres/process"; }

# True where the database says that its master can do nothing.
is_not_ready() {
  [ "$(curl -s -o "$BATS_TEST_TMPDIR/ready" -w '%{http_code}' "${db%/api/v1}/readyz")" = 503 ] &&
    grep -q 'can neither apply nor read' "$BATS_TEST_TMPDIR/ready"
}

# True where a worker says that it has no connection.
misses_postgres() {
  "$client" workers status -f json 2>/dev/null |
    jq -e '[.[] | .trouble // "" | test("cannot connect to PostgreSQL")] | any' >/dev/null
}

# How PostgreSQL ended: "shut down", or "in production" where it did not come to that.
ending() {
  LC_ALL=C "$programs/pg_controldata" "$home/run/state/postgres/data" |
    sed -n 's/^Database cluster state: *//p'
}

# Each worker has all that was answered.
all_have() { # NUMBER-OF-USERS
  local id
  for id in $("$client" workers status -f json | jq -r '.[] | select(.in_sync) | .id'); do
    [ "$(database=worker_$id sql 'select count(*) from users')" = "$1" ] || return 1
  done
}

@test 'up --tables postgres: users are rows, on every worker; a read sees the write before it' {
  up --tables postgres
  run cat "$home/up.out"
  assert_line --regexp '^tandem: postgres is ready \([0-9.]+ s\)$'
  add ann
  assert_equal "$(names)" ann
  assert_equal "$(sql 'select username from users')" ann
  until_true all_have 1
  run -0 "$tandem" --dir "$home" status
  assert_line --regexp '^postgres +ready .* postgresql:///worker_1\?host='
}

@test 'a table that a person has locked: an export says who' {
  local person typed
  up_where_down
  mkfifo "$BATS_TEST_TMPDIR/typed"
  sql_session <"$BATS_TEST_TMPDIR/typed" >"$BATS_TEST_TMPDIR/shown" 3>&- &
  person=$!
  exec {typed}>"$BATS_TEST_TMPDIR/typed"
  echo 'begin; lock table users; select pg_backend_pid();' >&"$typed"
  until_true test -s "$BATS_TEST_TMPDIR/shown"
  http GET "$db/db/export?replica=1"
  assert_equal "$status" 503
  assert_output --partial "it waited for a lock of pid $(cat "$BATS_TEST_TMPDIR/shown") (psql, user tandem"
  exec {typed}>&-
  wait "$person"
}

@test 'what status and env say leads psql there, from anywhere' {
  local url
  url=$("$tandem" --dir "$home" --format json status | jq -r '.[] | select(.name == "postgres") | .url')
  run -0 env -C / "$programs/psql" -XAt "$url" -c 'select username from users'
  assert_output ann
  run -0 env -C / bash -c "eval \"\$('$tandem' --dir '$home' env)\"; '$programs/psql' -XAt worker_1 -c 'select username from users'"
  assert_output ann
}

@test 'no port; no right for others; no password in what the workers are told' {
  run sql 'show listen_addresses'
  assert_output ''
  assert_equal "$(stat -c %a "$home/run/state/postgres" "$home/run/sock/postgres")" $'700\n700'
  assert_equal "$(stat -c %a "$home/run/state/postgres/data")" 700
  run -0 env RS_WORKER_TABLES_URL='host=/x password=geheim' "$TANDEM_BIN/rs-worker" --set worker.id=1 \
    --set worker.directory=x --set rpc.url=ipc://x --print-config
  refute_output --partial geheim
  # The cluster's own user is nobody in it.
  [ "$(id -u)" -eq 0 ] || return 0
  refute [ "$(stat -c %u "$home/run/state/postgres/data")" = 0 ]
  assert_equal "$(stat -c %u "$home/run" "$home/run/state" | sort -u)" 0
}

@test 'kill -9 of the master, of a backend and of the postmaster: it comes back, nothing is lost' {
  local pid
  signal_process KILL "$(head -n 1 "$home/run/state/rides-db/$("$client" workers status -f json |
    jq -r '.[] | select(.role == "master") | .id')/lock")"
  until_true add bob
  pid=$(sql "select pid from pg_stat_activity where application_name like 'rides-db %' limit 1")
  signal_process KILL "$pid"
  until_true add carl
  pid=$(postmaster)
  signal_process KILL "$pid"
  until_true add dora
  refute [ "$(postmaster)" = "$pid" ]
  assert_equal "$(names)" 'ann bob carl dora'
  until_true all_have 4
}

@test 'PostgreSQL is away: the workers and the answer say why; it returns by itself' {
  s6-svc -wD -d "$home/run/sv/postgres"
  until_true misses_postgres
  until_true is_not_ready
  http POST "$db/db/read" '{"table":"users"}'
  assert_equal "$status" 503
  assert_output --partial 'cannot connect to PostgreSQL'
  run -1 "$tandem" --dir "$home" status
  assert_line --regexp '^postgres +down'
  s6-svc -u "$home/run/sv/postgres"
  "$client" wait --ready
  assert_equal "$(names)" 'ann bob carl dora'
}

@test 'restart postgres; a rolling restart leaves it alone' {
  local pid
  pid=$(postmaster)
  run -0 "$tandem" --dir "$home" restart postgres
  assert_line 'tandem: postgres is ready again'
  refute [ "$(postmaster)" = "$pid" ]
  pid=$(postmaster)
  "$client" wait --ready
  run -0 "$tandem" --dir "$home" restart --rolling
  refute_output --partial postgres
  assert_equal "$(postmaster)" "$pid"
}

@test 'down and up, with files and with PostgreSQL in turn: the same rows, byte for byte' {
  local rows exported number
  up_where_down
  rows=$(names)
  exported=$(exported)
  run -0 "$tandem" --dir "$home" logs postgres
  assert_output --partial 'ready to accept connections'
  down
  up --tables postgres --supervisor runit
  assert_equal "$(names)" "$rows"
  assert_equal "$(exported)" "$exported"
  down
  assert_equal "$(ending)" 'shut down'
  up --tables file
  assert_equal "$(names)" "$rows"
  assert_equal "$(exported)" "$exported"
  run cat "$home/up.out"
  refute_output --partial postgres
  add erna
  rows=$(names)
  number=$(wc -w <<<"$rows")
  exported=$(exported)
  "$client" db export --output "$home/export"
  down
  up
  assert_equal "$(names)" "$rows"
  down
  up --tables postgres
  assert_equal "$(names)" "$rows"
  until_true all_have "$number"
  assert_equal "$(exported)" "$exported"
  # The same by a file.
  run -0 "$client" db import --replace --yes "$home/export"
  assert_equal "$(exported)" "$exported"
  until_true all_have "$number"
}

@test 'kill -9 of tandem, and of all that could stop it, leaves nothing' {
  local pid
  pid=$(postmaster)
  kill_supervision "$home" "$(cat "$home/up.pid")"
  is_running "$pid"
  run -0 "$tandem" --dir "$home" down
  refute is_running "$pid"
  refute_left
  # It was no crash for it.
  assert_equal "$(ending)" 'shut down'
}

@test 'locks of another process of that number do not keep it from starting' {
  # As after a start of the host: the number is that of a process of the same user.
  printf '%s\n' $$ "$home/run/state/postgres/data" 0 5432 >"$home/run/state/postgres/data/postmaster.pid"
  up --tables postgres
  assert_equal "$(names)" 'ann bob carl dora erna'
  kill -KILL "$started"
  wait "$started" || true
  wait_until_down "$home"
  refute_left
}

@test 'data of another version is refused by name, and nothing is started' {
  echo 9 >"$home/run/state/postgres/data/PG_VERSION.new"
  mv "$home/run/state/postgres/data/PG_VERSION" "$home/run/state/postgres/data/PG_VERSION.old"
  mv "$home/run/state/postgres/data/PG_VERSION.new" "$home/run/state/postgres/data/PG_VERSION"
  run -78 "$tandem" --dir "$home" --only rideshare --port-base "$port_base" --tables postgres up
  assert_output --partial 'is of PostgreSQL 9, which is not here'
  mv "$home/run/state/postgres/data/PG_VERSION.old" "$home/run/state/postgres/data/PG_VERSION"
}

@test 'a cluster that cannot be made: up says why' {
  local dir=$BATS_TEST_TMPDIR/home
  mkdir -p "$dir/run/state/postgres/data/something"
  run -69 "$tandem" --dir "$dir" --only rideshare --port-base "$port_base" --tables postgres up
  assert_output --partial 'postgres ended with exit code 73'
  assert_output --partial 'the cluster cannot be made'
}

@test 'workers that refuse what they are told: up says why while it waits' {
  local dir=$BATS_TEST_TMPDIR/home
  take_ports 4
  mkdir "$dir"
  run -69 env RS_WORKER_TABLES_BACKEND=postgres RS_WORKER_TABLES_URL=service=nowhere \
    "$tandem" --dir "$dir" --only rideshare --port-base "$port_base" --timeout 8s up
  assert_line --regexp '^tandem: rs-orch is not ready yet: .*the workers refuse their configuration'
  assert_line --regexp '^tandem:   .*rs-worker.*definition of service "nowhere" not found$'
}

@test 'no PostgreSQL and no right to install: 69, with the line to type' {
  local bare=$BATS_TEST_TMPDIR/scripts
  cp -r "$TANDEM_SOURCE/share/scripts" "$bare"
  sed -i 's|/usr/lib/postgresql|/nowhere|; s|command -v postgres|true|' "$bare/postgres.sh"
  run -69 env TANDEM_DIR="$BATS_TEST_TMPDIR" "$bare/postgres.sh" find
  assert_line '  apt-get install -y --no-install-recommends postgresql-15'
  run -64 "$tandem" --tables sqlite up
  assert_output --partial "unknown '--tables sqlite' (file or postgres)"
}

@test 'a worker that starts without PostgreSQL: /readyz and workers status say what it waits for' {
  local orch url
  take_ports 1
  url=http://127.0.0.1:$port_base
  mkdir "$BATS_TEST_TMPDIR/alone"
  RS_WORKER_TABLES_BACKEND=postgres RS_WORKER_TABLES_URL="host=$BATS_TEST_TMPDIR dbname=worker_{id}" \
    env -C "$BATS_TEST_TMPDIR/alone" "$TANDEM_BIN/rs-orch" --config "$TANDEM_SOURCE/etc/orch.toml" \
    --port "$port_base" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  orch=$!
  says() { curl -s "$url/$1" | grep -q "$2"; }
  until_true says readyz 'worker 1 is starting: cannot connect to PostgreSQL'
  assert_equal "$(curl -s -o /dev/null -w '%{http_code}' "$url/readyz")" 503
  until_true says api/v1/worker/status '"state":"starting".*"trouble":"cannot connect to PostgreSQL'
  stop_started "$orch"
}
