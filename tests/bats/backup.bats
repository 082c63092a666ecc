#!/usr/bin/env bats
# ctest: timeout=600
# Backups, taken while everything goes on, and what `verify` says of those that are not whole.

load test_helper
load replicated_database
load toy_store

setup() {
  take_ports 9
  client=$TANDEM_BIN/rs-client
  cd "$BATS_TEST_TMPDIR" || return
  started='' store='' system='' writer=''
}

teardown() {
  if [ -n "$writer" ]; then
    touch stop
    wait "$writer" || true
  fi
  if [ -n "$system" ]; then
    stop_started "$started"
  elif [ -n "$store" ]; then
    store_down
  elif [ -n "$started" ]; then
    database_down
  fi
}

export RS_CLIENT_STORE_URL RS_CLIENT_ORCH_URL

small_database() {
  database "$@"
  RS_CLIENT_ORCH_URL=http://127.0.0.1:$port_base
}

# Names of users, each written down when its write was answered.
write_until_stopped() {
  local i body
  for ((i = 0; ; i++)); do
    [ ! -e stop ] || return 0
    body=$(insert "u$i")
    curl -sf -m 30 -o /dev/null -H "Idempotency-Key: key-u$i" -H 'Content-Type: application/json' \
      -d "$body" "$db/db/write" && echo "u$i" >>answered
  done
}

lines_in() { wc -l <"$1" 2>/dev/null || echo 0; } # FILE

# Waits until so many writes were answered.
answered_are() { until [ "$(lines_in answered)" -ge "$1" ]; do :; done; } # NUMBER

names_in() { jq -r 'select(.table == "users") | .row.username' "$1" | sort; } # BACKUP

# So much that a client can be met on its way.
fill() {
  local i row rows text
  printf -v text '%*s' 10000 ''
  for ((i = 0; i < 60; i++)); do
    rows=''
    for row in {1..80}; do
      rows+=",{\"table\":\"users\",\"op\":\"insert\",\"row\":{\"username\":\"big-$i-$row\",\"password\":\"$text\"}}"
    done
    printf '{"ops":[%s]}' "${rows#,}" >body
    curl -sf -m 60 -o /dev/null -H 'Content-Type: application/json' --data-binary @body "$db/db/write"
  done
}

# Starts a backup into the file, and stops the process when a part of it has come. In $reader.
met_on_its_way() { # FILE
  local temporary
  while true; do
    "$client" --timeout 60s db backup "$1" 2>reader.err 3>&- &
    reader=$!
    while is_running "$reader"; do
      temporary=$(compgen -G "$1.*.tmp") || continue
      [ ! -s "$temporary" ] || break
    done
    kill -STOP "$reader" 2>/dev/null || true
    [ -e "$1" ] || return 0
    kill -KILL "$reader" 2>/dev/null || true
    wait "$reader" || true
    rm -f "$1"
  done
}

@test 'a backup that is taken while the master is killed has every write that was answered before' {
  local try pid
  small_database 2
  write_until_stopped 3>&- &
  writer=$!
  for try in 1 2 3; do
    answered_are $((try * 40))
    cp answered before
    "$client" --timeout 60s db backup "backup.$try" 2>told 3>&- &
    reader=$!
    pid=$(curl -sS "$db/worker/status" | jq '.[] | select(.role == "master") | .pid')
    signal_process KILL "$pid"
    wait "$reader" || fail "$(cat told)"
    run -0 "$client" db verify "backup.$try"
    names_in "backup.$try" >names
    run comm -23 <(sort before) names
    assert_output ''
    # The keys, too: whoever restores it does not do a write a second time.
    run grep -c "\"outcome\":{\"key\":\"key-$(head -n 1 before)\"" "backup.$try"
    assert_output 1
    await_whole 3
  done
  run grep -E '^backup.3: [0-9]+ rows, [0-9]+ bytes, as of index [0-9]+ of group .rides-db' told
  assert_success
}

@test 'a stream that breaks off is begun anew, and a client that is killed leaves no file' {
  small_database 2
  fill
  met_on_its_way whole
  for pid in $(curl -sS "$db/worker/status" | jq '.[] | select(.role == "slave") | .pid'); do
    signal_process KILL "$pid"
  done
  kill -CONT "$reader"
  wait "$reader" || fail "$(cat reader.err)"
  run cat reader.err
  assert_output --partial 'broke off after'
  run -0 "$client" db verify whole
  assert_equal "$(names_in whole | grep -c big-)" 4800
  met_on_its_way killed
  kill -KILL "$reader"
  wait "$reader" || true
  assert_not_exists killed
  # Nobody waits for a client that is gone, or stopped.
  add_user after
  run -0 "$client" db backup -
}

