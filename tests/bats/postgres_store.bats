#!/usr/bin/env bats
# ctest: timeout=240
# The toy store with its orders and toys in PostgreSQL as well: what psql sums is what was answered,
# on every replica, whatever is killed; and nobody waits for PostgreSQL.

load test_helper
load toy_store

setup_file() {
  take_ports 5
  home=$BATS_FILE_TMPDIR/home
  shop=http://127.0.0.1:$((port_base + 4))
  export port_base home shop
  export RS_CLIENT_STORE_URL=$shop
  export client=$TANDEM_BIN/rs-client
  programs=$(TANDEM_DIR=$home "$TANDEM_SOURCE/share/scripts/postgres.sh" find)
  export programs
  : >"$BATS_FILE_TMPDIR/bought"
}

teardown_file() {
  "$tandem" --dir "$home" down
  assert_equal "$(processes_in "$home*")" ''
}

up() {
  tandem_up "$home" --only toystore --port-base "$port_base" "$@"
  echo "$started" >"$home/up.pid"
}

sql() { # DATABASE STATEMENT
  (cd "$home" && env -u PGHOST "$programs/psql" -XAt -h /proc/self/cwd/run/sock/postgres -U tandem \
    "$1" -c "$2")
}

# Buys, and notes how many when it was answered that they are bought.
buy_some() { # TIMES
  local time
  for ((time = 1; time <= $1; time++)); do
    "$client" toys buy "$(head -n $((time % 8 + 1)) "$BATS_FILE_TMPDIR/names" | tail -n 1)" \
      $((time % 3 + 1)) >/dev/null || return
    echo $((time % 3 + 1)) >>"$BATS_FILE_TMPDIR/bought"
  done
}

bought() { awk '{ sum += $1 } END { print sum + 0 }' "$BATS_FILE_TMPDIR/bought"; }

# Each replica's table has what was answered, and the catalog's has what is left.
agrees() {
  local id
  for id in 1 2 3; do
    [ "$(sql "order_$id" 'select sum(quantity), count(*), max(number) + 1 from orders')" = \
      "$(bought)|$(wc -l <"$BATS_FILE_TMPDIR/bought")|$(wc -l <"$BATS_FILE_TMPDIR/bought")" ] || return 1
  done
  [ "$(sql catalog_1 "select name, price, quantity from catalog order by name")" = \
    "$("$client" toys ls -f tsv | LC_ALL=C sort | tr '\t' '|')" ] || return 1
  [ "$(sql catalog_1 'select sum(sold), sum(start + restocked - quantity) from catalog')" = \
    "$(bought)|$(bought)" ]
}

process_of() { cut -d ' ' -f 1 "$home/run/sv/$1/process"; } # SERVICE

says_trouble() { replicas "[.data[].mirror.trouble // \"\" | test(\"$1\")] | all"; } # TEXT

@test 'up --only toystore --tables postgres: what was bought is what psql sums, on every replica' {
  up --tables postgres
  "$client" toys ls | cut -f 1 >"$BATS_FILE_TMPDIR/names"
  "$client" toys ls | cut -f 1 | while read -r name; do
    "$client" toys restock "$name" 5000 >/dev/null
  done
  sql catalog_1 'select 1' >/dev/null
  buy_some 40
  until_true agrees
  run -0 "$tandem" --dir "$home" status
  assert_line --regexp '^postgres +ready .* postgresql:///order_1\?host='
  run -0 curl -sS "$shop/replicas"
  assert_output --partial '"mirror":{"applied_index":'
  until_true replicas '[.data[].mirror | .lag == 0 and (has("trouble") | not)] | all'
  # Also the metrics of the front.
  until_true eval 'curl -sS "$shop/metrics" | grep -q "^tandem_mirror_lag_entries{group=\"orders\",replica=\"3\"} 0"'
}

@test 'kill -9 of the leader, of the catalog and of the postmaster: nothing is missing, nothing twice' {
  local name pid
  for name in ts-order-3 postgres ts-catalog ts-order-1 postgres; do
    pid=$(process_of "$name")
    signal_process KILL "$pid"
    until_true buy_some 1
    buy_some 20
    until_true agrees
  done
}

@test 'PostgreSQL is away: the store goes on, and says what its tables lack; then they have it' {
  s6-svc -wD -d "$home/run/sv/postgres"
  until_true says_trouble 'cannot connect to PostgreSQL'
  buy_some 10
  assert_equal "$(curl -s -o /dev/null -w '%{http_code}' "$shop/readyz")" 200
  run -0 --separate-stderr "$client" toys replicas
  assert_regex "$stderr" 'the table of replica 1 is behind: cannot connect to PostgreSQL'
  s6-svc -u "$home/run/sv/postgres"
  until_true agrees
}

@test 'a lock of a person is named and holds up nobody' {
  local locker pid
  mkfifo "$BATS_TEST_TMPDIR/lock"
  (cd "$home" && exec "$programs/psql" -XAtq -h /proc/self/cwd/run/sock/postgres -U tandem order_2 \
    <"$BATS_TEST_TMPDIR/lock" >"$BATS_TEST_TMPDIR/out" 3>&-) &
  locker=$!
  exec 7>"$BATS_TEST_TMPDIR/lock"
  echo 'begin; lock table orders; select pg_backend_pid();' >&7
  until_true test -s "$BATS_TEST_TMPDIR/out"
  pid=$(cat "$BATS_TEST_TMPDIR/out")
  buy_some 5
  until_true replicas ".data[1].mirror.trouble // \"\" | test(\"lock of pid $pid \\\\(psql\")"
  buy_some 5
  echo 'commit;' >&7
  exec 7>&-
  wait "$locker"
  until_true agrees
}

@test 'down and up, with and without PostgreSQL: the tables have it all' {
  run -0 "$tandem" --dir "$home" down
  up --tables file
  buy_some 10
  run cat "$home/up.out"
  refute_output --partial postgres
  run -0 curl -sS "$shop/replicas"
  refute_output --partial mirror
  run -0 "$tandem" --dir "$home" down
  up --tables postgres
  until_true agrees
}

@test 'what is in the way in the database stops no replica that has data, and is told' {
  sql order_2 'drop schema tandem cascade'
  signal_process KILL "$(process_of ts-order-2)"
  until_true replicas '.data[1].mirror.trouble // "" | test("is not tandem.s: drop it")'
  until_true replicas '[.data[] | .alive and .in_sync] | all'
  buy_some 5
  sql order_2 'drop table orders'
  until_true agrees
}

@test 'a replica on the database of another one: 78, by name; no password is shown' {
  local etc=$BATS_TEST_TMPDIR/etc
  run -0 env TS_ORDER_TABLES_BACKEND=postgres "$TANDEM_BIN/ts-order" --id 1 \
    --set tables.url='host=/x password=geheim' --print-config
  refute_output --partial geheim
  run -0 "$tandem" --dir "$home" down
  cp -rL "$TANDEM_SOURCE/etc" "$etc"
  # shellcheck disable=SC2016  # for the service's script
  sed -i '2i export TS_ORDER_TABLES_URL="${TS_ORDER_TABLES_URL%=*}=order_1"' "$etc/sv/ts-order-2/run"
  run -69 timeout 60 "$tandem" --dir "$BATS_TEST_TMPDIR/home" --etc "$etc" --only toystore \
    --port-base "$port_base" --tables postgres up
  assert_output --partial 'ts-order-2 ended with exit code 78'
  assert_output --partial "is that of replica 1 of the group 'orders', not of replica 2 of"
}