@test 'a backup of the database is whole or refused, and says where it is damaged' {
  local at size middle
  small_database 1
  for at in 1 2 3 4 5; do add_user "user-$at"; done
  run -0 --separate-stderr "$client" db backup good
  assert_output ''
  assert_regex "$stderr" '^good: [0-9]+ rows, .* of group .rides-db., epoch 1, lineage [0-9a-f]{16}, '
  assert_equal "$(stat -c %a good)" 600
  run -0 --separate-stderr "$client" --format json db verify good
  assert_equal "$(jq -r '.file, .group, .rows, .bytes, .sha256' <<<"$output" | paste -sd' ')" \
    "good rides-db $(($(wc -l <good) - 2)) $(stat -c %s good) $(sha256sum <good | cut -d ' ' -f 1)"
  "$client" db backup - >again 2>/dev/null
  cmp <(sed '1d;$d' good) <(sed '1d;$d' again)
  size=$(stat -c %s good) middle=$(grep -b '"username":"user-3"' good | cut -d : -f 1)
  for at in 5 40 120 $((middle + 30)) $((middle + 60)) $((size - 25)) $((size - 3)); do
    cp good damaged
    printf '\x01' | dd of=damaged bs=1 seek="$at" conv=notrunc status=none
    run -65 --separate-stderr "$client" db verify damaged
    assert_output ''
    assert_regex "$stderr" 'damaged|no backup'
  done
  head -c $((middle + 10)) good >shorter
  run -65 "$client" db verify shorter
  assert_output --partial "ends in the middle of line $(grep -n '"username":"user-3"' good | cut -d : -f 1)"
  head -n -1 good >shorter
  run -65 "$client" db verify - <shorter
  assert_output --partial 'standard input: it is damaged: it ends after line'
  run -65 "$client" db verify /dev/null
  assert_output --partial 'it is empty'
  cat good good >twice
  run -65 "$client" db verify twice
  assert_output --partial 'something follows its end'
  sed '1s/snapshot-1/snapshot-7/' good >later
  run -65 "$client" db verify later
  assert_output --partial "'tandem-snapshot-7', this program reads 'tandem-snapshot-1'"
  "$client" db export -O exported
  run -65 "$client" db verify exported
  assert_output --partial 'it is no backup'
  run -69 "$client" db verify missing
}

@test 'a backup that has no room where it goes ends so, and the database goes on' {
  small_database 1
  fill
  run -74 sh -c "'$client' db backup - >/dev/full"
  # A variable that is not set is no wish for standard output.
  run -64 "$client" db backup ''
  refute_output --partial tandem-snapshot
  run -64 "$client" toys backup -
  assert_not_exists ./-
  # A file system of its own, which ends with the process.
  mkdir small
  unshare --mount true 2>/dev/null || skip 'cannot mount: no rights'
  run -74 unshare --mount sh -c \
    "mount -t tmpfs -o size=1m none small && '$client' db backup small/full; code=\$?; ls small >left; exit \$code"
  assert_output --partial "'small/full' was not written"
  assert_output --partial 'No space left'
  assert_equal "$(cat left)" ''
  add_user after
}

# Buys until it is told to stop.
shop_until_stopped() { # NUMBER
  local i toys=(Tux Whale Fox Python)
  for ((i = 0; ; i++)); do
    [ ! -e stop ] || return 0
    curl -s -m 30 -o /dev/null -H "Idempotency-Key: s$1-$i" -d "name=${toys[i % 4]}" \
      -d quantity=$((i % 3 + 1)) "$shop/orders"
    if [ $((i % 7)) = 0 ]; then
      curl -s -m 30 -o /dev/null -d quantity=50 "$shop/products/${toys[i % 4]}/restock"
    fi
  done
}

# What is sold of each toy by the orders, and by the catalog, which has to add up.
sold_by_orders() { # DIR
  jq -sc 'map(select(.order).order) | group_by(.name) | map({key: .[0].name, value: map(.quantity) | add})
    | from_entries' "$1/orders.ndjson"
}
sold_by_catalog() { # DIR
  jq -sc 'map(select(.toy).toy | select(.start + .restocked - .stock == .sold and .sold > 0)
    | {key: .name, value: .sold}) | sort_by(.key) | from_entries' "$1/catalog.ndjson"
}

@test 'a backup of a store that sells has each order and its toys, or neither' {
  local try
  store_up "$BATS_TEST_TMPDIR/store"
  RS_CLIENT_STORE_URL=$shop
  until_true leads 3
  {
    for try in 1 2 3; do shop_until_stopped $try & done
    wait
  } 3>&- &
  writer=$!
  for try in 1 2 3 4 5 6; do
    if [ $try = 4 ]; then
      kill_member order-3 &
    fi
    run -0 --separate-stderr "$client" --timeout 60s --format json toys backup "backup.$try"
    assert_equal "$(jq -r .group <<<"$output" | paste -sd' ')" 'orders catalog'
    run -0 "$client" toys verify "backup.$try"
    assert_equal "$(grep -c '"open":' "backup.$try/orders.ndjson")" 0
    assert_equal "$(sold_by_orders "backup.$try")" "$(sold_by_catalog "backup.$try")"
    if [ $try -gt 1 ]; then
      assert [ "$(lines_in "backup.$try/orders.ndjson")" -gt "$(lines_in "backup.$((try - 1))/orders.ndjson")" ]
    fi
  done
  # Two pictures of two moments do not add up.
  assert [ "$(sold_by_orders backup.1)" != "$(sold_by_catalog backup.2)" ]
  run -65 "$client" db verify backup.1/orders.ndjson
  assert_output --partial "it is a backup of the orders of a toy store, the group 'orders', and not of a database"
  cp -r backup.1 exchanged
  cp backup.1/orders.ndjson exchanged/catalog.ndjson
  run -65 "$client" toys verify exchanged
  assert_output --partial 'and not of the catalog'
  run -73 "$client" toys backup backup.1
  assert_output --partial 'is there already'
}

@test 'a store without a catalog gives no backup, says why, and takes purchases on' {
  store_up "$BATS_TEST_TMPDIR/store" --set store.timeout=3s
  RS_CLIENT_STORE_URL=$shop
  buy Tux
  kill_member catalog-1
  run -69 "$client" --timeout 1s toys backup backup
  assert_output --partial "'backup' was not written"
  assert_not_exists backup
  start_member catalog-1
  until_true curl -sf -o /dev/null "$shop/readyz"
  buy Tux
  "$client" toys backup backup
}

@test 'tandem backup takes all of a system, without its secrets, and tandem verify finds what is wrong' {
  local file
  mkdir -p system/etc
  printf 'secret\n' >system/etc/consul.token
  sed 's|^# token_file = .*|token_file = "etc/consul.token"|' "$TANDEM_SOURCE/etc/orch.toml" >system/etc/orch.toml
  tandem_up "$PWD/system" --port-base "$port_base"
  system=$PWD/system
  RS_CLIENT_ORCH_URL=http://127.0.0.1:$((port_base + 2)) RS_CLIENT_STORE_URL=http://127.0.0.1:$((port_base + 4))
  "$client" toys buy Tux 3
  run -0 "$tandem" --dir system backup backup
  assert_output --partial 'orders.ndjson: '
  assert_output --partial "keys and tokens are not in it, keep them elsewhere: $system/etc/consul.token"
  for file in rides-db.ndjson orders.ndjson catalog.ndjson etc/orch.toml etc/sv/order; do assert_exists "backup/$file"; done
  assert_not_exists backup/etc/consul.token
  assert_equal "$(jq -r '.format, (.files | map(.group) | join(",")), .not_copied[0]' backup/manifest.json | paste -sd' ')" \
    "tandem-backup-1 rides-db,orders,catalog $system/etc/consul.token"
  run -0 "$tandem" verify backup
  assert_output --partial 'the backup is whole'
  run -0 "$client" history all -f json
  assert_equal "$(jq -c '[.[] | select(.event == "backup") | .bytes > 0]' <<<"$output")" '[true,true]'
  run -73 "$tandem" --dir system backup backup
  cp -r backup bad
  "$client" db backup bad/rides-db.ndjson
  run -65 "$tandem" verify bad
  assert_output --partial 'is another file than'
  printf '\n# changed\n' >>bad/etc/orch.toml
  rm bad/orders.ndjson
  run -65 "$tandem" verify bad
  assert_output --partial "'bad/etc/orch.toml' is missing, or another file"
  assert_output --partial 'orders.ndjson'
  head -n 8 backup/manifest.json >bad/manifest.json
  run -65 "$tandem" verify bad
  assert_output --partial 'it is cut'
  sed 's/tandem-backup-1/tandem-backup-2/' backup/manifest.json >bad/manifest.json
  run -65 "$tandem" verify bad
  assert_output --partial 'of another format version'
  rm bad/manifest.json
  run -65 "$tandem" verify bad
  assert_output --partial 'no manifest.json'
  run -64 "$tandem" verify
  run -69 "$tandem" --dir "$BATS_TEST_TMPDIR" backup other
}
